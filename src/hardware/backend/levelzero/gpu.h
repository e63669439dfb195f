/* A GPU of Level Zero: which of its domains are used, its signals and its knobs. */
#ifndef HG_HARDWARE_BACKEND_LEVELZERO_GPU_H
#define HG_HARDWARE_BACKEND_LEVELZERO_GPU_H

#include "hardware/backend/kernel/kernel.h"

#include "load.h"

/** Most drivers, devices of one, domains of a device, settable clocks. */
#define ZES_DRIVERS 8
#define ZES_DEVICES 64
#define ZES_DOMAINS 32
#define ZES_CLOCKS  512

/** What is known of a device before it is opened. */
struct zes_who {
	zes_device handle;
	char pci[32];  /* "0000:3a:00.0"; "" not told */
	char uuid[48]; /* "GPU-8680..." */
	char name[64];
	bool integrated;
};

/** Parts that have a clock and a temperature each. */
enum zes_part {
	ZES_CHIP,
	ZES_MEMORY,
	ZES_PARTS
};

/** What the signals and knobs of a device use; in its arena. */
struct zes_gpu {
	struct zes lib;
	struct zes_who who;
	zes_power power; /* of the card as a whole; NULL none */
	uint32_t domain; /* of `power` */
	zes_frequency frequency[ZES_PARTS];
	zes_temperature heat[ZES_PARTS]; /* the hottest */
	struct zes_power_properties limits;
	struct zes_frequency_properties sm_range;
	int64_t ladder[ZES_CLOCKS];
};

/** Lists all devices of all drivers. @return HG_OK; HG_ENOENT (none); HG_EDEVICE */
hg_err zes_list(const struct zes *lib, struct zes_who *all, size_t room, size_t *n, hg_error *why);

/** Chooses the domains of g->who, and adds signals and knobs. */
void zes_gpu_signals(struct kernel_device *d, struct zes_gpu *g);
void zes_gpu_knobs(struct kernel_device *d, struct zes_gpu *g);

#endif
