/*
 * A finished DAG: what the solver, the relaxed plans and the discrete plans read.
 *
 * Nodes, edges, options and shapes are flat arrays. A shape is a piece of work at one static power:
 * its Pareto options by effective energy (doubles), and its lower convex hull in integers (ns, uW).
 */
#ifndef HG_PLAN_DAG_H
#define HG_PLAN_DAG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/plan.h>

#include "core/arena.h"
#include "core/vec.h"

/* A piece of work as given. */
struct work {
	const char *name;         /* NULL: its number */
	const hg_option *options; /* n, as given */
	uint32_t n;
};

struct device {
	const char *name; /* NULL: its number */
	double static_w;
};

struct node {
	uint32_t work, device, group, family, flags;
	uint32_t shape;   /* once finished */
	const char *name; /* NULL: its number */
};

/* A Pareto option: within a shape by time ascending, effective energy strictly descending. */
struct choice {
	double time_s;
	double eff_j;    /* energy - static power * time */
	uint32_t option; /* index into the work's options */
	hg_setting setting;
};

/* A piece of work at the static power of a device. */
struct shape {
	uint32_t work;
	double static_w;
	uint32_t first, n;           /* its choices: dag->choices[first .. first + n) */
	uint32_t hull_first, hull_n; /* its hull: k + 1 vertices of dag->hull */
};

/* A vertex of a hull, slowest first. len_ns descends; slope_uw ascends, > 0: the price of going
 * from this vertex to the next, faster one; at the last vertex INT64_MAX. */
struct hull_vertex {
	int64_t len_ns, slope_uw;
	uint32_t choice; /* index into dag->choices */
};

/* Edge as added; from and to, then lag. */
struct edge {
	uint32_t from, to;
	double lag_s;
};

struct hg_dag {
	atomic_uint refs;
	bool finished;
	struct arena names;
	struct vec works;   /* struct work */
	struct vec devices; /* struct device */
	struct vec nodes;   /* struct node */
	struct vec edges;   /* struct edge; once finished distinct, by from, then by to */
	double static_w;    /* of all devices */

	/* once finished */
	uint32_t n, m;     /* nodes, edges */
	uint32_t n_groups; /* groups of two nodes or more */
	uint32_t n_shapes, n_choices, n_hull;
	struct shape *shapes;
	struct choice *choices;
	struct hull_vertex *hull;
	uint32_t *succ_at; /* n + 1: edges[succ_at[i] .. succ_at[i+1]) leave node i */
	uint32_t *pred_at; /* n + 1 */
	uint32_t *pred;    /* m: numbers of the edges that enter node i, by from */
	uint32_t *topo; /* n: nodes in a topological order, smallest number first among the ready */
};

/** Node, edge, work, device by number, without checks. */
static inline const struct node *dag_node(const hg_dag *dag, uint32_t i)
{
	return (const struct node *)dag->nodes.data + i;
}

static inline const struct edge *dag_edges(const hg_dag *dag)
{
	return (const struct edge *)dag->edges.data;
}

static inline const struct work *dag_work(const hg_dag *dag, uint32_t i)
{
	return (const struct work *)dag->works.data + i;
}

static inline const struct shape *dag_shape(const hg_dag *dag, uint32_t node)
{
	return dag->shapes + dag_node(dag, node)->shape;
}

/** Static power of a node's device, W; 0 without device. */
static inline double dag_static_w(const hg_dag *dag, uint32_t node)
{
	return dag_shape(dag, node)->static_w;
}

/** Writes a node's name for errors: its own, or "node 12". @return buf */
const char *dag_node_name(const hg_dag *dag, uint32_t node, char *buf, size_t len);

/** Writes a work's name for errors: its own, or "work 12". @return buf */
const char *dag_work_name(const hg_dag *dag, uint32_t work, char *buf, size_t len);

/** Energy over time between the ends of all hulls, W: what slopes are like. */
double dag_mean_slope(const hg_dag *dag);

/** Frees what hg_dag_finish() makes. */
void dag_unfinish(hg_dag *dag);

/**
 * Which set of nodes with one setting a node belongs to under a class: numbers 0 .. *n_sets - 1,
 * one a node, sets of one node included, numbered by their first node.
 * @param set  n numbers
 * @return HG_OK, HG_ENOMEM
 */
hg_err dag_sets(const hg_dag *dag, hg_plan_class class_of, uint32_t *set, uint32_t *n_sets);

/**
 * Checks that the nodes of each set of a class have a setting in common.
 * @param n_shared  receives the number of sets of two nodes or more
 * @return HG_OK, HG_EINVAL (names two nodes), HG_ENOMEM
 */
hg_err sets_check(const hg_dag *dag, hg_plan_class class_of, uint32_t *n_shared, hg_error *why);

#endif
