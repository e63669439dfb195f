/* Rounding of relaxed plans. */
#include "start.h"

#include <math.h>

/* Slowest row that takes no longer than room for any node of the set; 0 if
 * none. */
static uint32_t within(const struct disc *d, uint32_t set)
{
	uint32_t row = 0;

	for (uint32_t k = 1; k < d->rows[set]; k++) {
		bool fits = true;

		for (uint32_t m = d->member_at[set]; m < d->member_at[set + 1] && fits; m++) {
			uint32_t at = d->member[m];

			fits = d->dish[d->menu[at] + k].ticks <= d->window[at];
		}
		if (fits)
			row = k;
	}
	return row;
}

void start_down(const struct disc *d, uint32_t *pick)
{
	for (uint32_t s = 0; s < d->n_sets; s++)
		pick[s] = within(d, s);
}

void start_coherent(const struct disc *d, unsigned rule, double step, double offset, uint32_t *pick)
{
	for (uint32_t s = 0; s < d->n_sets; s++) {
		uint32_t at = d->member[d->member_at[s]], lo = 0, hi;
		const struct dish *menu = &d->dish[d->menu[at]];
		double part, theta = (double)d->slot[rule][at] * step + offset;

		for (uint32_t k = 0; k < d->rows[s]; k++)
			if (menu[k].hull && menu[k].ticks <= d->window[at])
				lo = k;
		for (hi = lo + 1; hi < d->rows[s] && !menu[hi].hull; hi++)
			;
		pick[s] = lo;
		if (hi >= d->rows[s])
			continue;
		part = (double)(d->window[at] - menu[lo].ticks) /
		       (double)(menu[hi].ticks - menu[lo].ticks);
		if (part > theta - floor(theta))
			pick[s] = hi;
	}
}

void start_rhythm(const struct disc *d, uint32_t k, uint32_t *pick)
{
	/* powers of the root of x^3 = x + 1, which are to two dimensions what the golden ratio is
	 * to one */
	double step = k * 0.7548776662466927, offset = k * 0.5698402909980532;

	start_coherent(d, k % 4 == 3 ? 0 : 1, step - floor(step), offset - floor(offset), pick);
}

void start_diffuse(const struct disc *d, double share, uint32_t *pick, int64_t *head)
{
	for (uint32_t at = 0; at <= d->n; at++) {
		const struct dish *menu;
		uint32_t set, lo = 0, hi;
		int64_t room;

		head[at] = 0;
		for (uint32_t k = d->pred_at[at]; k < d->pred_at[at + 1]; k++) {
			uint32_t p = d->pred[k].to;
			int64_t end = head[p] + d->pred[k].lag +
				      d->dish[d->menu[p] + pick[d->set[p]]].ticks;

			head[at] = end > head[at] ? end : head[at];
		}
		if (at == d->n)
			return;
		set = d->set[at];
		if (d->member[d->member_at[set]] != at)
			continue;
		menu = &d->dish[d->menu[at]];
		room = d->start[at] + d->window[at] - head[at];
		for (uint32_t k = 0; k < d->rows[set]; k++)
			if (menu[k].hull && menu[k].ticks <= room)
				lo = k;
		for (hi = lo + 1; hi < d->rows[set] && !menu[hi].hull; hi++)
			;
		if (hi < d->rows[set] &&
			menu[hi].ticks <=
				room + (int64_t)(share * (double)(menu[hi].ticks - menu[lo].ticks)))
			lo = hi;
		pick[set] = lo;
	}
}

void start_clamp(
	const struct disc *d, double late, const int64_t *tail, uint32_t *pick, int64_t *head)
{
	for (uint32_t at = 0; at < d->n; at++) {
		const struct dish *menu = &d->dish[d->menu[at]];
		uint32_t set = d->set[at];
		int64_t span = menu[d->rows[set] - 1].ticks - menu[0].ticks;
		int64_t end = d->start[at] + d->window[at] + (int64_t)(late * (double)span);

		head[at] = 0;
		for (uint32_t k = d->pred_at[at]; k < d->pred_at[at + 1]; k++) {
			uint32_t p = d->pred[k].to;
			int64_t t = head[p] + d->pred[k].lag +
				    d->dish[d->menu[p] + pick[d->set[p]]].ticks;

			head[at] = t > head[at] ? t : head[at];
		}
		if (end > d->deadline - tail[at])
			end = d->deadline - tail[at];
		while (pick[set] > 0 && head[at] + menu[pick[set]].ticks > end)
			pick[set]--;
	}
}
