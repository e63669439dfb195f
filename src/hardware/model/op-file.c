/*
 * Timed ops in files: CSV with a header line, or hourglass.ops/1, which keeps them together with
 * the device that they are of.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/csv.h"
#include "core/fail.h"
#include "core/json.h"
#include "core/number.h"
#include "core/vec.h"

#include "op-times.h"

#define TREE_MAX    ((size_t)256 << 20)
#define COLUMNS_MAX 64
#define WORD_MAX    32

void hg_op_times_destroy(hg_op_times *times)
{
	if (!times)
		return;
	vec_finish(&times->samples);
	arena_finish(&times->arena);
	free(times);
}

/* ----- CSV */

/** A header and the record that is read under it. */
struct sheet {
	struct csv c;
	char name[COLUMNS_MAX][WORD_MAX];
	size_t n, op, time;
};

static bool is_known(const char *name)
{
	if (!strcmp(name, "op") || !strcmp(name, "time_s") || !strcmp(name, "dtype"))
		return true;
	for (size_t k = 1; k < OP_KINDS; k++) {
		const struct op_form *form = op_form((enum op_kind)k);

		if (form->word_key && !strcmp(name, form->word_key))
			return true;
		for (size_t i = 0; i < OP_SHAPE && form->fields[i].key; i++)
			if (!strcmp(name, form->fields[i].key))
				return true;
	}
	return false;
}

static size_t column(const struct sheet *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->name[i], name))
			return i;
	return SIZE_MAX;
}

static hg_err header_read(struct sheet *s, hg_error *why)
{
	s->n = csv_count(&s->c);
	if (s->n > COLUMNS_MAX)
		return fail(why, HG_EFORMAT, "%s:1: expected at most %d columns", s->c.origin,
			COLUMNS_MAX);
	for (size_t i = 0; i < s->n; i++) {
		struct csv_field f = csv_get(&s->c, i);
		size_t len = f.len < WORD_MAX ? f.len : WORD_MAX - 1;

		memcpy(s->name[i], f.text, len);
		s->name[i][len] = '\0';
		if (f.len >= WORD_MAX || !is_known(s->name[i]))
			return fail(why, HG_EFORMAT,
				"%s:1: unknown column \"%s\"; known: op, time_s, dtype, and those of "
				"hourglass-workload(5)",
				s->c.origin, s->name[i]);
		if (column(s, s->name[i]) != i)
			return fail(why, HG_EFORMAT, "%s:1: column \"%s\" stands there twice",
				s->c.origin, s->name[i]);
	}
	s->op = column(s, "op");
	s->time = column(s, "time_s");
	if (s->op == SIZE_MAX || s->time == SIZE_MAX)
		return fail(
			why, HG_EFORMAT, "%s:1: expected the columns op and time_s", s->c.origin);
	return HG_OK;
}

static bool truth_parse(struct csv_field f, double *out)
{
	bool yes = (f.len == 4 && !memcmp(f.text, "true", 4)) || (f.len == 1 && *f.text == '1');
	bool no = (f.len == 5 && !memcmp(f.text, "false", 5)) || (f.len == 1 && *f.text == '0');

	*out = yes;
	return yes || no;
}

static hg_err number_read(
	const struct sheet *s, const struct op_field *field, double *out, hg_error *why)
{
	size_t at = column(s, field->key);
	struct csv_field f = {"", 0};

	if (at != SIZE_MAX)
		f = csv_get(&s->c, at);
	if (f.len == 0 && !isnan(field->fallback))
		return HG_OK;
	if (field->truth ? truth_parse(f, out)
			 : double_parse(f.text, f.len, false, out) && *out >= field->min &&
				   *out <= field->max)
		return HG_OK;
	if (field->truth)
		return fail(why, HG_EFORMAT, "%s:%zu: %s: expected true or false, found \"%.*s\"",
			s->c.origin, s->c.line, field->key, f.len > 32 ? 32 : (int)f.len, f.text);
	return fail(why, HG_EFORMAT, "%s:%zu: %s: expected a number of %g to %g, found \"%.*s\"",
		s->c.origin, s->c.line, field->key, field->min, field->max,
		f.len > 32 ? 32 : (int)f.len, f.text);
}

static hg_err word_read(const struct sheet *s, const char *key, struct op *op,
	bool (*set)(struct op *op, const char *word), bool must, hg_error *why)
{
	size_t at = column(s, key);
	char word[WORD_MAX] = "";
	struct csv_field f = {"", 0};

	if (at != SIZE_MAX)
		f = csv_get(&s->c, at);
	if (f.len == 0 && !must)
		return HG_OK;
	if (f.len < sizeof word)
		memcpy(word, f.text, f.len);
	if (set(op, word))
		return HG_OK;
	return fail(why, HG_EFORMAT,
		"%s:%zu: %s: expected a word of hourglass-workload(5), found "
		"\"%.*s\"",
		s->c.origin, s->c.line, key, f.len > 32 ? 32 : (int)f.len, f.text);
}

static hg_err shape_read(const struct sheet *s, struct op *op, hg_error *why)
{
	const struct op_form *form = op_form((enum op_kind)op->kind);
	const char *wrong;
	hg_err rc = HG_OK;

	for (size_t i = 0; i < OP_SHAPE && form->fields[i].key && !rc; i++)
		rc = number_read(s, &form->fields[i], &op->shape[i], why);
	if (!rc && form->word_key)
		rc = word_read(s, form->word_key, op, op_word, true, why);
	if (!rc && form->typed)
		rc = word_read(s, "dtype", op, op_dtype, false, why);
	if (rc)
		return rc;
	wrong = op_derive(op);
	return wrong ? fail(why, HG_EFORMAT, "%s:%zu: %s: %s", s->c.origin, s->c.line, form->key,
			       wrong)
		     : HG_OK;
}

static hg_err record_read(struct hg_op_times *times, const struct sheet *s, hg_error *why)
{
	static const struct op_field time = {"time_s", 1e-12, 1e6, (double)NAN, false};
	struct csv_field f = csv_get(&s->c, s->op);
	struct op_sample sample = {.line = (uint32_t)s->c.line};
	enum op_kind kind = op_kind_find(f.text, f.len);
	hg_err rc;

	if (kind == OP_PLAIN)
		return fail(why, HG_EFORMAT,
			"%s:%zu: op: expected a shape of hourglass-workload(5) such as \"gemm\", "
			"found \"%.*s\"",
			s->c.origin, s->c.line, f.len > 32 ? 32 : (int)f.len, f.text);
	op_init(&sample.op, kind);
	rc = shape_read(s, &sample.op, why);
	if (!rc)
		rc = number_read(s, &time, &sample.time_s, why);
	if (rc)
		return rc;
	rc = vec_push(&times->samples, &sample);
	return rc ? fail(why, rc, "%s:%zu: expected at most %u samples", s->c.origin, s->c.line,
			    HG_OPS_MAX)
		  : HG_OK;
}

static hg_err csv_parse(
	struct hg_op_times *times, const char *text, size_t len, const char *origin, hg_error *why)
{
	struct sheet *s = calloc(1, sizeof *s);
	bool more;
	hg_err rc;

	if (!s)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	csv_init(&s->c, text, len, origin);
	rc = csv_next(&s->c, &more, why);
	if (!rc && !more)
		rc = fail(why, HG_EFORMAT, "%s:1: expected a line of column names", origin);
	if (!rc)
		rc = header_read(s, why);
	while (!rc) {
		rc = csv_next(&s->c, &more, why);
		if (rc || !more)
			break;
		if (csv_count(&s->c) != s->n)
			rc = fail(why, HG_EFORMAT, "%s:%zu: expected %zu fields, found %zu", origin,
				s->c.line, s->n, csv_count(&s->c));
		else
			rc = record_read(times, s, why);
	}
	csv_finish(&s->c);
	free(s);
	return rc;
}

/* ----- hourglass.ops/1 */

static hg_err sample_read(
	struct hg_op_times *times, const struct json_doc *doc, const struct json *v, hg_error *why)
{
	struct op_sample sample = {.line = v->line};
	hg_err rc;

	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: samples: expected objects, found %s",
			doc->origin, v->line, json_type_text(v));
	op_init(&sample.op, OP_PLAIN);
	rc = op_shape_read(doc, v, "sample", &sample.op, why);
	if (!rc && sample.op.kind == OP_PLAIN)
		rc = fail(why, HG_EFORMAT, "%s:%u: samples: expected a shape such as gemm",
			doc->origin, v->line);
	if (!rc)
		rc = json_need_number(doc, v, "time_s", 1e-12, 1e6, &sample.time_s, why);
	if (rc)
		return rc;
	rc = vec_push(&times->samples, &sample);
	return rc ? fail(why, rc, "%s:%u: expected at most %u samples", doc->origin, v->line,
			    HG_OPS_MAX)
		  : HG_OK;
}

static hg_err json_read(struct hg_op_times *times, const struct json_doc *doc, hg_error *why)
{
	const struct json *list;
	const char *device;
	hg_err rc = json_check_schema(doc, "hourglass.ops", 1, why);

	if (!rc)
		rc = json_need_string(doc, doc->root, "device", &device, why);
	if (!rc)
		rc = json_need(doc, doc->root, "samples", JSON_ARRAY, &list, why);
	if (rc)
		return rc;
	times->device = arena_strdup(&times->arena, device);
	if (!times->device)
		return fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	for (const struct json *v = list->first; v && !rc; v = v->next)
		rc = sample_read(times, doc, v, why);
	return rc;
}

hg_err hg_op_times_parse(
	const char *text, size_t len, const char *origin, hg_op_times **out, hg_error *why)
{
	hg_op_times *times = calloc(1, sizeof *times);
	struct json_doc doc = {0};
	size_t first = 0;
	hg_err rc;

	*out = NULL;
	if (why)
		why->text[0] = '\0';
	if (!times)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	arena_init(&times->arena, TREE_MAX);
	vec_init(&times->samples, sizeof(struct op_sample), HG_OPS_MAX);
	while (first < len && text[first] && strchr(" \t\r\n", text[first]))
		first++;
	if (first < len && text[first] == '{') {
		rc = json_parse(&doc, text, len, origin, TREE_MAX, why);
		if (!rc)
			rc = json_read(times, &doc, why);
		json_finish(&doc);
	} else {
		rc = csv_parse(times, text, len, origin, why);
	}
	if (!rc && times->samples.len == 0)
		rc = fail(why, HG_EFORMAT, "%s: expected one sample or more", origin);
	if (rc)
		hg_op_times_destroy(times);
	else
		*out = times;
	return rc;
}

const char *hg_op_times_device(const hg_op_times *times)
{
	return times->device;
}

size_t hg_op_times_count(const hg_op_times *times)
{
	return times->samples.len;
}

hg_err hg_op_times_format(
	const hg_op_times *times, const char *device, char **text, size_t *len, hg_error *why)
{
	struct json_out j;
	struct buf out;

	*text = NULL;
	buf_init(&out, (size_t)1 << 30);
	json_out_init(&j, &out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.ops/1");
	json_kv_string(&j, "device", device);
	json_key(&j, "samples");
	json_open(&j, '[', false);
	for (size_t i = 0; i < times->samples.len; i++) {
		const struct op_sample *s = vec_at(&times->samples, i);

		json_open(&j, '{', true);
		op_shape_write(&j, &s->op);
		json_kv_number(&j, "time_s", s->time_s);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&out, '\n');
	*len = out.len;
	if (!out.failed)
		*text = buf_steal(&out);
	buf_finish(&out);
	return *text ? HG_OK : fail(why, HG_ENOMEM, "timed ops: out of memory");
}
