#include "quantum.h"

#include <math.h>

#include "shape.h"

/* The grid of flows is as fine as a quantum up to so many of them: small slopes matter most. */
#define FINE 32

/* Adds a length that holds for flows up to `until`; equal ones are one. */
static void add(
	struct hull_vertex *out, uint32_t *n, int64_t len_ns, int64_t until, uint32_t choice)
{
	if (*n == 0 || out[*n - 1].len_ns > len_ns)
		out[(*n)++] = (struct hull_vertex){len_ns, until, choice};
	else
		out[*n - 1].slope_uw = until;
}

/* Steps of the grid of flows: a quantum, twice that from FINE of them on, and so on. */
static int64_t step_at(int64_t slope_uw, int64_t quantum_uw)
{
	int64_t step = quantum_uw;

	while (slope_uw / step >= FINE)
		step *= 2;
	return step;
}

uint32_t quantum_hull(
	const hg_dag *dag, const struct shape *s, int64_t quantum_uw, struct hull_vertex *out)
{
	const struct hull_vertex *h = dag->hull + s->hull_first;
	uint32_t k = s->hull_n - 1, j = 0, n = 0;
	int64_t done = 0;

	while (j < k) {
		int64_t step = step_at(h[j].slope_uw, quantum_uw);
		int64_t low = h[j].slope_uw / step * step, high = low + step;
		uint32_t choice = h[j].choice;
		double mean = 0;

		if (low > done)
			add(out, &n, h[j].len_ns, low, choice);
		/* All slopes between low and high; each length holds from one to the next. */
		for (done = low; j < k && h[j].slope_uw < high; j++) {
			mean += (double)h[j].len_ns * (double)(h[j].slope_uw - done);
			done = h[j].slope_uw;
		}
		mean += (double)h[j].len_ns * (double)(high - done);
		add(out, &n, llround(mean / (double)step), high, choice);
		done = high;
	}
	add(out, &n, h[k].len_ns, SLOPE_NONE, h[k].choice);
	out[n - 1].slope_uw = SLOPE_NONE;
	return n;
}
