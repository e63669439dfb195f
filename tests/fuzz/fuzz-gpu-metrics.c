/* gpu_metrics of AMD GPUs: never a crash; a field is there only within the file, and never
 * negative. */
#include <stdlib.h>
#include <string.h>

#include "hardware/backend/amdgpu/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_error why = {""};
	struct metrics m, again;
	uint8_t *copy;

	/* of exactly this length, so that one byte beyond is seen */
	copy = malloc(size ? size : 1);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (metrics_parse(copy, size, &m, &why) != HG_OK) {
		if (!why.text[0])
			abort();
		free(copy);
		return 0;
	}
	for (size_t f = 0; f < METRICS_FIELDS; f++)
		if (m.value[f] < 0 || (!m.has[f] && m.value[f]))
			abort();
	/* nothing behind the size that the header gives counts */
	if (metrics_parse(copy, (size_t)(copy[0] | copy[1] << 8), &again, &why) != HG_OK ||
		memcmp(again.value, m.value, sizeof m.value) != 0)
		abort();
	free(copy);
	return 0;
}
