/* Intel GPUs by Level Zero Sysman: for what the kernel's files do not have. */
#ifndef HG_HARDWARE_BACKEND_LEVELZERO_LEVELZERO_H
#define HG_HARDWARE_BACKEND_LEVELZERO_LEVELZERO_H

#include "hardware/device/backend.h"

extern const struct backend levelzero_backend;

#endif
