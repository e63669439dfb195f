/* What only NVML can be asked: whether its timestamps say when a value was taken, and what it
 * keeps. */
#ifndef HG_TESTS_HW_NVML_PROBE_H
#define HG_TESTS_HW_NVML_PROBE_H

#include <stdint.h>

/** Prints "name value unit" lines of GPU i; nothing where there is no NVML. */
void nvml_probe(uint32_t i, double seconds);

#endif
