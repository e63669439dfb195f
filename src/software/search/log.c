/* The log of a search: a line of JSON for each result, so that a crash costs at most the last. */
#include "spec.h"

#include <math.h>
#include <string.h>

#include "core/fail.h"

#define LINE_BYTES ((size_t)1 << 20)
#define LARGEST    1e300

void spec_log_line(const struct spec *s, const hg_search_result *r, const double *cells,
	const char *failed, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', true);
	json_key(&j, "setting");
	json_open(&j, '{', true);
	for (size_t k = 0; k < s->n_knobs; k++)
		if (s->knobs[k].choices)
			json_kv_string(&j, s->knobs[k].name, s->knobs[k].choices[(size_t)cells[k]]);
		else
			json_kv_number(&j, s->knobs[k].name, cells[k]);
	json_close(&j, '}');
	if (r->failed) {
		json_kv_string(
			&j, r->failed == SPEC_GARBLED ? "garbled" : "failed", failed ? failed : "");
	} else {
		json_kv_number(&j, "time_s", r->time_s);
		json_kv_number(&j, "energy_j", r->energy_j);
		json_kv_number(&j, "time_rsd", r->time_rsd);
		json_kv_number(&j, "energy_rsd", r->energy_rsd);
	}
	json_close(&j, '}');
	buf_addc(out, '\n');
}

/** A deviation, which may be null: unknown. */
static hg_err deviation(const struct json_doc *doc, const char *key, double *out, hg_error *why)
{
	const struct json *v = json_get(doc->root, key);

	*out = NAN;
	return v && v->type != JSON_NULL ? json_number_or(doc, doc->root, key, 0, 1e6, out, why)
					 : HG_OK;
}

static hg_err read_figures(const struct json_doc *doc, hg_search_result *r, hg_error *why)
{
	const char *failed = NULL;
	hg_err rc = json_string_or(doc, doc->root, "failed", &failed, why);

	r->failed = failed ? 1 : 0;
	if (rc != HG_OK || failed)
		return rc;
	rc = json_need_number(doc, doc->root, "time_s", 0, LARGEST, &r->time_s, why);
	if (rc == HG_OK)
		rc = json_need_number(doc, doc->root, "energy_j", 0, LARGEST, &r->energy_j, why);
	if (rc == HG_OK && !(r->time_s > 0 && r->energy_j > 0))
		return fail(why, HG_EFORMAT, "%s:%u: time_s and energy_j must be above 0",
			doc->origin, doc->root->line);
	if (rc == HG_OK)
		rc = deviation(doc, "time_rsd", &r->time_rsd, why);
	return rc == HG_OK ? deviation(doc, "energy_rsd", &r->energy_rsd, why) : rc;
}

hg_err spec_result(const char *text, size_t len, const char *origin, uint32_t line,
	hg_search_result *r, hg_error *why)
{
	struct json_doc doc;
	hg_err rc = json_parse_line(&doc, text, len, origin, line, LINE_BYTES, why);

	if (rc == HG_OK && doc.root->type != JSON_OBJECT)
		rc = fail(why, HG_EFORMAT, "%s:%u: expected an object, got %s", origin, line,
			json_type_text(doc.root));
	if (rc == HG_OK)
		rc = read_figures(&doc, r, why);
	json_finish(&doc);
	return rc;
}

static hg_err read_setting(
	const struct spec *s, const struct json_doc *doc, double *cells, hg_error *why)
{
	const struct json *setting;
	hg_err rc = json_need(doc, doc->root, "setting", JSON_OBJECT, &setting, why);

	if (rc != HG_OK)
		return rc;
	for (size_t k = 0; rc == HG_OK && k < s->n_knobs; k++) {
		const char *word = NULL;

		if (!s->knobs[k].choices) {
			rc = json_need_number(
				doc, setting, s->knobs[k].name, -LARGEST, LARGEST, &cells[k], why);
			continue;
		}
		rc = json_need_string(doc, setting, s->knobs[k].name, &word, why);
		if (rc == HG_OK && !spec_cell(s, k, word, strlen(word), &cells[k]))
			rc = fail(why, HG_EFORMAT, "%s:%u: \"%s\": the space has no \"%.60s\"",
				doc->origin, doc->root->line, s->knobs[k].name, word);
	}
	if (rc != HG_OK)
		return rc;
	if (setting->len != s->n_knobs || !spec_has(s, cells))
		return fail(why, HG_EFORMAT, "%s:%u: \"setting\": the space has no such one",
			doc->origin, doc->root->line);
	return HG_OK;
}

static hg_err read_line(const struct spec *s, const char *text, size_t len, const char *origin,
	uint32_t line, double *cells, hg_search_result *r, hg_error *why)
{
	const char *garbled = NULL;
	struct json_doc doc;
	hg_err rc = json_parse_line(&doc, text, len, origin, line, LINE_BYTES, why);

	*r = (hg_search_result){.size = sizeof *r};
	if (rc == HG_OK)
		rc = read_setting(s, &doc, cells, why);
	if (rc == HG_OK)
		rc = json_string_or(&doc, doc.root, "garbled", &garbled, why);
	if (rc == HG_OK && garbled)
		r->failed = SPEC_GARBLED;
	else if (rc == HG_OK)
		rc = read_figures(&doc, r, why);
	json_finish(&doc);
	return rc;
}

hg_err spec_log_read(const struct spec *s, const char *text, size_t len, const char *origin,
	spec_log_fn fn, void *user, size_t *whole, hg_error *why)
{
	uint32_t line = 1;

	*whole = 0;
	for (; *whole < len; line++) {
		const char *at = text + *whole, *end = memchr(at, '\n', len - *whole);
		double cells[HG_SEARCH_MAX_KNOBS];
		hg_search_result r;
		hg_err rc;

		if (!end)
			break;
		rc = read_line(s, at, (size_t)(end - at), origin, line, cells, &r, why);
		if (rc == HG_OK)
			rc = fn(user, cells, &r, why);
		if (rc != HG_OK)
			return rc;
		*whole = (size_t)(end + 1 - text);
	}
	return HG_OK;
}
