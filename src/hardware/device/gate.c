#define _POSIX_C_SOURCE 200809L
#include "gate.h"

#include <errno.h>

#include "core/thread.h"

int gate_init(struct gate *g)
{
	*g = (struct gate){.depth = 0};
	if (pthread_mutex_init(&g->lock, NULL))
		return -1;
	if (cond_init(&g->open)) {
		pthread_mutex_destroy(&g->lock);
		return -1;
	}
	return 0;
}

void gate_finish(struct gate *g)
{
	pthread_cond_destroy(&g->open);
	pthread_mutex_destroy(&g->lock);
}

/* With the lock held. @return whether nobody is inside */
static bool wait_open(struct gate *g, int64_t patience_ns)
{
	struct timespec until;

	if (!g->depth)
		return true;
	if (patience_ns < 0) {
		while (g->depth)
			pthread_cond_wait(&g->open, &g->lock);
		return true;
	}
	until = time_later(patience_ns);
	while (g->depth)
		if (pthread_cond_timedwait(&g->open, &g->lock, &until) == ETIMEDOUT)
			break;
	return !g->depth;
}

bool gate_enter(struct gate *g, int64_t patience_ns)
{
	bool inside;

	pthread_mutex_lock(&g->lock);
	inside = g->depth && pthread_equal(g->owner, pthread_self());
	if (!inside && !g->closed && wait_open(g, patience_ns) && !g->closed) {
		g->owner = pthread_self();
		inside = true;
	}
	g->depth += inside;
	pthread_mutex_unlock(&g->lock);
	return inside;
}

void gate_leave(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	if (--g->depth == 0)
		pthread_cond_signal(&g->open);
	pthread_mutex_unlock(&g->lock);
}

void gate_close(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->closed = true;
	pthread_cond_broadcast(&g->open);
	pthread_mutex_unlock(&g->lock);
}
