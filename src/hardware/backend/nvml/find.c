/* Which GPU is meant, and who it is. An index is only how the driver counts today: the identity is
 * the UUID and the PCI address. */
#define _POSIX_C_SOURCE 200809L
#include "nvml.h"

#include <string.h>

#include "core/fail.h"
#include "core/number.h"

/* "00000000:17:00.0" to "0000:17:00.0", as the kernel writes it; in small letters. */
static void pci_tidy(char *text)
{
	if (strlen(text) == 16 && !memcmp(text, "0000", 4))
		memmove(text, text + 4, 13);
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'F')
			*text = (char)(*text - 'A' + 'a');
}

int nvml_identify(struct nvml_device *d)
{
	struct nvml_pci pci = {.legacy = ""};
	int result = d->lib.uuid(d->handle, d->uuid, sizeof d->uuid);

	if (result)
		return result;
	d->uuid[sizeof d->uuid - 1] = '\0';
	if (!d->lib.name || d->lib.name(d->handle, d->name, sizeof d->name))
		memcpy(d->name, "NVIDIA GPU", sizeof "NVIDIA GPU");
	d->name[sizeof d->name - 1] = '\0';
	d->pci[0] = '\0';
	if (d->lib.pci && !d->lib.pci(d->handle, &pci)) {
		const char *from = pci.bus_id[0] ? pci.bus_id : pci.legacy;
		size_t room = pci.bus_id[0] ? sizeof pci.bus_id : sizeof pci.legacy;
		size_t len = strnlen(from, room);

		memcpy(d->pci, from, len);
		d->pci[len] = '\0';
		pci_tidy(d->pci);
	}
	return NVML_SUCCESS;
}

uint32_t nvml_mig_count(const struct nvml *lib, nvml_handle gpu)
{
	uint32_t current = 0, pending = 0, n = 0;

	if (!lib->mig_mode || !lib->mig_max || !lib->mig_by_index)
		return 0;
	if (lib->mig_mode(gpu, &current, &pending) || !current || lib->mig_max(gpu, &n))
		return 0;
	return n;
}

int nvml_mig(const struct nvml *lib, nvml_handle gpu, uint32_t i, nvml_handle *out)
{
	return lib->mig_by_index(gpu, i, out);
}

/* ----- looking through all of them */

/** A search: what is looked for, and the one found so far. */
struct search {
	const char *text;
	struct nvml_device best;
	size_t found;
	bool exact;
	int failed; /* result of the first GPU that could not be asked */
};

static bool pci_is(const char *pci, const char *text)
{
	char other[40];
	size_t len = strlen(text);

	if (!*pci || len >= sizeof other)
		return false;
	memcpy(other, text, len + 1);
	pci_tidy(other);
	/* the domain may be left out where it is 0 */
	return !strcmp(pci, other) || (!memcmp(pci, "0000:", 5) && !strcmp(pci + 5, other));
}

static void consider(struct search *s, const struct nvml_device *d)
{
	bool exact = !strcmp(d->uuid, s->text) || (!d->mig && pci_is(d->pci, s->text));

	if (s->exact || (!exact && strncmp(d->uuid, s->text, strlen(s->text)) != 0))
		return;
	s->best = *d;
	s->found = exact ? 1 : s->found + 1;
	s->exact = exact;
}

static void consider_migs(struct search *s, const struct nvml_device *gpu)
{
	uint32_t n = nvml_mig_count(&gpu->lib, gpu->handle);

	for (uint32_t i = 0; i < n; i++) {
		struct nvml_device d = *gpu;

		d.mig = true;
		memcpy(d.parent, gpu->uuid, sizeof d.parent);
		if (!nvml_mig(&gpu->lib, gpu->handle, i, &d.handle) && !nvml_identify(&d)) {
			memcpy(d.pci, gpu->pci, sizeof d.pci);
			consider(s, &d);
		}
	}
}

static hg_err find_all(struct nvml_device *d, const char *text, uint32_t n, hg_error *why)
{
	struct search s = {.text = text};

	for (uint32_t i = 0; i < n; i++) {
		struct nvml_device gpu = *d;
		int result = gpu.lib.by_index(i, &gpu.handle);

		result = result ? result : nvml_identify(&gpu);
		s.failed = s.failed ? s.failed : result;
		if (result)
			continue;
		consider(&s, &gpu);
		consider_migs(&s, &gpu);
	}
	if (s.found == 1) {
		*d = s.best;
		return HG_OK;
	}
	if (s.found)
		return fail(why, HG_ENOENT, "%.64s: %zu devices have a UUID that begins so",
			d->spec, s.found);
	if (s.failed)
		return fail(why, nvml_error(s.failed), "%.64s: not among the GPUs that answer: %s",
			d->spec, nvml_text(&d->lib, s.failed));
	return fail(why, HG_ENOENT, "%.64s: no such GPU; there are %u", d->spec, n);
}

static hg_err find_index(struct nvml_device *d, uint64_t i, uint32_t n, hg_error *why)
{
	int result;

	if (i >= n)
		return fail(why, HG_ENOENT, "%.64s: no such GPU; there are %u", d->spec, n);
	result = d->lib.by_index((uint32_t)i, &d->handle);
	result = result ? result : nvml_identify(d);
	return result ? fail(why, nvml_error(result), "%.64s: %s", d->spec,
				nvml_text(&d->lib, result))
		      : HG_OK;
}

hg_err nvml_find(struct nvml_device *d, const char *text, hg_error *why)
{
	char uuid[NVML_TEXT];
	uint32_t n = 0;
	uint64_t i;
	int result;

	if (!*text)
		return fail(why, HG_EINVAL,
			"%.64s: expected \"nvml:\" and an index, a UUID or a PCI address", d->spec);
	result = d->lib.count(&n);
	if (result)
		return fail(why, nvml_error(result), "%.64s: nvmlDeviceGetCount_v2: %s", d->spec,
			nvml_text(&d->lib, result));
	if (!strncmp(text, "cuda:", 5) && uint64_parse(text + 5, strlen(text + 5), &i)) {
		hg_err rc = nvml_cuda_uuid(d, i, n, uuid, why);

		return rc ? rc : find_all(d, uuid, n, why);
	}
	if (uint64_parse(text, strlen(text), &i))
		return find_index(d, i, n, why);
	return find_all(d, text, n, why);
}
