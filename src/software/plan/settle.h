/* Annealing of event times: the plan that follows from them is never late. */
#ifndef HG_PLAN_SETTLE_H
#define HG_PLAN_SETTLE_H

#include "mesh.h"
#include "quick.h"
#include "search.h"

#define CROWD 24 /* most events that one try moves */
#define TOUCH 96 /* most nodes whose windows it changes */

struct settle {
	const struct disc *d;
	struct mesh mesh;
	int64_t *when;   /* n_events: time of each */
	int64_t *then;   /* n_events: where a try puts those it moves */
	uint32_t *moved; /* n_events: the try that moved an event */
	uint32_t *seen;  /* n_arcs: the try that looked at an arc */
	uint32_t *row;   /* n: by position */
	uint32_t tries;
	double total;         /* effective energy, changes of setting included */
	double hot_j, cold_j; /* temperatures at the beginning and the end */
	struct quick quick;   /* where nothing but windows decides */
	/* where changes of setting have a price */
	uint32_t *cheapest; /* by dish: cheapest row of its menu that takes no longer */
	uint32_t *by_key;   /* by position and key: row, or NOBODY */
};

/* A try: the events it moves, the nodes it touches. */
struct attempt {
	uint32_t n, n_touched;
	uint32_t event[CROWD];
	uint32_t touched[TOUCH], was[TOUCH]; /* nodes, their rows before */
	double stiff; /* how often a node keeps its row and pushes the event at its other end */
	double gain;  /* J, negative: saved */
};

hg_err settle_init(struct settle *s, const struct disc *d, hg_error *why);
void settle_finish(struct settle *s);

/** Takes the earliest times of a plan that keeps the deadline. @param dur  ticks, one a position */
void settle_from(struct settle *s, const uint32_t *pick, const int64_t *dur);

/** Takes the times of a plan that keeps the deadline. @param when  one an event */
void settle_at(struct settle *s, const int64_t *when);

/** Anneals from where it is until `until` of the effort is used up. */
void settle_run(struct settle *s, struct effort *e, double until, struct rng *r);

/** Anneals by so many tries for each event, from a temperature down to cold_j. */
void settle_brief(struct settle *s, double hot_j, uint32_t tries, struct rng *r);

/* Rows: settle-fits.c. */

/** Tables for prices of changes of setting. false: out of memory */
bool fits_init(struct settle *s);
void fits_finish(struct settle *s);

/** Takes new rows for all nodes around the events that a try moved, and tells what that costs.
 * false: a window is too short; fits_restore() then. */
bool fits_choose(struct settle *s, struct attempt *a);
void fits_restore(struct settle *s, const struct attempt *a);

/** Time that a position takes at a row, after what runs before it. */
int64_t fits_need(const struct settle *s, uint32_t at, uint32_t row);
/** Takes the best row of a position within its window. @return what it costs, J: 0 or less */
double fits_again(struct settle *s, uint32_t at);
/** Row of a position with the setting that another one runs at, or its own row. */
uint32_t fits_like(const struct settle *s, uint32_t at, uint32_t other);

static inline const struct dish *fits_menu(const struct settle *s, uint32_t at)
{
	return &s->d->dish[s->d->menu[at]];
}

static inline int64_t settle_time(const struct settle *s, uint32_t v)
{
	return s->moved[v] == s->tries ? s->then[v] : s->when[v];
}

#endif
