/* What was learnt, as text: hourglass.tune/1. Other jobs' entries stay as they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "tuner.h"

#define SCHEMA     "hourglass.tune"
#define VERSION    1
#define TREE_BYTES ((size_t)256 << 20)
#define TEXT_BYTES ((size_t)64 << 20)
#define JOBS_MAX   65536
#define STEPS_MAX  1e15
#define FIGURE_MIN 1e-12
#define FIGURE_MAX 1e12
/* A job of yesterday: the shape is to be trusted half as far again as one that was just measured.
 */
#define LOOSE_AFTER_RECALL 0.5

/* ----- reading */

static bool is_of(const struct json *entry, const char *job, const char *device)
{
	const struct json *j = json_get(entry, "job"), *d = json_get(entry, "device");

	return j && d && j->type == JSON_STRING && d->type == JSON_STRING &&
	       strcmp(j->string, job) == 0 && strcmp(d->string, device) == 0;
}

static hg_err read_jobs(struct json_doc *doc, const char *text, size_t len, const char *origin,
	const struct json **jobs, hg_error *why)
{
	hg_err rc = json_parse(doc, text, len, origin, TREE_BYTES, why);

	if (rc == HG_OK)
		rc = json_check_schema(doc, SCHEMA, VERSION, why);
	if (rc == HG_OK)
		rc = json_need(doc, doc->root, "jobs", JSON_ARRAY, jobs, why);
	if (rc != HG_OK)
		return rc;
	if ((*jobs)->len > JOBS_MAX)
		return fail(why, HG_ELIMIT, "%s:%u: more than %d jobs", origin, (*jobs)->line,
			JOBS_MAX);
	for (const struct json *j = (*jobs)->first; j; j = j->next) {
		const char *name;

		if (j->type != JSON_OBJECT)
			return fail(why, HG_EFORMAT, "%s:%u: expected an object, found %s", origin,
				j->line, json_type_text(j));
		rc = json_need_string(doc, j, "job", &name, why);
		if (rc == HG_OK)
			rc = json_need_string(doc, j, "device", &name, why);
		if (rc != HG_OK)
			return rc;
	}
	return HG_OK;
}

/** Which of our knobs an entry's columns are; the others were as at our baseline. */
struct columns {
	size_t at[64], n;
	bool ours[64];
};

static bool is_cell(const struct json *cell, double ours)
{
	if (cell->type == JSON_NULL)
		return isnan(ours);
	return cell->type == JSON_NUMBER && fabs(cell->number - ours) <= 1e-9 * fabs(ours);
}

/* Our row that has an entry's cells, or SIZE_MAX. */
static size_t find_row(const hg_tune *t, const struct json *cells, const struct columns *columns)
{
	const size_t n = t->opts.n_knobs;

	for (size_t row = 0; row < t->n; row++) {
		const struct json *cell = cells->first;
		bool same = true;

		for (size_t k = 0; cell && same; k++, cell = cell->next)
			same = is_cell(cell, t->cells[row * n + columns->at[k]]);
		for (size_t k = 0; k < n && same; k++)
			same = columns->ours[k] ||
			       same_cell(t->cells[row * n + k], t->cells[t->opts.baseline * n + k]);
		if (same)
			return row;
	}
	return SIZE_MAX;
}

/* @return false: others than ours */
static bool match_knobs(const hg_tune *t, const struct json *knobs, struct columns *columns)
{
	size_t i = 0;

	if (knobs->len == 0 || knobs->len > t->opts.n_knobs)
		return false;
	columns->n = knobs->len;
	for (const struct json *k = knobs->first; k; k = k->next, i++) {
		const struct json *name = json_get(k, "name"), *unit = json_get(k, "unit");

		columns->at[i] = SIZE_MAX;
		for (size_t o = 0; o < t->opts.n_knobs; o++)
			if (name && unit && name->type == JSON_STRING &&
				unit->type == JSON_STRING &&
				strcmp(name->string, t->knobs[o].name) == 0 &&
				strcmp(unit->string, t->knobs[o].unit) == 0)
				columns->at[i] = o;
		if (columns->at[i] == SIZE_MAX || columns->ours[columns->at[i]])
			return false;
		columns->ours[columns->at[i]] = true;
	}
	return true;
}

static hg_err read_point(hg_tune *t, const struct json_doc *doc, const struct json *p,
	const struct columns *columns, hg_error *why)
{
	const struct json *cells;
	struct seen s = {0};
	double time_rsd = 0, power_rsd = 0;
	size_t row;
	hg_err rc;

	if (p->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: expected an object, found %s", doc->origin,
			p->line, json_type_text(p));
	rc = json_need(doc, p, "setting", JSON_ARRAY, &cells, why);
	if (rc == HG_OK && cells->len != columns->n)
		return fail(why, HG_EFORMAT, "%s:%u: setting: expected %zu cells, found %u",
			doc->origin, cells->line, columns->n, cells->len);
	if (rc == HG_OK)
		rc = json_need_number(doc, p, "steps", FIGURE_MIN, STEPS_MAX, &s.steps, why);
	if (rc == HG_OK)
		rc = json_need_number(doc, p, "time_s", FIGURE_MIN, FIGURE_MAX, &s.time_s, why);
	if (rc == HG_OK)
		rc = json_need_number(doc, p, "power_w", FIGURE_MIN, FIGURE_MAX, &s.power_w, why);
	if (rc == HG_OK)
		rc = json_need_number(doc, p, "time_rsd", 0, 10, &time_rsd, why);
	if (rc == HG_OK)
		rc = json_need_number(doc, p, "power_rsd", 0, 10, &power_rsd, why);
	if (rc != HG_OK)
		return rc;
	row = find_row(t, cells, columns);
	s.time_var = time_rsd * time_rsd;
	s.power_var = power_rsd * power_rsd;
	if (row == SIZE_MAX)
		return HG_OK;
	t->cands[row].seen = s;
	t->cands[row].recalled = true;
	return HG_OK;
}

static hg_err read_entry(
	hg_tune *t, const struct json_doc *doc, const struct json *entry, size_t *n, hg_error *why)
{
	const struct json *knobs, *points;
	struct columns columns = {{0}, 0, {false}};
	hg_err rc = json_need(doc, entry, "knobs", JSON_ARRAY, &knobs, why);

	if (rc == HG_OK)
		rc = json_need(doc, entry, "points", JSON_ARRAY, &points, why);
	if (rc != HG_OK)
		return rc;
	if (!match_knobs(t, knobs, &columns))
		return HG_OK;
	for (const struct json *p = points->first; rc == HG_OK && p; p = p->next)
		rc = read_point(t, doc, p, &columns, why);
	for (size_t i = 0; rc == HG_OK && i < t->n; i++)
		*n += t->cands[i].seen.steps > 0;
	return rc;
}

static void forget(hg_tune *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->cands[i].seen = (struct seen){0}, t->cands[i].recalled = false;
}

/* Begins where the earlier run ended. */
static hg_err resume(hg_tune *t)
{
	struct goal g;
	bool feasible;
	hg_err rc = model_update(t);

	if (rc != HG_OK)
		return rc;
	g = goal_now(t);
	t->best = goal_best(t, &g, &feasible);
	model_restart(t, LOOSE_AFTER_RECALL);
	stretch_begin(t, t->best);
	return HG_OK;
}

hg_err hg_tune_recall(hg_tune *t, const char *text, size_t len, const char *origin, const char *job,
	const char *device, hg_error *why)
{
	const struct json *jobs, *entry = NULL;
	struct json_doc doc = {0};
	size_t n = 0;
	hg_err rc;

	if (why)
		why->text[0] = '\0';
	if (!t || !text || !origin || !job || !device)
		return fail(why, HG_EINVAL, "arguments must not be NULL");
	if (t->all.steps + t->summary.all_steps > 0 || t->prior_known)
		return fail(why, HG_EINVAL, "recalled after the first step");
	rc = read_jobs(&doc, text, len, origin, &jobs, why);
	for (const struct json *j = rc == HG_OK ? jobs->first : NULL; j && !entry; j = j->next)
		entry = is_of(j, job, device) ? j : NULL;
	if (entry && t->n > 1)
		rc = read_entry(t, &doc, entry, &n, why);
	json_finish(&doc);
	if (rc == HG_OK && n < 2) {
		forget(t);
		return fail(why, HG_ENOENT, "%s: nothing is known of job '%.80s' on %.80s", origin,
			job, device);
	}
	if (rc == HG_OK)
		rc = resume(t);
	else
		forget(t);
	return rc;
}

/* ----- writing */

/* What is known of a setting: measured since the last start, or carried over it. */
static bool known(const struct cand *c, struct seen *s)
{
	*s = c->seen;
	if (s->steps > 0 || !(c->tried || c->recalled))
		return s->steps > 0;
	*s = (struct seen){.steps = 1,
		.time_s = cand_time(c),
		.time_var = c->sd_t * c->sd_t,
		.power_w = exp(c->p),
		.power_var = c->sd_p * c->sd_p};
	return true;
}

static void put_point(struct json_out *j, const hg_tune *t, size_t row, const struct seen *s)
{

	json_open(j, '{', true);
	json_key(j, "setting");
	json_open(j, '[', true);
	for (size_t k = 0; k < t->opts.n_knobs; k++)
		json_put_number(j, t->cells[row * t->opts.n_knobs + k]);
	json_close(j, ']');
	json_kv_number(j, "steps", s->steps);
	json_kv_number(j, "time_s", s->time_s);
	json_kv_number(j, "time_rsd", sqrt(s->time_var));
	json_kv_number(j, "power_w", s->power_w);
	json_kv_number(j, "power_rsd", sqrt(s->power_var));
	json_close(j, '}');
}

static void put_entry(struct json_out *j, const hg_tune *t, const char *job, const char *device)
{
	struct seen s;

	json_open(j, '{', false);
	json_kv_string(j, "job", job);
	json_kv_string(j, "device", device);
	json_key(j, "knobs");
	json_open(j, '[', true);
	for (size_t k = 0; k < t->opts.n_knobs; k++) {
		json_open(j, '{', true);
		json_kv_string(j, "name", t->knobs[k].name);
		json_kv_string(j, "unit", t->knobs[k].unit);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_key(j, "points");
	json_open(j, '[', false);
	for (size_t i = 0; i < t->n; i++)
		if (known(&t->cands[i], &s))
			put_point(j, t, i, &s);
	json_close(j, ']');
	json_close(j, '}');
}

hg_err hg_tune_remember(const hg_tune *t, const char *text, size_t len, const char *origin,
	const char *job, const char *device, char **out, size_t *out_len, hg_error *why)
{
	const struct json *jobs = NULL;
	struct json_doc doc = {0};
	struct json_out j;
	struct buf buf;
	hg_err rc = HG_OK;

	if (why)
		why->text[0] = '\0';
	if (!t || !origin || !job || !device || !out || !out_len)
		return fail(why, HG_EINVAL, "arguments must not be NULL");
	*out = NULL;
	if (!t->probes)
		return fail(why, HG_ENOENT, "nothing was learnt");
	if (text)
		rc = read_jobs(&doc, text, len, origin, &jobs, why);
	if (rc != HG_OK) {
		json_finish(&doc);
		return rc;
	}
	buf_init(&buf, TEXT_BYTES);
	json_out_init(&j, &buf);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", SCHEMA "/1");
	json_key(&j, "jobs");
	json_open(&j, '[', false);
	put_entry(&j, t, job, device);
	for (const struct json *e = jobs ? jobs->first : NULL; e; e = e->next)
		if (!is_of(e, job, device))
			json_put_raw(&j, e->raw, e->raw_len);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&buf, '\n');
	json_finish(&doc);
	*out_len = buf.len;
	rc = buf.failed;
	if (rc == HG_OK)
		*out = buf_steal(&buf);
	buf_finish(&buf);
	return rc == HG_OK ? HG_OK : fail(why, rc, "%s: too long", origin);
}
