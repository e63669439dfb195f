/* AMD GPUs by the kernel's files alone: safe in a process that uses the GPU itself. */
#ifndef HG_HARDWARE_BACKEND_AMDGPU_AMDGPU_H
#define HG_HARDWARE_BACKEND_AMDGPU_AMDGPU_H

#include "hardware/device/backend.h"

extern const struct backend amdgpu_backend;

#endif
