/* What calibrations found, kept between commands. */
#define _GNU_SOURCE
#include "sensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "home.h"

bool sensors_path(char path[SENSORS_PATH])
{
	return home_path("HOURGLASS_SENSORS", "XDG_STATE_HOME", ".local/state",
		"hourglass/sensors.json", path);
}

void sensors_read(const struct cli *cli, hg_sensors **out)
{
	char path[SENSORS_PATH];
	struct stat st;
	hg_error why = {""};

	*out = NULL;
	if (!sensors_path(path) || stat(path, &st) != 0)
		return;
	if (hg_sensors_load(path, out, &why) != HG_OK)
		cli_note(cli, "measured without calibrations: %s", why.text);
}

int sensors_write(struct cli *cli, const hg_sensors *s, const char *path)
{
	hg_error why = {""};
	hg_err rc;

	home_make_folders(path);
	rc = hg_sensors_save(s, path, &why);
	return rc == HG_OK ? EXIT_OK : cli_output_error(cli, rc, &why);
}

bool sensors_of(const hg_sensors *s, const hg_device *d, hg_sensor *out)
{
	hg_device_info info = {.size = sizeof info};

	*out = (hg_sensor){.size = sizeof *out};
	if (!s)
		return false;
	hg_device_get_info(d, &info);
	return info.uuid[0] && hg_sensors_get(s, info.uuid, info.driver, out) == HG_OK;
}
