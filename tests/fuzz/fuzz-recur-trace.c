/* The two tables of recorded trainings; what is read can be made ready for replay, or is refused.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "software/recur/simulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size > 0 ? (const char *)data : "";
	const char *cut = memchr(text, '\f', size);
	size_t first = cut ? (size_t)(cut - text) : size;
	struct sim_trace t;
	struct sim_job job;
	hg_error why;

	sim_trace_init(&t);
	if (sim_trace_read_train(&t, text, first, "train", &why) == HG_OK && cut &&
		sim_trace_read_power(&t, cut + 1, size - first - 1, "power", &why) == HG_OK)
		for (size_t i = 0; i < t.jobs.len; i++) {
			struct sim_spec spec = {.job = *(const char **)vec_at(&t.jobs, i),
				.target = 0.9,
				.max_epochs = 50,
				.default_size = 32,
				.eta = 0.5};

			if (sim_job_init(&job, &t, &spec, &why) == HG_OK)
				sim_job_finish(&job);
		}
	sim_trace_finish(&t);
	return 0;
}
