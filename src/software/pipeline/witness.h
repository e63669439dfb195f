/*
 * Flows that prove a frontier, as PLANS files keep them.
 *
 * A flow through the graph of a pipeline bounds every plan from below, at every time: a line. The
 * frontier is the highest of all such lines, so a few well-chosen flows prove all of it but a
 * little between two of them. In the steady state of a pipeline a flow is the same for each
 * microbatch: coded as runs along the microbatches it does not grow with their number.
 */
#ifndef HG_SOFTWARE_PIPELINE_WITNESS_H
#define HG_SOFTWARE_PIPELINE_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include <hourglass/pipeline.h>

#include "core/vec.h"

/** Name of the coding in files; a reader refuses others. */
#define WITNESS_CODING "runs/1"

/** Most flows of a file. */
#define WITNESSES ((size_t)1024)

/** So many places in a row have the same value: uW or ns. */
struct run {
	uint32_t count;
	int64_t value;
};

/**
 * A flow, and what it proves. With the times of the relaxed plan that it belongs to it is a state,
 * from which plans of times near it come without solving anything again.
 */
struct witness {
	double time_s;         /* the time it was taken for */
	double energy_j;       /* no plan within time_s draws less */
	int64_t flow_uw;       /* value: what comes from the source */
	struct vec node, edge; /* struct run */
	/* struct run, ns; empty: a flow only. Starts are told by how much each is after the one
	 * before it in the order, so that they run on, too. */
	struct vec start, window;
};

/**
 * Order in which runs list the nodes and edges of a graph: nodes by stage, chunk, phase and rank,
 * then by the place of their microbatch in the schedule's period, then by microbatch; edges by the
 * first four of both nodes, then as nodes.
 */
struct witness_order {
	uint32_t *node, *edge;
	uint32_t n, m;
};

/** Makes the order. @return HG_OK, HG_ENOMEM */
hg_err witness_order(struct witness_order *o, const hg_pipeline *p, uint32_t period);
/** Frees; a zeroed one is fine. */
void witness_order_finish(struct witness_order *o);

/** An empty one. */
void witness_init(struct witness *w);
/** Frees; a zeroed one is fine. */
void witness_finish(struct witness *w);

/** Takes the flow of a relaxed plan. @param w  initialised @return HG_OK, HG_ENOMEM */
hg_err witness_take(struct witness *w, const struct witness_order *o, const hg_relaxed *r);

/** Takes its times, too: it is then a state. */
hg_err witness_take_times(struct witness *w, const struct witness_order *o, const hg_relaxed *r);

/**
 * Value of each node or edge from runs.
 * @param order  o->node or o->edge, `len` of them
 * @param value  receives uW or ns, by number
 * @return whether the runs have the right length
 */
bool witness_expand(const struct vec *runs, const uint32_t *order, uint32_t len, int64_t *value);

/** Start of each node, ns, from w->start. @return as witness_expand() */
bool witness_starts(
	const struct witness *w, const uint32_t *order, uint32_t len, int64_t *start_ns);

struct plans;
/** Keeps flows that prove p->claims, from the frontier they were made from.
 * @return HG_OK, HG_ENOMEM, or why no flow can be had */
hg_err plans_witness(struct plans *p, const hg_plan_frontier *set, hg_error *why);

/** Same flow as in `r`, for a proof of its own. @param w  not initialised */
hg_err plans_witness_one(
	const struct plans *p, const hg_relaxed *r, struct witness *w, hg_error *why);

struct json_out;
struct json_doc;
struct json;
/** Writes a witness as an object. */
void witness_write(const struct witness *w, struct json_out *j);
/** Refuses an object whose member `coding` is not the one known. */
hg_err witness_coding(const struct json_doc *doc, const struct json *obj, hg_error *why);
/** Reads one. @param w  initialised by the call; witness_finish() it in any case */
hg_err witness_read(
	struct witness *w, const struct json_doc *doc, const struct json *v, hg_error *why);
/** Writes the member `witnesses` of a PLANS file. */
void witnesses_write(const struct vec *witnesses, struct json_out *j);
/** Reads it, if it is there, into a vec of struct witness. */
hg_err witnesses_read(struct vec *witnesses, const struct json_doc *doc, hg_error *why);

#endif
