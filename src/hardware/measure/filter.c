#include "filter.h"

#include <math.h>

/* The most that can have been used from one reading to another. */
static double most_uj(const struct filter *f, int64_t from_ns, int64_t to_ns)
{
	if (!(f->max_power_w > 0.0))
		return (double)INFINITY;
	return 2.0 * f->max_power_w * (double)(to_ns - from_ns + f->period_ns) * 1e-3;
}

static void accept(struct filter *f, int64_t raw_uj, int64_t t_ns, int64_t used_uj)
{
	f->energy_uj += used_uj;
	f->raw_uj = raw_uj;
	f->t_ns = t_ns;
	f->odd = 0;
	f->known = true;
}

static enum verdict begin_anew(struct filter *f, int64_t raw_uj, int64_t t_ns)
{
	accept(f, raw_uj, t_ns, 0);
	f->resets++;
	return FILTER_RESET;
}

/* A reading that is not believed; when several agree, the counter has begun anew. */
static enum verdict doubt(struct filter *f, int64_t raw_uj, int64_t t_ns, bool back)
{
	double used = (double)raw_uj - (double)f->odd_uj;
	bool agree = f->odd && f->odd_back == back && used >= 0.0 &&
		     used <= most_uj(f, f->odd_t_ns, t_ns);

	f->odd = agree ? f->odd + 1 : 1;
	f->odd_uj = raw_uj;
	f->odd_t_ns = t_ns;
	f->odd_back = back;
	if (f->odd >= FILTER_PATIENCE)
		return begin_anew(f, raw_uj, t_ns);
	f->glitches += back;
	f->implausible += !back;
	return FILTER_DISCARDED;
}

/* The reading is below the one before. */
static enum verdict went_back(struct filter *f, int64_t raw_uj, int64_t t_ns)
{
	double most = most_uj(f, f->t_ns, t_ns), back = (double)f->raw_uj - (double)raw_uj;
	uint64_t gap = (uint64_t)f->raw_uj - (uint64_t)raw_uj;

	if (f->modulus > gap && (uint64_t)f->raw_uj < f->modulus) {
		uint64_t used = f->modulus - gap;

		/* without a known limit a wrap is believed where it is the shorter way */
		if (isinf(most) ? used < f->modulus / 2 : (double)used <= most) {
			f->wraps++;
			accept(f, raw_uj, t_ns, (int64_t)used);
			return FILTER_MOVED;
		}
	}
	if (isinf(most) || back <= most)
		return doubt(f, raw_uj, t_ns, true);
	return begin_anew(f, raw_uj, t_ns);
}

enum verdict filter_feed(struct filter *f, int64_t raw_uj, int64_t t_ns)
{
	bool stepped = f->known && t_ns < f->seen_ns;
	double used;

	f->seen_ns = t_ns;
	if (!f->known) {
		accept(f, raw_uj, t_ns, 0);
		return FILTER_FIRST;
	}
	if (stepped) {
		f->clock_steps++;
		accept(f, raw_uj, t_ns, 0);
		return FILTER_RESET;
	}
	if (raw_uj < f->raw_uj)
		return went_back(f, raw_uj, t_ns);
	used = (double)raw_uj - (double)f->raw_uj;
	if (used > most_uj(f, f->t_ns, t_ns))
		return doubt(f, raw_uj, t_ns, false);
	if (raw_uj == f->raw_uj) {
		f->odd = 0;
		return FILTER_SAME;
	}
	accept(f, raw_uj, t_ns, raw_uj - f->raw_uj);
	return FILTER_MOVED;
}

void filter_forget(struct filter *f)
{
	f->known = false;
	f->odd = 0;
}
