/*
 * The flow network of a DAG: operations and dependencies as arcs between events.
 *
 * Event 0 is the source, event 1 the sink, the others are numbered in topological order. An
 * operation's arc is as long as its hull says at the flow it carries; a dependency's arc is as long
 * as its lag. Events that a dependency without lag joins are one where the operations' flows tell
 * that dependency's flow all the same.
 */
#ifndef HG_PLAN_NET_H
#define HG_PLAN_NET_H

#include "dag.h"

#define NET_SOURCE 0u
#define NET_SINK   1u

/* Room for ever more flow. */
#define ROOM_INF ((int64_t)1 << 60)

/* A residual arc as seen from the event it leaves. */
struct half {
	int64_t len; /* at the present flow */
	uint32_t to;
	uint32_t arc2; /* arc * 2 + 1 if against its direction */
};

/* What does not change of an arc. */
struct arc {
	uint32_t tail, head;
	uint32_t hull, k;          /* vertices net->hull[hull .. hull + k]; slowest first */
	uint32_t forward, reverse; /* its halves */
};

struct net {
	uint32_t n_events, n_arcs, n_ops; /* arcs 0 .. n_ops - 1 are the nodes of the DAG */
	struct arc *arcs;
	uint32_t *edge_of;        /* of arcs from n_ops on: edge of the DAG */
	uint32_t *half_at;        /* n_events + 1: the halves that leave an event */
	uint32_t *against_at;     /* n_events: where those against their arcs begin */
	struct half *halves;      /* lengths as at flow 0 */
	struct hull_vertex *hull; /* of all shapes, then one vertex for each lag */
	uint32_t n_hull;
};

/**
 * Makes the network of a finished DAG.
 * @param quantum_uw  flows are multiples of it; 0: exact
 * @return HG_OK, HG_ENOMEM
 */
hg_err net_init(struct net *net, const hg_dag *dag, int64_t quantum_uw);

/** Frees; a zeroed network is fine. */
void net_finish(struct net *net);

/**
 * Longest distances from the source.
 * @param fastest  of the last vertices of the hulls, else of the first
 * @param dist     n_events
 */
void net_longest(const struct net *net, bool fastest, int64_t *dist);

#endif
