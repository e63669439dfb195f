/*
 * Whatever is imported is written and read back as the same. The first line of the input is the
 * options: "TIME|ENERGY or @POWER|KNOB[|KNOB][?COL=VALUE[?COL=VALUE]]".
 */
#include <stdint.h>
#include <stdlib.h>

#include <hourglass/frontier.h>

#include "same-frontier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void check_format(const hg_frontier *f, hg_format format)
{
	hg_frontier *g;
	hg_error why;
	char *text;
	size_t len;

	require(hg_frontier_format(f, format, &text, &len, &why) == HG_OK);
	require(hg_frontier_parse(text, len, HG_FORMAT_AUTO, "again", &g, &why) == HG_OK);
	require(frontier_difference(f, g, 0) == NULL);
	free(text);
	hg_frontier_destroy(g);
}

/* Cuts a string in place; returns how many pieces. */
static size_t cut(char *text, char separator, const char **pieces, size_t room)
{
	size_t n = 0;

	for (char *end; text && n < room; text = end) {
		end = strchr(text, separator);
		if (end)
			*end++ = '\0';
		pieces[n++] = text;
	}
	return n;
}

static void check(char *options, const char *text, size_t len)
{
	const char *conditions[4], *columns[6];
	size_t n_conditions = cut(options, '?', conditions, 4);
	size_t n = cut(options, '|', columns, 6);
	hg_csv_import opts = {.size = sizeof opts};
	hg_frontier *f;
	hg_error why;
	hg_err err;

	opts.time = columns[0];
	if (n > 1 && columns[1][0] == '@')
		opts.power = columns[1] + 1;
	else if (n > 1)
		opts.energy = columns[1];
	if (n > 2) {
		opts.knobs = columns + 2;
		opts.n_knobs = n - 2;
	}
	opts.where = conditions + 1;
	opts.n_where = n_conditions - 1;
	err = hg_frontier_import_csv(text, len, "fuzz.csv", &opts, &f, &why);
	require(!err == !why.text[0]);
	if (err)
		return;
	check_format(f, HG_FORMAT_JSON);
	check_format(f, HG_FORMAT_CSV);
	hg_frontier_destroy(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t n = end ? (size_t)(end - data) : 0;
	char *options;

	if (!end)
		return 0;
	options = malloc(n + 1);
	require(options != NULL);
	memcpy(options, data, n);
	options[n] = '\0';
	check(options, (const char *)end + 1, size - n - 1);
	free(options);
	return 0;
}
