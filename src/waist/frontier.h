/*
 * What a frontier is made of. Only src/waist looks in here; everybody else uses the public header.
 *
 * frontier.c   life cycle, accessors            build.c     cloud -> frontier
 * hull.c       lower convex hull                search.c    sorted keys, searched fast
 * query.c      picks and blends                 compose-*.c algebra
 * read-*.c, write-*.c, import-*.c               formats
 */
#ifndef HG_WAIST_FRONTIER_H
#define HG_WAIST_FRONTIER_H

#include <stdatomic.h>

#include <hourglass/frontier.h>

#include "search.h"

/** The setting table, shared by frontiers that have the same one. */
struct knob_table {
	atomic_size_t refs;
	hg_knob_def *knobs; /* names and choices are owned */
	size_t n_knobs;
	double *settings; /* n_settings x n_knobs */
	size_t n_settings;
};

/**
 * Fields of a file that this version does not know, as the JSON text they were read from, without
 * the surrounding braces: "\"a\": 1, \"b\": [2]". Any pointer may be NULL: nothing unknown.
 */
struct extra {
	atomic_size_t refs;
	char *top;    /* members of the frontier */
	char *device; /* members of its "device" object */
	char **knobs; /* per knob */
	size_t n_knobs;
	char **points; /* per row of the setting table (built) or per point (composed) */
	size_t n_points;
};

struct hg_frontier {
	atomic_size_t refs;
	hg_point *points; /* n by time, then n_waiting by time */
	size_t n;
	size_t n_waiting;    /* see hg_frontier_waiting() */
	uint32_t *order;     /* all n + n_waiting by time; NULL when none wait: 0, 1, 2... */
	hg_point *dominated; /* by time */
	size_t n_dominated;
	uint32_t *hull;           /* vertices of the lower hull of all points, by time */
	size_t n_hull;            /* those up to the point of least energy */
	size_t n_hull_all;        /* those beyond it, too: they save effective energy only */
	uint32_t knee;            /* index of the knee */
	struct search by_time;    /* times */
	struct search by_order;   /* times of all points; empty when none wait */
	struct search by_energy;  /* energies, negated so that they increase */
	struct search by_hull;    /* times of the hull's vertices */
	struct search by_slope;   /* slopes of the hull's segments, which increase */
	hg_frontier_info info;    /* strings owned */
	struct knob_table *table; /* NULL: no settings */
	hg_op_kind op;
	hg_frontier **children; /* one reference each */
	size_t n_children;
	size_t *part_begin; /* n + 1 offsets into parts; NULL: built */
	hg_part *parts;
	struct extra *extra; /* NULL: nothing unknown */
	hg_frontier
		*doomed; /* list of frontiers that are being freed, so that depth costs no stack */
};

/** What a frontier is put together from. Pointers marked (taken) belong to frontier_make() then. */
struct frontier_seed {
	/*
	 * (taken) n >= 1 points by time, times strictly increasing; each has less energy than all
	 * before it or, where static power is known, less effective energy.
	 */
	hg_point *points;
	size_t n;
	hg_point *dominated; /* (taken) */
	size_t n_dominated;
	const hg_frontier_info *info; /* copied */
	struct knob_table *table;     /* one more reference is taken; may be NULL */
	hg_op_kind op;
	hg_frontier *const *children; /* one more reference each is taken */
	size_t n_children;
	size_t *part_begin;  /* (taken) n + 1 offsets */
	hg_part *parts;      /* (taken) */
	struct extra *extra; /* one more reference is taken; may be NULL */
};

/** Frees what a seed that was not made into a frontier holds. */
void frontier_seed_free(struct frontier_seed *seed);

/** Makes the frontier and its indices; on errors everything taken is freed. */
hg_err frontier_make(struct frontier_seed *seed, hg_frontier **out, hg_error *why);

/** Copies knobs and settings into a table. @return HG_OK; HG_EINVAL (name empty or twice);
 * HG_ENOMEM */
hg_err knob_table_create(const hg_knob_def *knobs, size_t n_knobs, const double *settings,
	size_t n_settings, struct knob_table **out, hg_error *why);
struct knob_table *knob_table_ref(struct knob_table *t);
void knob_table_destroy(struct knob_table *t);

struct extra *extra_ref(struct extra *e);
void extra_destroy(struct extra *e);

/** Static power to charge waiting with: 0 where it is unknown. */
static inline double frontier_static_w(const hg_frontier *f)
{
	return f->info.static_power_w > 0 ? f->info.static_power_w : 0;
}

/** Index of the k-th of all n + n_waiting points by time. */
static inline uint32_t frontier_by_time(const hg_frontier *f, size_t k)
{
	return f->order ? f->order[k] : (uint32_t)k;
}

/** How many points there are, those that are worth it only while waiting is charged included. */
static inline size_t frontier_all(const hg_frontier *f)
{
	return f->n + f->n_waiting;
}

#endif
