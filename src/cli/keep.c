/*
 * What the library leaves to the program: handlers. A handler knows nothing but the number of its
 * signal, so this is the one place with variables of the whole program.
 */
#define _GNU_SOURCE
#include "keep.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"

/** A driver that hangs in a handler is given up after this. */
#define KEEP_SECONDS 5

static const int fatal[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGALRM, SIGUSR1, SIGUSR2,
	SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP};

#define FATAL (sizeof fatal / sizeof *fatal)

static _Atomic(hg_guard *) kept;
static struct sigaction before[FATAL]; /* what was in force for fatal[i] */
static int keeper = -1;                /* who puts back if we cannot */

static void restore(void)
{
	hg_guard *g = atomic_load(&kept);

	hg_guard_restore_async(g);
	if (g && hg_guard_held(g) == 0)
		keeper_dismiss(keeper);
}

/* Puts back, and lets the signal do what it would have done. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
	struct sigaction ends = {.sa_handler = SIG_DFL};

	if (number != SIGALRM) {
		(void)sigaction(SIGALRM, &ends, NULL);
		(void)alarm(KEEP_SECONDS);
	}
	restore();
	(void)alarm(0);
	for (size_t i = 0; i < FATAL; i++) {
		if (fatal[i] != number)
			continue;
		if (before[i].sa_flags & SA_SIGINFO) {
			before[i].sa_sigaction(number, info, context);
			return;
		}
		/* delivered again when this returns, as it is blocked until then */
		(void)sigaction(number, &before[i], NULL);
		(void)raise(number);
	}
}

static void install(void)
{
	for (size_t i = 0; i < FATAL; i++) {
		struct sigaction ours = {
			.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};

		if (sigaction(fatal[i], NULL, &before[i]) != 0)
			continue;
		/* ignored by whoever started us, as nohup does: that is how it stays */
		if (!(before[i].sa_flags & SA_SIGINFO) && before[i].sa_handler == SIG_IGN)
			continue;
		sigfillset(&ours.sa_mask);
		(void)sigaction(fatal[i], &ours, NULL);
	}
}

static void uninstall(void)
{
	for (size_t i = 0; i < FATAL; i++) {
		struct sigaction now;

		if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_flags & SA_SIGINFO &&
			now.sa_sigaction == on_fatal)
			(void)sigaction(fatal[i], &before[i], NULL);
	}
}

int keep_open(struct cli *cli, hg_ctx *ctx, hg_guard **out)
{
	hg_guard_opts opts = {.size = sizeof opts, .journal = keeper_note, .journal_user = &keeper};
	hg_error why = {""};
	hg_err rc = hg_guard_create(ctx, &opts, out, &why);

	if (rc != HG_OK)
		return cli_input_error(cli, rc, &why);
	if (atexit(restore) != 0) {
		hg_guard_destroy(*out);
		*out = NULL;
		return cli_broken(cli, HG_ENOMEM);
	}
	keeper = keeper_start(ctx);
	atomic_store(&kept, *out);
	install();
	return EXIT_OK;
}

void keep_held(int fd)
{
	keeper_hold(keeper, fd);
}

void keep_close(hg_guard *g)
{
	bool whole;

	if (!g)
		return;
	whole = hg_guard_release(g, NULL) == HG_OK;
	atomic_store(&kept, NULL);
	uninstall();
	if (whole)
		keeper_dismiss(keeper);
	if (keeper >= 0)
		(void)close(keeper);
	keeper = -1;
	hg_guard_destroy(g);
}
