/* Workload files: schema hourglass.workload/1. Plain SI numbers; what is not said costs nothing. */
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

#include "model.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const top_fields[] = {"schema", "name", "unit", "about", "ops"};

static const char *const op_fields[] = {"name", "about", "flops", "bytes", "host_gap_s", "repeat",
	"compute_efficiency", "memory_efficiency", "activity", "gemm", "attention_prefill",
	"attention_decode", "elementwise", "collective", "copy", "launch"};

/** A number of an op; absent, it keeps its default. */
struct number_field {
	const char *key;
	double min, max;
	size_t offset; /* in struct op */
};

static const struct number_field op_numbers[] = {
	{"flops", 0.0, 1e21, offsetof(struct op, flops)},
	{"bytes", 0.0, 1e18, offsetof(struct op, bytes)},
	{"host_gap_s", 0.0, 1e6, offsetof(struct op, host_gap_s)},
	{"compute_efficiency", 1e-3, 1.5, offsetof(struct op, compute_efficiency)},
	{"memory_efficiency", 1e-3, 1.5, offsetof(struct op, memory_efficiency)},
	{"activity", 0.0, 4.0, offsetof(struct op, activity)},
};

static hg_err op_read(
	const struct json_doc *doc, const struct json *v, struct op *op, hg_error *why)
{
	const char *name = "";
	double repeat = 1.0;
	hg_err rc;

	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: ops: expected objects, found %s", doc->origin,
			v->line, json_type_text(v));
	rc = fields_check(doc, v, "op", op_fields, COUNT(op_fields), why);
	if (rc)
		return rc;
	rc = json_need_string(doc, v, "name", &name, why);
	if (rc)
		return rc;
	op_init(op, OP_PLAIN);
	for (size_t i = 0; i < COUNT(op_numbers); i++) {
		const struct number_field *field = &op_numbers[i];
		double *out = (double *)(void *)((char *)op + field->offset);

		rc = json_number_or(doc, v, field->key, field->min, field->max, out, why);
		if (rc)
			return rc;
	}
	rc = op_shape_read(doc, v, "op", op, why);
	if (rc)
		return rc;
	rc = json_number_or(doc, v, "repeat", 1.0, 1e9, &repeat, why);
	if (rc)
		return rc;
	op->repeat = (uint64_t)repeat;
	if ((double)op->repeat != repeat)
		return fail(why, HG_EFORMAT, "%s:%u: repeat: expected a whole number, found %g",
			doc->origin, json_get(v, "repeat")->line, repeat);
	if (op->kind == OP_PLAIN && op->flops == 0.0 && op->bytes == 0.0 && op->host_gap_s == 0.0)
		return fail(why, HG_EFORMAT,
			"%s:%u: op \"%.64s\": expected flops, bytes or host_gap_s above 0, or a shape",
			doc->origin, v->line, name);
	return HG_OK;
}

static hg_err ops_read(const struct json_doc *doc, struct hg_workload *w, hg_error *why)
{
	const struct json *list;
	hg_err rc = json_need(doc, doc->root, "ops", JSON_ARRAY, &list, why);

	if (rc)
		return rc;
	if (list->len == 0 || list->len > WORKLOAD_MAX_OPS)
		return fail(why, HG_EFORMAT, "%s:%u: ops: expected 1 to %u ops, found %u",
			doc->origin, list->line, WORKLOAD_MAX_OPS, list->len);
	w->ops = arena_alloc(&w->arena, list->len * sizeof *w->ops);
	if (!w->ops)
		return fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	for (const struct json *v = list->first; v; v = v->next) {
		rc = op_read(doc, v, &w->ops[w->n_ops], why);
		if (rc)
			return rc;
		w->n_ops++;
	}
	return HG_OK;
}

static hg_err workload_read(const struct json_doc *doc, struct hg_workload *w, hg_error *why)
{
	hg_err rc = json_check_schema(doc, "hourglass.workload", 1, why);
	const char *name, *unit, *about;

	if (rc)
		return rc;
	rc = fields_check(doc, doc->root, "workload", top_fields, COUNT(top_fields), why);
	if (rc)
		return rc;
	rc = json_need_string(doc, doc->root, "name", &name, why);
	if (rc)
		return rc;
	rc = json_need_string(doc, doc->root, "unit", &unit, why);
	if (rc)
		return rc;
	if (!*name || !*unit)
		return fail(why, HG_EFORMAT, "%s: %s: expected some text", doc->origin,
			*name ? "unit" : "name");
	rc = json_string_or(doc, doc->root, "about", &about, why);
	if (rc)
		return rc;
	w->name = arena_strdup(&w->arena, name);
	w->unit = arena_strdup(&w->arena, unit);
	w->text = arena_strndup(&w->arena, doc->root->raw, doc->root->raw_len);
	if (!w->name || !w->unit || !w->text)
		return fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	return ops_read(doc, w, why);
}

hg_err workload_parse(
	const char *text, size_t len, const char *origin, hg_workload **out, hg_error *why)
{
	struct json_doc doc = {0};
	struct hg_workload *w;
	hg_err rc;

	*out = NULL;
	w = calloc(1, sizeof *w);
	if (!w)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	arena_init(&w->arena, MODEL_TREE_MAX);
	rc = json_parse(&doc, text, len, origin, MODEL_TREE_MAX, why);
	if (rc)
		goto out;
	rc = workload_read(&doc, w, why);
	if (rc)
		goto out;
	*out = w;
	w = NULL;
out:
	json_finish(&doc);
	hg_workload_destroy(w);
	return rc;
}

void hg_workload_destroy(hg_workload *w)
{
	if (!w)
		return;
	arena_finish(&w->arena);
	free(w);
}

const char *hg_workload_name(const hg_workload *w)
{
	return w->name;
}

const char *hg_workload_unit(const hg_workload *w)
{
	return w->unit;
}

const char *hg_workload_text(const hg_workload *w)
{
	return w->text;
}
