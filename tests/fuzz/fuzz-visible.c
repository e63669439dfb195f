/*
 * Environment variables that choose devices: the input is lines, of which the first four are
 * CUDA_VISIBLE_DEVICES, CUDA_DEVICE_ORDER, ROCR_VISIBLE_DEVICES and HIP_VISIBLE_DEVICES; "-" stands
 * for one that is not set. Whatever they are, what comes out are devices that there are, each once.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/device/visible.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GPUS 6

static const struct visible_gpu gpus[GPUS] = {{"GPU-aa1", "", "A"}, {"MIG-aa1/0", "GPU-aa1", "A"},
	{"MIG-aa1/1", "GPU-aa1", "A"}, {"GPU-ab2", "", "A"}, {"GPU-c3", "", "A"}, {"", "", "A"}};

static void check(hg_err rc, const size_t *out, size_t n, const hg_error *why)
{
	bool seen[GPUS] = {false};

	if (rc && !*why->text)
		abort();
	if (n > GPUS)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (out[i] >= GPUS || seen[out[i]])
			abort();
		seen[out[i]] = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[512], *line[4];
	size_t out[VISIBLE_MAX], n;
	hg_error why = {""};
	hg_err rc;

	if (size >= sizeof text || memchr(data, 0, size))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	line[0] = text;
	for (size_t i = 1; i < 4; i++) {
		line[i] = line[i - 1] ? strchr(line[i - 1], '\n') : NULL;
		if (line[i])
			*line[i]++ = '\0';
	}
	for (size_t i = 0; i < 4; i++)
		if (line[i] && !strcmp(line[i], "-"))
			line[i] = NULL;
	rc = visible_cuda(line[0], line[1], gpus, GPUS, out, &n, &why);
	check(rc, out, n, &why);
	rc = visible_hip(line[2], line[3], gpus, GPUS, out, &n, &why);
	check(rc, out, n, &why);
	return 0;
}
