#define _GNU_SOURCE /* pthread_mutex_clocklock */
#include <time.h>
#include <unistd.h>

#include "core/fail.h"

#include "library.h"

/** A call that takes longer than this is taken for stuck. */
#define TURN_PATIENCE_S 2

bool library_take(struct library_turn *t)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TURN_PATIENCE_S;
	if (pthread_mutex_clocklock(&t->lock, CLOCK_MONOTONIC, &until))
		return false;
	if (t->pid != getpid())
		t->users = 0;
	t->pid = getpid();
	return true;
}

void library_give(struct library_turn *t)
{
	pthread_mutex_unlock(&t->lock);
}

hg_err library_begin(
	struct library_turn *t, const char *name, hg_err (*first)(hg_error *why), hg_error *why)
{
	hg_err rc;

	if (!library_take(t))
		return fail(
			why, HG_EDEVICE, "a call of %s by another thread does not come back", name);
	rc = t->users ? HG_OK : first(why);
	if (rc)
		library_give(t);
	else
		t->users++;
	return rc;
}

void library_finish(struct library_turn *t, int (*const *shutdown)(void))
{
	if (!library_take(t))
		return;
	if (t->users && --t->users == 0)
		(void)(*shutdown)();
	library_give(t);
}
