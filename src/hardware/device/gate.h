/*
 * The gate of a device: one thread at a time is inside. A driver call may never come back, so
 * whoever waits can give up.
 */
#ifndef HG_HARDWARE_DEVICE_GATE_H
#define HG_HARDWARE_DEVICE_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** Longest wait for a thread that is inside: a call that takes longer is taken for stuck. */
#define GATE_PATIENCE_NS 2000000000

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t open;
	pthread_t owner; /* while depth > 0 */
	unsigned depth;  /* how often the owner has entered */
	bool closed;     /* nobody enters any more */
};

/** @return 0, or -1 when there is no mutex to be had */
int gate_init(struct gate *g);
void gate_finish(struct gate *g);

/**
 * Enters; a thread that is inside may enter again.
 * @param patience_ns  longest wait; below 0: without end
 * @return whether this thread is inside now
 */
bool gate_enter(struct gate *g, int64_t patience_ns);

/** Comes out. */
void gate_leave(struct gate *g);

/** Closes for good: nobody enters any more, whoever is inside comes out as ever. */
void gate_close(struct gate *g);

#endif
