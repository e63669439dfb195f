/* run OBJECTIVE -- CMD: a command that tells its steps, tuned while it runs. */
#define _GNU_SOURCE
#include "run-tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "core/file.h"
#include "keep.h"
#include "objective.h"
#include "rig.h"
#include "steps.h"
#include "tune-group.h"
#include "tune-model.h"

/* Steps are told in pieces of this time at least: a meter's answer is not free. */
#define PIECE_NS INT64_C(20000000)
/* A reading is off by so much time's energy at most, while power is what it was: where a counter
 * has not moved since, the meter's own deviation covers that all may have changed. */
#define READING_S 0.01
/* Energy is counted from so long ago at most: a meter forgets. */
#define ANCHOR_NS  INT64_C(5000000000)
#define MEMORY_MAX ((size_t)64 << 20)
#define FINAL_S    1.0
/* What a knob needs to take hold, where the device does not say. */
#define SETTLE_S 0.1

const struct option run_tune_options[] = {
	{.name = "steps-from",
		.kind = OPTION_TEXT,
		.value = "fd|marks|regex:RE",
		.text = "tune CMD while it runs; it tells its steps so"},
	{.name = "steps",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e12,
		.value = "N",
		.text = "steps that CMD does; needed for --deadline and --budget"},
	{.name = "knob",
		.abbr = 'k',
		.kind = OPTION_KNOB,
		.repeat = true,
		.value = "NAME=VALUES",
		.fallback = "power limits and clocks",
		.text = "settings to choose from, MIN:MAX:STEP or V1,V2,..."},
	{.name = "joint",
		.kind = OPTION_FLAG,
		.text = "set knobs together, not one of them at a time"},
	{.name = "job",
		.kind = OPTION_TEXT,
		.value = "NAME",
		.fallback = "that of CMD",
		.text = "name under which is kept what was learnt"},
	{.name = "memory",
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "begin with what is kept there, and keep there what was learnt"},
	{.name = NULL},
};

/** One tuned command. */
struct tuned {
	struct cli *cli;
	struct gauge gauge;
	hg_guard *guard;
	struct tune_knobs knobs;
	struct tune_model model;
	hg_tune *tune;
	struct steps steps;
	struct tune_result result;
	struct tune_group group;
	struct buf memory;
	bool by_marks, known; /* known: piece_ns is the begin of a step */
	int64_t begin_ns;     /* of the command, meter's clock */
	int64_t piece_ns;     /* begin of the piece under way */
	int64_t busy_ns;      /* by marks: of its steps so far */
	int64_t step_ns;      /* by marks: begin of the step */
	double piece_steps;
	double busy_j, busy_var; /* by marks: of its steps so far, in J and J^2 */
	int64_t anchor_ns;       /* energy is told as that since here, less what was told: */
	double anchor_j;         /* so that an error at the end of a piece is one of the next */
	bool lost;               /* figures or settings failed: said once */
};

/* ----- what the tuner wants */

static void say(struct tuned *t, const char *what, const hg_error *why)
{
	if (!t->lost)
		cli_note(t->cli, "%s: %s", what, why->text);
	t->lost = true;
}

/** Sets what the tuner says, until it says something that the device takes. */
static void obey(struct tuned *t)
{
	hg_tune_summary s = {.size = sizeof s};
	hg_error why = {""};
	size_t tries = 0, stuck;

	/* while the others are waited for nothing changes, least of all what was refused */
	if (t->group.lost.text[0] || hg_tune_get_summary(t->tune, &s) == HG_OK)
		return;

	while (tune_knobs_set(&t->knobs, hg_tune_setting(t->tune), &stuck, &why) != HG_OK) {
		hg_err rc;

		/* each knob that is given up is named */
		if (stuck != SIZE_MAX)
			t->lost = false;
		say(t, "a setting was refused", &why);
		rc = stuck != SIZE_MAX ? hg_tune_knob_refused(t->tune, stuck, NULL, &why)
				       : hg_tune_refused(t->tune, NULL, &why);
		if (rc != HG_OK || ++tries > t->knobs.n_settings || t->knobs.n_settings == 0 ||
			hg_tune_get_summary(t->tune, &s) == HG_OK)
			return;
	}
}

/* Tells the other ranks and hears of them. When one has ended, the job is about to, and the best is
 * known alike to all. Where something is wrong nobody can know what the others do: what was set
 * before is right for all. */
static void agree(struct tuned *t)
{
	hg_tune_report report = {.size = sizeof report};
	hg_error why = {""};
	hg_err rc;

	if (t->group.lost.text[0])
		return;
	rc = tune_group_step(&t->group, t->tune, child_now_ns());
	if (rc == HG_OK)
		return;
	hg_tune_get_report(t->tune, &report);
	if (rc != HG_ENOENT)
		cli_note(t->cli, "not tuned any more, and set as before: %s", t->group.lost.text);
	if (tune_knobs_set(&t->knobs, rc == HG_ENOENT ? report.best : report.baseline, NULL,
		    &why) != HG_OK)
		say(t, "a setting was refused", &why);
}

/* NAN: not known */
static hg_energy energy_of(const struct tuned *t, int64_t t0, int64_t t1)
{
	hg_energy e = {.size = sizeof e};

	if (!t->gauge.total || hg_meter_total(t->gauge.total, t0, t1,
				       HG_WINDOW_ESTIMATE | HG_WINDOW_PARTIAL, &e, NULL) != HG_OK)
		e.joules = e.sigma = (double)NAN;
	return e;
}

/* Of the piece that ends now. Each reading is taken as it was told before, though the meter may
 * know better by now: errors of neighbours cancel so. */
static hg_energy energy_of_piece(struct tuned *t, int64_t now)
{
	hg_energy e;

	if (t->anchor_ns == 0 || t->piece_ns - t->anchor_ns > ANCHOR_NS) {
		t->anchor_ns = t->piece_ns;
		t->anchor_j = 0;
	}
	e = energy_of(t, t->anchor_ns, now);
	e.joules -= t->anchor_j;
	t->anchor_j = isnan(e.joules) ? 0 : t->anchor_j + e.joules;
	if (isnan(e.joules))
		t->anchor_ns = 0;
	/* of two readings, the other of which is no better */
	e.sigma *= sqrt(2.0);
	return e;
}

static void tell(struct tuned *t, double time_s, hg_energy e, int64_t now)
{
	hg_tune_work w = {.size = sizeof w,
		.steps = t->piece_steps,
		.time_s = time_s,
		.energy_j = e.joules < 0 ? 0 : e.joules,
		.now_s = 1e-9 * (double)(now - t->begin_ns),
		.energy_sd_j = fmin(e.sigma, sqrt(2.0) * READING_S * fmax(e.joules, 0) / time_s)};
	hg_error why = {""};

	if (!t->group.lost.text[0] && hg_tune_step(t->tune, &w, NULL, &why) != HG_OK)
		say(t, "a step was not taken", &why);
	t->piece_steps = 0;
	t->busy_ns = 0;
	t->busy_j = t->busy_var = 0;
	agree(t);
	obey(t);
	/* a setting that was refused is to be told, too */
	agree(t);
}

static int64_t mark(const struct tuned *t)
{
	return t->gauge.total ? hg_meter_mark(t->gauge.total) : child_now_ns();
}

/** A steps_fn: "begin" and "end" of each. */
static void told_marks(struct tuned *t, bool begins, int64_t now)
{
	hg_energy e, sum;

	if (begins) {
		t->step_ns = now;
		t->known = true;
		return;
	}
	if (!t->known || now <= t->step_ns)
		return;
	t->known = false;
	e = energy_of(t, t->step_ns, now);
	t->piece_steps++;
	t->busy_ns += now - t->step_ns;
	t->busy_j += e.joules;
	t->busy_var += e.sigma * e.sigma;
	sum = (hg_energy){.joules = t->busy_j, .sigma = sqrt(t->busy_var)};
	if (t->busy_ns >= PIECE_NS)
		tell(t, 1e-9 * (double)t->busy_ns, sum, now);
}

/** A steps_fn: a line after each. What lies before the first one is start-up. */
static void told(void *user, bool begins)
{
	struct tuned *t = user;
	int64_t now = mark(t);

	if (t->by_marks) {
		told_marks(t, begins, now);
		return;
	}
	if (t->known)
		t->piece_steps++;
	if (t->known && now - t->piece_ns < PIECE_NS)
		return;
	if (t->known) {
		hg_energy e = energy_of_piece(t, now);

		tell(t, 1e-9 * (double)(now - t->piece_ns), e, now);
	}
	t->piece_ns = now;
	t->known = true;
}

/* ----- what it knows of earlier runs */

static int recall(struct tuned *t)
{
	hg_error why = {""};
	hg_err rc;

	buf_init(&t->memory, MEMORY_MAX);
	if (!t->result.memory)
		return EXIT_OK;
	rc = file_read(t->result.memory, MEMORY_MAX, &t->memory, &why);
	if (rc == HG_ENOENT)
		return EXIT_OK;
	if (rc == HG_OK)
		rc = hg_tune_recall(t->tune, t->memory.data ? t->memory.data : "", t->memory.len,
			t->result.memory, t->result.job, t->result.device, &why);
	t->result.recalled = rc == HG_OK;
	return rc == HG_OK || rc == HG_ENOENT ? EXIT_OK : cli_input_error(t->cli, rc, &why);
}

/** Another run may have written meanwhile: what is there now is kept too. */
static int remember(struct tuned *t)
{
	struct buf now = {0};
	hg_error why = {""};
	char *text = NULL;
	size_t len;
	hg_err rc;

	if (!t->result.memory || t->group.own.rank > 0)
		return EXIT_OK;
	rc = file_read(t->result.memory, MEMORY_MAX, &now, &why);
	if (rc == HG_OK || rc == HG_ENOENT)
		rc = hg_tune_remember(t->tune, rc == HG_OK ? now.data : NULL, now.len,
			t->result.memory, t->result.job, t->result.device, &text, &len, &why);
	if (rc == HG_OK)
		rc = file_write(t->result.memory, text, len, &why);
	free(text);
	buf_finish(&now);
	if (rc == HG_OK || rc == HG_ENOENT)
		return EXIT_OK;
	(void)cli_input_error(t->cli, rc, &why);
	return EXIT_BROKEN;
}

/* ----- from start to end */

static double settle_s(const struct tune_knobs *k)
{
	double longest = 0;

	for (size_t i = 0; i < k->n_knobs; i++)
		longest = fmax(longest, 1e-9 * (double)k->info[i].latency_ns);
	return longest > 0 ? longest : SETTLE_S;
}

static int open_tuner(struct tuned *t, const struct args *args)
{
	const struct tune_knobs *k = &t->knobs;
	hg_tune_opts o = {.size = sizeof o,
		.devices = (uint32_t)(k->n ? k->n : 1),
		.objective = t->result.objective,
		.steps = args_number(args, "steps", 0),
		.knobs = k->defs,
		.n_knobs = k->n_knobs,
		.settings = k->cells,
		.n_settings = k->n_settings,
		.ranks = t->group.own.ranks,
		.settle_s = settle_s(k)};
	hg_error why = {""};
	hg_err rc;

	if (o.objective.kind == HG_ETA && !(o.objective.max_power_w > 0)) {
		if (k->n_knobs && !(k->max_power_w > 0))
			return cli_usage(t->cli,
				"--eta: no power limit says P_max: give it with --max-power");
		o.objective.max_power_w = k->max_power_w > 0 ? k->max_power_w : 1;
	}
	if ((o.objective.kind == HG_DEADLINE || o.objective.kind == HG_BUDGET) && o.steps <= 0)
		return cli_usage(t->cli, "--%s needs --steps",
			o.objective.kind == HG_DEADLINE ? "deadline" : "budget");
	tune_model_open(&t->model, t->result.device, k, &o);
	rc = hg_tune_create(&o, &t->tune, &why);
	return rc == HG_OK ? EXIT_OK : cli_input_error(t->cli, rc, &why);
}

/* All ranks must choose alike: from the same, for the same, knowing the same. */
static int join_group(struct tuned *t)
{
	const struct tune_knobs *k = &t->knobs;
	const double goal[] = {(double)t->result.objective.kind, t->result.objective.value,
		t->result.objective.max_power_w};
	uint64_t d = tune_digest(TUNE_DIGEST, goal, sizeof goal);
	hg_error why = {""};
	hg_err rc;

	d = tune_digest(d, k->cells, k->n_settings * k->n_knobs * sizeof *k->cells);
	for (size_t i = 0; i < k->n_knobs; i++)
		d = tune_digest(d, k->names[i], strlen(k->names[i]));
	if (t->result.recalled)
		d = tune_digest(d, t->memory.data, t->memory.len);
	rc = tune_group_begin(&t->group, d, &why);
	return rc == HG_OK ? EXIT_OK : cli_input_error(t->cli, rc, &why);
}

static int open_all(struct tuned *t, const struct args *args)
{
	const char *specs[GAUGE_DEVICES + 1], *texts[TUNE_KNOBS + 1];
	size_t n = 0, n_texts = 0;
	int rc;

	for (; n_texts <= TUNE_KNOBS && args_nth(args, "knob", n_texts); n_texts++)
		texts[n_texts] = args_nth(args, "knob", n_texts);
	for (; n <= GAUGE_DEVICES && args_nth(args, "device", n); n++)
		specs[n] = args_nth(args, "device", n);
	rc = gauge_open(t->cli, specs, n, 0, &t->gauge);
	if (rc == EXIT_OK)
		rc = keep_open(t->cli, t->gauge.ctx, &t->guard);
	if (rc == EXIT_OK)
		rc = tune_knobs_open(t->cli, texts, n_texts, args_has(args, "joint"), &t->gauge,
			t->guard, &t->knobs);
	if (rc != EXIT_OK)
		return rc;
	t->result.simulated = gauge_simulated(&t->gauge);
	t->result.device = "";
	if (t->knobs.n) {
		hg_device_info info = {.size = sizeof info};

		hg_device_get_info(t->knobs.devices[0], &info);
		t->result.device = info.model;
	}
	rc = open_tuner(t, args);
	if (rc == EXIT_OK)
		rc = recall(t);
	return rc == EXIT_OK ? join_group(t) : rc;
}

static void measure_all(struct tuned *t)
{
	int64_t end = mark(t);
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	t->result.time_s = 1e-9 * (double)(end - t->begin_ns);
	t->result.energy_j = t->result.energy_sd_j = (double)NAN;
	if (!t->gauge.total)
		return;
	if (hg_meter_wait_final(t->gauge.total, end, FINAL_S, &why) != HG_OK)
		cli_note(t->cli, "the energy of the last moments is an estimate: %s", why.text);
	if (hg_meter_total(t->gauge.total, t->begin_ns, end, HG_WINDOW_ESTIMATE | HG_WINDOW_PARTIAL,
		    &e, NULL) != HG_OK)
		return;
	t->result.energy_j = e.joules;
	t->result.energy_sd_j = e.sigma;
}

static int run_it(struct tuned *t, const struct args *args)
{
	const char *from = args_text(args, "steps-from", "fd");
	hg_error why = {""};
	int rc;

	if (t->gauge.total)
		(void)hg_meter_begin(t->gauge.total);
	obey(t);
	t->begin_ns = mark(t);
	rc = steps_start(t->cli, from, args->operands, &t->steps);
	t->by_marks = t->steps.by_marks;
	t->steps.told = told;
	t->steps.told_user = t;
	if (rc == EXIT_OK) {
		while (steps_wait(&t->steps, UINT64_MAX))
			;
		/* interrupted: it is passed on, and the command's end waited for */
		steps_drain(&t->steps);
		t->result.code = t->steps.child.end.code;
		measure_all(t);
	}
	t->result.whole = hg_guard_release(t->guard, &why) == HG_OK;
	if (!t->result.whole)
		cli_note(t->cli, "%s", why.text);
	steps_finish(&t->steps);
	return rc;
}

static int write_report(struct tuned *t, const struct args *args)
{
	const char *path = args_text(args, "output", NULL);
	struct buf out;
	int rc;

	t->result.knobs = &t->knobs;
	t->result.tune = t->tune;
	t->result.group = &t->group;
	t->result.report.size = sizeof t->result.report;
	hg_tune_get_report(t->tune, &t->result.report);
	if (t->knobs.reason.text[0])
		t->result.report.reason = t->knobs.reason.text;
	buf_init(&out, (size_t)1 << 28);
	if (args_has(args, "json"))
		tune_report_json(&out, &t->result);
	else
		tune_report_text(&out, &t->result);
	rc = cli_write_beside(t->cli, path, &out);
	buf_finish(&out);
	return rc;
}

int run_command_tuned(struct cli *cli, const struct args *args)
{
	struct tuned t = {.cli = cli};
	int rc = objective_read(cli, args, &t.result.objective);
	int end;

	t.result.argv = args->operands;
	t.result.job = args_text(args, "job", args->operands[0]);
	t.result.memory = args_text(args, "memory", NULL);
	if (rc == EXIT_OK)
		rc = cli_check_beside(cli, args_text(args, "output", NULL));
	if (rc == EXIT_OK)
		rc = cli_check_beside(cli, t.result.memory);
	if (rc != EXIT_OK)
		return rc;
	child_signals_keep();
	rc = tune_group_open(cli, args, &t.group);
	if (rc == EXIT_OK)
		rc = open_all(&t, args);
	if (rc == EXIT_OK)
		rc = run_it(&t, args);
	if (rc == EXIT_OK) {
		rc = remember(&t);
		end = write_report(&t, args);
		rc = rc != EXIT_OK ? rc : end != EXIT_OK ? end : t.result.code;
	}
	tune_group_close(&t.group);
	hg_tune_destroy(t.tune);
	tune_model_close(&t.model);
	tune_knobs_finish(&t.knobs);
	keep_close(t.guard);
	gauge_close(&t.gauge);
	buf_finish(&t.memory);
	child_signals_let_go();
	return rc;
}
