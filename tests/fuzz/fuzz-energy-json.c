/* Whatever is read as a report of run has every run in every series, or none. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/energy-report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct energy_summary s;
	hg_error why = {""};

	memset(&s, 0, sizeof s);
	if (energy_parse((const char *)data, size, "fuzz.json", &s, &why) == HG_OK) {
		for (size_t i = 0; i < s.n; i++) {
			const struct energy_series *one = &s.series[i];

			if (!one->name || !one->uuid || one->time.n == 0 ||
				(one->energy.n != 0 && one->energy.n != one->time.n) ||
				isnan(one->time.mean))
				abort();
		}
	} else if (!why.text[0]) {
		abort();
	}
	energy_summary_finish(&s);
	return 0;
}
