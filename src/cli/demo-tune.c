/* demo: the same job tuned while it runs, which needs no profile. */
#include <math.h>
#include <string.h>

#include <hourglass/sim.h>
#include <hourglass/tune.h>

#include "demo.h"
#include "tune-knobs.h"
#include "tune-model.h"

#define STEPS_MOST 2000

/** One step, told to the tuner, and what it then says. */
static int one_step(struct cli *cli, struct demo *d, struct tune_knobs *k, hg_tune *t, double *now)
{
	hg_sim_truth truth = {.size = sizeof truth};
	hg_tune_work w = {.size = sizeof w, .steps = 1};
	hg_error why = {""};
	size_t setting;
	hg_err rc = hg_sim_run(d->rig.devices[0], d->rig.workload, 1, &truth, &why);

	w.time_s = 1e-9 * (double)(truth.end_ns - truth.begin_ns);
	w.energy_j = truth.energy_j;
	w.now_s = *now += w.time_s;
	if (rc == HG_OK)
		rc = hg_tune_step(t, &w, &setting, &why);
	if (rc == HG_OK)
		rc = tune_knobs_set(k, setting, NULL, &why);
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

/** What a step at the setting really takes, after what the change of setting needs. */
static int weigh(struct cli *cli, struct demo *d)
{
	hg_sim_truth truth = {.size = sizeof truth};
	hg_error why = {""};
	hg_err rc = hg_sim_run(d->rig.devices[0], d->rig.workload, 5, NULL, &why);

	if (rc == HG_OK)
		rc = hg_sim_run(d->rig.devices[0], d->rig.workload, 1, &truth, &why);
	d->tuned.time_s = 1e-9 * (double)(truth.end_ns - truth.begin_ns);
	d->tuned.energy_j = truth.energy_j;
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

static int tune(struct cli *cli, struct demo *d, struct tune_knobs *k, hg_tune *t)
{
	hg_tune_report r = {.size = sizeof r, .phase = HG_TUNE_LEARNING};
	double now = 0;
	struct buf text;
	int rc = EXIT_OK;

	for (int i = 0; rc == EXIT_OK && r.phase == HG_TUNE_LEARNING && i < STEPS_MOST; i++) {
		rc = one_step(cli, d, k, t, &now);
		hg_tune_get_report(t, &r);
	}
	if (rc == EXIT_OK)
		rc = weigh(cli, d);
	d->tuned.tried = r.probes;
	d->tuned.of = (unsigned)k->n_settings;
	d->tuned.steps = r.learning_steps;
	buf_init(&text, sizeof d->tuned.setting - 1);
	tune_knobs_text(&text, k, r.best);
	memcpy(d->tuned.setting, text.data ? text.data : "", text.len);
	buf_finish(&text);
	return rc;
}

int demo_tune(struct cli *cli, struct demo *d)
{
	const hg_train_choice *shown = &d->runs[d->shown].choice;
	struct gauge g = {.devices = {d->rig.devices[0]}, .n = 1};
	struct tune_knobs k;
	struct tune_model m = {0};
	hg_device_info info = rig_info(&d->rig, 0);
	hg_tune_opts o = {.size = sizeof o,
		.objective = {.size = sizeof o.objective,
			.kind = HG_MAX_SLOWDOWN,
			.value = 1 + d->runs[d->shown].slack}};
	hg_error why = {""};
	hg_tune *t = NULL;
	hg_err err;
	int end, rc = tune_knobs_open(cli, NULL, 0, false, &g, d->rig.guard, &k);

	o.knobs = k.defs;
	o.n_knobs = k.n_knobs;
	o.settings = k.cells;
	o.n_settings = k.n_settings;
	if (rc == EXIT_OK) {
		tune_model_open(&m, info.model, &k, &o);
		err = hg_tune_create(&o, &t, &why);
		rc = err == HG_OK ? tune(cli, d, &k, t) : cli_input_error(cli, err, &why);
	}
	d->tuned.best_j = shown->pick.point.energy_j;
	hg_tune_destroy(t);
	tune_model_close(&m);
	tune_knobs_finish(&k);
	end = rig_reset(cli, &d->rig);
	return rc == EXIT_OK ? end : rc;
}
