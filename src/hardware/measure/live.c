#include <math.h>

#include "core/fail.h"
#include "core/size.h"
#include "curve.h"

/* Power is a random walk of 200 W per root second; a change is as good as a second of it. */
#define WALK (200.0 * 200.0)

/* Error of a power read. */
#define READ_W 3.0

/* Variances that stand for "not known". */
#define UNKNOWN_J2 1e8
#define UNKNOWN_W2 1e6

enum kind {
	EDGE = 1,
	POWER = 2,
	CHANGE = 3
};

enum begun {
	HAS_TIME = 1,
	HAS_EDGE = 2
};

hg_err hg_live_init(hg_live *l, const hg_sensor *s, hg_error *why)
{
	struct curve c;
	hg_err rc = curve_init(&c, NULL, 0, s, 0, why);

	if (rc || !l)
		return rc ? rc : fail(why, HG_EINVAL, "no filter");
	*l = (hg_live){.size = sizeof *l,
		.lag_ns = c.lag_ns,
		.gain = c.sensor.gain,
		.offset_w = c.sensor.offset_w,
		.coverage = c.sensor.coverage,
		.resolution_j = c.sensor.resolution_j,
		.p00 = UNKNOWN_J2,
		.p11 = UNKNOWN_W2};
	return HG_OK;
}

/* x = F x, P = F P F' + Q, for the time until t. */
static void predict(hg_live *l, int64_t t_ns)
{
	double dt = (double)(t_ns - l->t_ns) * 1e-9;

	if (dt <= 0)
		return;
	l->energy_j += l->power_w * dt;
	l->p00 += dt * (2 * l->p01 + dt * l->p11) + WALK * dt * dt * dt / 3;
	l->p01 += dt * l->p11 + WALK * dt * dt / 2;
	l->p11 += WALK * dt;
	l->t_ns = t_ns;
}

static void see_energy(hg_live *l, double joules, double var)
{
	double s = l->p00 + var, k0 = l->p00 / s, k1 = l->p01 / s, off = joules - l->energy_j;

	l->energy_j += k0 * off;
	l->power_w += k1 * off;
	l->p11 -= k1 * l->p01;
	l->p01 *= 1 - k0;
	l->p00 *= 1 - k0;
}

static void see_power(hg_live *l, double watts, double var)
{
	double s = l->p11 + var, k0 = l->p01 / s, k1 = l->p11 / s, off = watts - l->power_w;

	l->energy_j += k0 * off;
	l->power_w += k1 * off;
	l->p00 -= k0 * l->p01;
	l->p01 *= 1 - k1;
	l->p11 *= 1 - k1;
}

/* Takes a measurement into the state. */
static void apply(hg_live *l, size_t i)
{
	double u;

	if (l->begun & HAS_TIME)
		predict(l, l->at_ns[i]);
	else
		l->t_ns = l->at_ns[i];
	l->begun |= HAS_TIME;
	switch (l->kind[i]) {
	case EDGE:
		u = l->power_w * l->doubt[i] / sqrt(3);
		see_energy(l, l->value[i], l->resolution_j * l->resolution_j / 12 + u * u + 1e-9);
		break;
	case POWER:
		see_power(l, l->value[i], READ_W * READ_W * (1 + (1 - l->coverage) / l->coverage));
		break;
	default:
		l->p11 += WALK;
		break;
	}
}

static void drop_first(hg_live *l)
{
	l->n--;
	for (size_t i = 0; i < l->n; i++) {
		l->kind[i] = l->kind[i + 1];
		l->at_ns[i] = l->at_ns[i + 1];
		l->value[i] = l->value[i + 1];
		l->doubt[i] = l->doubt[i + 1];
	}
}

/* Puts a measurement where its time belongs; when all places are taken the oldest goes into the
 * state for good. */
static void keep(hg_live *l, uint32_t kind, int64_t at_ns, double value, double doubt)
{
	size_t i;

	if (l->n == HG_LIVE_KEPT) {
		apply(l, 0);
		drop_first(l);
	}
	if ((l->begun & HAS_TIME) && at_ns < l->t_ns)
		return;
	for (i = l->n; i > 0 && l->at_ns[i - 1] > at_ns; i--) {
		l->kind[i] = l->kind[i - 1];
		l->at_ns[i] = l->at_ns[i - 1];
		l->value[i] = l->value[i - 1];
		l->doubt[i] = l->doubt[i - 1];
	}
	l->kind[i] = kind;
	l->at_ns[i] = at_ns;
	l->value[i] = value;
	l->doubt[i] = doubt;
	l->n++;
}

/* Energies before a reset mean nothing any more; powers do. */
static void forget_energy(hg_live *l, const hg_edge *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		if (l->kind[i] == EDGE)
			continue;
		l->kind[n] = l->kind[i];
		l->at_ns[n] = l->at_ns[i];
		l->value[n] = l->value[i];
		l->doubt[n++] = l->doubt[i];
	}
	l->n = n;
	l->energy_j = 0;
	l->p00 = UNKNOWN_J2;
	l->p01 = 0;
	l->base_uj = e->energy_uj;
	l->base_ns = e->t_ns;
	l->begun |= HAS_EDGE;
}

static bool usable(const hg_edge *e)
{
	return e->t_ns > -INT64_MAX / 4 && e->t_ns < INT64_MAX / 4 &&
	       e->energy_uj > -(INT64_C(1) << 53) && e->energy_uj < INT64_C(1) << 53;
}

void hg_live_edge(hg_live *l, const hg_edge *e)
{
	double u = e->u_ns > 0 ? (double)e->u_ns * 1e-9 : 0;
	double since;

	if (!usable(e) || (e->flags & HG_EDGE_READ))
		return;
	if (!(l->begun & HAS_EDGE) || (e->flags & HG_EDGE_FIRST) || e->energy_uj < l->last_uj)
		forget_energy(l, e);
	l->last_uj = e->energy_uj;
	since = ((double)(e->energy_uj - l->base_uj) * 1e-6 -
			l->offset_w * (double)(e->t_ns - l->base_ns) * 1e-9) /
		l->gain;
	keep(l, EDGE, e->t_ns - l->lag_ns, since, u);
	if (e->power_mw >= 0)
		keep(l, POWER, e->t_ns, ((double)e->power_mw * 1e-3 - l->offset_w) / l->gain, 0);
}

void hg_live_power(hg_live *l, int64_t t_ns, double power_w)
{
	if (power_w >= 0 && power_w < 1e6 && t_ns > -INT64_MAX / 4 && t_ns < INT64_MAX / 4)
		keep(l, POWER, t_ns, power_w, 0);
}

void hg_live_change(hg_live *l, int64_t t_ns)
{
	if (t_ns > -INT64_MAX / 4 && t_ns < INT64_MAX / 4)
		keep(l, CHANGE, t_ns, 0, 0);
}

void hg_live_at(const hg_live *l, int64_t t_ns, double *power_w, double *sd_w)
{
	hg_live now = *l;

	for (size_t i = 0; i < now.n && now.at_ns[i] <= t_ns; i++)
		apply(&now, i);
	if ((now.begun & HAS_TIME) && t_ns > now.t_ns && t_ns < INT64_MAX / 4)
		predict(&now, t_ns);
	/* neither two edges nor a read */
	if (!(now.begun & HAS_TIME) || now.p11 > UNKNOWN_W2 / 2) {
		*power_w = *sd_w = NAN;
		return;
	}
	*power_w = fmax(0, now.power_w);
	*sd_w = sqrt(now.p11);
}
