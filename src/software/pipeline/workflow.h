/* Workflow files, hourglass.dag/1: nodes that are frontiers, edges, a deadline. */
#ifndef HG_SOFTWARE_PIPELINE_WORKFLOW_H
#define HG_SOFTWARE_PIPELINE_WORKFLOW_H

#include <stdbool.h>

#include <hourglass/plan.h>

#include "core/arena.h"
#include "core/vec.h"

/** Most bytes of a workflow file. */
#define WORKFLOW_BYTES ((size_t)1 << 28)

/** One node: its number in the graph is its place. */
struct workflow_node {
	const char *name;
	const char *device; /* "" none */
	uint32_t work;
	hg_frontier *frontier; /* NULL: inline points or fixed */
	const char **settings; /* of inline points, by hg_setting; NULL otherwise */
};

/** A workflow; the graph is finished. */
struct workflow {
	struct arena arena;
	char *name;
	hg_dag *dag;
	double deadline_s; /* NAN: none */
	struct vec nodes;  /* struct workflow_node */
};

/** Loads a frontier file that a node names. @return HG_OK, or why not */
typedef hg_err (*workflow_load_fn)(void *user, const char *path, hg_frontier **out, hg_error *why);

/**
 * Reads a workflow.
 * @param load  for nodes that name a file; NULL: they are refused
 * @param w     initialised by the call; workflow_finish() it in any case
 */
hg_err workflow_parse(struct workflow *w, const char *text, size_t len, const char *origin,
	workflow_load_fn load, void *user, hg_error *why);

/** Frees; a zeroed one is fine. */
void workflow_finish(struct workflow *w);

#endif
