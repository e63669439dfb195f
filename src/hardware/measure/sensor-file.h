/* The file of sensors as text. */
#ifndef HG_HARDWARE_MEASURE_SENSOR_FILE_H
#define HG_HARDWARE_MEASURE_SENSOR_FILE_H

#include <hourglass/measure.h>

#include "core/buf.h"

/** @return HG_OK; HG_EFORMAT, HG_EVERSION (names origin, line and field); HG_ELIMIT; HG_ENOMEM */
hg_err sensors_parse(
	const char *text, size_t len, const char *origin, hg_sensors **out, hg_error *why);

/** Appends the file's text. @return text->failed */
hg_err sensors_format(const hg_sensors *s, struct buf *text);

#endif
