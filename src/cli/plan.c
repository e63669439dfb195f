/* What the plan commands share: options, PLANS files, the clock. */
#define _POSIX_C_SOURCE 200809L
#include "plan.h"

#include <string.h>
#include <time.h>

#include "core/file.h"
#include "home.h"
#include "load.h"
#include "term.h"

#define SWITCH_MAX 1e6

static const char *const class_names[] = {"op", "ramp", "stage", NULL};

const struct option plan_class_options[] = {
	{.name = "class",
		.kind = OPTION_CHOICE,
		.value = "CLASS",
		.choices = class_names,
		.fallback = "op",
		.text = "what may have a setting of its own: each op; ramp ops; each stage and phase"},
	{.name = "switch-cost",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_ENERGY,
		.max = SWITCH_MAX,
		.value = "J",
		.fallback = "0",
		.text = "energy that one change of setting costs"},
	{.name = "switch-latency",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.max = SWITCH_MAX,
		.value = "S",
		.fallback = "0",
		.text = "how long the old setting lasts after a change, unless hidden in a wait"},
	{.name = NULL},
};

int plan_class_read(struct cli *cli, const struct args *args, struct plans *p)
{
	const char *name = args_text(args, "class", NULL);

	(void)cli;
	for (unsigned i = 0; name && class_names[i]; i++)
		if (strcmp(name, class_names[i]) == 0)
			p->class_of = (hg_plan_class)i;
	p->switch_cost_j = args_number(args, "switch-cost", p->switch_cost_j);
	p->switch_latency_s = args_number(args, "switch-latency", p->switch_latency_s);
	return EXIT_OK;
}

const struct option plan_effort_options[] = {
	{.name = "effort",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.max = 86400,
		.value = "SECONDS",
		.fallback = "1",
		.text = "most time for the local search; 0: rounding only"},
	{.name = "iterations",
		.kind = OPTION_COUNT,
		.max = 1e15,
		.value = "N",
		.text = "most steps of the local search, instead of a time: reproducible"},
	{.name = "seed",
		.kind = OPTION_COUNT,
		.max = 9e15,
		.value = "N",
		.fallback = "0",
		.text = "seed of the local search"},
	{.name = NULL},
};

void plan_opts_fill(const struct args *args, const struct plans *p, hg_plan_opts *opts)
{
	opts->class_of = p->class_of;
	opts->switch_cost_j = p->switch_cost_j;
	opts->switch_latency_s = p->switch_latency_s;
	opts->seed = (uint64_t)args_number(args, "seed", 0);
	opts->iterations = (uint64_t)args_number(args, "iterations", 0);
	opts->effort_s = args_number(args, "effort", args_has(args, "iterations") ? 0 : 1);
	opts->clock = plan_clock;
}

int64_t plan_clock(void *user)
{
	struct timespec t;

	(void)user;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int plan_error(const struct cli *cli, hg_err err, const hg_error *why)
{
	if (err != HG_EINFEASIBLE)
		return cli_input_error(cli, err, why);
	cli_note(cli, "%s", why->text);
	return EXIT_INFEASIBLE;
}

int plans_read(struct cli *cli, const char *path, struct plans *p)
{
	hg_error why = {""};
	struct buf text;
	hg_err err = file_read(path, PLANS_BYTES, &text, &why);

	plans_init(p);
	if (!err)
		err = plans_parse(p, text.data ? text.data : "", text.len, path_text(path), &why);
	buf_finish(&text);
	return err ? cli_input_error(cli, err, &why) : EXIT_OK;
}

int plans_find(
	struct cli *cli, const struct plans *p, bool direct, hg_plan_frontier **set, bool *extended)
{
	struct plans watched = *p;
	struct watch watch;
	hg_error why = {""};
	hg_err err;

	watch_begin(&watch, cli);
	watched.threads = p->threads ? p->threads : processors();
	watched.progress = watch_progress;
	watched.progress_user = &watch;
	err = plans_frontier(&watched, direct, set, extended, &why);
	watch_end(&watch);
	if (err == HG_EABORTED)
		return EXIT_INTERRUPTED;
	return err ? plan_error(cli, err, &why) : EXIT_OK;
}

int plans_solve(
	struct cli *cli, const struct plans *p, struct plans_store *store, hg_plan_frontier **set)
{
	bool extended, kept;

	hg_error why = {""};
	hg_err err = plans_store_open(store, p, set, &kept, &why);

	if (err)
		return cli_input_error(cli, err, &why);
	return kept ? EXIT_OK : plans_find(cli, p, !p->claims.extrapolated, set, &extended);
}
