/* profile -- CMD: what each setting of a device costs a command. */
#include "profile-command.h"

#include <stdio.h>
#include <string.h>

#include "child.h"
#include "steps.h"
#include "term.h"

#define CODE_NONE (-1)

/** The command as work. */
struct work {
	struct cli *cli;
	const char *const *argv;
	struct watch watch;
	struct steps steps; /* where it tells them */
	bool by_steps;
	uint64_t steps_wanted;
	bool interrupted, ended;
	int code;     /* of a run that failed, or CODE_NONE */
	int own_code; /* exit code when the command could not be run */
};

/** One run of the command a unit. */
static hg_err by_runs(struct work *w, uint64_t units)
{
	const struct child_how how = {.argv = w->argv};

	for (uint64_t i = 0; i < units; i++) {
		struct child_end end;

		w->own_code = child_run(w->cli, &how, &end);
		if (w->own_code != EXIT_OK)
			return HG_EINVAL;
		w->interrupted |= end.interrupted;
		if (w->interrupted)
			return HG_EABORTED;
		if (end.code != 0) {
			w->code = end.code;
			return HG_EINVAL;
		}
	}
	return HG_OK;
}

static hg_err by_steps(struct work *w, uint64_t units)
{
	w->steps_wanted += units;
	if (steps_wait(&w->steps, w->steps_wanted))
		return HG_OK;
	w->interrupted |= w->steps.child.end.interrupted;
	w->ended = !w->interrupted;
	return HG_EABORTED;
}

static hg_err do_work(void *user, hg_device *d, uint64_t units)
{
	struct work *w = user;

	(void)d;
	return w->by_steps ? by_steps(w, units) : by_runs(w, units);
}

static int outcome(struct work *w, hg_err rc, const hg_error *why, hg_frontier **out)
{
	if (w->own_code != EXIT_OK)
		return w->own_code;
	if (w->code != CODE_NONE)
		return cli_usage(w->cli,
			"'%.80s' ended with status %d: a failing command is not profiled",
			w->argv[0], w->code);
	if (w->interrupted || w->watch.interrupted)
		return EXIT_INTERRUPTED;
	if (w->ended && *out) {
		cli_note(w->cli,
			"the command ended after %llu steps, before every setting was tried",
			(unsigned long long)w->steps.count);
		return EXIT_OK;
	}
	if (w->ended)
		return cli_usage(w->cli,
			"the command ended after %llu steps, before one setting was measured",
			(unsigned long long)w->steps.count);
	return rc == HG_OK ? EXIT_OK : cli_input_error(w->cli, rc, why);
}

static int sweep(struct work *w, hg_guard *guard, hg_device *d, const struct profile_how *how,
	hg_frontier **out)
{
	char name[300];
	hg_error why = {""};
	hg_profile_opts opts = {.size = sizeof opts,
		.warmup_units = how->warmup ? how->warmup : 1,
		.sweeps = how->set->sweeps,
		.n_sweeps = how->set->n,
		.target_rsd = how->target_rsd,
		.max_window_s = how->max_window_s,
		.name = name,
		.work_unit = w->by_steps ? "step" : "run",
		.progress = watch_progress,
		.progress_user = &w->watch,
		.guard = guard};
	hg_err rc;
	int end;

	(void)snprintf(name, sizeof name, "%.200s", w->argv[0]);
	watch_begin(&w->watch, w->cli);
	rc = hg_profile(d, &opts, do_work, w, out, &why);
	watch_end(&w->watch);
	end = outcome(w, rc, &why, out);
	if (end != EXIT_OK && end != EXIT_INTERRUPTED) {
		hg_frontier_destroy(*out);
		*out = NULL;
	}
	return end;
}

int profile_command(struct cli *cli, const struct args *args, hg_guard *guard, hg_device *d,
	const struct profile_how *how, hg_frontier **out)
{
	const char *from = args_text(args, "steps-from", NULL);
	struct work w = {.cli = cli, .argv = args->operands, .code = CODE_NONE, .by_steps = from};
	int rc = EXIT_OK;

	*out = NULL;
	child_signals_keep();
	if (from)
		rc = steps_start(cli, from, args->operands, &w.steps);
	if (rc == EXIT_OK)
		rc = sweep(&w, guard, d, how, out);
	/* the settings are back; the command goes on until it has done its work */
	if (from && rc == EXIT_OK)
		steps_drain(&w.steps);
	if (from)
		steps_finish(&w.steps);
	child_signals_let_go();
	return rc;
}
