#!/usr/bin/env python3
"""Runs lowtime (Perseus's solver) on a 1F1B pipeline, for bench-plan --peer.

usage: lowtime-1f1b.py PROFILE.csv STAGES MICROBATCHES STATIC_W UNIT_S

Prints "seconds S" (the solver's loop alone), then one line a plan: the claimed time and the
frequency of every operation, stage by stage, microbatch by microbatch, forward then backward.
"""
import csv
import itertools
import sys
import time

import networkx as nx
from lowtime.cost_model import ExponentialModel
from lowtime.graph_utils import DependencyResolver, add_sink_node, add_source_node
from lowtime.operation import CandidateExecutionOptions, ExecutionOption, OperationSpec
from lowtime.perseus.instruction import (Backward, Forward, Instruction, backward_dep,
                                         forward_dep)
from lowtime.perseus.schedule import Synchronous1F1B
from lowtime.solver import PhillipsDessouky

KINDS = {"forward": Forward, "backward": Backward}


def read_specs(path, stages, static_w, unit_s):
    """Per stage {kind: spec}; waiting is subtracted before anything is filtered."""
    rows = {}
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file):
            option = ExecutionOption(real_time=float(row["time"]), unit_time=unit_s,
                                     cost=float(row["energy"]), knob=int(row["frequency"]))
            option.cost -= static_w * option.quant_time * unit_s
            key = int(row["stage"]), KINDS[row["instruction"]]
            rows.setdefault(key, []).append(option)
    last = max(stage for stage, _ in rows)
    specs = []
    for stage in range(stages):
        source = last if stage == stages - 1 else stage % last
        specs.append({})
        for kind in KINDS.values():
            options = CandidateExecutionOptions(options=rows[source, kind])
            model = ExponentialModel(options, search_strategy="best")
            specs[-1][kind] = OperationSpec(options=options, cost_model=model)
    return specs


def make_dag(specs, stages, microbatches):
    """The DAG, and its operations in the order of the output."""
    dag, number, lists = nx.DiGraph(), itertools.count(2), []
    for stage in range(stages):
        ops = list(Synchronous1F1B(num_stages=stages, num_micro_batches=microbatches,
                                   stage_id=stage, operation_spec_map=specs[stage]))
        ids = [next(number) for _ in ops]
        for i, op in zip(ids, ops):
            dag.add_node(i, op=op)
        dag.add_edges_from(zip(ids, ids[1:]))
        lists.append(ops)
    resolver = DependencyResolver([forward_dep, backward_dep], Instruction)
    nodes = list(dag.nodes(data="op"))
    for (i, a), (j, b) in itertools.product(nodes, nodes):
        if i != j and resolver.is_dependent(a, b):
            dag.add_edge(i, j)
    add_source_node(dag, 0)
    add_sink_node(dag, 1)
    dag.graph["source_node"], dag.graph["sink_node"] = 0, 1
    order = sorted((op for ops in lists for op in ops),
                   key=lambda op: (op.stage_id, op.micro_batch_id, isinstance(op, Backward)))
    return dag, order


def main():
    path, stages, microbatches = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    static_w, unit_s = float(sys.argv[4]), float(sys.argv[5])
    dag, order = make_dag(read_specs(path, stages, static_w, unit_s), stages, microbatches)
    solver, plans = PhillipsDessouky(dag), []
    start = time.monotonic()
    for result in solver.run():
        plans.append((result.real_time, [op.assigned_knob for op in order]))
    print("seconds", time.monotonic() - start)
    for real_time, knobs in plans:
        print(real_time, *knobs)


if __name__ == "__main__":
    main()
