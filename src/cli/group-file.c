/* The file of a rank that tunes with others. */
#include "group-file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/file.h"
#include "core/json.h"

#define GROUP_BYTES ((size_t)1 << 16)
#define HEX_DIGITS  16

/* What of a summary is told, in this order. */
#define FIGURES(X)                                                                                 \
	X(steps)                                                                                   \
	X(time_s)                                                                                  \
	X(time_rsd)                                                                                \
	X(power_w)                                                                                 \
	X(power_rsd)                                                                               \
	X(all_steps)                                                                               \
	X(all_time_s)                                                                              \
	X(all_energy_j)                                                                            \
	X(now_s)                                                                                   \
	X(longest_s)                                                                               \
	X(reading_s)

const hg_tune_summary *group_file_find(const struct group_file *f, uint32_t stretch)
{
	for (size_t i = 0; i < f->n_told; i++)
		if (f->told[i].stretch == stretch)
			return &f->told[i];
	return NULL;
}

/* ----- writing */

/* As text: a JSON number has 53 bits. */
static void put_hex(struct json_out *j, const char *key, uint64_t v)
{
	char text[HEX_DIGITS + 1];

	(void)snprintf(text, sizeof text, "%016llx", (unsigned long long)v);
	json_kv_string(j, key, text);
}

static void put_summary(struct json_out *j, const hg_tune_summary *s)
{
	json_open(j, '{', true);
	json_kv_int(j, "stretch", s->stretch);
	json_kv_int(j, "setting", s->setting);
	json_kv_bool(j, "refused", s->refused != 0);
	json_kv_int(j, "stuck", s->refused >> 1);
#define PUT(name) json_kv_number(j, #name, s->name);
	FIGURES(PUT)
#undef PUT
	json_close(j, '}');
}

void group_file_format(const struct group_file *f, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.group/1");
	json_kv_int(&j, "rank", f->rank);
	json_kv_int(&j, "ranks", f->ranks);
	put_hex(&j, "run", f->run);
	put_hex(&j, "settings", f->settings);
	put_hex(&j, "group", f->group);
	json_kv_bool(&j, "ended", f->ended);
	json_key(&j, "summaries");
	json_open(&j, '[', false);
	for (size_t i = 0; i < f->n_told; i++)
		put_summary(&j, &f->told[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(out, '\n');
}

hg_err group_file_write(const struct group_file *f, const char *path, hg_error *why)
{
	struct buf out;
	hg_err rc;

	buf_init(&out, GROUP_BYTES);
	group_file_format(f, &out);
	rc = out.failed != HG_OK ? fail(why, out.failed, "out of memory")
				 : file_write(path, out.data, out.len, why);
	buf_finish(&out);
	return rc;
}

/* ----- reading */

static hg_err need_hex(const struct json_doc *d, const char *key, uint64_t *out, hg_error *why)
{
	static const char digits[] = "0123456789abcdef";
	const char *text = NULL;
	hg_err rc = json_need_string(d, d->root, key, &text, why);
	size_t n = rc == HG_OK ? strlen(text) : 0;

	if (rc != HG_OK)
		return rc;
	*out = 0;
	if (n == 0 || n > HEX_DIGITS || strspn(text, digits) != n)
		return fail(why, HG_EFORMAT,
			"%s:%u: \"%s\": expected 1 to %d digits 0-9a-f, got \"%.40s\"", d->origin,
			json_get(d->root, key)->line, key, HEX_DIGITS, text);
	for (; *text; text++)
		*out = *out << 4 | (uint64_t)(strchr(digits, *text) - digits);
	return HG_OK;
}

static hg_err need_count(const struct json_doc *d, const struct json *v, const char *key,
	double min, double max, uint32_t *out, hg_error *why)
{
	double x = 0;
	hg_err rc = json_need_number(d, v, key, min, max, &x, why);

	if (rc == HG_OK && x != floor(x))
		rc = fail(why, HG_EFORMAT, "%s:%u: \"%s\": expected a whole number, got %g",
			d->origin, json_get(v, key)->line, key, x);
	if (rc == HG_OK)
		*out = (uint32_t)x;
	return rc;
}

static hg_err need_bool(
	const struct json_doc *d, const struct json *v, const char *key, bool *out, hg_error *why)
{
	const struct json *found = NULL;
	hg_err rc = json_need(d, v, key, JSON_TRUE, &found, why);

	if (rc == HG_OK)
		*out = found->type == JSON_TRUE;
	return rc;
}

/* null: not known */
static hg_err need_figure(
	const struct json_doc *d, const struct json *v, const char *key, double *out, hg_error *why)
{
	const struct json *found = json_get(v, key);

	*out = (double)NAN;
	if (found && found->type == JSON_NULL)
		return HG_OK;
	return json_need_number(d, v, key, -HUGE_VAL, HUGE_VAL, out, why);
}

static hg_err read_summary(
	const struct json_doc *d, const struct json *v, hg_tune_summary *s, hg_error *why)
{
	bool refused = false;
	uint32_t stuck = 0;
	hg_err rc;

	*s = (hg_tune_summary){.size = sizeof *s};
	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: expected an object, got %s", d->origin,
			v->line, json_type_text(v));
	rc = need_count(d, v, "stretch", 0, UINT32_MAX, &s->stretch, why);
	if (rc == HG_OK)
		rc = need_count(d, v, "setting", 0, UINT32_MAX, &s->setting, why);
	if (rc == HG_OK)
		rc = need_bool(d, v, "refused", &refused, why);
	if (rc == HG_OK && json_get(v, "stuck"))
		rc = need_count(d, v, "stuck", 0, INT32_MAX, &stuck, why);
	s->refused = refused ? 1 | stuck << 1 : 0;
#define GET(name)                                                                                  \
	if (rc == HG_OK)                                                                           \
		rc = need_figure(d, v, #name, &s->name, why);
	FIGURES(GET)
#undef GET
	return rc;
}

static hg_err read_summaries(const struct json_doc *d, struct group_file *out, hg_error *why)
{
	const struct json *list = NULL;
	hg_err rc = json_need(d, d->root, "summaries", JSON_ARRAY, &list, why);

	if (rc == HG_OK && list->len > GROUP_TOLD)
		rc = fail(why, HG_EFORMAT,
			"%s:%u: \"summaries\": expected at most %d of them, got %u", d->origin,
			list->line, GROUP_TOLD, list->len);
	for (const struct json *v = rc == HG_OK ? list->first : NULL; v && rc == HG_OK; v = v->next)
		rc = read_summary(d, v, &out->told[out->n_told++], why);
	return rc;
}

static hg_err read_doc(const struct json_doc *d, struct group_file *out, hg_error *why)
{
	hg_err rc = json_check_schema(d, "hourglass.group", 1, why);

	if (rc == HG_OK)
		rc = need_count(d, d->root, "ranks", 1, GROUP_RANKS, &out->ranks, why);
	if (rc == HG_OK)
		rc = need_count(d, d->root, "rank", 0, out->ranks - 1, &out->rank, why);
	if (rc == HG_OK)
		rc = need_hex(d, "run", &out->run, why);
	if (rc == HG_OK)
		rc = need_hex(d, "settings", &out->settings, why);
	if (rc == HG_OK)
		rc = need_hex(d, "group", &out->group, why);
	if (rc == HG_OK)
		rc = need_bool(d, d->root, "ended", &out->ended, why);
	return rc == HG_OK ? read_summaries(d, out, why) : rc;
}

hg_err group_file_parse(
	const char *text, size_t len, const char *origin, struct group_file *out, hg_error *why)
{
	struct json_doc doc = {0};
	hg_err rc = json_parse(&doc, text, len, origin, GROUP_BYTES * 16, why);

	*out = (struct group_file){0};
	if (rc == HG_OK)
		rc = read_doc(&doc, out, why);
	json_finish(&doc);
	return rc;
}

hg_err group_file_read(const char *path, struct group_file *out, hg_error *why)
{
	struct buf text;
	hg_err rc = file_read(path, GROUP_BYTES, &text, why);

	*out = (struct group_file){0};
	if (rc == HG_OK)
		rc = group_file_parse(text.data, text.len, path, out, why);
	buf_finish(&text);
	return rc;
}
