/* Witnesses in files: runs as [count, uW or ns, count, uW or ns, ...]. */
#include <math.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"

#include "witness.h"

/* Most of any flow, uW, or time, ns: whole numbers up to there are exact in a double. */
#define LARGEST_WHOLE 9007199254740992.0
#define LARGEST       1e18

static void write_runs(const struct vec *runs, const char *key, struct json_out *j)
{
	json_key(j, key);
	json_open(j, '[', true);
	for (size_t i = 0; i < runs->len; i++) {
		const struct run *run = vec_at(runs, i);

		json_put_int(j, run->count);
		json_put_int(j, run->value);
	}
	json_close(j, ']');
}

void witness_write(const struct witness *w, struct json_out *j)
{
	json_open(j, '{', true);
	json_kv_number(j, "time_s", w->time_s);
	json_kv_number(j, "energy_j", w->energy_j);
	json_kv_int(j, "flow_uw", w->flow_uw);
	write_runs(&w->node, "nodes", j);
	write_runs(&w->edge, "edges", j);
	if (w->start.len) {
		write_runs(&w->start, "starts", j);
		write_runs(&w->window, "windows", j);
	}
	json_close(j, '}');
}

void witnesses_write(const struct vec *witnesses, struct json_out *j)
{
	if (witnesses->len == 0)
		return;
	json_key(j, "witnesses");
	json_open(j, '{', false);
	json_kv_string(j, "coding", WITNESS_CODING);
	json_key(j, "flows");
	json_open(j, '[', false);
	for (size_t i = 0; i < witnesses->len; i++)
		witness_write(vec_at(witnesses, i), j);
	json_close(j, ']');
	json_close(j, '}');
}

static hg_err whole(const struct json_doc *doc, const struct json *v, const char *key, double min,
	double max, double *out, hg_error *why)
{
	if (v->type == JSON_NUMBER && v->number >= min && v->number <= max &&
		floor(v->number) == v->number) {
		*out = v->number;
		return HG_OK;
	}
	return fail(why, HG_EFORMAT, "%s:%u: %s: expected a whole number from %g to %g, found %s",
		doc->origin, v->line, key, min, max,
		v->type == JSON_NUMBER ? "another" : json_type_text(v));
}

static hg_err read_runs(struct vec *runs, const struct json_doc *doc, const struct json *obj,
	const char *key, double min, hg_error *why)
{
	const struct json *list = NULL;
	hg_err err = json_need(doc, obj, key, JSON_ARRAY, &list, why);
	double count = 0, value = 0;

	for (const struct json *v = err ? NULL : list->first; v && !err; v = v->next) {
		struct run run;

		if (!v->next)
			return fail(why, HG_EFORMAT,
				"%s:%u: %s: expected pairs of a count and a value, found a count "
				"alone",
				doc->origin, v->line, key);
		err = whole(doc, v, key, 1, UINT32_MAX, &count, why);
		v = v->next;
		if (!err)
			err = whole(doc, v, key, min, LARGEST_WHOLE, &value, why);
		if (err)
			return err;
		run = (struct run){(uint32_t)count, (int64_t)value};
		if (vec_push(runs, &run))
			err = fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	}
	return err;
}

hg_err witness_read(
	struct witness *w, const struct json_doc *doc, const struct json *v, hg_error *why)
{
	const struct json *flow = NULL;
	double value = 0;
	hg_err err;

	witness_init(w);
	if (v->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: flows: expected objects, found %s",
			doc->origin, v->line, json_type_text(v));
	err = json_need_number(doc, v, "time_s", 0, LARGEST, &w->time_s, why);
	if (!err)
		err = json_need_number(doc, v, "energy_j", 0, LARGEST, &w->energy_j, why);
	if (!err)
		err = json_need(doc, v, "flow_uw", JSON_NUMBER, &flow, why);
	if (!err)
		err = whole(doc, flow, "flow_uw", 0, LARGEST_WHOLE, &value, why);
	w->flow_uw = (int64_t)value;
	if (!err)
		err = read_runs(&w->node, doc, v, "nodes", 0, why);
	if (!err)
		err = read_runs(&w->edge, doc, v, "edges", 0, why);
	if (!err && json_get(v, "starts"))
		err = read_runs(&w->start, doc, v, "starts", -LARGEST_WHOLE, why);
	if (!err && json_get(v, "windows"))
		err = read_runs(&w->window, doc, v, "windows", 0, why);
	return err;
}

hg_err witness_coding(const struct json_doc *doc, const struct json *obj, hg_error *why)
{
	const char *coding = "";
	hg_err err = json_need_string(doc, obj, "coding", &coding, why);

	if (err || strcmp(coding, WITNESS_CODING) == 0)
		return err;
	return fail(why, HG_EVERSION,
		"%s:%u: witnesses: coding \"%.40s\" is not known, expected %s", doc->origin,
		obj->line, coding, WITNESS_CODING);
}

hg_err witnesses_read(struct vec *witnesses, const struct json_doc *doc, hg_error *why)
{
	const struct json *obj = json_get(doc->root, "witnesses"), *list = NULL;
	hg_err err;

	if (!obj)
		return HG_OK;
	err = json_need(doc, doc->root, "witnesses", JSON_OBJECT, &obj, why);
	if (!err)
		err = witness_coding(doc, obj, why);
	if (!err)
		err = json_need(doc, obj, "flows", JSON_ARRAY, &list, why);
	for (const struct json *v = err ? NULL : list->first; v && !err; v = v->next) {
		struct witness w;

		err = witness_read(&w, doc, v, why);
		if (!err && vec_push(witnesses, &w))
			err = fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
		if (err)
			witness_finish(&w);
	}
	return err;
}
