/* A space that is read can be searched; a table that is read fits it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "software/search/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char table[] = "device,batch_size,power_limit,time_s,power_w\n"
			    "v100,8,100,2,90\nv100,8,125,1.5,120\na40,16,100,3,95\n";

static void search(const struct spec *s)
{
	hg_search_opts opts = {.size = sizeof opts, .max_measured = 4, .n_candidates = 1024};
	hg_search_space space;
	hg_search *search;
	uint32_t config;
	size_t n;

	spec_space(s, &space);
	if (spec_count(s) > 500)
		return;
	/* what is not listed may have nothing at all, or what is hard to find */
	if (hg_search_create(&space, &opts, &search, NULL) != HG_OK) {
		if (s->listed)
			abort();
		return;
	}
	while (hg_search_next(search, 1, &config, &n, NULL) == HG_OK && n == 1) {
		hg_search_result r = {.size = sizeof r,
			.config = config,
			.time_s = 1 + config % 7,
			.energy_j = 9 - config % 5};

		if (!spec_has(s, hg_search_cells(search, config)) ||
			(s->listed && spec_find(s, hg_search_cells(search, config)) != config) ||
			hg_search_tell(search, &r, NULL) != HG_OK)
			abort();
	}
	hg_search_destroy(search);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vec rows = {0}, cells = {0};
	struct spec s;
	hg_error why = {""};

	if (spec_parse(&s, (const char *)data, size, "fuzz.json", &why) == HG_OK) {
		search(&s);
		if (spec_table(&s, SPEC_ONE, table, sizeof table - 1, "t.csv", &rows, &cells,
			    &why) == HG_OK &&
			cells.len != rows.len * s.n_knobs)
			abort();
	} else if (!why.text[0]) {
		abort();
	}
	vec_finish(&rows);
	vec_finish(&cells);
	spec_finish(&s);
	return 0;
}
