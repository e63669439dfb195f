/* AWS Neuron devices by the driver's files. */
#ifndef HG_HARDWARE_BACKEND_NEURON_NEURON_H
#define HG_HARDWARE_BACKEND_NEURON_NEURON_H

#include "hardware/device/backend.h"

extern const struct backend neuron_backend;

#endif
