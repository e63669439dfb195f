/* What came of a tuned command. */
#include <math.h>

#include "core/json.h"
#include "core/number.h"
#include "objective.h"
#include "run-tune.h"

static const char *phase_text(hg_tune_phase phase)
{
	static const char *const texts[] = {
#define PHASE_ROW(name, value, text) [(value)] = (text),
		HG_TUNE_PHASE_LIST(PHASE_ROW)
#undef PHASE_ROW
	};

	return (size_t)phase < sizeof texts / sizeof *texts ? texts[phase] : "?";
}

/* ----- for people */

static void text_choice(struct buf *out, const struct tune_result *r)
{
	const hg_tune_report *p = &r->report;

	buf_adds(out, "  ");
	objective_text(out, &r->objective);
	buf_adds(out, ": ");
	tune_knobs_text(out, r->knobs, p->best);
	if (p->best == p->baseline) {
		buf_adds(out, ", which is what was set before");
	} else {
		buf_adds(out, " (before: ");
		tune_knobs_text(out, r->knobs, p->baseline);
		buf_adds(out, ")");
	}
	buf_addf(out, "\n  after %u of %zu settings in %.0f of %.0f steps%s%s\n", p->probes,
		r->knobs->n_settings, p->learning_steps, p->steps,
		p->phase == HG_TUNE_LEARNING ? ", still learning" : "",
		r->recalled ? ", beginning with what an earlier run learnt" : "");
	if (p->drifts || p->refused)
		buf_addf(out, "  started over %u times; %u settings were refused\n", p->drifts,
			p->refused);
	for (size_t i = 0; i < r->knobs->n_knobs; i++)
		if (r->knobs->stuck[i])
			buf_addf(out, "  %s cannot be set here: it was left as it was\n",
				r->knobs->info[i].name);
	if (!p->feasible)
		buf_adds(out, "  no setting meets it: the nearest was taken\n");
}

static void text_saving(struct buf *out, const struct tune_result *r)
{
	const hg_tune_report *p = &r->report;
	char saved[QUANTITY_TEXT], sd[QUANTITY_TEXT];

	if (isnan(p->saving))
		return;
	if (p->best != p->baseline)
		buf_addf(out,
			"  a step: energy %+.1f %% (+- %.1f), time %+.1f %% (+- %.1f) against the setting "
			"before%s\n",
			-100 * p->saving, 200 * p->saving_sd, 100 * (p->slowdown - 1),
			200 * p->slowdown_sd, p->base_measured ? "" : ", as predicted");
	if (isnan(p->saved_j) || (p->best == p->baseline && p->probes < 2))
		return;
	buf_addf(out, "  all steps: %s saved (+- %s), what was tried included\n",
		quantity_format(QUANTITY_ENERGY, p->saved_j, saved),
		quantity_format(QUANTITY_ENERGY, 2 * p->saved_sd_j, sd));
}

void tune_report_text(struct buf *out, const struct tune_result *r)
{
	char time[QUANTITY_TEXT], energy[QUANTITY_TEXT];

	buf_addf(out, "hourglass: '%.60s%s' ended with status %d%s\n", r->argv[0],
		r->argv[1] ? " ..." : "", r->code,
		r->simulated ? "; joules are of simulated devices" : "");
	if (r->report.phase == HG_TUNE_IDLE)
		buf_addf(out, "  nothing was tuned: %s\n", r->report.reason);
	else
		text_choice(out, r);
	if (r->report.steps <= 0)
		buf_adds(out, "  it told no steps: see --steps-from\n");
	text_saving(out, r);
	if (r->group->file)
		buf_addf(out,
			"  rank %u of %u: the steps' energies are those of all ranks, what follows is this one's\n",
			r->group->own.rank, r->group->own.ranks);
	if (r->group->lost.text[0])
		buf_addf(out, "  tuned until: %s\n", r->group->lost.text);
	buf_addf(out, "  in all: %s, %s%s\n", quantity_format(QUANTITY_TIME, r->time_s, time),
		isnan(r->energy_j) ? "no energy is measured here"
				   : quantity_format(QUANTITY_ENERGY, r->energy_j, energy),
		r->simulated && !isnan(r->energy_j) ? " (simulated)" : "");
	buf_addf(out, "  the knobs are %s\n",
		r->whole ? "as they were" : "NOT all as they were: see above");
}

/* ----- for programs */

static void json_setting(struct json_out *j, const struct tune_result *r, size_t row)
{
	const double *cells = hg_tune_cells(r->tune, row);

	if (!cells) {
		json_put_null(j);
		return;
	}
	json_open(j, '{', true);
	for (size_t i = 0; i < r->knobs->n_knobs; i++)
		json_kv_number(j, r->knobs->names[i], cells[i]);
	json_close(j, '}');
}

static void json_points(struct json_out *j, const struct tune_result *r)
{
	hg_frontier *f = NULL;
	size_t n = 0, n_dominated = 0;
	const hg_point *points = NULL, *dominated = NULL;

	json_key(j, "settings");
	json_open(j, '[', false);
	if (hg_tune_frontier(r->tune, NULL, &f, NULL) == HG_OK) {
		n = hg_frontier_count(f);
		points = hg_frontier_points(f);
		dominated = hg_frontier_dominated(f, &n_dominated);
	}
	for (size_t i = 0; i < n + n_dominated; i++) {
		const hg_point *p = i < n ? &points[i] : &dominated[i - n];

		json_open(j, '{', true);
		json_key(j, "setting");
		json_setting(j, r, p->setting);
		json_kv_number(j, "time_s", p->time_s);
		json_kv_number(j, "energy_j", p->energy_j);
		json_kv_number(j, "time_rsd", p->time_rsd);
		json_kv_number(j, "energy_rsd", p->energy_rsd);
		json_kv_bool(j, "measured", (p->origin & HG_ORIGIN_MEASURED) != 0);
		json_close(j, '}');
	}
	json_close(j, ']');
	hg_frontier_destroy(f);
}

static void json_report(struct json_out *j, const struct tune_result *r)
{
	const hg_tune_report *p = &r->report;

	json_kv_string(j, "phase", phase_text(p->phase));
	json_key(j, "reason");
	if (p->phase == HG_TUNE_IDLE)
		json_put_string(j, p->reason);
	else
		json_put_null(j);
	json_kv_bool(j, "feasible", p->feasible != 0);
	json_key(j, "chosen");
	json_setting(j, r, p->best);
	json_key(j, "before");
	json_setting(j, r, p->baseline);
	json_kv_bool(j, "before_measured", p->base_measured != 0);
	json_kv_bool(j, "recalled", r->recalled);
	json_kv_int(j, "tried", p->probes);
	json_kv_int(j, "refused", p->refused);
	json_key(j, "stuck");
	json_open(j, '[', true);
	for (size_t i = 0; i < r->knobs->n_knobs; i++)
		if (r->knobs->stuck[i])
			json_put_string(j, r->knobs->info[i].name);
	json_close(j, ']');
	json_kv_int(j, "drifts", p->drifts);
	json_kv_number(j, "steps", p->steps);
	json_kv_number(j, "steps_time_s", p->time_s);
	json_kv_number(j, "steps_energy_j", p->energy_j);
	json_kv_number(j, "learning_steps", p->learning_steps);
	json_kv_number(j, "learning_time_s", p->learning_time_s);
	json_kv_number(j, "learning_energy_j", p->learning_energy_j);
	json_kv_number(j, "energy_saving", p->saving);
	json_kv_number(j, "energy_saving_sd", p->saving_sd);
	json_kv_number(j, "slowdown", p->slowdown);
	json_kv_number(j, "slowdown_sd", p->slowdown_sd);
	json_kv_number(j, "saved_j", p->saved_j);
	json_kv_number(j, "saved_sd_j", p->saved_sd_j);
}

static void json_group(struct json_out *j, const struct tune_group *g)
{
	json_key(j, "group");
	if (!g->file) {
		json_put_null(j);
		return;
	}
	json_open(j, '{', true);
	json_kv_int(j, "rank", g->own.rank);
	json_kv_int(j, "ranks", g->own.ranks);
	json_key(j, "lost");
	if (g->lost.text[0])
		json_put_string(j, g->lost.text);
	else
		json_put_null(j);
	json_close(j, '}');
}

void tune_report_json(struct buf *out, const struct tune_result *r)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.tuned/1");
	json_kv_bool(&j, "simulated", r->simulated);
	json_key(&j, "command");
	json_open(&j, '[', true);
	for (size_t i = 0; r->argv[i]; i++)
		json_put_string(&j, r->argv[i]);
	json_close(&j, ']');
	json_kv_int(&j, "exit_code", r->code);
	json_kv_string(&j, "job", r->job);
	json_kv_string(&j, "device", r->device);
	json_kv_int(&j, "devices", (int64_t)r->knobs->n);
	json_key(&j, "objective");
	objective_json(&j, &r->objective);
	json_group(&j, r->group);
	json_report(&j, r);
	json_kv_number(&j, "time_s", r->time_s);
	json_kv_number(&j, "energy_j", r->energy_j);
	json_kv_number(&j, "energy_sd_j", r->energy_sd_j);
	json_kv_bool(&j, "restored", r->whole);
	json_points(&j, r);
	json_close(&j, '}');
	buf_addc(out, '\n');
}
