/* What calibrations found, kept between commands. */
#define _GNU_SOURCE
#include "sensors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

bool sensors_path(char path[SENSORS_PATH])
{
	const char *file = env("HOURGLASS_SENSORS"), *state = env("XDG_STATE_HOME");
	const char *home = env("HOME");
	int len;

	if (file)
		len = snprintf(path, SENSORS_PATH, "%s", file);
	else if (state && state[0] == '/')
		len = snprintf(path, SENSORS_PATH, "%s/hourglass/sensors.json", state);
	else if (home)
		len = snprintf(path, SENSORS_PATH, "%s/.local/state/hourglass/sensors.json", home);
	else
		return false;
	return len > 0 && len < SENSORS_PATH;
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

/** Makes the folders of a path that are missing. */
static void make_folders(const char *path)
{
	char folder[SENSORS_PATH];
	size_t len = strlen(path);

	if (len >= sizeof folder)
		return;
	for (size_t i = 1; i < len; i++) {
		if (path[i] != '/')
			continue;
		memcpy(folder, path, i);
		folder[i] = '\0';
		/* what cannot be made shows when the file is written */
		if (mkdir(folder, 0777) != 0 && errno != EEXIST)
			return;
	}
}

int sensors_write(struct cli *cli, const hg_sensors *s, const char *path)
{
	hg_error why = {""};
	hg_err rc;

	make_folders(path);
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
