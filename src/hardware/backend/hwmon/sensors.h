/* Power sensors of the hwmon class: one for every rail or socket that is measured. */
#ifndef HG_HARDWARE_BACKEND_HWMON_SENSORS_H
#define HG_HARDWARE_BACKEND_HWMON_SENSORS_H

#include <stddef.h>

#include "hardware/backend/kernel/kernel.h"

#define HWMON_CLASS "sys/class/hwmon"
/** Most sensors of a machine. */
#define SENSORS 128

struct sensor {
	char chip[32];           /* "power_meter", "ina3221" */
	char label[64];          /* of the channel, "Module-Power-Socket-0" */
	char name[104];          /* what it is opened as, "power_meter/Module-Power-Socket-0" */
	char dir[64];            /* the folder with its files */
	char power[KERNEL_PATH]; /* uW; "" none: the product of the two below */
	char volts[KERNEL_PATH]; /* mV */
	char amps[KERNEL_PATH];  /* mA */
	int64_t period_ns;       /* its readings are renewed about this often */
	int part;                /* index of the sensor that measures this and more; -1 none */
};

struct sensors {
	struct sensor at[SENSORS];
	size_t n;
};

/** Finds them. @return HG_OK; HG_ENOENT (none; says why); HG_EPERM; HG_EIO; HG_ENOMEM; HG_ELIMIT */
hg_err sensors_find(const struct hg_ctx *ctx, struct sensors *all, hg_error *why);

#endif
