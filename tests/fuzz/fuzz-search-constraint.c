/* A constraint that is read is a sound program; its relations are each other's opposites. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "software/search/constraint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const hg_knob_def knobs[] = {
	{"a", "", NULL, 0}, {"b2", "", NULL, 0}, {"c d", "", NULL, 0}, {"e", "", NULL, 0}};
#define KNOBS (sizeof knobs / sizeof *knobs)

static bool holds_as(const struct constraint *c, char relation, const double *cells)
{
	struct constraint other = *c;

	other.relation = relation;
	return constraint_holds(&other, cells);
}

static void check(const struct constraint *c, const double *cells)
{
	bool equal = holds_as(c, '=', cells), other = holds_as(c, '!', cells);
	bool less = holds_as(c, '<', cells), more = holds_as(c, '>', cells);
	double changed[KNOBS];

	/* one of three, or a side is no number and nothing holds */
	if (equal + less + more > 1 || other != (less || more) ||
		holds_as(c, 'l', cells) != (equal || less) ||
		holds_as(c, 'g', cells) != (equal || more))
		abort();
	for (size_t k = 0; k < KNOBS; k++)
		changed[k] = k > c->last ? NAN : cells[k];
	if (constraint_holds(c, changed) != constraint_holds(c, cells))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const double cells[][KNOBS] = {
		{1, 2, 3, 4}, {8, 4, 2, 1}, {0, 0, 0, 0}, {-1e18, 1e18, 0.1, 7}};
	struct constraint c;
	hg_error why = {""};
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (constraint_parse(&c, text, knobs, KNOBS, &why) != HG_OK) {
		if (!why.text[0])
			abort();
	} else {
		if (c.n > CONSTRAINT_OPS || c.right == 0 || c.right >= c.n || c.last >= KNOBS)
			abort();
		for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
			check(&c, cells[i]);
	}
	free(text);
	return 0;
}
