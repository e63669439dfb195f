#include "crew.h"

#include <pthread.h>
#include <stdatomic.h>

struct crew {
	atomic_size_t next;
	size_t n;
	void (*job)(void *user, size_t i);
	void *user;
};

static void *work(void *arg)
{
	struct crew *c = arg;
	size_t i;

	while ((i = atomic_fetch_add(&c->next, 1)) < c->n)
		c->job(c->user, i);
	return NULL;
}

void crew_run(unsigned threads, size_t n, void (*job)(void *user, size_t i), void *user)
{
	struct crew c = {.n = n, .job = job, .user = user};
	pthread_t others[CREW_THREADS] = {0};
	unsigned started = 0;

	threads = threads > CREW_THREADS ? CREW_THREADS : threads;
	while (started + 1 < threads && started + 1 < n &&
		pthread_create(&others[started], NULL, work, &c) == 0)
		started++;
	(void)work(&c);
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(others[i], NULL);
}
