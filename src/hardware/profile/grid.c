#include "grid.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "hardware/device/backend.h"

static int64_t *values_of(const hg_sweep *sweep)
{
	return (int64_t *)(uintptr_t)sweep->values;
}

void grid_finish(struct grid *g)
{
	for (size_t i = 0; i < g->n_sweeps; i++)
		free(values_of(&g->sweeps[i]));
	g->n_sweeps = 0;
}

/* How a unit of the hardware half is written in a frontier. */
static const struct {
	const char *unit, *suffix, *column_unit;
	double factor;
} column_units[] = {
	{"mW", "_w", "W", 1e-3},
	{"Hz", "_mhz", "MHz", 1e-6},
};

static void column_init(struct grid_column *c, const hg_knob_info *info)
{
	size_t len = strlen(info->name);
	const char *suffix = "";

	c->unit = info->unit;
	c->factor = 1.0;
	c->default_value = info->default_value;
	for (size_t i = 0; i < sizeof column_units / sizeof column_units[0]; i++)
		if (!strcmp(info->unit, column_units[i].unit)) {
			suffix = column_units[i].suffix;
			c->unit = column_units[i].column_unit;
			c->factor = column_units[i].factor;
		}
	if (len > sizeof c->name - 8)
		len = sizeof c->name - 8;
	memcpy(c->name, info->name, len);
	memcpy(c->name + len, suffix, strlen(suffix) + 1);
}

/* A value below the range that is the default means "no bound", which is the highest. */
struct order {
	int64_t value;
	bool unbounded;
};

static int highest_first(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->unbounded != y->unbounded)
		return x->unbounded ? -1 : 1;
	return x->value < y->value ? 1 : x->value > y->value ? -1 : 0;
}

static hg_err values_sort(hg_device *d, const hg_knob_info *info, const hg_sweep *sweep,
	struct order *order, hg_error *why)
{
	for (size_t i = 0; i < sweep->n_values; i++) {
		int64_t v = sweep->values[i];
		bool inside = v >= info->min && v <= info->max;

		if (!inside && v != info->default_value)
			return fail(why, HG_ERANGE,
				"%s: %s %lld %s is out of range, expected %lld to %lld %s",
				device_spec(d), info->name, (long long)v, info->unit,
				(long long)info->min, (long long)info->max, info->unit);
		order[i] = (struct order){v, !inside};
	}
	qsort(order, sweep->n_values, sizeof *order, highest_first);
	for (size_t i = 1; i < sweep->n_values; i++)
		if (order[i].value == order[i - 1].value)
			return fail(why, HG_EINVAL, "%s: %s %lld %s: listed twice", device_spec(d),
				info->name, (long long)order[i].value, info->unit);
	return HG_OK;
}

static hg_err sweep_add(struct grid *g, hg_device *d, const hg_sweep *sweep, hg_error *why)
{
	hg_knob_info info = {.size = sizeof info};
	struct order *order = NULL;
	int64_t *values = NULL;
	hg_err rc;

	if (hg_device_knob(d, sweep->knob, &info))
		return fail(why, HG_EUNSUPPORTED, "%s: no knob %zu", device_spec(d), sweep->knob);
	if (info.unsettable)
		return fail(why, HG_EUNSUPPORTED, "%s: %s cannot be set: %s", device_spec(d),
			info.name, info.unsettable);
	for (size_t i = 0; i < g->n_sweeps; i++)
		if (g->sweeps[i].knob == sweep->knob)
			return fail(
				why, HG_EINVAL, "%s: %s: swept twice", device_spec(d), info.name);
	if (!sweep->values || sweep->n_values == 0)
		return fail(why, HG_EINVAL, "%s: %s: no values to try", device_spec(d), info.name);
	if (sweep->n_values > GRID_MAX / g->n)
		return fail(why, HG_ELIMIT, "%s: more than %u settings to try", device_spec(d),
			GRID_MAX);
	order = calloc(sweep->n_values, sizeof *order);
	values = calloc(sweep->n_values, sizeof *values);
	rc = order && values ? values_sort(d, &info, sweep, order, why)
			     : fail(why, HG_ENOMEM, "%s: out of memory", device_spec(d));
	if (rc)
		goto out;
	for (size_t i = 0; i < sweep->n_values; i++)
		values[i] = order[i].value;
	column_init(&g->columns[g->n_sweeps], &info);
	g->sweeps[g->n_sweeps++] = (hg_sweep){sweep->knob, values, sweep->n_values};
	g->n *= sweep->n_values;
	values = NULL;
out:
	free(order);
	free(values);
	return rc;
}

hg_err grid_init(struct grid *g, hg_device *d, const hg_profile_opts *opts, hg_error *why)
{
	*g = (struct grid){.n = 1};
	if (!opts->sweeps || opts->n_sweeps == 0)
		return fail(why, HG_EINVAL, "%s: no knob to sweep", device_spec(d));
	if (opts->n_sweeps > GRID_KNOBS)
		return fail(why, HG_ELIMIT, "%s: more than %d knobs to sweep", device_spec(d),
			GRID_KNOBS);
	for (size_t i = 0; i < opts->n_sweeps; i++) {
		hg_err rc = sweep_add(g, d, &opts->sweeps[i], why);

		if (rc) {
			grid_finish(g);
			return rc;
		}
	}
	return HG_OK;
}

int64_t grid_value(const struct grid *g, size_t i, size_t j)
{
	for (size_t k = g->n_sweeps - 1; k > j; k--)
		i /= g->sweeps[k].n_values;
	return g->sweeps[j].values[i % g->sweeps[j].n_values];
}
