/* Tests of the NVML backend, and of whatever needs a device that is not simulated. */
#ifndef HG_TESTS_FAKE_NVML_H
#define HG_TESTS_FAKE_NVML_H

#include "hardware/backend/nvml/nvml.h"

#define FAKE_LIBRARY  HG_FAKE_NVML
#define FAKE_VARIABLE "HOURGLASS_NVML"
#define FAKE_BACKEND  "nvml"
#define FAKE_SYMBOLS  NVML_SYMBOLS
#include "fake.h"

#endif
