#include "log.h"

#include <assert.h>

static_assert(sizeof(hg_edge) % sizeof(uint64_t) == 0, "records are whole words");
static_assert(sizeof(hg_edge) / sizeof(uint64_t) <= RING_WORDS, "records fit");

/** Every how many edges one is kept in a tier, and how many of them. */
static const struct {
	uint64_t every;
	size_t capacity;
} tiers[LOG_TIERS] = {{1, (size_t)1 << 16}, {64, (size_t)1 << 14}, {4096, (size_t)1 << 12}};

int log_init(struct edge_log *l)
{
	int failed = 0;

	*l = (struct edge_log){.count = 0};
	for (size_t k = 0; k < LOG_TIERS && !failed; k++)
		failed = ring_init(
			&l->tiers[k], tiers[k].capacity, sizeof(hg_edge) / sizeof(uint64_t));
	if (failed)
		log_finish(l);
	return failed;
}

void log_finish(struct edge_log *l)
{
	for (size_t k = 0; k < LOG_TIERS; k++)
		ring_finish(&l->tiers[k]);
}

void log_push(struct edge_log *l, const hg_edge *edge)
{
	hg_edge coarse = *edge;

	coarse.flags |= HG_EDGE_MISSED;
	for (size_t k = 0; k < LOG_TIERS; k++)
		if (l->count % tiers[k].every == 0 || edge->flags & HG_EDGE_FIRST)
			ring_push(&l->tiers[k], k ? &coarse : edge);
	l->count++;
}

/* Whether nothing was dropped from a tier, or what a window from t0 needs is still in it. */
static bool tier_reaches(const struct ring *r, int64_t t0)
{
	uint64_t oldest = ring_oldest(r);

	return oldest == 0 || ring_find(r, t0) >= oldest + LOG_MARGIN;
}

size_t log_copy(const struct edge_log *l, int64_t t0, int64_t t1, hg_edge *out, size_t room)
{
	size_t k = 0, n = 0;

	while (k + 1 < LOG_TIERS && !tier_reaches(&l->tiers[k], t0))
		k++;
	for (k++; k-- > 0;) {
		const struct ring *r = &l->tiers[k];
		uint64_t i = ring_find(r, t0), end = ring_find(r, t1);
		int64_t until = INT64_MAX;
		hg_edge e;

		i = i > LOG_MARGIN ? i - LOG_MARGIN : 0;
		if (i < ring_oldest(r))
			i = ring_oldest(r);
		/* up to where the next finer tier begins */
		if (k && ring_get(&l->tiers[k - 1], ring_oldest(&l->tiers[k - 1]), &e))
			until = e.t_ns;
		for (end += LOG_MARGIN; i < end && i < ring_head(r); i++) {
			if (!ring_get(r, i, &e))
				continue;
			if (e.t_ns >= until)
				break;
			if (n < room)
				out[n] = e;
			n++;
		}
	}
	return n;
}
