/**
 * @file plan.h
 * Planning: the cheapest way to do a whole DAG of computations in a given time.
 *
 * Every node of a DAG is a piece of work that can be done in several ways (a frontier, or a list
 * of options), or in one way (communication, data loading). It runs on a device, which draws its
 * static power while it waits. The time T of the whole is the longest path. Asked for is the least
 * energy for every T (Perseus, arXiv 2312.06902):
 *
 *     E(T) = sum of e_i over the nodes + sum over the devices of P_d * (T - time it works)
 *
 * so that an option's price is its effective energy e - P_d * t, and the devices pay P_d * T.
 *
 * Three steps, three types:
 *  1. hg_dag: build it, finish it; from then on it is immutable;
 *  2. hg_plan_frontier: the exact relaxed frontier, in which a node may mix neighbours on its
 *     lower convex hull. It bounds every real plan from below. hg_relaxed is its solution at one
 *     T: times, starts, and the flow that proves the bound;
 *  3. hg_plan: one option for each node, with its real makespan and energy on the raw options, the
 *     bound and the gap between the two.
 *
 * Method: parametric max-cost flow (Kelley 1961, Fulkerson 1961) in integers (ns, uW), one sweep
 * from the slowest useful T to the fastest, warm-started throughout.
 *
 * Units: seconds, joules, watts. Pure functions of their arguments: no clock, no I/O. Finished
 * objects may be used by any number of threads at once. Same input and seed, same output.
 */
#ifndef HOURGLASS_PLAN_H
#define HOURGLASS_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/context.h>
#include <hourglass/error.h>
#include <hourglass/export.h>
#include <hourglass/frontier.h>

HG_BEGIN_DECLS

/* ----------------------------------------------------------------------------- building a DAG */

/** A DAG of computations; opaque. */
typedef struct hg_dag hg_dag;

/** A node that runs on no device: nobody waits for it at a static power, it never switches. */
#define HG_DAG_NO_DEVICE UINT32_MAX

/** A node that shares its setting with no other. */
#define HG_DAG_NO_GROUP UINT32_MAX

/** The node is part of a ramp (warm-up, cool-down): HG_CLASS_RAMP lets it choose on its own. */
#define HG_NODE_RAMP 1u

/** One way to do a piece of work. */
typedef struct hg_option {
	double time_s;      /**< how long it takes, >= 0 */
	double energy_j;    /**< what it draws meanwhile, >= 0, static power included */
	hg_setting setting; /**< what induces it: the caller's number, equal numbers mean the same
				 setting; HG_SETTING_NONE: there is nothing to set */
} hg_option;

/** What a node is. Zero-initialise, set `size`, then the rest. */
typedef struct hg_node {
	uint32_t size;    /**< sizeof(hg_node) */
	uint32_t work;    /**< what is done: from hg_dag_add_options() and its likes */
	uint32_t device;  /**< from hg_dag_add_device(), or HG_DAG_NO_DEVICE */
	uint32_t group;   /**< any number: nodes of one group must run at one setting (ranks that
			       share a clock); HG_DAG_NO_GROUP */
	uint32_t family;  /**< any number: nodes of the same kind ("stage 3, forward"), which the
			       plan classes treat alike; HG_DAG_NO_GROUP */
	uint32_t flags;   /**< HG_NODE_RAMP */
	const char *name; /**< for errors, such as "stage 3 forward 7"; copied; NULL: its number */
} hg_node;

/** An empty DAG. @param out  release it with hg_dag_destroy() @return HG_OK, HG_ENOMEM */
HG_API HG_NODISCARD hg_err hg_dag_create(hg_dag **out, hg_error *why);

/** One owner more of a finished DAG. Thread-safe. @return dag */
HG_API hg_dag *hg_dag_ref(hg_dag *dag);

/** One owner less; the last one frees. NULL is fine. Thread-safe on a finished DAG. */
HG_API void hg_dag_destroy(hg_dag *dag);

/**
 * Adds a device. Nodes of one device do not exclude each other by themselves: their order is given
 * by edges.
 * @param name            for errors; copied; NULL: its number
 * @param static_power_w  drawn while it waits (blocks), >= 0
 * @param device          receives its number: 0, 1, ...
 * @return HG_OK, HG_EINVAL (power negative or not finite), HG_ELIMIT, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_dag_add_device(
	hg_dag *dag, const char *name, double static_power_w, uint32_t *device, hg_error *why);

/**
 * Adds a piece of work from raw options, in any order, dominated ones included; nodes refer to it,
 * as many as like. What is best to take is found per device, from effective energies.
 *
 * @param options  n >= 1; copied. Several options without setting are fine; a setting listed
 *                 twice is an error
 * @param name     for errors; copied; NULL: its number
 * @param work     receives its number: 0, 1, ...
 * @return HG_OK; HG_EINVAL (no option, NAN, infinite or negative figures, a setting twice: names
 *         the work and the option's index); HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_dag_add_options(hg_dag *dag, const hg_option *options, size_t n,
	const char *name, uint32_t *work, hg_error *why);

/**
 * Adds a piece of work from a frontier: options are its points, then hg_frontier_waiting(), then
 * hg_frontier_dominated(), in that order. The setting is the point's, or, where points have none,
 * the point's index. The frontier's static power is not used: the device's is. f may be destroyed
 * afterwards.
 * @return as hg_dag_add_options()
 */
HG_API HG_NODISCARD hg_err hg_dag_add_frontier(
	hg_dag *dag, const hg_frontier *f, const char *name, uint32_t *work, hg_error *why);

/**
 * Adds a piece of work that can be done in one way only.
 * @return as hg_dag_add_options()
 */
HG_API HG_NODISCARD hg_err hg_dag_add_fixed(hg_dag *dag, double time_s, double energy_j,
	const char *name, uint32_t *work, hg_error *why);

/**
 * Adds a node.
 * @param node  receives its number: 0, 1, ...
 * @return HG_OK; HG_EINVAL (no such work or device); HG_ELIMIT (more than 2^24 nodes); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_dag_add_node(
	hg_dag *dag, const hg_node *node, uint32_t *id, hg_error *why);

/**
 * Adds a dependency: `to` starts no earlier than lag_s after the end of `from`. The same edge twice
 * counts once, with the longer lag.
 * @return HG_OK; HG_EINVAL (no such node, an edge from a node to itself, lag negative or not
 *         finite); HG_ELIMIT; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_dag_add_edge(
	hg_dag *dag, uint32_t from, uint32_t to, double lag_s, hg_error *why);

/**
 * Checks the DAG and makes it ready; nothing can be added afterwards. Idempotent.
 *
 * Complexity: O(options * log options + nodes + edges * log degree).
 * @return HG_OK; HG_EINVAL (no node; a cycle: names its nodes; a group without a setting that all
 *         of its nodes have: names one of each); HG_ERANGE (the longest path or the total power
 *         does not fit 64-bit ns or uW); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_dag_finish(hg_dag *dag, hg_error *why);

/** Figures of a DAG. */
typedef struct hg_dag_info {
	uint32_t size;         /**< sizeof(hg_dag_info) */
	uint32_t nodes;        /**< how many */
	uint32_t devices;      /**< how many */
	uint32_t groups;       /**< groups of two nodes or more; 0 before hg_dag_finish() */
	uint64_t edges;        /**< distinct ones once finished */
	double static_power_w; /**< of all devices together */
} hg_dag_info;

/** Tells the figures. @p info->size must be set. */
HG_API void hg_dag_get_info(const hg_dag *dag, hg_dag_info *info);

/** What a node is, its name never NULL; valid as long as the DAG. @return HG_OK, HG_EINVAL */
HG_API HG_NODISCARD hg_err hg_dag_node(const hg_dag *dag, uint32_t id, hg_node *node);

/** The options of a piece of work as they were given. @return NULL, n = 0 if there is no such work
 */
HG_API const hg_option *hg_dag_options(const hg_dag *dag, uint32_t work, size_t *n);

/* ------------------------------------------------------------------------ the relaxed frontier */

/** The relaxed frontier of a DAG, a compact store from which plans come; opaque. */
typedef struct hg_plan_frontier hg_plan_frontier;

/** Which part of the frontier is wanted. */
typedef enum hg_plan_range {
	HG_RANGE_ALL = 0,   /**< T_min .. T_max: others may impose a longer time (stragglers) */
	HG_RANGE_USEFUL = 1 /**< T_min .. T_star: what a DAG that runs alone can use; the rest is
			       not solved for. Relaxed plans of longer times are about that of
			       T_star, with a bound that holds but is not the highest */
} hg_plan_range;

/** How to solve. Zero-initialise, set `size`, then what you need. */
typedef struct hg_solve_opts {
	uint32_t size;           /**< sizeof(hg_solve_opts) */
	hg_plan_range range;     /**< which part */
	double quantum_w;        /**< > 0: slopes are multiples of it, which bounds the number of
				      pieces. Every breakpoint is then a lower bound that holds, near
				      the exact one */
	double time_budget_s;    /**< > 0: stop after that long, by `clock` */
	hg_clock_fn clock;       /**< needed for time_budget_s only */
	void *clock_user;        /**< its first argument */
	hg_progress_fn progress; /**< may be NULL */
	void *progress_user;     /**< its first argument */
	uint32_t threads;        /**< 0: one; at most 1024. Large exact frontiers are solved in
				      stretches, by as many threads; what comes out is the same, to
				      the last bit. `progress` is called by one at a time */
	uint32_t reserved;       /**< 0 */
} hg_solve_opts;

/** One breakpoint of the relaxed frontier. */
typedef struct hg_plan_point {
	double time_s;   /**< T */
	double energy_j; /**< least total energy, all devices charged until T */
	double slope_w;  /**< dE/dT of the piece to the right, up to the next breakpoint; at T_max
			    the  static power: beyond it everybody just waits */
} hg_plan_point;

/** Figures of a relaxed frontier. */
typedef struct hg_plan_frontier_info {
	uint32_t size;     /**< sizeof(hg_plan_frontier_info) */
	uint32_t complete; /**< 0: stopped by the time budget or by `progress` before T_min: it
				reaches down to the first breakpoint only, t_min_s is known all the
				same */
	size_t pieces;     /**< linear pieces with a slope of their own between the breakpoints */
	double t_min_s;    /**< every node at its fastest option: the makespan in double, up to
				half a ns a node beside the first breakpoint, which is in whole ns */
	double t_star_s;   /**< where the total energy is least: what a DAG alone should take */
	double t_max_s;    /**< every node at its least effective energy: slower is never useful.
				Known with HG_RANGE_USEFUL too */
	double energy_min_s_j;  /**< total energy at t_min_s; NAN if not complete */
	double energy_star_j;   /**< total energy at t_star_s */
	double energy_max_s_j;  /**< total energy at t_max_s */
	double all_fastest_j;   /**< total energy over t_min_s when every node takes its fastest
				     measured option: what savings are counted against */
	double static_power_w;  /**< of all devices together */
	double slope_min_w;     /**< the flow that proves the bound at t_min_s */
	size_t flow_nodes;      /**< nodes of the flow network after contraction */
	size_t flow_arcs;       /**< its arcs */
	uint64_t augmentations; /**< of flow */
	size_t bytes;           /**< what the store occupies */
} hg_plan_frontier_info;

/**
 * Solves the relaxed problem for every T at once.
 *
 * The result depends on nothing but the input, whatever the number of threads.
 *
 * Nodes of groups are relaxed too, each on its own, so that the frontier bounds plans with shared
 * settings as well; the tight bound for those comes from hg_relaxed_at() with a class.
 *
 * Figures are doubles of exact integer results: times within 0.5 ns a node of the path, slopes
 * within 0.5 uW. Complexity: pieces * (nodes + edges).
 *
 * @param dag   finished; the frontier becomes an owner of it
 * @param opts  may be NULL
 * @param out   release it with hg_plan_frontier_destroy()
 * @return HG_OK, also when stopped early: see `complete`; HG_EINVAL (not finished, bad options);
 *         HG_ERANGE; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_plan_solve(
	hg_dag *dag, const hg_solve_opts *opts, hg_plan_frontier **out, hg_error *why);

/** Frees. NULL is fine. */
HG_API void hg_plan_frontier_destroy(hg_plan_frontier *set);

/** The DAG it was made from, owned by the frontier. */
HG_API hg_dag *hg_plan_frontier_dag(const hg_plan_frontier *set);

/** Tells the figures. @p info->size must be set. */
HG_API void hg_plan_frontier_get_info(const hg_plan_frontier *set, hg_plan_frontier_info *info);

/**
 * The breakpoints by increasing time, convex; valid as long as the frontier.
 * @param n  receives how many: pieces + 1
 */
HG_API const hg_plan_point *hg_plan_frontier_points(const hg_plan_frontier *set, size_t *n);

/**
 * Least total energy at a time, and its slope: the bound of the integer problem, O(log pieces).
 * Beyond T_max the devices wait. The rigorous bound is that of hg_relaxed_at().
 * @param energy_j  may be NULL
 * @param slope_w   may be NULL; at a breakpoint that of the piece to the right
 * @return HG_OK; HG_EINFEASIBLE (time_s below the first breakpoint: says which is the least)
 */
HG_API HG_NODISCARD hg_err hg_plan_frontier_at(const hg_plan_frontier *set, double time_s,
	double *energy_j, double *slope_w, hg_error *why);

/* ----------------------------------------------------------------------- the relaxed plan at T */

/** Which nodes must share a setting, besides groups. */
typedef enum hg_plan_class {
	HG_CLASS_OP = 0,    /**< none: every node chooses on its own */
	HG_CLASS_RAMP = 1,  /**< those of a family that are no HG_NODE_RAMP */
	HG_CLASS_FAMILY = 2 /**< those of a family */
} hg_plan_class;

/** The solution of the relaxed problem at one T; opaque. */
typedef struct hg_relaxed hg_relaxed;

/** Figures of a relaxed plan. */
typedef struct hg_relaxed_info {
	uint32_t size;          /**< sizeof(hg_relaxed_info) */
	hg_plan_class class_of; /**< the class it was made for */
	double time_s;          /**< the T that was asked for; the plan is within min(T, T_max) */
	double energy_j;        /**< total energy of the mix, charged until time_s */
	double bound_j;         /**< no plan within time_s draws less until time_s: rigorous, from
				     the flow and the raw options in double precision */
	double flow_w;          /**< value of the flow: -d(effective energy)/dT */
} hg_relaxed_info;

/**
 * The relaxed plan at a time, with the flow that proves its bound.
 *
 * HG_CLASS_OP without groups: replayed from the store, about a millisecond for 1,500 nodes, as
 * against a new solve. Other classes, and DAGs with groups: a linear program over the
 * settings of the groups by cutting planes, for that T alone.
 *
 * @param time_s  T; above T_max the plan of T_max
 * @param out     release it with hg_relaxed_destroy()
 * @return HG_OK; HG_EINFEASIBLE (more than half a ns below t_min_s and the first breakpoint, or
 *         below the least time of the class: says which is the least); HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_relaxed_at(const hg_plan_frontier *set, double time_s,
	hg_plan_class class_of, hg_relaxed **out, hg_error *why);

/** Frees. NULL is fine. */
HG_API void hg_relaxed_destroy(hg_relaxed *r);

/** Tells the figures. @p info->size must be set. */
HG_API void hg_relaxed_get_info(const hg_relaxed *r, hg_relaxed_info *info);

/**
 * Room of each node in seconds: an option that takes no longer fits, whatever the others do within
 * theirs. One a node.
 */
HG_API const double *hg_relaxed_windows(const hg_relaxed *r, size_t *n);

/** Start of each node's window in seconds. One a node. */
HG_API const double *hg_relaxed_starts(const hg_relaxed *r, size_t *n);

/** Flow through each node in watts: what a second less of it would be worth. One a node. */
HG_API const double *hg_relaxed_node_flows(const hg_relaxed *r, size_t *n);

/** Flow along each edge in watts; order of hg_dag_edge(). */
HG_API const double *hg_relaxed_edge_flows(const hg_relaxed *r, size_t *n);

/**
 * Edge number `at` of a finished DAG: by `from`, then by `to`.
 * @return HG_OK, HG_EINVAL (no such edge)
 */
HG_API HG_NODISCARD hg_err hg_dag_edge(
	const hg_dag *dag, uint64_t at, uint32_t *from, uint32_t *to, double *lag_s);

/**
 * The certificate, O(options + nodes + edges), without the solver: checks that the flows are not
 * negative and conserved (what enters a node beyond its edges comes from the source, what leaves
 * beyond goes to the sink), and evaluates the dual
 *
 *     sum_i min over options (e - P_d * t + f_i * t) + sum lag * f_edge - F * T + T * sum P_d
 *
 * on the raw options in compensated double precision. Any such flow bounds every plan of the class
 * at every T.
 *
 * @param node_flow_w  one a node, or NULL for all 0
 * @param edge_flow_w  one an edge, or NULL for all 0
 * @param bound_j      receives the bound on the total energy until time_s
 * @param flow_w       may be NULL; receives F
 * @return HG_OK; HG_EINVAL (a flow that is negative, not finite or not conserved: names the node)
 */
HG_API HG_NODISCARD hg_err hg_dag_bound(const hg_dag *dag, hg_plan_class class_of,
	const double *node_flow_w, const double *edge_flow_w, double time_s, double *bound_j,
	double *flow_w, hg_error *why);

/**
 * What a flow proves beyond hg_dag_bound() because options are discrete. The dual lets every node
 * choose for itself. Where two chains of nodes (three at most each) lead from one event to another,
 * their times until then are equal, so that their nodes choose together: sums of measured times
 * seldom match, which costs energy that no hull shows. Over disjoint pairs of chains, the best ones
 * first,
 *
 *     min over options (sum eff + sum (f_i - c) t_i + (c1 + c2) * max(L1, L2)) - their part before
 *
 * c: least flow along a chain, L: its length. On the raw options, without the solver; at every T.
 * Nodes that share a setting with others take no part.
 *
 * Complexity: O(nodes + edges) for bounded degrees; exponential in the three nodes of a chain at
 * most.
 * @param node_flow_w  as in hg_dag_bound(), with HG_CLASS_OP
 * @param edge_flow_w  the same
 * @param gain_j       receives what may be added to the bound, >= 0
 * @return HG_OK; HG_EINVAL (the flow is refused by hg_dag_bound()); HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_dag_pairs(const hg_dag *dag, const double *node_flow_w,
	const double *edge_flow_w, double *gain_j, hg_error *why);

/* --------------------------------------------------------------------------------- real plans */

/** One option for each node; opaque. */
typedef struct hg_plan hg_plan;

/** What is wanted of a plan. Zero-initialise, set `size`, `time_s`, then what you need. */
typedef struct hg_plan_opts {
	uint32_t size;           /**< sizeof(hg_plan_opts) */
	hg_plan_class class_of;  /**< which nodes share a setting */
	double time_s;           /**< deadline; the makespan never exceeds it, but for half a ns
				      where that is the least time */
	double charge_s;         /**< time until which waiting is charged, such as a straggler's;
				      0: the plan's own makespan; else >= time_s */
	double switch_cost_j;    /**< energy of one change of setting, >= 0 */
	double switch_latency_s; /**< after a change the old setting lasts that long, >= 0, unless
				      it could be issued during a wait before the node */
	double min_switch_s;     /**< nodes whose window is shorter take their predecessor's setting
				      on the device, where they have it */
	uint64_t iterations;     /**< most steps of the local search; 0: by effort_s alone */
	double effort_s;         /**< most seconds of hg_plan_at(), by `clock`; 0: by iterations.
				      Both 0: rounding and reclaiming only */
	hg_clock_fn clock;       /**< needed for effort_s only */
	void *clock_user;        /**< its first argument */
	uint64_t seed;           /**< of the local search */
	hg_progress_fn progress; /**< may be NULL; stopping it gives the best plan so far */
	void *progress_user;     /**< its first argument */
	uint64_t most_switches;  /**< at most so many changes of setting; 0: any number. A price of
				      a change is searched for that leads to no more; it is not
				      part of the plan's energy */
} hg_plan_opts;

/** Figures of a plan. */
typedef struct hg_plan_info {
	uint32_t size;          /**< sizeof(hg_plan_info) */
	hg_plan_class class_of; /**< which nodes share a setting */
	double deadline_s;      /**< that was asked for */
	double time_s;    /**< realised makespan on the raw options, never over the deadline */
	double charged_s; /**< time until which waiting is charged */
	double energy_j;  /**< total on the raw options until charged_s, switches included */
	double bound_j;   /**< no plan of any class within time_s draws less until charged_s: what
			       the relaxed problem's flow proves */
	double class_bound_j;   /**< the same for plans of this class; >= bound_j */
	double gap;             /**< energy_j / bound_j - 1 */
	double base_time_s;     /**< makespan of all fastest options */
	double base_energy_j;   /**< theirs, charged until the later of base_time_s and charged_s */
	double saving;          /**< 1 - energy_j / base_energy_j */
	double switch_energy_j; /**< part of energy_j that is changes of setting */
	uint64_t switches;      /**< changes of setting, per device in topological order (where
				     edges leave it open, smallest number first) */
	uint64_t iterations;    /**< steps of local search that were done */
	double tight_bound_j;   /**< a higher such bound, where settings are discrete: bound_j and
				     what hg_dag_pairs() adds */
	uint32_t class_bound_exact; /**< 0: the bound of the class was not found (too many steps),
				     class_bound_j is bound_j, which holds for it too */
	uint32_t reserved;          /**< 0 */
	double tight_gap;           /**< energy_j / tight_bound_j - 1 */
} hg_plan_info;

/** What a plan does with one node. */
typedef struct hg_plan_step {
	uint32_t node;      /**< its number */
	uint32_t option;    /**< index into hg_dag_options() of its work */
	hg_setting setting; /**< of the option */
	uint32_t switches;  /**< 1: the device changes its setting for this node */
	double start_s;     /**< earliest start under the plan */
	double time_s;      /**< how long it takes, a late change of setting included */
	double energy_j;    /**< what it draws, waiting excluded */
} hg_plan_step;

/**
 * A realisable plan: the relaxed plan rounded in several ways, reclaiming of slack, local search
 * from the two best.
 *
 * @param out  release it with hg_plan_destroy()
 * @return HG_OK; HG_EINFEASIBLE (the deadline is below the least time of the class: says which it
 *         is; or no plan with as few changes of setting was found); HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_plan_at(
	const hg_plan_frontier *set, const hg_plan_opts *opts, hg_plan **out, hg_error *why);

/** Frees. NULL is fine. */
HG_API void hg_plan_destroy(hg_plan *plan);

/** Tells the figures. @p info->size must be set. */
HG_API void hg_plan_get_info(const hg_plan *plan, hg_plan_info *info);

/** The steps, one a node, by node number; valid as long as the plan. */
HG_API const hg_plan_step *hg_plan_steps(const hg_plan *plan, size_t *n);

/** A claim to be checked. Zero-initialise, set `size`, then what the claim says. */
typedef struct hg_plan_claim {
	uint32_t size;          /**< sizeof(hg_plan_claim) */
	hg_plan_class class_of; /**< which nodes share a setting */
	const uint32_t *option; /**< one a node */
	const double *start_s;  /**< one a node, or NULL: earliest starts */
	double time_s;          /**< claimed makespan; NAN: none */
	double charged_s;       /**< waiting charged until; 0: makespan */
	double energy_j;        /**< claimed energy; NAN: none */
	double bound_j; /**< claimed bound, of the flow: hg_dag_bound(), or hg_dag_pairs() too;
		      NAN: none */
	double switch_cost_j;      /**< as in hg_plan_opts */
	double switch_latency_s;   /**< as in hg_plan_opts */
	uint64_t switches;         /**< claimed changes; UINT64_MAX: none */
	const double *node_flow_w; /**< flow that proves the bound, as in hg_dag_bound(); or NULL */
	const double *edge_flow_w; /**< the same */
} hg_plan_claim;

/** What a check found. */
typedef struct hg_plan_verdict {
	uint32_t size;     /**< sizeof(hg_plan_verdict) */
	uint32_t holds;    /**< 1: every claim is true */
	double time_s;     /**< makespan, derived again */
	double energy_j;   /**< energy, derived again */
	double bound_j;    /**< bound of the flow; NAN without one */
	uint64_t switches; /**< changes of setting, derived again */
} hg_plan_verdict;

/**
 * Derives makespan, energy and bound of a plan again, on a code path of its own, O(nodes + edges +
 * options), and compares with what is claimed (1e-9 relative).
 * @param why  receives which claim is false when verdict->holds is 0
 * @return HG_OK, also when a claim is false; HG_EINVAL; HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_plan_check(
	const hg_dag *dag, const hg_plan_claim *claim, hg_plan_verdict *verdict, hg_error *why);

HG_END_DECLS

#endif
