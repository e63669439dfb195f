/*
 * Trees of kernel files: the input is lines "PATH=TEXT". Whatever is in them, the search for
 * devices and every reading come back, a signal is present or says why not, and no counter is
 * beyond the point it wraps at.
 */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hourglass/hourglass.h>

#include "core/context.h"
#include "core/text.h"
#include "hardware/device/backend.h"

#define INPUT_MAX 4096
#define LINES_MAX 48
#define PATH_ROOM 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void line_put(const char *root, struct slice path, struct slice text)
{
	char full[PATH_ROOM];
	FILE *f;
	int n;

	if (!path.len || !text.text || path.text[0] != 's' || path.len > 120)
		return;
	n = snprintf(full, sizeof full, "%s/%.*s", root, (int)path.len, path.text);
	if (n < 0 || n >= (int)sizeof full || strstr(full, "..") || strlen(full) != (size_t)n)
		return;
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash = '/';
	}
	f = fopen(full, "w");
	if (!f)
		return;
	for (size_t i = 0; i < text.len; i++)
		(void)fputc(text.text[i] == '|' ? '\n' : text.text[i], f);
	(void)fclose(f);
}

static void check_signals(hg_device *d)
{
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info s = {.size = sizeof s};
		hg_reading r;

		if (hg_device_signal(d, i, &s) || hg_device_read(d, &i, 1, &r))
			abort();
		if (!s.name || !s.unit || !s.text || !s.domain || (s.absent && !*s.absent))
			abort();
		if ((s.absent != NULL) != (r.rc == HG_EUNSUPPORTED))
			abort();
		if (!r.rc && s.behaviour == HG_MONOTONE &&
			(r.value < 0 || (s.modulus && (uint64_t)r.value >= s.modulus)))
			abort();
		if (r.rc && r.value)
			abort();
	}
}

static void check_knobs(hg_device *d)
{
	for (size_t i = 0; i < hg_device_knobs(d); i++) {
		hg_knob_info k = {.size = sizeof k};
		hg_effect e;

		if (hg_device_knob(d, i, &k) || !k.name || !k.unit || !k.text)
			abort();
		if (k.unsettable) {
			if (!*k.unsettable ||
				hg_device_set(d, i, k.min, &e, NULL) != HG_EUNSUPPORTED)
				abort();
			continue;
		}
		if (k.min > k.max || k.step < 1)
			abort();
		/* within the range: it may fail, but not as out of range */
		if (hg_device_set(d, i, k.min, &e, NULL) == HG_ERANGE ||
			hg_device_set(d, i, k.max, &e, NULL) == HG_ERANGE)
			abort();
	}
	if (hg_device_reset(d, NULL) == HG_ERANGE)
		abort();
}

static void heard(void *user, const hg_discovery *found)
{
	(void)user;
	if (found->rc && !*found->reason)
		abort();
}

static void discover(const char *root)
{
	static const char *const names[] = {
		"rapl", "amdgpu", "intel", "hwmon", "cpufreq", "neuron", "tpu"};
	const hg_config cfg = {.size = sizeof cfg, .fs_root = root};
	hg_ctx *ctx;

	if (hg_open(&cfg, &ctx, NULL))
		abort();
	for (size_t i = 0; backends[i]; i++)
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			if (!strcmp(backends[i]->name, names[k]) &&
				device_discover_with(ctx, backends[i], heard, NULL, NULL))
				abort();
	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d)) {
		check_signals(d);
		check_knobs(d);
	}
	hg_close(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *shm = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	struct slice rest = {(const char *)data, size};
	char root[64];

	if (!size || size > INPUT_MAX || memchr(data, 0, size))
		return 0;
	(void)snprintf(root, sizeof root, "%s/hourglass-fuzz-XXXXXX", shm);
	if (!mkdtemp(root))
		return 0;
	for (size_t n = 0; rest.text && n < LINES_MAX; n++) {
		struct slice text = slice_cut(&rest, '\n');
		struct slice path = slice_cut(&text, '=');

		line_put(root, path, text);
	}
	discover(root);
	(void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
