"""The operations of bench/waist.c, written straightforwardly with numpy, on the same points.

Called by bench-waist with the directory that holds the clouds; prints "name value unit" lines.
"""

import bisect
import json
import os
import resource
import sys
import time

import numpy as np

ROUNDS = 3
POINTS = 100_000


def say(name, value, unit):
    print(f"numpy_{name} {value:.4g} {unit}", flush=True)


def best(function, rounds=ROUNDS):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


def frontier(points):
    """Non-dominated points, fastest first."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    energy = points[order, 1]
    before = np.minimum.accumulate(energy)
    keep = np.r_[True, energy[1:] < before[:-1]]
    return points[order[keep]]


def convex(rng, n, scale):
    t = scale * (1 + (np.arange(n) + 0.4 * rng.random(n)) / n)
    return np.column_stack((t, scale * scale / t))


def series(a, b):
    """Minkowski sum of two convex curves: merge their segments by slope."""
    steps = np.concatenate((np.diff(a, axis=0), np.diff(b, axis=0)))
    steps = steps[np.argsort(steps[:, 1] / steps[:, 0], kind="stable")]
    return np.concatenate(([a[0] + b[0]], a[0] + b[0] + np.cumsum(steps, axis=0)))


def parallel(a, b):
    t = np.union1d(a[:, 0], b[:, 0])
    t = t[t >= max(a[0, 0], b[0, 0])]
    e = a[np.searchsorted(a[:, 0], t, "right") - 1, 1]
    return frontier(np.column_stack((t, e + b[np.searchsorted(b[:, 0], t, "right") - 1, 1])))


def main(directory):
    for shape in ("uniform", "curved", "shuffled"):
        cloud = np.fromfile(os.path.join(directory, shape + ".f64")).reshape(-1, 2)
        seconds, kept = best(lambda: frontier(cloud))
        say(f"build_1e6_{shape}", seconds, "s")
        say(f"build_1e6_{shape}_kept", len(kept), "points")
    rng = np.random.default_rng(2)
    a, b = convex(rng, POINTS, 1.0), convex(rng, POINTS, 1.3)
    deadlines = (1 + rng.random(POINTS)).tolist()
    times = a[:, 0].tolist()
    seconds, _ = best(lambda: [a[bisect.bisect_right(times, d) - 1] for d in deadlines])
    say("query_1e5_deadline", seconds * 1e9 / POINTS, "ns")
    seconds, _ = best(lambda: a[np.searchsorted(a[:, 0], deadlines, "right") - 1])
    say("query_1e5_deadline_batched", seconds * 1e9 / POINTS, "ns")
    say("series_hulls_1e5", best(lambda: series(a, b))[0], "s")
    say("parallel_1e5", best(lambda: parallel(a, b))[0], "s")
    path = os.path.join(directory, "frontier.json")
    seconds, data = best(lambda: json.load(open(path, encoding="utf-8")))
    say("load_json_1e5", POINTS / seconds, "points/s")
    seconds, _ = best(lambda: json.dump(data, open(path, "w", encoding="utf-8")))
    say("save_json_1e5", POINTS / seconds, "points/s")
    say("peak_memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB")


if __name__ == "__main__":
    main(sys.argv[1])
