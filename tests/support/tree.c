#define _XOPEN_SOURCE 700
#include "tree.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "near.h"

#define PATH_ROOM 512

static void path_of(const struct tree *t, const char *path, char full[PATH_ROOM])
{
	int n = snprintf(full, PATH_ROOM, "%s/%s", t->root, path);

	assert_true(n > 0 && n < PATH_ROOM);
}

void tree_init(struct tree *t)
{
	(void)snprintf(t->root, sizeof t->root, "/tmp/hourglass-tree-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	assert_int_equal(chmod(t->root, 0755), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

void tree_finish(struct tree *t)
{
	(void)nftw(t->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void folders_above(char *full)
{
	for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash = '/';
	}
}

void tree_put_bytes(const struct tree *t, const char *path, const void *data, size_t len)
{
	char full[PATH_ROOM];
	FILE *f;

	path_of(t, path, full);
	folders_above(full);
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

void tree_put(const struct tree *t, const char *path, const char *text)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "%s\n", text);

	assert_true(n > 0 && n < (int)sizeof line);
	tree_put_bytes(t, path, line, (size_t)n);
}

void tree_folder(const struct tree *t, const char *path)
{
	char full[PATH_ROOM];

	path_of(t, path, full);
	folders_above(full);
	(void)remove(full);
	assert_int_equal(mkdir(full, 0755), 0);
}

void tree_remove(const struct tree *t, const char *path)
{
	char full[PATH_ROOM];

	path_of(t, path, full);
	assert_int_equal(nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *tree_get(const struct tree *t, const char *path)
{
	static char text[1024];
	char full[PATH_ROOM];
	FILE *f;
	size_t n;

	path_of(t, path, full);
	f = fopen(full, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	(void)fclose(f);
	return text;
}

bool tree_forbid(const struct tree *t, const char *path, unsigned mode)
{
	char full[PATH_ROOM];

	path_of(t, path, full);
	assert_int_equal(chmod(full, (mode_t)mode), 0);
	if (geteuid() != 0 || seteuid(65534) == 0)
		return true;
	print_message("root cannot become nobody here: permissions not tested\n");
	return false;
}

void tree_allow(void)
{
	assert_int_equal(seteuid(getuid()), 0);
}

hg_ctx *tree_context(const struct tree *t)
{
	const hg_config cfg = {.size = sizeof cfg, .fs_root = t->root};
	hg_error why = {""};
	hg_ctx *ctx;

	assert_ok(hg_open(&cfg, &ctx, &why), &why);
	return ctx;
}

hg_device *tree_device(hg_ctx *ctx, const char *spec)
{
	hg_error why = {""};
	hg_device *d;

	assert_ok(hg_device_open(ctx, spec, &d, &why), &why);
	return d;
}

hg_reading tree_read(hg_device *d, const char *name)
{
	size_t id = hg_device_signal_index(d, name);
	hg_reading r;

	assert_int_not_equal(id, SIZE_MAX);
	assert_int_equal(hg_device_read(d, &id, 1, &r), HG_OK);
	assert_true(r.t1_ns >= r.t0_ns && r.t0_ns > 0);
	return r;
}

hg_signal_info tree_signal(const hg_device *d, const char *name)
{
	hg_signal_info info = {.size = sizeof info};

	assert_int_equal(hg_device_signal(d, hg_device_signal_index(d, name), &info), HG_OK);
	return info;
}

hg_knob_info tree_knob(const hg_device *d, const char *name)
{
	hg_knob_info info = {.size = sizeof info};

	assert_int_equal(hg_device_knob(d, hg_device_knob_index(d, name), &info), HG_OK);
	return info;
}

void tree_rapl(const struct tree *t, const char *entry, const char *name, const char *energy_uj)
{
	char path[PATH_ROOM / 2];

	(void)snprintf(path, sizeof path, "sys/class/powercap/%s/name", entry);
	tree_put(t, path, name);
	(void)snprintf(path, sizeof path, "sys/class/powercap/%s/energy_uj", entry);
	tree_put(t, path, energy_uj);
	(void)snprintf(path, sizeof path, "sys/class/powercap/%s/max_energy_range_uj", entry);
	tree_put(t, path, "262143328850");
}

void tree_amdgpu(const struct tree *t, const char *entry, const char *pci)
{
	static const struct {
		const char *file, *text;
	} files[] = {
		{"unique_id", "18eeb4d7e8f1a7e5"},
		{"product_name", "Instinct MI250X"},
		{"gpu_busy_percent", "37"},
		{"hwmon/hwmon5/name", "amdgpu"},
		{"hwmon/hwmon5/power1_average", "81000000"},
		{"hwmon/hwmon5/power1_cap", "560000000"},
		{"hwmon/hwmon5/power1_cap_min", "0"},
		{"hwmon/hwmon5/power1_cap_max", "560000000"},
		{"hwmon/hwmon5/power1_cap_default", "500000000"},
		{"hwmon/hwmon5/freq1_label", "sclk"},
		{"hwmon/hwmon5/freq1_input", "800000000"},
		{"hwmon/hwmon5/freq2_label", "mclk"},
		{"hwmon/hwmon5/freq2_input", "1600000000"},
		{"hwmon/hwmon5/temp1_label", "edge"},
		{"hwmon/hwmon5/temp1_input", "41000"},
		{"hwmon/hwmon5/temp2_label", "junction"},
		{"hwmon/hwmon5/temp2_input", "45000"},
		{"hwmon/hwmon5/temp3_label", "mem"},
		{"hwmon/hwmon5/temp3_input", "51000"},
	};
	char path[PATH_ROOM / 2], text[256];

	(void)snprintf(path, sizeof path, "sys/class/drm/%s/device/uevent", entry);
	(void)snprintf(text, sizeof text, "DRIVER=amdgpu\nPCI_ID=1002:740C\nPCI_SLOT_NAME=%s", pci);
	tree_put(t, path, text);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		(void)snprintf(
			path, sizeof path, "sys/class/drm/%s/device/%s", entry, files[i].file);
		tree_put(t, path, files[i].text);
	}
}
