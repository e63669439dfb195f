/* Uses something of every layer, so that a header or symbol that is not installed is noticed. */
#include <stdio.h>
#include <string.h>

#include <hourglass/hourglass.h>

int main(void)
{
	const hg_point points[] = {{1.0, 300.0, 0, 0, HG_SETTING_NONE, HG_ORIGIN_MEASURED},
		{1.2, 200.0, 0, 0, HG_SETTING_NONE, HG_ORIGIN_MEASURED}};
	hg_objective objective = {.size = sizeof objective, .kind = HG_DEADLINE, .value = 1.1};
	hg_pick pick = {.size = sizeof pick};
	hg_frontier *f = NULL;
	hg_device *d = NULL;
	hg_ctx *ctx = NULL;
	hg_error why = {""};
	char version[32];
	int bad = 1;

	snprintf(version, sizeof version, "%d.%d.%d", HG_VERSION_MAJOR, HG_VERSION_MINOR,
		HG_VERSION_PATCH);
	if (strcmp(version, hg_version()) == 0 && hg_open(NULL, &ctx, &why) == HG_OK &&
		hg_device_open(ctx, "sim:h100", &d, &why) == HG_OK &&
		hg_frontier_build(points, 2, NULL, &f, &why) == HG_OK &&
		hg_frontier_pick(f, &objective, &pick, &why) == HG_OK)
		bad = !pick.feasible || pick.point.energy_j != 300.0;
	if (bad)
		printf("headers %s, library %s: %s\n", version, hg_version(), why.text);
	hg_frontier_destroy(f);
	hg_close(ctx);
	return bad;
}
