/* Governor and frequency limits of processors. */
#ifndef HG_HARDWARE_BACKEND_CPUFREQ_CPUFREQ_H
#define HG_HARDWARE_BACKEND_CPUFREQ_CPUFREQ_H

#include "hardware/device/backend.h"

extern const struct backend cpufreq_backend;

#endif
