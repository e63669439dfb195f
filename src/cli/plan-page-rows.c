/* The page of a plan.csv alone: what it says, and nothing that it does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/number.h"
#include "plan-page.h"

static double number_of(const char *setting)
{
	double value = 0;

	return double_parse(setting, strlen(setting), true, &value) ? value : -1;
}

static int by_number(const void *left, const void *right)
{
	double a = number_of(*(const char *const *)left);
	double b = number_of(*(const char *const *)right);

	if (a < b)
		return -1;
	return a > b ? 1 : strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Distinct settings, slowest first. @return how many */
static size_t settings_of(const struct vec *rows, const char **settings)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < rows->len; i++) {
		const struct plan_row *r = vec_at(rows, i);

		if (r->setting[0])
			settings[n++] = r->setting;
	}
	qsort(settings, n, sizeof *settings, by_number);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || strcmp(settings[kept - 1], settings[i]) != 0)
			settings[kept++] = settings[i];
	return kept;
}

static int64_t index_of(const char *setting, const char **settings, size_t n)
{
	const char **found = setting[0] && n
				     ? bsearch(&setting, settings, n, sizeof *settings, by_number)
				     : NULL;

	return found ? found - settings : -1;
}

/* As the page tells kinds apart; profiles name instructions in several ways. */
static char letter_of(const char *instruction)
{
	static const struct {
		const char *begins;
		char letter;
	} kinds[] = {{"backward_i", 'I'}, {"backward_w", 'W'}, {"f", 'F'}, {"b", 'B'}, {"i", 'I'},
		{"w", 'W'}, {"r", 'R'}, {"s", 'S'}};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strncasecmp(instruction, kinds[i].begins, strlen(kinds[i].begins)) == 0)
			return kinds[i].letter;
	return 'B';
}

static void put_ops(struct json_out *j, const struct vec *rows, const char **settings, size_t n)
{
	json_key(j, "ops");
	json_open(j, '[', true);
	for (size_t i = 0; i < rows->len; i++) {
		const struct plan_row *r = vec_at(rows, i);
		char letter[2] = {letter_of(r->instruction), '\0'};

		json_open(j, '[', true);
		json_put_int(j, r->stage);
		json_put_string(j, letter);
		json_put_int(j, r->stage);
		json_put_int(j, r->microbatch);
		json_put_int(j, (int64_t)i);
		json_put_string(j, r->instruction);
		json_put_number(j, 0);
		json_close(j, ']');
	}
	json_close(j, ']');
	json_key(j, "works");
	json_open(j, '[', true);
	for (size_t i = 0; i < rows->len; i++) {
		const struct plan_row *r = vec_at(rows, i);

		json_open(j, '[', true);
		json_open(j, '[', true);
		json_put_number(j, r->time_s);
		json_put_number(j, r->energy_j);
		json_put_int(j, index_of(r->setting, settings, n));
		json_close(j, ']');
		json_close(j, ']');
	}
	json_close(j, ']');
}

static void put_plan(struct json_out *j, const struct vec *rows)
{
	json_key(j, "plans");
	json_open(j, '[', true);
	json_open(j, '{', true);
	json_key(j, "options");
	json_open(j, '[', true);
	for (size_t i = 0; i < rows->len; i++)
		json_put_int(j, 0);
	json_close(j, ']');
	json_key(j, "start");
	json_open(j, '[', true);
	for (size_t i = 0; i < rows->len; i++)
		json_put_number(j, ((const struct plan_row *)vec_at(rows, i))->start_s);
	json_close(j, ']');
	json_close(j, '}');
	json_close(j, ']');
}

hg_err page_rows_json(struct json_out *j, const struct plan_rows *rows)
{
	const char **settings = calloc(rows->rows.len + 1, sizeof *settings);
	uint32_t lanes = 0;
	char name[32];
	size_t n;

	if (!settings)
		return HG_ENOMEM;
	n = settings_of(&rows->rows, settings);
	for (size_t i = 0; i < rows->rows.len; i++) {
		const struct plan_row *r = vec_at(&rows->rows, i);

		lanes = r->stage >= lanes ? r->stage + 1 : lanes;
	}
	json_key(j, "lanes");
	json_open(j, '[', true);
	for (uint32_t s = 0; s < lanes; s++) {
		(void)snprintf(name, sizeof name, "stage %u", s);
		json_put_string(j, name);
	}
	json_close(j, ']');
	json_key(j, "settings");
	json_open(j, '[', true);
	for (size_t i = 0; i < n; i++)
		json_put_string(j, settings[i]);
	json_close(j, ']');
	json_key(j, "edges");
	json_open(j, '[', true);
	json_close(j, ']');
	put_ops(j, &rows->rows, settings, n);
	put_plan(j, &rows->rows);
	free(settings);
	return HG_OK;
}
