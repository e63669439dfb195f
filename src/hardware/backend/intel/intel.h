/* Intel's GPUs by the kernel's files alone: safe in a process that uses the GPU itself. */
#ifndef HG_HARDWARE_BACKEND_INTEL_INTEL_H
#define HG_HARDWARE_BACKEND_INTEL_INTEL_H

#include "hardware/device/backend.h"

extern const struct backend intel_backend;

#endif
