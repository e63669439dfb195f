/* Energy of processors and memory as the kernel's powercap files have it. */
#ifndef HG_HARDWARE_BACKEND_RAPL_RAPL_H
#define HG_HARDWARE_BACKEND_RAPL_RAPL_H

#include "hardware/device/backend.h"

extern const struct backend rapl_backend;

#endif
