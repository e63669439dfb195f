#define _POSIX_C_SOURCE 200809L
#include "thread.h"

#include <signal.h>

int thread_start(void *(*fn)(void *user), void *user, size_t stack)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
	sigset_t masked, before;
	pthread_attr_t attr;
	pthread_t thread;
	int failed;

	if (pthread_attr_init(&attr))
		return -1;
	(void)sigfillset(&masked);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		(void)sigdelset(&masked, faults[i]);
	(void)pthread_sigmask(SIG_SETMASK, &masked, &before);
	failed = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) ||
		 (stack && pthread_attr_setstacksize(&attr, stack)) ||
		 pthread_create(&thread, &attr, fn, user);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return failed ? -1 : 0;
}

int cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;
	int failed = pthread_condattr_init(&attr);

	if (failed)
		return -1;
	failed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) || pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
	return failed ? -1 : 0;
}

struct timespec time_later(int64_t ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns = ns > 0 ? ns : 0;
	t.tv_sec += (time_t)(ns / 1000000000);
	t.tv_nsec += (long)(ns % 1000000000);
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}
