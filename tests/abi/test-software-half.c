/*
 * What is above the waist needs nothing of the hardware half: this program is linked from all
 * objects of core, waist and software alone, so an undefined reference fails the build.
 */
#include <stdio.h>

#include <hourglass/frontier.h>
#include <hourglass/train.h>

int main(void)
{
	const hg_point points[] = {
		{1.0, 300.0, 0, 0, HG_SETTING_NONE, HG_ORIGIN_SIMULATED},
		{1.2, 200.0, 0, 0, HG_SETTING_NONE, HG_ORIGIN_SIMULATED},
	};
	hg_train_job job = {.size = sizeof job, .units = 10};
	hg_train_choice choice = {.size = sizeof choice};
	hg_frontier *f = NULL;
	hg_error why = {""};
	int bad = 1;

	job.objective.size = sizeof job.objective;
	job.objective.kind = HG_MIN_ENERGY;
	if (hg_frontier_build(points, 2, NULL, &f, &why) == HG_OK &&
		hg_train_choose(f, &job, &choice, &why) == HG_OK)
		bad = choice.energy_j != 2000.0;
	if (bad)
		fprintf(stderr, "2000 J expected, got %g: %s\n", choice.energy_j, why.text);
	hg_frontier_destroy(f);
	return bad;
}
