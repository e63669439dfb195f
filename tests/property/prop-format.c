/*
 * Random frontiers, composed ones among them, with extreme figures and with fields from the future:
 * what is written is read back as the same and written again byte for byte.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hourglass/frontier.h>

#include "core/buf.h"
#include "core/rng.h"

#include "same-frontier.h"

#define ROUNDS     400
#define MAX_POINTS 24
#define MAX_KNOBS  4

static uint64_t seed = 20240607;

/* Figures that parsers and printers get wrong, and ordinary ones. */
static double random_figure(struct rng *r)
{
	static const double extremes[] = {0, 5e-324, 2.2250738585072014e-308,
		2.2250738585072009e-308, 1.7976931348623157e308, 9007199254740994.0, 0.1, 1e21,
		1e22, 1e23, 123456789012345680, 4.35, 2.5e-8, 0.3};
	uint64_t bits;
	double v;

	switch (rng_below(r, 4)) {
	case 0:
		return extremes[rng_below(r, sizeof extremes / sizeof *extremes)];
	case 1:
		do {
			bits = rng_u64(r) >> 1;
			memcpy(&v, &bits, sizeof v);
		} while (!isfinite(v));
		return v;
	case 2:
		return (double)rng_below(r, 1000);
	default:
		return rng_double(r) * 100;
	}
}

static double random_rsd(struct rng *r)
{
	uint64_t kind = rng_below(r, 3);

	return kind == 0 ? 0 : kind == 1 ? (double)NAN : rng_double(r);
}

/* Texts with everything that has to be quoted somewhere. */
static const char *random_text(struct rng *r)
{
	static const char *const texts[] = {"", "plain", "two words", " blanks ", "a,b",
		"\"quoted\"", "line\nbreak", "tab\tand\x01", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		"back\\slash", "{\"json\": [1]}", "# comment", "0", "nan",
		"\xef\xbb\xbf"
		"bom",
		"cr\r", "'", "=,=;"};

	return texts[rng_below(r, sizeof texts / sizeof *texts)];
}

static void random_info(struct rng *r, hg_frontier_info *info)
{
	*info = (hg_frontier_info)HG_FRONTIER_INFO_INIT;
	info->name = random_text(r);
	info->work_unit = random_text(r);
	info->device = random_text(r);
	info->source = random_text(r);
	info->devices = rng_below(r, 2) ? 0 : (uint32_t)rng_u64(r);
	if (rng_below(r, 2))
		info->static_power_w = random_figure(r);
	if (rng_below(r, 2))
		info->max_power_w = random_figure(r);
}

/* A cell of a knob that has the first n_choices words, or is a number where there are none. */
static double random_cell(struct rng *r, size_t n_choices)
{
	if (rng_below(r, 8) == 0)
		return (double)NAN;
	if (n_choices)
		return (double)rng_below(r, n_choices);
	return rng_below(r, 2) ? random_figure(r) : -random_figure(r);
}

static hg_frontier *random_built(struct rng *r)
{
	static const char *const words[] = {
		"fast", "slow, odd", "\"q\"", "with blank", "new\nline", "7", "#", "\xc3\xbc"};
	static const char *const names[] = {"power_limit_w", "a b", "c,d", "\"e\""};
	hg_knob_def knobs[MAX_KNOBS] = {{0}};
	double cells[MAX_POINTS * MAX_KNOBS];
	hg_point points[MAX_POINTS];
	hg_frontier_info info;
	hg_build_opts opts = {.size = sizeof opts, .info = &info, .knobs = knobs};
	size_t n = 1 + rng_below(r, MAX_POINTS);
	hg_frontier *f;

	random_info(r, &info);
	opts.n_knobs = rng_below(r, MAX_KNOBS + 1);
	for (size_t k = 0; k < opts.n_knobs; k++) {
		knobs[k].name = names[k];
		knobs[k].unit = random_text(r);
		if (rng_below(r, 3))
			continue;
		knobs[k].choices = words;
		knobs[k].n_choices = 1 + rng_below(r, sizeof words / sizeof *words);
	}
	opts.n_settings = rng_below(r, MAX_POINTS + 1);
	opts.settings = cells;
	for (size_t i = 0; i < opts.n_settings * opts.n_knobs; i++)
		cells[i] = random_cell(r, knobs[i % opts.n_knobs].n_choices);
	for (size_t i = 0; i < n; i++) {
		points[i] = (hg_point){random_figure(r), random_figure(r), random_rsd(r),
			random_rsd(r), HG_SETTING_NONE, (uint32_t)rng_below(r, 16)};
		if (opts.n_settings && rng_below(r, 8))
			points[i].setting = (hg_setting)rng_below(r, opts.n_settings);
	}
	opts.flags = rng_below(r, 4) ? HG_BUILD_KEEP_DOMINATED : 0;
	opts.near_tie_sigmas = rng_below(r, 3) ? 0 : rng_double(r) * 3;
	assert_int_equal(hg_frontier_build(points, n, &opts, &f, NULL), HG_OK);
	return f;
}

/* NULL where the figures overflow. */
static hg_frontier *random_composed(struct rng *r, unsigned depth)
{
	hg_frontier *children[4], *f = NULL;
	size_t n = 1 + rng_below(r, 4);
	hg_err err;

	for (size_t i = 0; i < n; i++) {
		if (i && rng_below(r, 3) == 0)
			children[i] = hg_frontier_ref(children[rng_below(r, i)]);
		else if (depth && rng_below(r, 2))
			children[i] = random_composed(r, depth - 1);
		else
			children[i] = random_built(r);
		if (!children[i])
			children[i] = random_built(r);
	}
	switch (rng_below(r, 4)) {
	case 0:
		err = hg_frontier_series(children, n, (uint32_t)rng_below(r, 2), &f, NULL);
		break;
	case 1:
		err = hg_frontier_parallel(children, n, &f, NULL);
		break;
	case 2:
		err = hg_frontier_repeat(children[0], 1 + (uint32_t)rng_below(r, 9), &f, NULL);
		break;
	default:
		err = hg_frontier_union(children, n, &f, NULL);
		break;
	}
	for (size_t i = 0; i < n; i++)
		hg_frontier_destroy(children[i]);
	return err ? NULL : f;
}

static hg_frontier *read_back(const char *text, size_t len)
{
	hg_frontier *f;
	hg_error why;

	if (hg_frontier_parse(text, len, HG_FORMAT_AUTO, "back", &f, &why)) {
		print_error("%s\n%s", why.text, text);
		fail();
	}
	return f;
}

static void check_round_trip(const hg_frontier *f, hg_format format, unsigned flags)
{
	char *text, *again;
	size_t len, len_again;
	const char *difference;
	hg_error why;
	hg_frontier *g;
	hg_err err = hg_frontier_format(f, format, &text, &len, &why);

	if (err)
		print_error("%s\n", why.text);
	assert_int_equal(err, HG_OK);
	g = read_back(text, len);
	difference = frontier_difference(f, g, flags);
	if (difference)
		print_error("%s differs in\n%s", difference, text);
	assert_null(difference);
	assert_int_equal(hg_frontier_format(g, format, &again, &len_again, NULL), HG_OK);
	assert_string_equal(text, again);
	free(text);
	free(again);
	hg_frontier_destroy(g);
}

static void test_round_trip(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, seed);
	for (int i = 0; i < ROUNDS; i++) {
		hg_frontier *f = random_built(&r);

		check_round_trip(f, HG_FORMAT_JSON, 0);
		check_round_trip(f, HG_FORMAT_CSV, 0);
		hg_frontier_destroy(f);
		f = random_composed(&r, 2);
		if (!f)
			continue;
		check_round_trip(f, HG_FORMAT_JSON, 0);
		check_round_trip(f, HG_FORMAT_CSV, SAME_BUT_PARTS);
		hg_frontier_destroy(f);
	}
}

/* Adds an unknown member behind every brace that opens an object which may have some; settings are
 * no such objects: their members are knobs. @return how many */
static unsigned add_unknown(const char *text, struct buf *out, struct rng *r)
{
	static const char *const values[] = {
		"null", "[1.0, {\"deep\": \"}\"}]", "\"\\u00e9\\\"\"", "-0.00e5", "{}"};
	unsigned n = 0;
	bool quoted = false;

	for (const char *p = text; *p; p++) {
		buf_addc(out, *p);
		if (*p == '\\')
			buf_addc(out, *++p);
		else if (*p == '"')
			quoted = !quoted;
		if (quoted || *p != '{' || strncmp(p + 1, "\"same_as", 8) == 0 ||
			(p - text > 11 && strncmp(p - 11, "\"setting\": ", 11) == 0))
			continue;
		buf_addf(out, "\"future %u\": %s", n++,
			values[rng_below(r, sizeof values / sizeof *values)]);
		if (p[1] != '}')
			buf_addc(out, ',');
	}
	assert_int_equal(out->failed, HG_OK);
	return n;
}

static void check_unknown(const hg_frontier *f, struct rng *r)
{
	char *text, *kept;
	size_t len;
	struct buf richer;
	unsigned n;
	hg_frontier *g;

	assert_int_equal(hg_frontier_format(f, HG_FORMAT_JSON, &text, &len, NULL), HG_OK);
	buf_init(&richer, 1u << 24);
	n = add_unknown(text, &richer, r);
	g = read_back(richer.data, richer.len);
	assert_null(frontier_difference(f, g, 0));
	assert_int_equal(hg_frontier_format(g, HG_FORMAT_JSON, &kept, &len, NULL), HG_OK);
	for (unsigned i = 0; i < n; i++) {
		char key[32];

		(void)snprintf(key, sizeof key, "\"future %u\": ", i);
		if (!strstr(kept, key))
			print_error("%s lost from\n%s\n", key, richer.data);
		assert_non_null(strstr(kept, key));
	}
	check_round_trip(g, HG_FORMAT_JSON, 0);
	hg_frontier_destroy(g);
	buf_finish(&richer);
	free(text);
	free(kept);
}

static void test_unknown_fields(void **state)
{
	struct rng r;

	(void)state;
	rng_init(&r, seed + 1);
	for (int i = 0; i < ROUNDS / 2; i++) {
		hg_frontier *f = random_built(&r);

		check_unknown(f, &r);
		hg_frontier_destroy(f);
		f = random_composed(&r, 2);
		if (f)
			check_unknown(f, &r);
		hg_frontier_destroy(f);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_unknown_fields),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
