/* profile: sweep the knobs of a device under a workload into a frontier. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "describe.h"
#include "load.h"
#include "rig.h"

static const struct option profile_options[] = {
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.value = "SPEC",
		.text = "device to profile, such as sim:h100"},
	{.name = "workload",
		.abbr = 'w',
		.kind = OPTION_WORKLOAD,
		.value = "NAME|FILE",
		.text = "work to do; 'hourglass list' names what there is"},
	{.name = "knob",
		.abbr = 'k',
		.kind = OPTION_KNOB,
		.repeat = true,
		.value = "NAME=VALUES",
		.fallback = "power_limit, 9 to 15 steps",
		.text = "values to try, MIN:MAX:STEP or V1,V2,..."},
	{.name = "rsd",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_RATIO,
		.min = 1e-6,
		.max = 1,
		.value = "RATIO",
		.fallback = "0.5%",
		.text = "wanted relative standard deviation of each energy"},
	{.name = "max-window",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 1e-3,
		.max = 1e6,
		.value = "TIME",
		.fallback = "60 s",
		.text = "longest measurement of one setting"},
	{.name = "warmup",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e6,
		.value = "N",
		.fallback = "2",
		.text = "units of work before each measurement"},
	{.name = NULL},
};

static int save(struct cli *cli, const struct args *args, const hg_frontier *f, int rc)
{
	int written_rc;

	if (!f)
		return rc == EXIT_INTERRUPTED
			       ? (cli_note(cli, "interrupted before anything was measured"), rc)
			       : rc;
	written_rc = frontier_write(cli, args, f, args_text(args, "output", "-"));
	if (rc == EXIT_INTERRUPTED && written_rc == EXIT_OK) {
		cli_note(cli, "interrupted; the %zu settings measured so far were written",
			hg_frontier_count(f) + dominated_count(f));
	}
	return written_rc == EXIT_OK ? rc : written_rc;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *device = args_text(args, "device", NULL);
	const char *workload = args_text(args, "workload", NULL);
	size_t n_knobs = args_count(args, "knob");
	const char **knobs = NULL;
	struct sweep_set set = {NULL, 0};
	struct profile_how how = {
		.set = &set,
		.target_rsd = args_number(args, "rsd", 0),
		.max_window_s = args_number(args, "max-window", 0),
		.warmup = (uint32_t)args_number(args, "warmup", 0),
	};
	struct rig rig;
	hg_frontier *f = NULL;
	int rc;

	if (!device)
		return cli_usage(cli, "--device is missing, such as --device sim:h100");
	if (!workload)
		return cli_usage(
			cli, "--workload is missing, such as --workload resnet50-training");
	rc = rig_open(cli, &rig, &device, 1, workload);
	if (rc != EXIT_OK)
		goto out;
	knobs = calloc(n_knobs + 1, sizeof *knobs);
	if (!knobs) {
		rc = cli_broken(cli, HG_ENOMEM);
		goto out;
	}
	for (size_t i = 0; i < n_knobs; i++)
		knobs[i] = args_nth(args, "knob", i);
	rc = sweep_read(cli, rig.devices[0], knobs, n_knobs, &set);
	if (rc == EXIT_OK) {
		rc = rig_profile(cli, &rig, 0, &how, &f);
		rc = save(cli, args, f, rc);
	}
out:
	hg_frontier_destroy(f);
	sweep_set_finish(&set);
	free(knobs);
	rig_close(&rig);
	return rc;
}

const struct command cmd_profile = {
	.name = "profile",
	.path = "profile",
	.page = "hourglass-profile",
	.usage = "--device SPEC --workload NAME|FILE [--knob NAME=VALUES]... [-o OUT]",
	.summary = "measure what each setting of a device costs a workload",
	.text = "Sets the knobs, runs the workload, reads the energy counter; puts the knobs back.\n"
		"Ctrl-C keeps what was measured.",
	.tables = {profile_options, output_options},
	.run = run,
};
