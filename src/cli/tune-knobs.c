/* The knobs of devices that are tuned together. */
#include "tune-knobs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "rig.h"
#include "tune-grid.h"

/* A limit that reads back this far from what was asked is another one. */
#define OBSERVED_SHARE 0.02

static bool settable(const hg_device *d, size_t i)
{
	hg_knob_info info = {.size = sizeof info};

	return hg_device_knob(d, i, &info) == HG_OK && !info.unsettable && info.max > info.min;
}

/* What is tuned unless --knob says otherwise. */
static const char *const usual[] = {"power_limit", "sm_clock"};

static bool tunable(const hg_device *d)
{
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
		size_t at = hg_device_knob_index(d, usual[i]);

		if (at != SIZE_MAX && settable(d, at))
			return true;
	}
	return false;
}

/* The first reason that a device gives why its knob cannot be set. */
static void say_why(struct tune_knobs *k, const struct gauge *g)
{
	(void)fail(&k->reason, HG_ENOENT, "no device has a power limit or clock to set");
	for (size_t i = 0; i < g->n; i++)
		for (size_t u = 0; u < sizeof usual / sizeof *usual; u++) {
			hg_knob_info info = {.size = sizeof info};
			size_t at = hg_device_knob_index(g->devices[i], usual[u]);

			if (at == SIZE_MAX || hg_device_knob(g->devices[i], at, &info) != HG_OK ||
				!info.unsettable)
				continue;
			(void)fail(&k->reason, HG_ENOENT, "%.80s: %s cannot be set: %s",
				gauge_info(g, i).spec, usual[u], info.unsettable);
			return;
		}
}

static void find_devices(struct cli *cli, bool named, const struct gauge *g, struct tune_knobs *k)
{
	const char *model = NULL;
	size_t others = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (!named && !tunable(g->devices[i]))
			continue;
		if (!model)
			model = gauge_info(g, i).model;
		if (strcmp(gauge_info(g, i).model, model) == 0)
			k->devices[k->n++] = g->devices[i];
		else
			others++;
	}
	if (others)
		cli_note(cli,
			"%zu devices of other models than %.80s are measured and left as they are",
			others, model);
	if (k->n == 0)
		say_why(k, g);
}

static int read_sweeps(struct cli *cli, const char *const *texts, size_t n,
	const struct tune_knobs *k, struct sweep_set *set)
{
	hg_device *d = k->devices[0];
	size_t limit = hg_device_knob_index(d, usual[0]);
	size_t clock = hg_device_knob_index(d, usual[1]);

	if (n > TUNE_KNOBS)
		return cli_usage(cli, "--knob: more than %d knobs", TUNE_KNOBS);
	if (n > 0)
		return sweep_read(cli, d, texts, n, set);
	if (limit != SIZE_MAX && settable(d, limit) && clock != SIZE_MAX && settable(d, clock))
		return sweep_limits_and_clocks(cli, d, set);
	return limit != SIZE_MAX && settable(d, limit) ? sweep_read(cli, d, NULL, 0, set)
						       : sweep_clocks(cli, d, set);
}

const char *knob_column(const hg_knob_info *knob, char name[KNOB_COLUMN], double *factor)
{
	double si;
	enum quantity q = knob_quantity(knob, &si);

	*factor = 1;
	if (q == QUANTITY_POWER) {
		(void)snprintf(name, KNOB_COLUMN, "%.50s_w", knob->name);
		*factor = si;
		return "W";
	}
	if (q == QUANTITY_CLOCK) {
		(void)snprintf(name, KNOB_COLUMN, "%.50s_mhz", knob->name);
		*factor = si * 1e-6;
		return "MHz";
	}
	(void)snprintf(name, KNOB_COLUMN, "%.50s", knob->name);
	return knob->unit;
}

static void name_knob(struct tune_knobs *k, size_t i)
{
	const char *unit = knob_column(&k->info[i], k->names[i], &k->factor[i]);

	k->defs[i] = (hg_knob_def){k->names[i], unit, NULL, 0};
}

static double cell_of(const struct tune_knobs *k, size_t i, int64_t value)
{
	return (double)value * k->factor[i];
}

/* What was found, and what the knobs are called. */
static int fill_found(struct cli *cli, const struct sweep_set *set, struct tune_knobs *k)
{
	k->n_knobs = set->n;
	for (size_t i = 0; i < set->n; i++) {
		hg_err rc;

		k->knob[i] = set->sweeps[i].knob;
		k->info[i].size = sizeof k->info[i];
		rc = hg_device_knob(k->devices[0], k->knob[i], &k->info[i]);
		if (rc != HG_OK)
			return cli_broken(cli, rc);
		name_knob(k, i);
		k->cells[i] =
			k->info[i].current > 0 ? cell_of(k, i, k->info[i].current) : (double)NAN;
		if (strcmp(k->info[i].name, usual[0]) == 0)
			k->max_power_w = cell_of(k, i, k->info[i].max) * (double)k->n;
	}
	return EXIT_OK;
}

/* The other values of a knob, as cells. */
static size_t other_values(
	const struct sweep_set *set, const struct tune_knobs *k, size_t i, double *out)
{
	size_t n = 0;

	for (size_t v = 0; v < set->sweeps[i].n_values; v++) {
		int64_t value = set->sweeps[i].values[v];

		if (value > 0 && value != k->info[i].current)
			out[n++] = cell_of(k, i, value);
	}
	return n;
}

/* Row 0 is what was found; every other one sets one knob. */
static void fill_apart(const struct grid_axis *axes, struct tune_knobs *k)
{
	k->n_settings = 1;
	for (size_t i = 0; i < k->n_knobs; i++)
		for (size_t v = 0; v < axes[i].n; v++) {
			double *row = k->cells + k->n_settings++ * k->n_knobs;

			memcpy(row, k->cells, k->n_knobs * sizeof *row);
			row[i] = axes[i].values[v];
		}
}

/* @param named  the values were asked for: it is said if some are left out */
static void fill_joint(
	struct cli *cli, bool named, const struct grid_axis *axes, struct tune_knobs *k)
{
	double found[TUNE_KNOBS], all = 1;

	memcpy(found, k->cells, k->n_knobs * sizeof *found);
	for (size_t i = 0; i < k->n_knobs; i++)
		all *= (double)axes[i].n + 1;
	k->n_settings = grid_make(axes, k->n_knobs, found, k->cells);
	if (named && all > (double)k->n_settings)
		cli_note(cli, "--joint: %zu of %.0f settings are there to choose from",
			k->n_settings, all);
}

static int fill_rows(
	struct cli *cli, const struct sweep_set *set, bool named, bool joint, struct tune_knobs *k)
{
	struct grid_axis axes[TUNE_KNOBS] = {{NULL, 0}};
	size_t rows = 1, at = 0;
	double *values;
	int rc;

	for (size_t i = 0; i < set->n; i++)
		rows += set->sweeps[i].n_values;
	values = calloc(rows, sizeof *values);
	k->cells = calloc(
		(rows > GRID_SETTINGS ? rows : GRID_SETTINGS) * set->n + 1, sizeof *k->cells);
	if (!values || !k->cells) {
		free(values);
		return cli_broken(cli, HG_ENOMEM);
	}
	rc = fill_found(cli, set, k);
	for (size_t i = 0; rc == EXIT_OK && i < set->n; i++) {
		axes[i] = (struct grid_axis){values + at, other_values(set, k, i, values + at)};
		at += axes[i].n;
	}
	if (rc == EXIT_OK && joint)
		fill_joint(cli, named, axes, k);
	else if (rc == EXIT_OK)
		fill_apart(axes, k);
	free(values);
	if (rc == EXIT_OK && k->n_settings > HG_TUNE_SETTINGS)
		return cli_usage(cli, "--knob: more than %d settings", HG_TUNE_SETTINGS - 1);
	return rc;
}

int tune_knobs_open(struct cli *cli, const char *const *texts, size_t n, bool joint,
	const struct gauge *g, hg_guard *guard, struct tune_knobs *k)
{
	struct sweep_set set = {NULL, 0};
	int rc = EXIT_OK;

	memset(k, 0, sizeof *k);
	k->guard = guard;
	find_devices(cli, n > 0, g, k);
	for (size_t i = 0; i < k->n; i++)
		if (claims_add(&k->claims, k->devices[i], &k->reason) != HG_OK)
			k->n = 0;
	if (k->n == 0) {
		/* nothing is set, so another one may */
		claims_finish(&k->claims);
		return EXIT_OK;
	}
	rc = read_sweeps(cli, texts, n, k, &set);
	if (rc == EXIT_OK)
		rc = fill_rows(cli, &set, n > 0, joint, k);
	sweep_set_finish(&set);
	return rc;
}

void tune_knobs_finish(struct tune_knobs *k)
{
	claims_finish(&k->claims);
	free(k->cells);
	memset(k, 0, sizeof *k);
}

/* The value that a row gives a knob of a device. */
static int64_t value_of(const struct tune_knobs *k, size_t row, size_t i)
{
	double cell = k->cells[row * k->n_knobs + i];

	return row == 0 || isnan(cell) ? k->info[i].current : llround(cell / k->factor[i]);
}

/* @param stuck  receives whether it is not this value alone: nobody may set the knob, or it says
 *               that it was set and reads back what was found */
static hg_err set_one(
	struct tune_knobs *k, size_t d, size_t i, int64_t value, bool *stuck, hg_error *why)
{
	hg_effect effect = {0};
	hg_err rc = hg_guard_set(k->guard, k->devices[d], k->knob[i], value, &effect, why);

	*stuck = rc == HG_EPERM || rc == HG_EUNSUPPORTED;
	if (rc != HG_OK || value <= 0 || (k->info[i].flags & HG_KNOB_WRITE_ONLY))
		return rc;
	if (fabs((double)(effect.observed - value)) <= OBSERVED_SHARE * (double)value + 1)
		return HG_OK;
	*stuck = effect.observed == k->info[i].current;
	return fail(why, HG_EDEVICE, "%.40s: asked for %g %s, reads back %g", k->info[i].name,
		(double)value * k->factor[i], k->defs[i].unit,
		(double)effect.observed * k->factor[i]);
}

/* A knob of all devices. */
static hg_err set_knob(struct tune_knobs *k, size_t row, size_t i, hg_error *why)
{
	int64_t value = value_of(k, row, i);
	hg_err rc = HG_OK;

	if (k->stuck[i])
		return value == value_of(k, 0, i)
			       ? HG_OK
			       : fail(why, HG_EDEVICE, "%.40s cannot be set", k->info[i].name);
	if (k->now != SIZE_MAX && value == value_of(k, k->now, i))
		return HG_OK;
	for (size_t d = 0; d < k->n; d++) {
		bool stuck;
		hg_err one = set_one(k, d, i, value, &stuck, rc ? NULL : why);

		k->stuck[i] |= one != HG_OK && stuck && value != value_of(k, 0, i);
		rc = rc ? rc : one;
	}
	return rc;
}

hg_err tune_knobs_set(struct tune_knobs *k, size_t row, size_t *stuck, hg_error *why)
{
	hg_err rc = HG_OK;

	if (stuck)
		*stuck = SIZE_MAX;
	if (row == k->now)
		return HG_OK;
	for (size_t i = 0; i < k->n_knobs; i++) {
		/* what a knob refuses is no reason to leave the others as they are */
		hg_err one = set_knob(k, row, i, rc ? NULL : why);

		if (one != HG_OK && rc == HG_OK && k->stuck[i] && stuck)
			*stuck = i;
		rc = rc ? rc : one;
	}
	/* what is not known to be in force is set again next time */
	k->now = rc == HG_OK ? row : SIZE_MAX;
	return rc;
}

void tune_knobs_text(struct buf *out, const struct tune_knobs *k, size_t row)
{
	char number[DOUBLE_TEXT];
	bool any = false;

	for (size_t i = 0; i < k->n_knobs; i++) {
		double cell = k->cells[row * k->n_knobs + i];

		if (row > 0 && value_of(k, row, i) == value_of(k, 0, i))
			continue;
		buf_adds(out, any ? ", " : "");
		any = true;
		if (isnan(cell)) {
			buf_addf(out, "%s as it was", k->info[i].name);
			continue;
		}
		double_format(cell, number);
		buf_addf(out, "%s %s %s", k->info[i].name, number, k->defs[i].unit);
	}
}
