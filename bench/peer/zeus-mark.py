"""What a window of Zeus costs: bench-mark --peer runs this.

usage: zeus-mark.py DEVICES

Where the driver library is the fake one, two functions that Zeus needs and the fake lacks are
answered here.
"""
import ctypes
import sys
import time

import pynvml

find = pynvml._nvmlGetFunctionPointer


def init_with_flags(_flags):
    return find("nvmlInit_v2")()


def architecture(_handle, out):
    out[0] = 9  # Hopper
    return 0


LACKING = {
    "nvmlInitWithFlags": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint)(init_with_flags),
    "nvmlDeviceGetArchitecture": ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint))(architecture),
}


def function(name):
    try:
        return find(name)
    except pynvml.NVMLError:
        if name in LACKING:
            return LACKING[name]
        raise


def main():
    pynvml._nvmlGetFunctionPointer = function
    from zeus.monitor import ZeusMonitor
    monitor = ZeusMonitor(gpu_indices=list(range(int(sys.argv[1]))), cpu_indices=[])
    n = 500
    for _ in range(2):  # the first time warms up
        begin = time.process_time()
        for _ in range(n):
            monitor.begin_window("w", sync_execution=False)
            monitor.end_window("w", sync_execution=False)
        print(f"zeus_pair_us {(time.process_time() - begin) / n * 1e6:.3f}")


main()
