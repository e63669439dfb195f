/*
 * The driver's clock levels (DPM): a lock is the choice of one level, in the mode "manual". The
 * driver does not tell which levels are allowed, so what is locked is what was locked here.
 */
#ifndef HG_HARDWARE_BACKEND_AMDGPU_DPM_H
#define HG_HARDWARE_BACKEND_AMDGPU_DPM_H

#include "hardware/backend/kernel/kernel.h"

/** Most levels of a clock. */
#define DPM_LEVELS 16

/**
 * Reads "0: 500Mhz\n1: 800Mhz *\n". Levels that are not numbered, such as "S:", do not count.
 * @param hz  receives the levels, by their number
 * @return how many; 0: not such a list, or its levels do not ascend
 */
size_t dpm_parse(const char *text, int64_t hz[DPM_LEVELS]);

/** Adds the knobs sm_clock, memory_clock and performance_level of a device's folder. */
void dpm_add(struct kernel_device *d, const char *dir);

#endif
