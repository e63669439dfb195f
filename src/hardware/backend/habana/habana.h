/* Habana Gaudi through HLML, the library of its driver. */
#ifndef HG_HARDWARE_BACKEND_HABANA_HABANA_H
#define HG_HARDWARE_BACKEND_HABANA_HABANA_H

#include "hardware/device/backend.h"

extern const struct backend habana_backend;

#endif
