#include <hourglass/energy.h>

#include <math.h>

#include "core/fail.h"
#include "core/size.h"
#include "core/stat.h"
#include "curve.h"

/* Lags of the Newey-West estimate. */
#define NW_LAGS 2

/* Repetitions this near to a multiple of the period, in periods, see the same part over and over.
 */
#define ALIAS 0.05

/* A repetition may be unevenly spread over its own time by so much of its mean power. */
#define SPREAD 0.5

/* Points (t, e) of the edges inside, about their first. */
struct line {
	struct curve curve;
	size_t first, last; /* edges inside, first <= last */
	double n, t_mean, e_mean, stt, slope;
	double u_var; /* mean variance of the times, s^2 */
};

static double line_t(const struct line *l, size_t k)
{
	int64_t u0, u1;

	return (double)(curve_seen(&l->curve, k, &u1) - curve_seen(&l->curve, l->first, &u0)) *
	       1e-9;
}

static double line_e(const struct line *l, size_t k)
{
	const hg_sensor *s = &l->curve.sensor;

	return curve_joules(&l->curve, k) - curve_joules(&l->curve, l->first) -
	       s->offset_w / s->gain * line_t(l, k);
}

static hg_err line_find(struct line *l, int64_t t0, int64_t t1, hg_error *why)
{
	const struct curve *c = &l->curve;
	struct bracket a = curve_find(c, t0), b = curve_find(c, t1);

	l->first = a.k != SIZE_MAX && curve_knot(c, a.k).t_ns == t0 ? a.k : a.next;
	l->last = b.k;
	if (l->first >= c->n || l->last == SIZE_MAX || l->last < l->first)
		return fail(why, HG_ERANGE, "no edge within the window");
	for (size_t k = l->first; k != l->last; k = curve_next(c, k))
		if (curve_broken(c, k, curve_next(c, k)))
			return fail(why, HG_EDEVICE,
				"the counter was reset or contradicts itself within the window");
	return HG_OK;
}

static hg_err line_fit(struct line *l, hg_error *why)
{
	const struct curve *c = &l->curve;
	double ste = 0;

	for (size_t k = l->first; k <= l->last; k = curve_next(c, k)) {
		int64_t u;

		(void)curve_seen(c, k, &u);
		l->n++;
		l->t_mean += line_t(l, k);
		l->e_mean += line_e(l, k);
		l->u_var += (double)u * (double)u * 1e-18 / 3;
	}
	if (l->n < 4)
		return fail(why, HG_ERANGE,
			"%.0f edges within the window, at least 4 are needed: repeat more often",
			l->n);
	l->t_mean /= l->n;
	l->e_mean /= l->n;
	l->u_var /= l->n;
	for (size_t k = l->first; k <= l->last; k = curve_next(c, k)) {
		double t = line_t(l, k) - l->t_mean;

		l->stt += t * t;
		ste += t * (line_e(l, k) - l->e_mean);
	}
	l->slope = ste / l->stt;
	return HG_OK;
}

/* Variance of the slope from the residuals, which neighbours may share (Newey and West). */
static double newey_west(const struct line *l)
{
	double past[NW_LAGS] = {0}, sum = 0;

	for (size_t k = l->first; k <= l->last; k = curve_next(&l->curve, k)) {
		double t = line_t(l, k) - l->t_mean;
		double score = t * (line_e(l, k) - l->e_mean - l->slope * t);

		sum += score * score;
		for (int j = 0; j < NW_LAGS; j++)
			sum += 2 * (1 - (j + 1.0) / (NW_LAGS + 1)) * score * past[j];
		for (int j = NW_LAGS - 1; j > 0; j--)
			past[j] = past[j - 1];
		past[0] = score;
	}
	sum *= l->n / (l->n - 2);
	return fmax(sum, 0) / (l->stt * l->stt);
}

static void line_result(const struct line *l, double passed_s, double repetitions, hg_repeated *out)
{
	const hg_sensor *s = &l->curve.sensor;
	double tau = passed_s / repetitions;
	/* what the edges' times leave open; few residuals may look too good by chance */
	double floor_var = l->slope * l->slope * l->u_var / l->stt / 4;
	double power_sd = sqrt(fmax(newey_west(l), floor_var));
	double partial = SPREAD * fabs(l->slope) * tau * tau / (8 * passed_s);
	double off = s->period_s > 0 ? tau / s->period_s - nearbyint(tau / s->period_s) : 1;

	out->n_edges = (uint32_t)l->n;
	out->time_s = tau;
	out->power_w = l->slope;
	out->power_sd_w = power_sd;
	out->joules = l->slope * tau;
	out->sigma = sqrt(power_sd * tau * power_sd * tau + partial * partial);
	out->half_width_j = student_quantile(l->n - 2, 0.975) * power_sd * tau + partial;
	if (s->coverage < 1) {
		out->flags |= HG_ENERGY_PARTIAL_COVERAGE;
		out->dither = fabs(off) < ALIAS && tau > s->period_s / 2;
		out->dither_s = out->dither ? s->period_s : 0;
	}
	if (!s->trusted)
		out->flags |= HG_ENERGY_UNTRUSTED;
	for (size_t k = l->first; k <= l->last; k++) {
		if (k > l->first && (l->curve.log[k].flags & HG_EDGE_MISSED))
			out->flags |= HG_ENERGY_MISSED_EDGE;
		if (l->curve.log[k].throttle)
			out->flags |= HG_ENERGY_THROTTLED;
	}
}

hg_err hg_energy_repeated(const hg_edge *log, size_t n, const hg_sensor *s, int64_t t0, int64_t t1,
	uint64_t repetitions, hg_repeated *out, hg_error *why)
{
	struct line l = {.n = 0};
	hg_repeated r = {.size = sizeof r,
		.joules = NAN,
		.sigma = NAN,
		.half_width_j = NAN,
		.time_s = NAN,
		.power_w = NAN,
		.power_sd_w = NAN};
	hg_err rc;

	if (!out || out->size < sizeof out->size)
		return fail(why, HG_EINVAL, "the result's size is not set");
	if (t0 >= t1 || t0 < INT64_MIN / 4 || t1 > INT64_MAX / 4 || repetitions == 0)
		rc = fail(why, HG_EINVAL, "%llu repetitions from %lld to %lld ns",
			(unsigned long long)repetitions, (long long)t0, (long long)t1);
	else
		rc = curve_init(&l.curve, log, n, s, 0, why);
	rc = rc ? rc : line_find(&l, t0, t1, why);
	rc = rc ? rc : line_fit(&l, why);
	if (!rc)
		line_result(&l, (double)(t1 - t0) * 1e-9, (double)repetitions, &r);
	size_write(out, &r, sizeof r);
	return rc;
}
