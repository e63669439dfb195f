/* What calibrations found, kept between commands. */
#ifndef HG_CLI_SENSORS_H
#define HG_CLI_SENSORS_H

#include <hourglass/measure.h>

#include "cli.h"

/** Room for sensors_path(). */
#define SENSORS_PATH 4096

/**
 * Where they are kept: HOURGLASS_SENSORS, else hourglass/sensors.json below XDG_STATE_HOME or
 * ~/.local/state. @return false: nowhere, as there is no home
 */
bool sensors_path(char path[SENSORS_PATH]);

/**
 * Reads them. A file that is not there is no error: *out is NULL then. One that cannot be used is
 * told of on stderr, and measured without.
 */
void sensors_read(const struct cli *cli, hg_sensors **out);

/** Writes them, and makes the folders they are in. What is wrong goes to stderr. @return exit code
 */
int sensors_write(struct cli *cli, const hg_sensors *s, const char *path);

/** What is known of a device's counter. @return false: nothing */
bool sensors_of(const hg_sensors *s, const hg_device *d, hg_sensor *out);

#endif
