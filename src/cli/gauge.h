/* Devices whose energy is measured, and their meters: what run, profile and top share. */
#ifndef HG_CLI_GAUGE_H
#define HG_CLI_GAUGE_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/context.h>
#include <hourglass/device.h>
#include <hourglass/measure.h>

#include "cli.h"
#include "core/buf.h"

/** Most devices that are measured at once. */
#define GAUGE_DEVICES 256

/** Simulated devices keep their own time. */
#define GAUGE_AS_NAMED 1u

struct gauge {
	hg_ctx *ctx;
	hg_device *devices[GAUGE_DEVICES]; /* that tell energy or power, or were named */
	size_t n;
	unsigned char summed[GAUGE_DEVICES]; /* is part of the total: no two overlap */
	hg_meter *meter;                     /* of all devices; NULL when there are none */
	hg_meter *total;    /* of those that are summed; NULL when there are none */
	struct buf missing; /* "BACKEND: reason" a line, of a search that found nothing there */
};

/**
 * Opens the devices named, or without a name all that are found and tell energy or power, and
 * meters over them. That nothing is found is no error: n is 0 then, and `missing` says why.
 * What calibrations found of their counters is used. A simulated device that has a time of its own
 * is made to keep that of the clock, but for GAUGE_AS_NAMED.
 * @param flags  GAUGE_*
 * @return exit code; what is wrong has gone to stderr. gauge_close() in any case
 */
int gauge_open(
	struct cli *cli, const char *const *specs, size_t n, unsigned flags, struct gauge *g);
void gauge_close(struct gauge *g);
/** Identity of the i-th device. */
hg_device_info gauge_info(const struct gauge *g, size_t i);
/** Whether any device is simulated. */
bool gauge_simulated(const struct gauge *g);
/** Longest update period among the devices, in s; 0.1 where it is not known. */
double gauge_period(const struct gauge *g);

#endif
