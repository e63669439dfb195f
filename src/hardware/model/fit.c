/* <hourglass/fit.h>: checked observations in, forecasts with intervals out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/stat.h"

#include <hourglass/fit.h>
#include <hourglass/frontier.h>

#include "fit-table.h"
#include "mix.h"
#include "observe.h"
#include "work-fit.h"

#define CONFIDENCE 0.8
/* Degrees of freedom that make Student's distribution the normal one. */
#define NORMAL 1e6
/* Settings are the same when their clocks differ by less, in ln. */
#define SAME 1e-9

struct hg_fit {
	struct work_fit work;
	struct fit_table table;
	struct mix mix; /* of known ops */
	bool mixed;
	struct work_obs *obs;
	double quantile;
};

void hg_fit_destroy(hg_fit *fit)
{
	if (!fit)
		return;
	fit_table_finish(&fit->table);
	work_fit_finish(&fit->work);
	free(fit->obs);
	free(fit);
}

static hg_err options_read(const hg_fit_options *opts, hg_fit_options *out, hg_error *why)
{
	*out = (hg_fit_options){.size = sizeof *out};
	if (opts && opts->size < offsetof(hg_fit_options, workload))
		return fail(why, HG_EINVAL, "hg_fit_options.size: expected at least %zu, found %u",
			offsetof(hg_fit_options, workload), opts->size);
	if (opts)
		memcpy(out, opts, opts->size < sizeof *out ? opts->size : sizeof *out);
	if (out->confidence == 0.0)
		out->confidence = CONFIDENCE;
	if (!(out->confidence > 0.0 && out->confidence < 1.0))
		return fail(why, HG_EINVAL, "confidence: expected above 0 and below 1, found %g",
			out->confidence);
	return HG_OK;
}

static hg_err work_fit_start(
	hg_fit *fit, const hg_model *m, size_t n, const hg_fit_options *o, hg_error *why)
{
	struct figures of;
	struct prior prior;
	hg_err rc;

	if (o->workload && !model_described(m))
		return fail(why, HG_EINVAL,
			"%s: its datasheet is not known: known ops cannot be predicted on it",
			m->name);
	if (o->workload) {
		fit->mixed = true;
		rc = mix_init(&fit->mix, m, o->workload, o->ops);
		of = figures_of_ops(&m->f);
		if (!rc)
			rc = work_fit_mix(&fit->work, &of, &fit->mix, fit->obs, n);
	} else {
		prior_of(m, &prior);
		rc = work_fit_init(&fit->work, &m->f, &prior, fit->obs, n);
	}
	return rc ? fail(why, rc, "fit: %s",
			    rc == HG_ENOMEM ? "out of memory" : "no parameters fit")
		  : HG_OK;
}

static hg_err observations_take(
	hg_fit *fit, const hg_model *m, const hg_obs *obs, size_t n, hg_error *why)
{
	fit->obs = calloc(n + 1, sizeof *fit->obs);
	if (!fit->obs)
		return fail(why, HG_ENOMEM, "fit: out of memory");
	for (size_t i = 0; i < n; i++) {
		hg_err rc = observe(&m->f, &obs[i], &fit->obs[i], why);

		if (rc) {
			fail_prefix(why, "observation %zu: ", i);
			return rc;
		}
	}
	return HG_OK;
}

hg_err hg_fit_create(const hg_model *m, const hg_obs *obs, size_t n, const hg_fit_options *opts,
	hg_fit **out, hg_error *why)
{
	hg_fit_options o;
	hg_fit *fit;
	hg_err rc = options_read(opts, &o, why);

	*out = NULL;
	if (rc)
		return rc;
	if (!m || (!n && !o.workload))
		return fail(why, HG_EINVAL, "fit: expected a device and one observation or more");
	if (n > HG_FIT_MAX_OBS)
		return fail(why, HG_ELIMIT, "fit: expected at most %u observations, found %zu",
			HG_FIT_MAX_OBS, n);
	fit = calloc(1, sizeof *fit);
	if (!fit)
		return fail(why, HG_ENOMEM, "fit: out of memory");
	fit->quantile = student_quantile(NORMAL, 0.5 + 0.5 * o.confidence);
	rc = observations_take(fit, m, obs, n, why);
	if (!rc)
		rc = work_fit_start(fit, m, n, &o, why);
	if (!rc)
		rc = fit_table_init(&fit->table, &fit->work, why);
	if (rc)
		hg_fit_destroy(fit);
	else
		*out = fit;
	return rc;
}

/* The observation nearest in clock; whether it is of this very setting. */
static uint32_t nearest(const hg_fit *fit, const hg_knobs *k, double s, uint32_t *origin)
{
	size_t best = 0;

	for (size_t i = 0; i < fit->work.n; i++) {
		const hg_knobs *have = &fit->obs[i].setting;

		if (fabs(fit->work.s[i] - s) < fabs(fit->work.s[best] - s) - SAME)
			best = i;
		if (fabs(have->clock_hz - k->clock_hz) <= SAME * k->clock_hz &&
			fabs(have->cap_w - k->cap_w) <= SAME * k->cap_w) {
			*origin |= HG_ORIGIN_MEASURED;
			return (uint32_t)i;
		}
	}
	return (uint32_t)best;
}

hg_err hg_fit_predict(const hg_fit *fit, const hg_knobs *k, hg_forecast *out)
{
	struct work_forecast at;
	double wide[2];
	hg_err rc;

	if (!setting_exists(&fit->work.f, k))
		return HG_ERANGE;
	rc = fit_table_forecast(&fit->table, k, &at);
	if (rc)
		return rc;
	wide[0] = fit->quantile * at.sd[0];
	wide[1] = fit->quantile * at.sd[2];
	*out = (hg_forecast){
		.size = out->size,
		.flags = at.flags,
		.origin = fit->work.n ? HG_ORIGIN_FITTED : fit->mix.origin,
		.time_s = exp(at.ln[0]),
		.energy_j = exp(at.ln[2]),
		.time_rsd = at.sd[0],
		.energy_rsd = at.sd[2],
		.time_low_s = exp(at.ln[0] - wide[0]),
		.time_high_s = exp(at.ln[0] + wide[0]),
		.energy_low_j = exp(at.ln[2] - wide[1]),
		.energy_high_j = exp(at.ln[2] + wide[1]),
		.physics_time_s = exp(at.physics[0]),
		.physics_energy_j = exp(at.physics[0] + at.physics[1]),
		.clock_hz = at.x * fit->work.f.clock_max_hz,
	};
	out->nearest = nearest(fit, k, -log(at.x), &out->origin);
	return HG_OK;
}

/* d share / dz of a logistic parameter, times the sd of z. */
static double share_sd(const struct work_fit *w, size_t i, double low, double high, double share)
{
	double u = (share - low) / (high - low);

	return (high - low) * u * (1.0 - u) * sqrt(w->covariance[i][i]);
}

static void physics_errors(const hg_fit *fit, hg_fit_report *out)
{
	for (size_t i = 0; i < fit->work.n; i++) {
		struct response_at at;
		double off;

		response_eval(&fit->work.response, &fit->obs[i].setting, &at);
		off = at.ln_time - fit->obs[i].ln[0];
		out->physics_time_mape += fabs(expm1(off));
		off += at.ln_power - fit->obs[i].ln[1];
		out->physics_energy_mape += fabs(expm1(off));
	}
	if (!fit->work.n)
		return;
	out->physics_time_mape /= (double)fit->work.n;
	out->physics_energy_mape /= (double)fit->work.n;
}

/* What the parameters of known ops come to. */
static void mix_report(const struct work_fit *w, hg_fit_report *out)
{
	const struct response *r = &w->response;
	double busy_s = 0.0, compute_s = 0.0;

	for (size_t i = 0; i < r->n; i++) {
		busy_s += r->piece[i].seconds;
		compute_s += r->piece[i].seconds * r->piece[i].compute;
	}
	out->time_s = busy_s + r->gap_s;
	out->gap = r->gap_s / out->time_s;
	out->compute = busy_s > 0.0 ? compute_s / busy_s : 0.0;
	out->gap_sd = out->gap * (1.0 - out->gap) * sqrt(w->covariance[WORK_GAP][WORK_GAP]);
	out->compute_sd = out->compute * sqrt(w->covariance[WORK_COMPUTE][WORK_COMPUTE]);
}

void hg_fit_get_report(const hg_fit *fit, hg_fit_report *out)
{
	const struct work_fit *w = &fit->work;
	const struct response *r = &w->response;
	struct work of = work_of(w->z);

	*out = (hg_fit_report){
		.size = out->size,
		.n = (uint32_t)w->n,
		.time_s = of.time_s,
		.gap = of.gap,
		.compute = of.compute,
		.compute_w = r->compute_w,
		.gap_w = r->gap_w,
		.static_w = r->static_w,
		.time_ln_sd = sqrt(w->covariance[WORK_TIME][WORK_TIME]),
		.compute_w_sd = r->compute_w * sqrt(w->covariance[WORK_POWER][WORK_POWER]),
		.static_w_sd = r->static_w * sqrt(w->covariance[WORK_STATIC][WORK_STATIC]),
		.gap_w_sd = r->gap_w * sqrt(w->covariance[WORK_GAPPOWER][WORK_GAPPOWER]),
	};
	if (fit->mixed) {
		mix_report(w, out);
	} else {
		out->gap_sd = share_sd(w, WORK_GAP, 0.0, WORK_GAP_MAX, of.gap);
		out->compute_sd = share_sd(w, WORK_COMPUTE, WORK_COMPUTE_MIN, 1.0, of.compute);
	}
	physics_errors(fit, out);
}
