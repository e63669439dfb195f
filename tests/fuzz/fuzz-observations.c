/* Observations from any bytes: refused with a reason, or judged and fitted without a trap. */
#include <stdint.h>
#include <stdlib.h>

#include <hourglass/fit.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void group_check(const hg_model *m, const hg_obs_group *g)
{
	uint32_t n = g->n < 6 ? g->n : 6;
	hg_forecast at = {.size = sizeof at};
	hg_obs_issue issues[6];
	hg_error why;
	size_t found;
	hg_fit *fit;

	require(hg_obs_check(m, g->obs, n, issues, &found, &why) == HG_OK);
	require(found <= n);
	if (hg_fit_create(m, g->obs, n, NULL, &fit, &why)) {
		require(why.text[0] != '\0');
		return;
	}
	require(hg_fit_predict(fit, &(hg_knobs){0, 150}, &at) == HG_OK);
	require(at.time_low_s <= at.time_s && at.time_s <= at.time_high_s);
	hg_fit_destroy(fit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hg_obs_group g = {.size = sizeof g};
	hg_obs_set *set;
	hg_model *m;
	hg_error why;

	if (hg_obs_parse((const char *)data, size, "fuzz", &set, &why)) {
		require(why.text[0] != '\0');
		return 0;
	}
	require(hg_model_load("a40", NULL, &m, &why) == HG_OK);
	for (size_t i = 0; i < hg_obs_set_count(set) && i < 2; i++) {
		hg_obs_set_get(set, i, &g);
		require(g.n > 0);
		group_check(m, &g);
	}
	hg_model_destroy(m);
	hg_obs_set_destroy(set);
	return 0;
}
