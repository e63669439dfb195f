/* Recordings: whatever the bytes, refused with a text or a device whose every sample can be had. */
#include <stdint.h>
#include <stdlib.h>

#include "hardware/backend/replay/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct recording *r)
{
	const struct recorded_device *d = recording_device(r);
	size_t samples = r->times.len;

	if (r->devices.len != r->n_devices || !d->info.uuid || !r->host)
		abort();
	if (r->readings.len != samples * d->n_columns || r->knobs.len != samples * d->n_knobs)
		abort();
	for (size_t i = 0; i < d->n_signals; i++)
		if (!d->signals[i].name || (d->columns[i] == SIZE_MAX) != !!d->signals[i].absent ||
			(d->columns[i] != SIZE_MAX && d->columns[i] >= d->n_columns))
			abort();
	for (size_t i = 0; i < d->n_knobs; i++)
		if (!d->knobs[i].unsettable)
			abort();
	for (size_t i = 1; i < samples; i++)
		if (*(int64_t *)vec_at(&r->times, i) < *(int64_t *)vec_at(&r->times, i - 1))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t wanted = 0; wanted < 2; wanted++) {
		struct recording r;
		hg_error why = {""};
		hg_err rc = recording_parse(
			&r, size ? (const char *)data : "", size, "fuzz", wanted, &why);

		if (rc == HG_OK)
			check(&r);
		else if (!why.text[0])
			abort();
		recording_finish(&r);
	}
	return 0;
}
