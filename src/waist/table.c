#define _POSIX_C_SOURCE 200809L /* strdup */
/* Setting tables and unknown fields: what frontiers share with each other. */
#include "frontier.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

#include "lookup.h"

#define MAX_KNOBS 4096

static void knob_finish(hg_knob_def *k)
{
	free((char *)k->name);
	free((char *)k->unit);
	for (size_t i = 0; k->choices && i < k->n_choices; i++)
		free((char *)k->choices[i]);
	free((void *)k->choices);
}

/* Copies one column; on errors what was copied is left for knob_finish(). */
static hg_err knob_copy(hg_knob_def *to, const hg_knob_def *from)
{
	const char **choices;

	to->name = strdup(from->name);
	to->unit = strdup(from->unit ? from->unit : "");
	if (!to->name || !to->unit)
		return HG_ENOMEM;
	if (!from->choices)
		return HG_OK;
	choices = calloc(from->n_choices ? from->n_choices : 1, sizeof *choices);
	if (!choices)
		return HG_ENOMEM;
	to->choices = choices;
	to->n_choices = from->n_choices;
	for (size_t i = 0; i < from->n_choices; i++) {
		choices[i] = strdup(from->choices[i]);
		if (!choices[i])
			return HG_ENOMEM;
	}
	return HG_OK;
}

static hg_err check_names(const hg_knob_def *knobs, size_t n, hg_error *why)
{
	if (n > MAX_KNOBS)
		return fail(why, HG_ELIMIT, "%zu knobs, at most %d", n, MAX_KNOBS);
	for (size_t i = 0; i < n; i++) {
		if (!knobs[i].name || !knobs[i].name[0])
			return fail(why, HG_EINVAL, "knob %zu has no name", i);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(knobs[i].name, knobs[j].name))
				return fail(
					why, HG_EINVAL, "knob \"%s\" listed twice", knobs[i].name);
	}
	return HG_OK;
}

/* A word listed twice would be two values that no file can tell apart. */
static hg_err check_choices(const hg_knob_def *knob, hg_error *why)
{
	struct intern words;
	hg_err err = HG_OK;

	intern_init(&words);
	for (size_t i = 0; knob->choices && i < knob->n_choices && !err; i++) {
		uint32_t index;

		err = intern_add(&words, knob->choices[i], strlen(knob->choices[i]), &index);
		if (err)
			fail(why, err, "knob \"%s\": no memory for its choices", knob->name);
		else if (index < i)
			err = fail(why, HG_EINVAL, "knob \"%s\": choice \"%s\" listed twice",
				knob->name, knob->choices[i]);
	}
	intern_finish(&words);
	return err;
}

static bool cell_is_valid(const hg_knob_def *k, double cell)
{
	if (isnan(cell))
		return true;
	if (!k->choices)
		return isfinite(cell);
	/* An index: cells are doubles, so compare rather than convert first. */
	return cell >= 0 && cell < (double)k->n_choices && cell == floor(cell);
}

static hg_err check_cells(const hg_knob_def *knobs, size_t n_knobs, const double *settings,
	size_t n_settings, hg_error *why)
{
	for (size_t row = 0; row < n_settings; row++)
		for (size_t k = 0; k < n_knobs; k++)
			if (!cell_is_valid(&knobs[k], settings[row * n_knobs + k]))
				return fail(why, HG_EINVAL,
					"setting %zu: knob \"%s\" is %g, expected %s", row,
					knobs[k].name, settings[row * n_knobs + k],
					knobs[k].choices ? "the index of one of its choices"
							 : "a finite number");
	return HG_OK;
}

static hg_err fill_table(struct knob_table *t, const hg_knob_def *knobs, size_t n_knobs,
	const double *settings, size_t n_settings)
{
	size_t cells = n_knobs * n_settings;
	hg_err err;

	t->knobs = calloc(n_knobs ? n_knobs : 1, sizeof *t->knobs);
	t->settings = malloc((cells ? cells : 1) * sizeof *t->settings);
	if (!t->knobs || !t->settings)
		return HG_ENOMEM;
	t->n_knobs = n_knobs;
	t->n_settings = n_settings;
	for (size_t i = 0; i < n_knobs; i++) {
		err = knob_copy(&t->knobs[i], &knobs[i]);
		if (err)
			return err;
	}
	if (cells)
		memcpy(t->settings, settings, cells * sizeof *t->settings);
	return HG_OK;
}

hg_err knob_table_create(const hg_knob_def *knobs, size_t n_knobs, const double *settings,
	size_t n_settings, struct knob_table **out, hg_error *why)
{
	struct knob_table *t;
	hg_err err = check_names(knobs, n_knobs, why);

	for (size_t i = 0; i < n_knobs && !err; i++)
		err = check_choices(&knobs[i], why);
	if (err)
		return err;
	if (n_settings >= HG_SETTING_NONE)
		return fail(why, HG_ELIMIT, "%zu settings, at most %u", n_settings,
			HG_SETTING_NONE - 1);
	err = check_cells(knobs, n_knobs, settings, n_settings, why);
	if (err)
		return err;
	t = calloc(1, sizeof *t);
	if (!t)
		return fail(why, HG_ENOMEM, "out of memory");
	atomic_init(&t->refs, 1);
	if (fill_table(t, knobs, n_knobs, settings, n_settings)) {
		knob_table_destroy(t);
		return fail(why, HG_ENOMEM, "out of memory for %zu settings", n_settings);
	}
	*out = t;
	return HG_OK;
}

struct knob_table *knob_table_ref(struct knob_table *t)
{
	if (t)
		atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void knob_table_destroy(struct knob_table *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < t->n_knobs; i++)
		knob_finish(&t->knobs[i]);
	free(t->knobs);
	free(t->settings);
	free(t);
}

struct extra *extra_ref(struct extra *e)
{
	if (e)
		atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	return e;
}

void extra_destroy(struct extra *e)
{
	if (!e || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(e->top);
	free(e->device);
	for (size_t i = 0; e->knobs && i < e->n_knobs; i++)
		free(e->knobs[i]);
	for (size_t i = 0; e->points && i < e->n_points; i++)
		free(e->points[i]);
	free(e->knobs);
	free(e->points);
	free(e);
}
