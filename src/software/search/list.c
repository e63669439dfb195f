/* The configurations of a space: listed, found again, reduced to those of a table. */
#include "list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "rules.h"
#include "space.h"

/* Values that are tried for a list: about a second. Where more are, rules leave little of much. */
#define TRIES_MOST ((size_t)1 << 25)

double spec_combinations(const struct spec *s)
{
	double n = 1;

	for (size_t k = 0; k < s->n_knobs; k++)
		n *= (double)s->n_values[k];
	return n;
}

size_t spec_count(const struct spec *s)
{
	return s->cost.len;
}

/** Rules, as the library asks for them. */
static int allows(void *user, const double *cells, size_t n)
{
	return !rules_refuse(user, cells, n);
}

void spec_space(const struct spec *s, hg_search_space *space)
{
	*space = (hg_search_space){.size = sizeof *space,
		.n_knobs = (uint32_t)s->n_knobs,
		.knobs = s->knobs,
		.scales = s->scales,
		.devices = (uint32_t)s->devices,
		.name = s->name,
		.work_unit = s->work_unit,
		.device = s->device};
	if (s->listed) {
		space->n_configs = (uint32_t)s->cost.len;
		space->cells = s->cells.data;
		space->cost = s->cost.data;
		return;
	}
	space->n_values = s->n_values;
	space->values = s->values;
	space->value_costs = s->costs;
	space->allows = allows;
	space->user = (void *)(uintptr_t)s;
}

/* ----- finding */

static const double *row_at(const struct spec *s, size_t config)
{
	return (const double *)s->cells.data + config * s->n_knobs;
}

static uint64_t hash_of(const struct spec *s, const double *cells)
{
	uint64_t h = SPACE_HASH;

	for (size_t k = 0; k < s->n_knobs; k++)
		h = space_hash_add(h, cells[k]);
	return h;
}

static bool is_row(const struct spec *s, size_t config, const double *cells)
{
	const double *row = row_at(s, config);
	size_t k = 0;

	while (k < s->n_knobs && row[k] == cells[k])
		k++;
	return k == s->n_knobs;
}

/** Where in the table of places cells are, or would be. */
static size_t place_of(const struct spec *s, const double *cells)
{
	size_t at = (size_t)hash_of(s, cells) & (s->n_places - 1);

	while (s->places[at] && !is_row(s, s->places[at] - 1, cells))
		at = (at + 1) & (s->n_places - 1);
	return at;
}

uint32_t spec_find(const struct spec *s, const double *cells)
{
	size_t at = s->n_places ? place_of(s, cells) : 0;

	return s->n_places && s->places[at] ? s->places[at] - 1 : UINT32_MAX;
}

/** Puts all configurations into a table of places. */
static hg_err place_all(struct spec *s, hg_error *why)
{
	free(s->places);
	s->n_places = 16;
	while (s->n_places < 2 * s->cost.len)
		s->n_places *= 2;
	s->places = calloc(s->n_places, sizeof *s->places);
	if (!s->places) {
		s->n_places = 0;
		return fail(why, HG_ENOMEM, "%s: out of memory", s->doc.origin);
	}
	for (size_t i = 0; i < s->cost.len; i++) {
		size_t at = place_of(s, row_at(s, i));

		if (!s->places[at])
			s->places[at] = (uint32_t)i + 1;
	}
	return HG_OK;
}

static size_t value_index(const struct spec *s, size_t knob, double cell)
{
	size_t i = 0;

	while (i < s->n_values[knob] && s->values[knob][i] != cell)
		i++;
	return i;
}

bool spec_has(const struct spec *s, const double *cells)
{
	if (s->listed)
		return spec_find(s, cells) != UINT32_MAX;
	for (size_t k = 0; k < s->n_knobs; k++)
		if (value_index(s, k, cells[k]) == s->n_values[k] || rules_refuse(s, cells, k + 1))
			return false;
	return true;
}

/* ----- listing */

static hg_err add_config(struct spec *s, const double *cells, hg_error *why)
{
	double cost = 1;
	hg_err rc = HG_OK;

	for (size_t k = 0; k < s->n_knobs; k++)
		if (s->costs[k])
			cost *= s->costs[k][value_index(s, k, cells[k])];
	if (!(cost > 0 && isfinite(cost)))
		return fail(why, HG_EFORMAT, "%s: the product of costs leaves the range",
			s->doc.origin);
	rc = vec_push(&s->cost, &cost);
	for (size_t k = 0; rc == HG_OK && k < s->n_knobs; k++)
		rc = vec_push(&s->cells, &cells[k]);
	return rc == HG_OK ? rc : fail(why, rc, "%s: out of memory", s->doc.origin);
}

/**
 * All combinations by backtracking, the last knob fastest; a knob's value is tried as soon as those
 * before it are set.
 * @param whole  receives whether these are all
 */
static hg_err walk(struct spec *s, bool *whole, hg_error *why)
{
	size_t at[HG_SEARCH_MAX_KNOBS] = {0}, k = 0, tries = 0;
	double cells[HG_SEARCH_MAX_KNOBS];
	hg_err rc = HG_OK;

	*whole = false;
	while (rc == HG_OK) {
		if (at[k] == s->n_values[k]) {
			if (k == 0)
				break;
			at[k--] = 0;
			continue;
		}
		if (++tries > TRIES_MOST)
			return HG_OK;
		cells[k] = s->values[k][at[k]++];
		if (rules_refuse(s, cells, k + 1))
			continue;
		if (k + 1 < s->n_knobs) {
			k++;
			continue;
		}
		if (s->cost.len == HG_SEARCH_MAX_CONFIGS)
			return HG_OK;
		rc = add_config(s, cells, why);
	}
	*whole = true;
	return rc;
}

static void begin_list(struct spec *s)
{
	vec_finish(&s->cells);
	vec_finish(&s->cost);
	vec_init(&s->cells, sizeof(double), HG_SEARCH_MAX_CONFIGS * s->n_knobs);
	vec_init(&s->cost, sizeof(double), HG_SEARCH_MAX_CONFIGS);
}

hg_err list_all(struct spec *s, hg_error *why)
{
	hg_err rc;

	begin_list(s);
	rc = walk(s, &s->listed, why);
	if (rc != HG_OK)
		return rc;
	if (!s->listed) {
		begin_list(s);
		return HG_OK;
	}
	if (s->cost.len == 0)
		return fail(why, HG_EFORMAT, "%s: every configuration is excluded", s->doc.origin);
	return place_all(s, why);
}

hg_err spec_keep(struct spec *s, const bool *keep, hg_error *why)
{
	double *cells = s->cells.data, *cost = s->cost.data;
	size_t kept = 0;

	for (size_t i = 0; i < s->cost.len; i++) {
		if (!keep[i])
			continue;
		memmove(cells + kept * s->n_knobs, cells + i * s->n_knobs,
			s->n_knobs * sizeof *cells);
		cost[kept++] = cost[i];
	}
	s->cells.len = kept * s->n_knobs;
	s->cost.len = kept;
	return kept > 0 ? place_all(s, why)
			: fail(why, HG_EINVAL, "%s: the table has none of its configurations",
				  s->doc.origin);
}

hg_err spec_list(struct spec *s, struct vec *rows, const struct vec *cells, const char *origin,
	hg_error *why)
{
	hg_err rc = HG_OK;

	for (size_t i = 0; rc == HG_OK && i < rows->len; i++) {
		const double *row = (const double *)cells->data + i * s->n_knobs;
		struct spec_row *r = vec_at(rows, i);

		if (!spec_has(s, row))
			continue;
		if (s->cost.len == HG_SEARCH_MAX_CONFIGS)
			return fail(why, HG_ELIMIT, "%s: more than %d configurations", origin,
				HG_SEARCH_MAX_CONFIGS);
		r->config = (uint32_t)s->cost.len;
		rc = add_config(s, row, why);
	}
	if (rc != HG_OK)
		return rc;
	s->listed = true;
	rc = place_all(s, why);
	/* what is there twice has one place */
	for (size_t i = 0; rc == HG_OK && i < rows->len; i++) {
		const struct spec_row *r = vec_at(rows, i);

		if (r->config != UINT32_MAX && spec_find(s, row_at(s, r->config)) != r->config)
			return fail(why, HG_EFORMAT,
				"%s:%zu: the same configuration is there twice", origin, r->line);
	}
	return rc;
}
