/* Shapes of ops in JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"

#include "model.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A product as [m, n, k]. */
static hg_err array_read(const struct json_doc *doc, const struct json *v, const char *where,
	struct op *op, hg_error *why)
{
	double *out = op->shape;

	if (op->kind != OP_GEMM || v->len != 3)
		return fail(why, HG_EFORMAT, "%s:%u: %s: expected %s, found %s of %u", doc->origin,
			v->line, where,
			op->kind == OP_GEMM ? "[m, n, k] or an object" : "an object",
			json_type_text(v), v->len);
	for (const struct json *at = v->first; at; at = at->next) {
		if (at->type != JSON_NUMBER || !(at->number >= 1.0 && at->number <= 1e7))
			return fail(why, HG_EFORMAT,
				"%s:%u: %s: expected three numbers of 1 to 1e7", doc->origin,
				at->line, where);
		*out++ = at->number;
	}
	return HG_OK;
}

static hg_err truth_read(const struct json_doc *doc, const struct json *obj, const char *key,
	double *out, hg_error *why)
{
	const struct json *v = json_get(obj, key);

	if (!v)
		return HG_OK;
	if (v->type != JSON_TRUE && v->type != JSON_FALSE)
		return fail(why, HG_EFORMAT, "%s:%u: %s: expected true or false, found %s",
			doc->origin, v->line, key, json_type_text(v));
	*out = v->type == JSON_TRUE;
	return HG_OK;
}

static hg_err fields_read(
	const struct json_doc *doc, const struct json *obj, struct op *op, hg_error *why)
{
	const struct op_form *form = op_form((enum op_kind)op->kind);
	hg_err rc = HG_OK;

	for (size_t i = 0; i < OP_SHAPE && form->fields[i].key && !rc; i++) {
		const struct op_field *f = &form->fields[i];

		if (f->truth)
			rc = truth_read(doc, obj, f->key, &op->shape[i], why);
		else if (isnan(f->fallback))
			rc = json_need_number(doc, obj, f->key, f->min, f->max, &op->shape[i], why);
		else
			rc = json_number_or(doc, obj, f->key, f->min, f->max, &op->shape[i], why);
	}
	return rc;
}

static hg_err words_read(
	const struct json_doc *doc, const struct json *obj, struct op *op, hg_error *why)
{
	const struct op_form *form = op_form((enum op_kind)op->kind);
	const char *word = NULL;
	hg_err rc = HG_OK;

	if (form->word_key) {
		rc = json_need_string(doc, obj, form->word_key, &word, why);
		if (!rc && !op_word(op, word))
			rc = fail(why, HG_EFORMAT,
				"%s:%u: %s: expected such as \"%s\" or \"%s\", found \"%.32s\"",
				doc->origin, obj->line, form->word_key, form->words[0],
				form->words[1], word);
	}
	if (!rc && form->typed && json_get(obj, "dtype")) {
		rc = json_need_string(doc, obj, "dtype", &word, why);
		if (!rc && !op_dtype(op, word))
			rc = fail(why, HG_EFORMAT, "%s:%u: dtype: expected %s, found \"%.32s\"",
				doc->origin, obj->line, op_dtypes(), word);
	}
	return rc;
}

static hg_err object_read(const struct json_doc *doc, const struct json *obj, const char *where,
	struct op *op, hg_error *why)
{
	const struct op_form *form = op_form((enum op_kind)op->kind);
	const char *known[OP_SHAPE + 2];
	size_t n = 0;
	hg_err rc;

	if (obj->type == JSON_ARRAY)
		return array_read(doc, obj, where, op, why);
	if (obj->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: %s: expected an object, found %s", doc->origin,
			obj->line, where, json_type_text(obj));
	for (size_t i = 0; i < OP_SHAPE && form->fields[i].key; i++)
		known[n++] = form->fields[i].key;
	if (form->word_key)
		known[n++] = form->word_key;
	if (form->typed)
		known[n++] = "dtype";
	rc = fields_check(doc, obj, where, known, n, why);
	if (!rc)
		rc = fields_read(doc, obj, op, why);
	return rc ? rc : words_read(doc, obj, op, why);
}

hg_err op_shape_read(const struct json_doc *doc, const struct json *obj, const char *where,
	struct op *op, hg_error *why)
{
	const struct json *shape = NULL;
	const char *wrong;
	struct op was = *op;
	hg_err rc;

	for (size_t i = 1; i < OP_KINDS; i++) {
		const struct json *v = json_get(obj, op_form((enum op_kind)i)->key);

		if (!v)
			continue;
		if (shape)
			return fail(why, HG_EFORMAT, "%s:%u: %s: expected one of %s and %s",
				doc->origin, v->line, where, shape->key, v->key);
		shape = v;
		op_init(op, (enum op_kind)i);
	}
	if (!shape)
		return HG_OK;
	op->host_gap_s = was.host_gap_s;
	op->compute_efficiency = was.compute_efficiency;
	op->memory_efficiency = was.memory_efficiency;
	op->activity = was.activity;
	op->repeat = was.repeat;
	if (was.flops > 0.0 || was.bytes > 0.0)
		return fail(why, HG_EFORMAT,
			"%s:%u: %s: expected no flops and bytes beside it, they follow from it",
			doc->origin, shape->line, shape->key);
	rc = object_read(doc, shape, shape->key, op, why);
	if (rc)
		return rc;
	wrong = op_derive(op);
	return wrong ? fail(why, HG_EFORMAT, "%s:%u: %s: %s", doc->origin, shape->line, shape->key,
			       wrong)
		     : HG_OK;
}

void op_shape_write(struct json_out *j, const struct op *op)
{
	const struct op_form *form = op_form((enum op_kind)op->kind);

	json_key(j, form->key);
	json_open(j, '{', true);
	if (form->word_key)
		json_kv_string(j, form->word_key, form->words[op->variant]);
	for (size_t i = 0; i < OP_SHAPE && form->fields[i].key; i++) {
		if (form->fields[i].truth)
			json_kv_bool(j, form->fields[i].key, op->shape[i] > 0.0);
		else
			json_kv_number(j, form->fields[i].key, op->shape[i]);
	}
	if (form->typed)
		json_kv_string(j, "dtype",
			op->rate == RATE_32  ? "fp32"
			: op->rate == RATE_8 ? "fp8"
					     : "bf16");
	json_close(j, '}');
}
