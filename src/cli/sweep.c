/* Which values of which knobs to try. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "rig.h"

#define VALUES_MAX 100000
#define STEPS_MIN  9
#define STEPS_MAX  15
#define NAME_MAX_  64
#define CLOCKS     20

enum quantity knob_quantity(const hg_knob_info *knob, double *factor)
{
	*factor = 1;
	if (unit_factor(QUANTITY_POWER, knob->unit, strlen(knob->unit), factor))
		return QUANTITY_POWER;
	if (unit_factor(QUANTITY_CLOCK, knob->unit, strlen(knob->unit), factor))
		return QUANTITY_CLOCK;
	return QUANTITY_NUMBER;
}

void sweep_set_finish(struct sweep_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free((void *)(uintptr_t)set->sweeps[i].values);
	free(set->sweeps);
	memset(set, 0, sizeof *set);
}

size_t sweep_count(const struct sweep_set *set)
{
	size_t n = 1;

	for (size_t i = 0; i < set->n; i++)
		n *= set->sweeps[i].n_values;
	return n;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y) - (x > y);
}

/** Appends a value as the device would round it. */
static hg_err add_value(struct vec *values, const hg_knob_info *knob, double value)
{
	int64_t v = llround(value);

	if (v != knob->default_value && v < knob->max && knob->step > 1)
		v = knob->min + (v - knob->min + knob->step / 2) / knob->step * knob->step;
	if (v > knob->max)
		v = knob->max;
	return vec_push(values, &v);
}

/** Sorts, highest first, drops doubles and hands them over. */
static hg_err take_values(struct vec *values, hg_sweep *out)
{
	int64_t *v = values->data;
	size_t n = 0;

	qsort(v, values->len, sizeof *v, by_value);
	for (size_t i = 0; i < values->len; i++)
		if (n == 0 || v[i] != v[n - 1])
			v[n++] = v[i];
	out->values = v;
	out->n_values = n;
	values->data = NULL;
	vec_finish(values);
	return HG_OK;
}

/** Reads one value in SI units and checks that the knob takes it. */
static int read_value(
	struct cli *cli, const hg_knob_info *knob, struct slice text, bool step, double *out)
{
	char value[64], what[96], low[QUANTITY_TEXT], high[QUANTITY_TEXT];
	hg_error why = {""};
	double factor;
	enum quantity q = knob_quantity(knob, &factor);
	struct buf name;
	hg_err rc;

	text = slice_trim(text);
	if (text.len >= sizeof value)
		return cli_usage(cli, "--knob %s: a value is too long", knob->name);
	memcpy(value, text.text, text.len);
	value[text.len] = '\0';
	buf_init(&name, sizeof what);
	buf_addf(&name, "--knob %.40s", knob->name);
	rc = quantity_parse(q, value, name.data ? name.data : "--knob", out, &why);
	buf_finish(&name);
	if (rc != HG_OK)
		return cli_usage(cli, "%s", why.text);
	*out /= factor;
	if (step && *out > 0)
		return EXIT_OK;
	if (step)
		return cli_usage(cli, "--knob %s: the step must be above 0", knob->name);
	if (llround(*out) == knob->default_value ||
		(*out >= (double)knob->min - 0.5 && *out <= (double)knob->max + 0.5))
		return EXIT_OK;
	return cli_usage(cli, "--knob %s=%s: must be from %s to %s", knob->name, value,
		quantity_format(q, (double)knob->min * factor, low),
		quantity_format(q, (double)knob->max * factor, high));
}

/** MIN:MAX:STEP */
static int read_range(
	struct cli *cli, const hg_knob_info *knob, struct slice text, struct vec *values)
{
	double part[3];
	hg_err err = HG_OK;

	for (int i = 0; i < 3; i++) {
		int rc;

		if (!text.text)
			return cli_usage(
				cli, "--knob %s: expected MIN:MAX:STEP or V1,V2,...", knob->name);
		rc = read_value(cli, knob, slice_cut(&text, ':'), i == 2, &part[i]);
		if (rc != EXIT_OK)
			return rc;
	}
	if (text.text)
		return cli_usage(cli, "--knob %s: expected MIN:MAX:STEP or V1,V2,...", knob->name);
	if (part[1] < part[0])
		return cli_usage(cli, "--knob %s: MIN is above MAX", knob->name);
	if ((part[1] - part[0]) / part[2] > VALUES_MAX)
		return cli_usage(cli, "--knob %s: more than %d values", knob->name, VALUES_MAX);
	for (double i = 0; err == HG_OK && part[0] + i * part[2] <= part[1] * (1 + 1e-12); i++)
		err = add_value(values, knob, part[0] + i * part[2]);
	return err == HG_OK ? EXIT_OK : cli_broken(cli, err);
}

/** V1,V2,... */
static int read_list(
	struct cli *cli, const hg_knob_info *knob, struct slice text, struct vec *values)
{
	while (text.text) {
		double value = 0;
		hg_err err;
		int rc = read_value(cli, knob, slice_cut(&text, ','), false, &value);

		if (rc != EXIT_OK)
			return rc;
		err = add_value(values, knob, value);
		if (err != HG_OK)
			return cli_usage(
				cli, "--knob %s: more than %d values", knob->name, VALUES_MAX);
	}
	return EXIT_OK;
}

static int unknown_knob(struct cli *cli, hg_device *d, const char *name)
{
	struct buf list;

	buf_init(&list, 4096);
	for (size_t i = 0; i < hg_device_knobs(d); i++) {
		hg_knob_info knob = {.size = sizeof knob};

		if (hg_device_knob(d, i, &knob) == HG_OK)
			buf_addf(&list, "%s%s", i ? ", " : "", knob.name);
	}
	cli_usage(cli, "--knob: the device has no knob '%s'; it has %s", name,
		list.data ? list.data : "none");
	buf_finish(&list);
	return EXIT_USAGE;
}

static int read_one(struct cli *cli, hg_device *d, const char *text, struct sweep_set *set)
{
	hg_sweep *out = &set->sweeps[set->n];
	hg_knob_info knob = {.size = sizeof knob};
	struct slice rest = {text, strlen(text)};
	struct slice name = slice_cut(&rest, '=');
	char name_text[NAME_MAX_];
	struct vec values;
	hg_err err;
	int rc;

	if (!rest.text || name.len == 0 || name.len >= sizeof name_text)
		return cli_usage(
			cli, "--knob %.80s: expected NAME=MIN:MAX:STEP or NAME=V1,V2,...", text);
	memcpy(name_text, name.text, name.len);
	name_text[name.len] = '\0';
	out->knob = hg_device_knob_index(d, name_text);
	if (out->knob == SIZE_MAX)
		return unknown_knob(cli, d, name_text);
	for (size_t i = 0; i < set->n; i++)
		if (set->sweeps[i].knob == out->knob)
			return cli_usage(cli, "--knob %s given twice", name_text);
	err = hg_device_knob(d, out->knob, &knob);
	if (err != HG_OK)
		return cli_broken(cli, err);
	if (knob.unsettable)
		return cli_usage(cli, "--knob %s: %s", name_text, knob.unsettable);
	vec_init(&values, sizeof(int64_t), VALUES_MAX + 2);
	if (memchr(rest.text, ':', rest.len))
		rc = read_range(cli, &knob, rest, &values);
	else
		rc = read_list(cli, &knob, rest, &values);
	if (rc == EXIT_OK) {
		take_values(&values, out);
		set->n++;
	}
	vec_finish(&values);
	return rc;
}

/** The round step that makes STEPS_MIN..STEPS_MAX values of a range, or a fair share of it. */
static double default_step(double range)
{
	static const double nice[] = {1, 2, 2.5, 5, 1.5, 3, 4};

	for (size_t i = 0; i < sizeof nice / sizeof *nice; i++)
		for (double power = 1e-3; power < 1e15; power *= 10) {
			double steps = floor(range / (nice[i] * power) + 1e-9) + 1;

			if (steps >= STEPS_MIN && steps <= STEPS_MAX)
				return nice[i] * power;
		}
	return range / 11;
}

/** Values of one knob into the next sweep of the set. */
static int add_sweep(struct cli *cli, hg_device *d, const char *name,
	hg_err (*fill)(struct vec *values, const hg_knob_info *knob), struct sweep_set *set)
{
	hg_sweep *out = &set->sweeps[set->n];
	hg_knob_info knob = {.size = sizeof knob};
	struct vec values;
	hg_err err;

	out->knob = hg_device_knob_index(d, name);
	if (out->knob == SIZE_MAX || hg_device_knob(d, out->knob, &knob) != HG_OK ||
		knob.unsettable)
		return cli_usage(cli, "the device has no %s to sweep: give --knob NAME=...", name);
	vec_init(&values, sizeof(int64_t), VALUES_MAX + 2);
	err = fill(&values, &knob);
	if (err == HG_OK)
		err = take_values(&values, out);
	vec_finish(&values);
	set->n += err == HG_OK;
	return err == HG_OK ? EXIT_OK : cli_broken(cli, err);
}

static hg_err fill_limits(struct vec *values, const hg_knob_info *knob)
{
	double step = default_step((double)(knob->max - knob->min));
	hg_err err = add_value(values, knob, (double)knob->default_value);

	if (err == HG_OK)
		err = add_value(values, knob, (double)knob->max);
	for (double v = (double)knob->min; err == HG_OK && v <= (double)knob->max; v += step)
		err = add_value(values, knob, v);
	return err;
}

/* clocks far below the highest only waste the power that does not depend on the clock */
static hg_err fill_clocks(struct vec *values, const hg_knob_info *knob)
{
	double least = (double)knob->max * 0.5;
	hg_err err = HG_OK;

	least = least > (double)knob->min ? least : (double)knob->min;
	for (int i = 0; err == HG_OK && i <= CLOCKS; i++)
		err = add_value(values, knob, least + ((double)knob->max - least) * i / CLOCKS);
	return err;
}

int sweep_clocks(struct cli *cli, hg_device *d, struct sweep_set *set)
{
	set->n = 0;
	set->sweeps = calloc(1, sizeof *set->sweeps);
	if (!set->sweeps)
		return cli_broken(cli, HG_ENOMEM);
	return add_sweep(cli, d, "sm_clock", fill_clocks, set);
}

int sweep_limits_and_clocks(struct cli *cli, hg_device *d, struct sweep_set *set)
{
	int rc;

	set->n = 0;
	set->sweeps = calloc(2, sizeof *set->sweeps);
	if (!set->sweeps)
		return cli_broken(cli, HG_ENOMEM);
	rc = add_sweep(cli, d, "power_limit", fill_limits, set);
	return rc == EXIT_OK ? add_sweep(cli, d, "sm_clock", fill_clocks, set) : rc;
}

int sweep_read(
	struct cli *cli, hg_device *d, const char *const *texts, size_t n, struct sweep_set *set)
{
	int rc = EXIT_OK;

	set->n = 0;
	set->sweeps = calloc(n + 1, sizeof *set->sweeps);
	if (!set->sweeps)
		return cli_broken(cli, HG_ENOMEM);
	if (n == 0)
		return add_sweep(cli, d, "power_limit", fill_limits, set);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		rc = read_one(cli, d, texts[i], set);
	for (size_t i = 0, product = 1; rc == EXIT_OK && i < set->n; i++) {
		product *= set->sweeps[i].n_values;
		if (product > VALUES_MAX)
			rc = cli_usage(cli, "--knob: more than %d settings in all", VALUES_MAX);
	}
	return rc;
}
