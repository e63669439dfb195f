"""What a window of Zeus costs: bench-mark --peer runs this.

usage: zeus-mark.py DEVICES
"""
import sys
import time

from zeus.monitor import ZeusMonitor


def main():
    monitor = ZeusMonitor(gpu_indices=list(range(int(sys.argv[1]))), cpu_indices=[])
    n = 500
    for _ in range(2):  # the first time warms up
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(n):
            monitor.begin_window("w", sync_execution=False)
            monitor.end_window("w", sync_execution=False)
        print(f"zeus_pair_us {(time.process_time() - cpu) / n * 1e6:.3f}")
        print(f"zeus_pair_wall_us {(time.perf_counter() - wall) / n * 1e6:.3f}")


main()
