/* Threads that nobody joins, and waits that a change of the wall clock does not change. */
#ifndef HG_CORE_THREAD_H
#define HG_CORE_THREAD_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/**
 * Starts a detached thread that takes no signals but those of its own faults.
 * @param stack  bytes; 0: as many as threads get
 * @return 0, or -1 when there is none to be had
 */
int thread_start(void *(*fn)(void *user), void *user, size_t stack);

/** A condition whose waits end by CLOCK_MONOTONIC. @return 0, or -1 */
int cond_init(pthread_cond_t *c);

/** So many ns from now, for a timed wait; below 0: now. */
struct timespec time_later(int64_t ns);

#endif
