/* Power sensors of the hwmon class, such as those of NVIDIA's Grace and of Jetson boards. */
#ifndef HG_HARDWARE_BACKEND_HWMON_HWMON_H
#define HG_HARDWARE_BACKEND_HWMON_HWMON_H

#include "hardware/device/backend.h"

extern const struct backend hwmon_backend;

#endif
