/* A log and a table, whatever they hold, are read or refused; a line that is read is written back
 * as one that reads the same. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "software/search/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char space[] =
	"{\"schema\": \"hourglass.space/1\", \"knobs\": ["
	"{\"name\": \"device\", \"scale\": \"choice\", \"values\": [\"v100\", \"a40\"]},"
	"{\"name\": \"batch_size\", \"scale\": \"log\", \"values\": [8, 16]},"
	"{\"name\": \"power_limit\", \"scale\": \"limit\", \"values\": [100, 125]}]}";

struct line {
	hg_search_result result;
	double cells[3];
};

static hg_err take(void *user, const double *cells, const hg_search_result *r, hg_error *why)
{
	struct line *line = user;

	(void)why;
	line->result = *r;
	memcpy(line->cells, cells, sizeof line->cells);
	return HG_OK;
}

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b;
}

static hg_err again(void *user, const double *cells, const hg_search_result *r, hg_error *why)
{
	const struct spec *s = user;
	struct line twice = {.cells = {0}};
	struct buf line;
	size_t whole;

	buf_init(&line, 1u << 20);
	spec_log_line(s, r, cells, "why", &line);
	if (line.failed ||
		spec_log_read(s, line.data, line.len, "again", take, &twice, &whole, why) != HG_OK)
		abort();
	if (whole != line.len || memcmp(twice.cells, cells, sizeof twice.cells) != 0 ||
		twice.result.failed != r->failed ||
		(!r->failed && (!same(twice.result.time_s, r->time_s) ||
				       !same(twice.result.energy_j, r->energy_j))))
		abort();
	buf_finish(&line);
	return HG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vec rows = {0}, cells = {0};
	struct spec s;
	hg_error why = {""};
	size_t whole = 0;

	if (spec_parse(&s, space, sizeof space - 1, "space.json", &why) != HG_OK)
		abort();
	if (spec_log_read(&s, (const char *)data, size, "fuzz.log", again, &s, &whole, &why) !=
			HG_OK &&
		!why.text[0])
		abort();
	if (whole > size)
		abort();
	why.text[0] = '\0';
	if (spec_table(&s, SPEC_ONE, (const char *)data, size, "fuzz.csv", &rows, &cells, &why) !=
			HG_OK &&
		!why.text[0])
		abort();
	vec_finish(&rows);
	vec_finish(&cells);
	spec_finish(&s);
	return 0;
}
