/* Local search: simulated annealing whose every step ends in a plan that wastes no slack. */
#include "search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOOK 8    /* steps between looks at the clock */
#define BIG  1024 /* nodes from which on each step is looked at */

double effort_share(struct effort *e)
{
	double share = 0.0;

	if (e->most)
		share = (double)e->done / (double)e->most;
	if (e->seconds > 0.0)
		share = fmax(
			share, 1e-9 * (double)(e->clock(e->clock_user) - e->began_ns) / e->seconds);
	if (e->progress && e->progress(e->progress_user, "search", e->done, e->most) != 0)
		e->stopped = true;
	return e->stopped || (e->most == 0 && e->seconds <= 0.0) ? 1.0 : fmin(share, 1.0);
}

bool effort_over(struct effort *e)
{
	return e && e->seconds > 0.0 && effort_share(e) >= 1.0;
}

/* What a faster row would cost beyond what the time is worth in the relaxed plan. */
static double regret(const struct walk *w, uint32_t set, uint32_t row)
{
	const struct disc *d = w->d;
	double sum = 0.0;

	for (uint32_t m = d->member_at[set]; m < d->member_at[set + 1]; m++) {
		uint32_t at = d->member[m];
		const struct dish *now = &d->dish[d->menu[at] + w->pick[set]];
		const struct dish *then = &d->dish[d->menu[at] + row];

		sum += then->eff_j - now->eff_j +
		       d->flow[at] * (double)(then->ticks - now->ticks) / d->ticks_per_s;
	}
	return sum;
}

/* Tuned on 8 stages x 24 microbatches; energies in units of a typical step between rows. */
#define REGRET     1.0 /* scale of what a drawn move may lose */
#define HEAT       0.3 /* temperature at the beginning */
#define SHIFTS     0.1 /* share of moves that change a stretch of equal nodes */
#define SLOW_DOWNS 0.5 /* of the other moves, share that slow down and repair */

/* A set and another row for it, drawn with a preference for little regret. */
static bool draw(const struct walk *w, struct rng *r, bool slower, uint32_t *set, uint32_t *row)
{
	const struct disc *d = w->d;
	double scale = REGRET * d->step_j;

	for (int tries = 0; tries < 64; tries++) {
		uint32_t s = (uint32_t)rng_below(r, d->n_sets), now = w->pick[s];
		uint32_t room = slower ? d->rows[s] - 1 - now : now, step;
		double g;

		if (room == 0)
			continue;
		if (rng_double(r) < 0.5 && room > 4)
			room = 4;
		step = 1 + (uint32_t)rng_below(r, room);
		*set = s;
		*row = slower ? now + step : now - step;
		g = regret(w, s, *row);
		if (g <= 0.0 || rng_double(r) < exp(-g / scale))
			return true;
	}
	return false;
}

static bool speed_up(struct walk *w, struct rng *r, bool *ok)
{
	uint64_t moves = 1 + rng_below(r, 3);

	for (uint64_t k = 0; k < moves; k++) {
		uint32_t set, row;

		if (draw(w, r, false, &set, &row) && !walk_pick(w, set, row))
			return false;
	}
	/* a change of setting more may have made it slower, or another node of the set is */
	*ok = walk_makespan(w) <= w->d->deadline || repair(w, r);
	return true;
}

static bool slow_down(struct walk *w, struct rng *r, bool *ok)
{
	uint32_t set, row;

	*ok = draw(w, r, true, &set, &row);
	if (!*ok)
		return true;
	if (!walk_pick(w, set, row))
		return false;
	*ok = repair(w, r);
	return true;
}

/* Shifts a stretch of a line by some rows. */
static bool shift(struct walk *w, struct rng *r, bool *ok)
{
	const struct disc *d = w->d;
	uint32_t l = (uint32_t)rng_below(r, d->n_lines), end = d->line_at[l + 1];
	uint32_t i = d->line_at[l] + (uint32_t)rng_below(r, end - d->line_at[l]);
	uint32_t most = 1 + (uint32_t)rng_below(r, 6), row, was = w->pick[d->set[d->line[i]]];
	uint32_t stride = 1 + (uint32_t)rng_below(r, 2);

	row = (uint32_t)rng_below(r, d->rows[d->set[d->line[i]]]);
	*ok = row != was;
	for (uint32_t k = 0; k < most && i < end && *ok; k++, i += stride) {
		uint32_t set = d->set[d->line[i]];

		if (w->pick[set] == was && row < d->rows[set] && !walk_pick(w, set, row))
			return false;
	}
	if (*ok)
		*ok = repair(w, r);
	return true;
}

bool search(struct walk *w, struct effort *e, double until, struct rng *r)
{
	const struct disc *d = w->d;
	size_t bytes = (size_t)d->n_sets * sizeof *w->pick;
	uint32_t *best = malloc(bytes);
	double best_total = w->total, share = effort_share(e), from = share, left = 1.0;

	if (!best)
		return false;
	memcpy(best, w->pick, bytes);
	/* with a latency, a change may push the delay on to the next node: give up soon */
	if (d->latency)
		w->patience = 32;
	while (share < until) {
		double before = w->total, temp;
		double kind = rng_double(r);
		bool ok = true;

		walk_forget(w);
		if (kind < SHIFTS) {
			if (!shift(w, r, &ok))
				goto fail;
		} else if (rng_double(r) < SLOW_DOWNS) {
			if (!slow_down(w, r, &ok))
				goto fail;
		} else if (!speed_up(w, r, &ok)) {
			goto fail;
		}
		if (ok) {
			if (!walk_tails(w))
				goto fail;
			reclaim_collect(w, 0);
			if (!reclaim(w, r))
				goto fail;
		}
		if (++e->done % LOOK == 0 || d->n > BIG) {
			share = effort_share(e);
			left = fmax(0.0, (until - share) / (until - from));
		}
		temp = HEAT * d->step_j * left * left;
		if (!ok || (w->total > before &&
				   rng_double(r) >= exp((before - w->total) / fmax(temp, 1e-12)))) {
			walk_undo(w, 0);
			continue;
		}
		if (w->total < best_total - 1e-9) {
			best_total = w->total;
			memcpy(best, w->pick, bytes);
		}
	}
	walk_reset(w, best);
	free(best);
	return true;
fail:
	free(best);
	return false;
}
