/*
 * NVML has no power per MIG instance. What the whole device draws is idle power plus what each
 * activity of it draws; an instance's activity is one of its slices of the device.
 */
#include <math.h>

#include <hourglass/attribute.h>

#include "core/fail.h"
#include "grain.h"
#include "share.h"

#define FORGET 0.999

/* How unsure the first guesses are: W^2, against readings of 1 W^2. */
#define UNSURE 1e6

/* Instances of a device at most. */
#define INSTANCES 64

hg_err hg_mig_init(hg_mig *m, uint32_t activities, double idle_w, double forget, hg_error *why)
{
	uint32_t n = activities + 1;

	if (!m || activities < 1 || activities > HG_ACTIVITIES || !(idle_w >= 0 && idle_w < 1e6) ||
		!(forget >= 0 && forget <= 1))
		return fail(why, HG_EINVAL, "%u activities of %d, idle %g W, forget %g", activities,
			HG_ACTIVITIES, idle_w, forget);
	*m = (hg_mig){.size = sizeof *m,
		.activities = activities,
		.forget = forget > 0 ? forget : FORGET,
		.beta = {idle_w}};
	for (uint32_t i = 0; i < n; i++)
		m->s[i * n + i] = UNSURE;
	return HG_OK;
}

static hg_err mig_check(const hg_mig *m, const hg_tenant *t, size_t n, hg_error *why)
{
	if (!m || m->size != sizeof *m || m->activities < 1 || m->activities > HG_ACTIVITIES ||
		!(m->forget > 0 && m->forget <= 1))
		return fail(why, HG_EINVAL, "not a model of this version");
	if (n > INSTANCES)
		return fail(why, HG_EINVAL, "%zu instances, at most %d", n, INSTANCES);
	return tenants_check(t, n, m->activities, why);
}

/*
 * Negative coefficients count 0 where they are used; they stay as they are here, since holding them
 * at 0 on the way would leave what was learnt of the others wrong.
 *
 * K = S x / (forget + x' S x); beta += K (y - x' beta); S = (S - K x' S) / forget
 */
static void update(hg_mig *m, double y, const double *x)
{
	double sx[HG_ACTIVITIES + 1], scale = m->forget, error = y, trace = 0;
	uint32_t n = m->activities + 1;

	for (uint32_t i = 0; i < n; i++) {
		sx[i] = 0;
		for (uint32_t j = 0; j < n; j++)
			sx[i] += m->s[i * n + j] * x[j];
		scale += x[i] * sx[i];
		error -= x[i] * m->beta[i];
	}
	for (uint32_t i = 0; i < n; i++) {
		m->beta[i] += sx[i] / scale * error;
		for (uint32_t j = 0; j < n; j++)
			m->s[i * n + j] = (m->s[i * n + j] - sx[i] * sx[j] / scale) / m->forget;
		trace += m->s[i * n + i];
	}
	/* what is never excited must not be forgotten without limit */
	if (trace > UNSURE * n)
		for (uint32_t i = 0; i < n * n; i++)
			m->s[i] *= UNSURE * n / trace;
}

hg_err hg_mig_update(hg_mig *m, double power_w, const hg_tenant *instances, size_t n, hg_error *why)
{
	double x[HG_ACTIVITIES + 1] = {1};
	hg_err rc = mig_check(m, instances, n, why);

	if (rc)
		return rc;
	if (!(power_w >= 0 && power_w < 1e6))
		return fail(why, HG_EINVAL, "a power of %g W", power_w);
	for (size_t i = 0; i < n; i++)
		for (uint32_t a = 0; a < m->activities; a++)
			x[a + 1] += instances[i].slice * instances[i].activity[a];
	update(m, power_w, x);
	if (m->updates < UINT32_MAX)
		m->updates++;
	return HG_OK;
}

hg_err hg_mig_split(const hg_mig *m, double total_j, double seconds, const hg_tenant *instances,
	size_t n, hg_idle_policy policy, double *parts, double *unattributed, hg_error *why)
{
	double weights[INSTANCES], active = 0, idle, scale;
	hg_err rc = mig_check(m, instances, n, why);

	if (rc)
		return rc;
	if (!(total_j >= 0 && total_j < INFINITY) || !(seconds >= 0 && seconds < INFINITY) ||
		(!parts && n) || !unattributed || (unsigned)policy > HG_IDLE_EQUAL)
		return fail(why, HG_EINVAL, "%g J in %g s, or no such policy", total_j, seconds);
	for (size_t i = 0; i < n; i++) {
		weights[i] = 0;
		for (uint32_t a = 0; a < m->activities; a++)
			weights[i] += fmax(0, m->beta[a + 1]) * instances[i].slice *
				      instances[i].activity[a] * seconds;
		active += weights[i];
	}
	idle = fmax(0, m->beta[0]) * seconds;
	/* scaled to what was measured; without a model of anything all of it is idle */
	scale = active + idle > 0 ? total_j / (active + idle) : 0;
	active *= scale;
	share_out(active, total_j - active, instances, weights, n, policy, parts, unattributed);
	return HG_OK;
}
