/* Whatever is read as a stage profile has stages from 0, and options with figures that are none
 * to stumble over. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include <hourglass/pipeline.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_stage_profile *p;
	hg_error why = {""};
	hg_err err = hg_stage_profile_parse((const char *)data, size, "fuzz.csv", &p, &why);
	size_t total = 0;

	require(!err == !why.text[0]);
	if (err)
		return 0;
	require(hg_stage_profile_stages(p) > 0);
	for (uint32_t s = 0; s < hg_stage_profile_stages(p); s++) {
		for (uint32_t i = 0; i < hg_stage_profile_instructions(p); i++) {
			size_t n;
			const hg_stage_option *o = hg_stage_profile_options(p, s, i, &n);

			for (size_t k = 0; k < n; k++) {
				require(o[k].time_s > 0 && isfinite(o[k].time_s));
				require(o[k].energy_j >= 0 && isfinite(o[k].energy_j));
				require(k == 0 || o[k].setting > o[k - 1].setting);
			}
			total += n;
		}
	}
	require(total > 0);
	hg_stage_profile_destroy(p);
	return 0;
}
