#include "quantum.h"

#include <math.h>

#include "shape.h"

/* Adds a length that holds for flows up to `until`; equal ones are one. */
static void add(
	struct hull_vertex *out, uint32_t *n, int64_t len_ns, int64_t until, uint32_t choice)
{
	if (*n == 0 || out[*n - 1].len_ns > len_ns)
		out[(*n)++] = (struct hull_vertex){len_ns, until, choice};
	else
		out[*n - 1].slope_uw = until;
}

uint32_t quantum_hull(
	const hg_dag *dag, const struct shape *s, int64_t quantum_uw, struct hull_vertex *out)
{
	const struct hull_vertex *h = dag->hull + s->hull_first;
	uint32_t k = s->hull_n - 1, j = 0, n = 0;
	int64_t done = 0;

	while (j < k) {
		int64_t low = h[j].slope_uw / quantum_uw * quantum_uw, high = low + quantum_uw;
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
		add(out, &n, llround(mean / (double)quantum_uw), high, choice);
		done = high;
	}
	add(out, &n, h[k].len_ns, SLOPE_NONE, h[k].choice);
	out[n - 1].slope_uw = SLOPE_NONE;
	return n;
}
