/* profile: sweep the knobs of a device under a workload into a frontier. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "cmd.h"
#include "describe.h"
#include "keep.h"
#include "load.h"
#include "profile-command.h"
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
	{.name = "steps-from",
		.kind = OPTION_TEXT,
		.value = "fd|marks|regex:RE",
		.text = "CMD runs once and tells its steps: see hourglass-profile(1)"},
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

/** What to try, and how: of the options. */
struct request {
	struct sweep_set set;
	struct profile_how how;
};

static int read_request(
	struct cli *cli, const struct args *args, hg_device *d, struct request *request)
{
	size_t n = args_count(args, "knob");
	const char **knobs = calloc(n + 1, sizeof *knobs);
	int rc;

	request->how = (struct profile_how){
		.set = &request->set,
		.target_rsd = args_number(args, "rsd", 0),
		.max_window_s = args_number(args, "max-window", 0),
		.warmup = (uint32_t)args_number(args, "warmup", 0),
	};
	if (!knobs)
		return cli_broken(cli, HG_ENOMEM);
	for (size_t i = 0; i < n; i++)
		knobs[i] = args_nth(args, "knob", i);
	rc = sweep_read(cli, d, knobs, n, &request->set);
	free(knobs);
	return rc;
}

/** A workload on a simulated device. */
static int run_workload(struct cli *cli, const struct args *args)
{
	const char *device = args_text(args, "device", NULL);
	struct request request = {.set = {NULL, 0}};
	struct rig rig;
	hg_frontier *f = NULL;
	int rc = rig_open(cli, &rig, &device, 1, args_text(args, "workload", ""));

	if (rc == EXIT_OK)
		rc = read_request(cli, args, rig.devices[0], &request);
	if (rc == EXIT_OK) {
		rc = rig_profile(cli, &rig, 0, &request.how, &f);
		rc = save(cli, args, f, rc);
	}
	hg_frontier_destroy(f);
	sweep_set_finish(&request.set);
	rig_close(&rig);
	return rc;
}

/** A command on any device. */
static int run_command(struct cli *cli, const struct args *args)
{
	struct request request = {.set = {NULL, 0}};
	struct claims claims = {.n = 0};
	hg_error why = {""};
	hg_ctx *ctx = NULL;
	hg_guard *guard = NULL;
	hg_device *d = NULL;
	hg_frontier *f = NULL;
	int rc;

	if (!args_has(args, "output"))
		return cli_usage(cli, "--output is missing: standard output is the command's");
	rc = rig_context(cli, &ctx);
	if (rc == EXIT_OK)
		rc = rig_device(cli, ctx, args_text(args, "device", ""), &d);
	if (rc == EXIT_OK)
		rc = keep_open(cli, ctx, &guard);
	if (rc == EXIT_OK && claims_add(&claims, d, &why) != HG_OK)
		rc = cli_usage(cli, "%s", why.text);
	if (rc == EXIT_OK)
		rc = read_request(cli, args, d, &request);
	if (rc == EXIT_OK) {
		rc = profile_command(cli, args, guard, d, &request.how, &f);
		rc = save(cli, args, f, rc);
	}
	hg_frontier_destroy(f);
	sweep_set_finish(&request.set);
	keep_close(guard);
	claims_finish(&claims);
	hg_close(ctx);
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	bool command = args->n_operands > 0;
	int rc;

	if (!args_has(args, "device"))
		return cli_usage(cli, "--device is missing, such as --device sim:h100");
	if (command && args->dashed != 0)
		return cli_usage(cli,
			"unexpected argument '%.80s': options, then --, then the command",
			args->operands[0]);
	if (command && args_has(args, "workload"))
		return cli_usage(cli, "--workload and a command exclude each other: give one");
	if (!command && args_has(args, "steps-from"))
		return cli_usage(cli, "--steps-from goes with a command after --");
	if (!command && !args_has(args, "workload"))
		return cli_usage(cli,
			"--workload is missing, such as --workload resnet50-training, or -- CMD");
	rc = cli_check_beside(cli, args_text(args, "output", NULL));
	if (rc != EXIT_OK)
		return rc;
	return command ? run_command(cli, args) : run_workload(cli, args);
}

const struct command cmd_profile = {
	.name = "profile",
	.path = "profile",
	.page = "hourglass-profile",
	.usage = "--device SPEC [--knob NAME=VALUES]... [options] --workload NAME|FILE | -- CMD",
	.summary = "measure what each setting of a device costs a workload or command",
	.text = "Sets the knobs, runs the work, reads the energy counter; puts the knobs back.\n"
		"Ctrl-C keeps what was measured. CMD runs again and again, a run being the unit\n"
		"of work; or once, if --steps-from says where it tells its steps.",
	.tables = {profile_options, output_options},
	.operand = OPERAND_SHELL,
	.operand_name = "a command",
	.max_operands = SIZE_MAX,
	.run = run,
};
