#include "recur-frontier.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <hourglass/frontier.h>

#include "core/number.h"
#include "core/text.h"
#include "load.h"

/* The knob that says which batch size a point is of. */
#define KNOB "batch_size"

const struct option recur_frontier_options[] = {
	{.name = "frontier",
		.kind = OPTION_TEXT,
		.repeat = true,
		.value = "B=FILE|FILE|DIR",
		.text = "what settings cost: of size B, of all with a knob batch_size, or DIR/B.json"},
	{.name = NULL},
};

/* One file while it is taken up. */
struct taking {
	struct cli *cli;
	struct store_spec *spec;
	const char *path;
	const hg_frontier *f;
	size_t knob;   /* column of the batch size; SIZE_MAX: none */
	uint32_t only; /* the size that all points are of; 0: the knob says */
	bool any;
};

static double cost_of(const struct store_spec *spec, double energy_j, double time_s)
{
	return spec->eta * energy_j + (1 - spec->eta) * spec->max_power_w * time_s;
}

/* "power_limit_w=200 sm_clock_mhz=1200" */
static int write_setting(const struct taking *t, const double *row, char out[STORE_SETTING])
{
	size_t n, used = 0;
	const hg_knob_def *knobs = hg_frontier_knobs(t->f, &n);

	out[0] = '\0';
	for (size_t k = 0; row && k < n; k++) {
		char value[DOUBLE_TEXT];
		int more;

		if (k == t->knob || isnan(row[k]))
			continue;
		(void)double_format(row[k], value);
		more = snprintf(out + used, STORE_SETTING - used, "%s%s=%s", used > 0 ? " " : "",
			knobs[k].name, value);
		if (more < 0 || (size_t)more >= STORE_SETTING - used)
			return cli_usage(t->cli,
				"--frontier: %s: settings of many knobs: "
				"their text must be shorter than %d characters",
				t->path, STORE_SETTING);
		used += (size_t)more;
	}
	return EXIT_OK;
}

static size_t arm_of(const struct taking *t, const double *row)
{
	double size = t->only > 0 ? t->only : row ? row[t->knob] : (double)NAN;

	for (uint32_t i = 0; i < t->spec->n_sizes; i++)
		if (t->spec->batch_sizes[i] == size)
			return i;
	return SIZE_MAX;
}

static int take_point(struct taking *t, const hg_point *p)
{
	const double *row = hg_frontier_setting(t->f, p->setting);
	size_t arm = arm_of(t, row);
	struct store_epoch *e;

	if (arm == SIZE_MAX || !(p->time_s > 0) || !(p->energy_j > 0))
		return EXIT_OK;
	t->any = true;
	e = &t->spec->epochs[arm];
	if (e->time_s > 0 && cost_of(t->spec, e->energy_j, e->time_s) <=
				     cost_of(t->spec, p->energy_j, p->time_s))
		return EXIT_OK;
	e->time_s = p->time_s;
	e->energy_j = p->energy_j;
	return write_setting(t, row, e->setting);
}

static int take_points(struct taking *t)
{
	size_t n = 0;
	const hg_point *p;
	int rc = EXIT_OK;

	for (size_t i = 0; rc == EXIT_OK && i < hg_frontier_count(t->f); i++)
		rc = take_point(t, &hg_frontier_points(t->f)[i]);
	/* what is dominated by another size may be the best of its own */
	p = hg_frontier_waiting(t->f, &n);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		rc = take_point(t, &p[i]);
	p = hg_frontier_dominated(t->f, &n);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		rc = take_point(t, &p[i]);
	return rc;
}

static int take_frontier(struct taking *t)
{
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	int rc;

	hg_frontier_get_info(t->f, &info);
	t->knob = hg_frontier_knob_index(t->f, KNOB);
	/* the best setting hangs on it, so it cannot be found out by and by */
	if (!(t->spec->max_power_w > 0))
		t->spec->max_power_w = info.max_power_w;
	if (!(t->spec->max_power_w > 0))
		return cli_usage(t->cli,
			"--frontier: %s says no highest power: give --max-power, "
			"or --eta 1 to count energy alone",
			t->path);
	if (strcmp(info.work_unit, "epoch") != 0)
		return cli_usage(t->cli,
			"--frontier: %s: its work is '%.40s': expected 'epoch' "
			"('hourglass frontier scale' and 'convert --work-unit' make one of it)",
			t->path, info.work_unit);
	if (t->only == 0 && t->knob == SIZE_MAX)
		return cli_usage(t->cli,
			"--frontier: %s has no knob " KNOB ": say of which size it is: B=%s",
			t->path, t->path);
	rc = take_points(t);
	if (rc == EXIT_OK && !t->any)
		rc = cli_usage(t->cli, "--frontier: %s has no batch size of the job", t->path);
	return rc;
}

static int take_file(struct cli *cli, struct store_spec *spec, const char *path, uint32_t only)
{
	struct taking t = {.cli = cli, .spec = spec, .path = path, .only = only};
	hg_frontier *f = NULL;
	int rc = frontier_read(cli, path, &f);

	t.f = f;
	if (rc == EXIT_OK)
		rc = take_frontier(&t);
	hg_frontier_destroy(f);
	return rc;
}

static int take_folder(struct cli *cli, struct store_spec *spec, const char *folder)
{
	char path[4096];
	struct stat st;
	bool any = false;
	int rc = EXIT_OK;

	for (uint32_t i = 0; rc == EXIT_OK && i < spec->n_sizes; i++) {
		(void)snprintf(path, sizeof path, "%.4000s/%u.json", folder, spec->batch_sizes[i]);
		if (stat(path, &st) != 0)
			continue;
		any = true;
		rc = take_file(cli, spec, path, spec->batch_sizes[i]);
	}
	if (rc == EXIT_OK && !any)
		rc = cli_usage(cli, "--frontier: %s has no file such as %u.json", folder,
			spec->batch_sizes[0]);
	return rc;
}

static int take_one(struct cli *cli, struct store_spec *spec, const char *text)
{
	const char *equals = strchr(text, '=');
	uint64_t size;
	struct stat st;

	if (equals && uint64_parse(text, (size_t)(equals - text), &size)) {
		for (uint32_t i = 0; i < spec->n_sizes; i++)
			if (spec->batch_sizes[i] == size)
				return take_file(cli, spec, equals + 1, (uint32_t)size);
		return cli_usage(cli, "--frontier: %llu is none of the job's batch sizes",
			(unsigned long long)size);
	}
	if (stat(text, &st) == 0 && S_ISDIR(st.st_mode))
		return take_folder(cli, spec, text);
	return take_file(cli, spec, text, 0);
}

int recur_frontiers_read(struct cli *cli, const struct args *args, struct store_spec *spec)
{
	const char *text;
	int rc = EXIT_OK;

	for (size_t i = 0; rc == EXIT_OK && (text = args_nth(args, "frontier", i)) != NULL; i++)
		rc = take_one(cli, spec, text);
	return rc;
}
