"""Runs Zeus's own simulator of recurring jobs; a line of figures per job for bench/recur.

usage: zeus-recur.py TRAIN.csv POWER.csv RECURRENCES SEEDS

Each line: job, seconds of CPU, recurrences done, mean energy of the last five, failures.
"""
import sys
import time

import pandas as pd
from zeus._legacy.job import Job
from zeus._legacy.policy import JITPowerLimitOptimizer, PruningGTSBatchSizeOptimizer
from zeus._legacy.simulate import Simulator

JOBS = [
    ("cifar100", "shufflenetv2", "adadelta", 0.6, True, 100, 1024),
    ("imagenet", "resnet50", "adadelta", 0.65, True, 100, 256),
    ("librispeech", "deepspeech2", "adamw", 40.0, False, 16, 192),
    ("movielens-1m", "ncf", "adam", 0.41, True, 100, 1024),
    ("squad", "bert_base_uncased", "adamw", 84.0, True, 6, 32),
    ("sentiment140", "bert_base_uncased", "adamw", 0.84, True, 10, 128),
]


def replay(train, power, what, recurrences, seed):
    dataset, network, optimizer, target, higher, epochs, default = what
    job = Job(dataset, network, optimizer, target, epochs, default)
    train = train[(train.target_metric - target).abs() < 1e-9]
    simulator = Simulator(train, power, PruningGTSBatchSizeOptimizer(seed=seed, verbose=False),
                          JITPowerLimitOptimizer(verbose=False), seed=seed, verbose=False)
    begin = time.process_time()
    history = simulator.simulate_one_job(job, recurrences, 2.0, 0.5)
    return time.process_time() - begin, history


def main(arguments):
    train, power = pd.read_csv(arguments[0]), pd.read_csv(arguments[1])
    recurrences, seeds = int(arguments[2]), int(arguments[3])
    for what in JOBS:
        seconds, done, energy, failures = 0.0, 0, 0.0, 0
        for seed in range(1, seeds + 1):
            try:
                took, history = replay(train, power, what, recurrences, seed)
            except RuntimeError as error:
                print(f"{what[0]} seed {seed}: {error}", file=sys.stderr)
                continue
            seconds += took
            done += recurrences
            failures += sum(not entry.reached for entry in history)
            energy += sum(entry.energy for entry in history[-5:]) / 5
        print(what[0], f"{seconds:.6f}", done, f"{energy / seeds:.6g}", failures, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
