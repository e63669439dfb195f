#include "visible.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

/* A GPU that is cut is its first instance. */
static size_t first_instance(const struct visible_gpu *gpus, size_t n, size_t i)
{
	/* without a UUID nothing can be part of it */
	return *gpus[i].uuid && i + 1 < n && !strcmp(gpus[i + 1].parent, gpus[i].uuid) ? i + 1 : i;
}

/* The GPU of number k; SIZE_MAX none. */
static size_t by_number(const struct visible_gpu *gpus, size_t n, uint64_t k)
{
	for (size_t i = 0; i < n; i++)
		if (!*gpus[i].parent && !k--)
			return first_instance(gpus, n, i);
	return SIZE_MAX;
}

/* The only device whose UUID begins so, or is so; SIZE_MAX none or several. */
static size_t by_uuid(const struct visible_gpu *gpus, size_t n, struct slice text)
{
	size_t found = SIZE_MAX, matches = 0;

	for (size_t i = 0; i < n; i++) {
		if (slice_is(text, gpus[i].uuid))
			return first_instance(gpus, n, i);
		if (!strncmp(gpus[i].uuid, text.text, text.len)) {
			found = i;
			matches++;
		}
	}
	return matches == 1 ? first_instance(gpus, n, found) : SIZE_MAX;
}

/* Whether a number means the same GPU whatever the order is. */
static bool order_is_known(const char *order, const struct visible_gpu *gpus, size_t n)
{
	if (order && !strcmp(order, "PCI_BUS_ID"))
		return true;
	for (size_t i = 1; i < n; i++)
		if (strcmp(gpus[i].model, gpus[0].model) != 0)
			return false;
	return true;
}

static hg_err order_unknown(hg_error *why)
{
	return fail(why, HG_EUNSUPPORTED,
		"GPUs of several kinds are numbered fastest first, and which is faster only CUDA "
		"knows: set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name UUIDs");
}

/* Every GPU once. */
static void all_visible(const struct visible_gpu *gpus, size_t n, size_t *out, size_t *n_out)
{
	for (size_t k = 0; k < n; k++) {
		size_t i = by_number(gpus, n, k);

		if (i == SIZE_MAX)
			break;
		out[(*n_out)++] = i;
	}
}

/* Goes through a list of numbers, if they mean something, and UUIDs. */
static hg_err visible_list(const char *variable, const char *list, bool numbers,
	const struct visible_gpu *gpus, size_t n, size_t *out, size_t *n_out, hg_error *why)
{
	struct slice rest = {list, strlen(list)};

	while (rest.text) {
		struct slice entry = slice_trim(slice_cut(&rest, ','));
		uint64_t k;
		size_t i = SIZE_MAX;

		if (entry.len && uint64_parse(entry.text, entry.len, &k)) {
			if (!numbers)
				return order_unknown(why);
			i = by_number(gpus, n, k);
		} else if (entry.len > 4 &&
			   (!memcmp(entry.text, "GPU-", 4) || !memcmp(entry.text, "MIG-", 4))) {
			i = by_uuid(gpus, n, entry);
		}
		if (i == SIZE_MAX)
			return HG_OK;
		for (size_t j = 0; j < *n_out; j++)
			if (out[j] == i)
				return fail(why, HG_EINVAL, "%s: %.64s is named twice", variable,
					gpus[i].uuid);
		out[(*n_out)++] = i;
	}
	return HG_OK;
}

hg_err visible_cuda(const char *visible, const char *order, const struct visible_gpu *gpus,
	size_t n, size_t *out, size_t *n_out, hg_error *why)
{
	bool known = order_is_known(order, gpus, n);

	*n_out = 0;
	if (visible)
		return visible_list(
			"CUDA_VISIBLE_DEVICES", visible, known, gpus, n, out, n_out, why);
	if (!known)
		return order_unknown(why);
	all_visible(gpus, n, out, n_out);
	return HG_OK;
}

hg_err visible_hip(const char *rocr, const char *hip, const struct visible_gpu *gpus, size_t n,
	size_t *out, size_t *n_out, hg_error *why)
{
	struct visible_gpu seen[VISIBLE_MAX];
	size_t first[VISIBLE_MAX], n_seen = 0;
	hg_err rc = HG_OK;

	*n_out = 0;
	if (n > VISIBLE_MAX)
		return fail(why, HG_ELIMIT, "more than %d GPUs", VISIBLE_MAX);
	if (rocr)
		rc = visible_list("ROCR_VISIBLE_DEVICES", rocr, true, gpus, n, first, &n_seen, why);
	else
		all_visible(gpus, n, first, &n_seen);
	for (size_t i = 0; i < n_seen; i++)
		seen[i] = gpus[first[i]];
	if (!rc && hip)
		rc = visible_list("HIP_VISIBLE_DEVICES", hip, true, seen, n_seen, out, n_out, why);
	else if (!rc)
		all_visible(seen, n_seen, out, n_out);
	for (size_t i = 0; i < *n_out; i++)
		out[i] = first[out[i]];
	return rc;
}
