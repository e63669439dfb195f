"""What a window of Zeus costs: bench-mark --peer runs this.

usage: zeus-mark.py DEVICES
"""
import sys
import time


def main():
    from zeus.monitor import ZeusMonitor
    gpus = list(range(int(sys.argv[1])))
    monitor = ZeusMonitor(gpu_indices=gpus, cpu_indices=[], sync_execution_with="none") \
        if "sync_execution_with" in ZeusMonitor.__init__.__code__.co_varnames \
        else ZeusMonitor(gpu_indices=gpus)
    n = 2000
    for _ in range(50):
        monitor.begin_window("w", sync_execution=False)
        monitor.end_window("w", sync_execution=False)
    begin = time.process_time()
    for _ in range(n):
        monitor.begin_window("w", sync_execution=False)
        monitor.end_window("w", sync_execution=False)
    print(f"zeus_pair_us {(time.process_time() - begin) / n * 1e6:.3f}")


main()
