/* Google TPUs: says which are here, and that they tell no energy. */
#ifndef HG_HARDWARE_BACKEND_TPU_TPU_H
#define HG_HARDWARE_BACKEND_TPU_TPU_H

#include "hardware/device/backend.h"

extern const struct backend tpu_backend;

#endif
