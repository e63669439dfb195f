/*
 * The sweep: successive longest augmentation from T_max to T_min, one linear piece after another.
 *
 * Invariant: every residual arc u -> v has pi[v] - pi[u] >= its length, so that pi is optimal for
 * the time pi[sink] - pi[source] and the flow proves it.
 */
#ifndef HG_PLAN_SWEEP_H
#define HG_PLAN_SWEEP_H

#include "net.h"

/* Not reached by a search. */
#define DIST_NONE ((int64_t)1 << 60)

struct sweep_item {
	int64_t key;
	uint32_t event;
};

/* An event during a search. */
struct label {
	int64_t dist;    /* minus the length of the longest residual path found; DIST_NONE */
	uint32_t parent; /* arc2 of the half that the path comes through */
	uint32_t round;  /* in which it was last noted for later; 0: not in this search */
};

struct sweep {
	const struct net *net;
	/* Halves at the present flow. Those against their arcs exist where there is flow: the ones
	 * that do stand first, so that a search never sees the others. */
	struct half *halves;
	uint32_t *half_end; /* of each event: behind its last half that exists */
	uint32_t *reverse;  /* of each arc: where its half against it stands */
	int64_t *flow;      /* of each arc, uW */
	uint32_t *segment;  /* of each arc: smallest j with flow < slope j, or k */
	int64_t *pi;        /* of each event, ns; the source is at 0 */
	struct label *labels;
	uint32_t *queue;         /* events at the current key */
	uint32_t *later;         /* events found in this round beyond the current key */
	struct sweep_item *heap; /* binary heap by key, with stale items; a place for each half */
	size_t heap_len;
	int64_t total_uw; /* value of the flow */
	uint64_t augmentations;
};

/** Starts at T_max with flow 0. @return HG_OK, HG_ENOMEM */
hg_err sweep_init(struct sweep *s, const struct net *net);

/** Frees; a zeroed sweep is fine. */
void sweep_finish(struct sweep *s);

/**
 * Searches the longest residual path.
 * @return by how many ns T can fall at the present flow; 0: flow can be added at this T
 */
int64_t sweep_search(struct sweep *s);

/** After a search: potentials for a time that is drop_ns shorter, at most what was found. */
void sweep_shift(struct sweep *s, int64_t drop_ns);

/** After a search and its shift: adds what fits along the path found.
 * @return false: there is no limit to what fits */
bool sweep_augment(struct sweep *s);

/* The steps that searches are made of, for sweep.c and mend.c. */
void sweep_heap_add(struct sweep *s, int64_t key, uint32_t event);
struct sweep_item sweep_heap_take(struct sweep *s);
/** How much more flow fits until the arc's length changes. */
int64_t sweep_room(const struct sweep *s, uint32_t arc, bool reverse);
/** Adds that much flow, or takes it back. */
void sweep_push(struct sweep *s, uint32_t arc, bool reverse, int64_t amount);
/** The event that the path found to v comes from. */
uint32_t sweep_step_back(const struct sweep *s, uint32_t v);

/** Sets flow and potentials. @param flow one an arc @param pi one an event */
void sweep_restore(struct sweep *s, const int64_t *flow, const int64_t *pi);

#endif
