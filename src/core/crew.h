/* Independent jobs, shared out to threads. */
#ifndef HG_CORE_CREW_H
#define HG_CORE_CREW_H

#include <stddef.h>

/** Most threads of a crew. */
#define CREW_THREADS 256u

/**
 * Does n jobs, numbers 0 .. n - 1, on so many threads at most, the calling one among them; each
 * thread takes the next that nobody has taken. Where no more threads can be had, fewer do it.
 * @param threads  0: one
 */
void crew_run(unsigned threads, size_t n, void (*job)(void *user, size_t i), void *user);

#endif
