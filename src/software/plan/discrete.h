/*
 * Discrete plans: one option for every node, by rounding and local search.
 *
 * Nodes are renumbered by topological position; position n is a sink of no time behind everything.
 * Times are integer ticks, rounded up, so that slack is exact and a plan that fits in ticks fits in
 * seconds. Nodes that share a setting form a set; a set picks a row of its menu, the same row for
 * all its nodes.
 */
#ifndef HG_PLAN_DISCRETE_H
#define HG_PLAN_DISCRETE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/plan.h>

#include "core/heap.h"
#include "core/rng.h"

#define NOBODY UINT32_MAX

struct effort; /* search.h */

/* One row of a menu, as one node sees it. */
struct dish {
	int64_t ticks;   /* time, rounded up */
	double eff_j;    /* energy - static power * time */
	uint32_t option; /* of the node's work */
	bool hull;       /* vertex of the lower convex hull of its menu */
	uint32_t key;    /* dense number of the setting; NOBODY: there is nothing to set */
};

struct link {
	uint32_t to;
	int64_t lag;
};

struct disc {
	uint32_t n, n_sets, n_keys;
	uint32_t *node;              /* n: node at a position */
	uint32_t *succ_at, *pred_at; /* n + 2 */
	struct link *succ, *pred;
	uint32_t *set;       /* n: set of a position */
	uint32_t *member_at; /* n_sets + 1 */
	uint32_t *member;    /* n: positions, by set */
	uint32_t *rows;      /* n_sets: rows of its menu, by time of its first member */
	uint32_t *menu;      /* n: first dish of a position's menu */
	struct dish *dish;
	uint32_t n_lines;         /* a line: nodes of one kind on one device, in order */
	uint32_t *line_at;        /* n_lines + 1 */
	uint32_t *line;           /* n: positions, by line */
	uint32_t *before, *after; /* n: neighbour on the device whose setting counts, or NOBODY */
	double *flow;      /* n: W through the node in the relaxed plan; what time is worth */
	int64_t *window;   /* n: room in the relaxed plan, ticks */
	int64_t *start;    /* n: start in the relaxed plan, ticks */
	uint32_t *slot[2]; /* n: which round of the device's work a position belongs to */
	int64_t deadline;  /* ticks */
	double ticks_per_s;
	double switch_j;
	int64_t latency;  /* ticks */
	uint32_t *by_key; /* latency > 0: dish of a position's menu with a key, or NOBODY */
	bool sorted; /* every menu gets cheaper row by row: nothing but time speaks against slow */
	double step_j; /* typical difference between neighbouring rows */
};

/** What disc_init() is made from. */
struct disc_opts {
	hg_plan_class class_of;
	double deadline_s;
	double switch_cost_j, switch_latency_s, min_switch_s;
};

/**
 * The discrete problem of a finished DAG. relaxed may be NULL: windows are 0, time is worth
 * nothing.
 * @return HG_OK, HG_ENOMEM, HG_ELIMIT
 */
hg_err disc_init(struct disc *d, const hg_dag *dag, const hg_relaxed *relaxed,
	const struct disc_opts *opts, hg_error *why);
void disc_finish(struct disc *d);

/**
 * Time of a position at a row after a node whose setting has the key `old`. The old setting lasts
 * for the latency; whether a change could be issued earlier is not known here, so that the longer
 * of both times is taken. What the late change costs is added to *cost.
 */
int64_t disc_late(const struct disc *d, uint32_t at, uint32_t row, uint32_t old, double *cost);

/* A plan under construction, with heads and tails kept up to date, and an undo log. */
struct undo {
	uint32_t kind, at;
	int64_t old;
	double old_cost;
};

struct walk {
	const struct disc *d;
	uint32_t *pick; /* n_sets */
	int64_t *dur;   /* n + 1 */
	int64_t *head;  /* n + 1: earliest start; head[n] is the makespan */
	int64_t *tail;  /* n + 1: longest way from the end to the sink */
	double *cost;   /* n: effective energy, switches included */
	double total;   /* of cost */
	struct undo *log;
	size_t log_n, log_cap;
	size_t pending;    /* tails are right for times up to this length of the log */
	uint64_t *mask;    /* positions to be looked at */
	uint32_t *on_path; /* n: round in which a position was on the longest path */
	uint32_t *stamp;   /* n_sets: round in which it became a candidate */
	uint32_t round;
	uint32_t *cand; /* n_sets */
	uint32_t n_cand;
	double *weight;    /* n_sets: of gains */
	uint64_t patience; /* most steps of a repair */
	struct heap queue;
	struct effort *effort; /* reclaim() ends when its time is over; NULL: never */
	bool hurry;            /* repair() gives up then, too */
};

hg_err walk_init(struct walk *w, const struct disc *d, hg_error *why);
void walk_finish(struct walk *w);
/** Sets all picks at once; forgets the log. */
void walk_reset(struct walk *w, const uint32_t *pick);
/** Changes one pick and the heads that follow from it. false: out of memory */
bool walk_pick(struct walk *w, uint32_t set, uint32_t row);
/** Forgets the log: no way back. The tails must be up to date. */
void walk_forget(struct walk *w);
/** Time of a position at a row, a change of setting before it included. */
int64_t walk_ticks(const struct walk *w, uint32_t at, uint32_t row);
/** Brings the tails up to date. false: out of memory */
bool walk_tails(struct walk *w);
/** Goes back to a length of the log. */
void walk_undo(struct walk *w, size_t log_n);
static inline int64_t walk_makespan(const struct walk *w)
{
	return w->head[w->d->n];
}

/** Takes every set that changed heads or tails since log position `from` as a candidate. */
void reclaim_collect(struct walk *w, size_t from);
/** Takes all sets as candidates. */
void reclaim_all(struct walk *w);
/** Gives slack away while that saves; noise: NULL or weights of gains. */
bool reclaim(struct walk *w, struct rng *noise);
/** Speeds up nodes on longest paths until the deadline holds; false where it cannot. */
bool repair(struct walk *w, struct rng *noise);

#endif
