/* Reading PLANS files. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"

#include "plans.h"
#include "witness.h"

/* Most seconds, joules, watts of any figure. */
#define LARGEST 1e18

struct reader {
	struct plans *p;
	struct json_doc doc;
	hg_error *why;
};

static hg_err read_whole(const struct reader *r, const struct json *obj, const char *key,
	uint32_t min, uint32_t max, uint32_t *out)
{
	double value = min;
	hg_err err = json_need_number(&r->doc, obj, key, min, max, &value, r->why);

	*out = (uint32_t)value;
	if (err || floor(value) >= value)
		return err;
	return fail(r->why, HG_EFORMAT, "%s:%u: %s: expected a whole number, found %g",
		r->doc.origin, json_get(obj, key)->line, key, value);
}

static hg_err read_figure(const struct reader *r, const char *key, double *out)
{
	return json_need_number(&r->doc, r->doc.root, key, 0, LARGEST, out, r->why);
}

/* Index of a word among names. */
static hg_err read_word(
	const struct reader *r, const char *key, const char *const *names, unsigned *out)
{
	const char *word = "";
	hg_err err = json_need_string(&r->doc, r->doc.root, key, &word, r->why);

	for (*out = 0; !err && names[*out]; ++*out)
		if (strcmp(names[*out], word) == 0)
			return HG_OK;
	if (err)
		return err;
	return fail(r->why, HG_EFORMAT, "%s:%u: %s: expected one of %s, %s%s%s, found \"%.40s\"",
		r->doc.origin, json_get(r->doc.root, key)->line, key, names[0], names[1],
		names[2] ? ", " : "", names[2] ? names[2] : "", word);
}

static hg_err make_schedule(struct reader *r, const struct json *o, hg_schedule_kind kind)
{
	hg_schedule_opts opts = {.size = sizeof opts, .kind = kind};
	const char *text;
	hg_err err;

	if (kind == HG_SCHEDULE_FILE) {
		err = json_need_string(&r->doc, o, "text", &text, r->why);
		if (!err) {
			err = hg_schedule_parse(
				text, strlen(text), "schedule", &r->p->schedule, r->why);
			if (err)
				fail_prefix(r->why, "%s: ", r->doc.origin);
		}
		return err;
	}
	err = read_whole(r, o, "ranks", 1, UINT32_MAX, &opts.ranks);
	if (!err)
		err = read_whole(r, o, "microbatches", 1, UINT32_MAX, &opts.microbatches);
	if (!err)
		err = read_whole(r, o, "chunks", 1, UINT32_MAX, &opts.chunks);
	if (err)
		return err;
	err = hg_schedule_create(&opts, &r->p->schedule, r->why);
	if (err)
		fail_prefix(r->why, "%s:%u: ", r->doc.origin, o->line);
	return err;
}

static hg_err read_schedule(struct reader *r)
{
	const struct json *o;
	const char *name;
	hg_schedule_kind kind;
	hg_err err = json_need(&r->doc, r->doc.root, "schedule", JSON_OBJECT, &o, r->why);

	if (!err)
		err = json_need_string(&r->doc, o, "kind", &name, r->why);
	if (err)
		return err;
	if (!schedule_kind_find(name, &kind))
		return fail(r->why, HG_EFORMAT,
			"%s:%u: kind: expected gpipe, 1f1b, early-recompute, interleaved, zb-h1, "
			"dualpipe or file, found \"%.40s\"",
			r->doc.origin, o->line, name);
	return make_schedule(r, o, kind);
}

static hg_err read_static_power(struct reader *r)
{
	const struct json *list;
	size_t i = 0;
	hg_err err = json_need(&r->doc, r->doc.root, "static_power_w", JSON_ARRAY, &list, r->why);

	if (err)
		return err;
	r->p->static_power_w = malloc(((size_t)list->len + 1) * sizeof(double));
	if (!r->p->static_power_w)
		return fail(r->why, HG_ENOMEM, "%s: out of memory", r->doc.origin);
	for (const struct json *v = list->first; v; v = v->next) {
		if (v->type != JSON_NUMBER)
			return fail(r->why, HG_EFORMAT,
				"%s:%u: static_power_w: expected numbers, found %s", r->doc.origin,
				v->line, json_type_text(v));
		r->p->static_power_w[i++] = v->number;
	}
	r->p->n_static_power = i;
	return HG_OK;
}

static hg_err read_inputs(struct reader *r)
{
	struct plans *p = r->p;
	unsigned class_of = 0, range = 0;
	hg_err err = read_static_power(r);

	if (!err)
		err = read_whole(r, r->doc.root, "tensor_parallel", 1, UINT32_MAX, &p->group_size);
	if (!err)
		err = read_whole(r, r->doc.root, "data_parallel", 1, UINT32_MAX, &p->replicas);
	if (!err)
		err = read_figure(r, "transfer_s", &p->lag_s);
	if (!err)
		err = read_figure(r, "step_s", &p->step_s);
	if (!err)
		err = read_word(r, "class", plan_class_names, &class_of);
	if (!err)
		err = read_figure(r, "switch_cost_j", &p->switch_cost_j);
	if (!err)
		err = read_figure(r, "switch_latency_s", &p->switch_latency_s);
	if (!err)
		err = read_word(r, "range", plan_range_names, &range);
	if (!err)
		err = read_figure(r, "quantum_w", &p->quantum_w);
	p->class_of = (hg_plan_class)class_of;
	p->range = (hg_plan_range)range;
	return err;
}

static hg_err read_point(struct reader *r, const struct json *v)
{
	struct vec *points = &r->p->claims.frontier;
	hg_plan_point point = {0, 0, 0};
	hg_err err;

	if (v->type != JSON_OBJECT)
		return fail(r->why, HG_EFORMAT, "%s:%u: frontier: expected objects, found %s",
			r->doc.origin, v->line, json_type_text(v));
	err = json_need_number(&r->doc, v, "time_s", 0, LARGEST, &point.time_s, r->why);
	if (!err)
		err = json_need_number(&r->doc, v, "energy_j", 0, LARGEST, &point.energy_j, r->why);
	if (!err)
		err = json_need_number(
			&r->doc, v, "slope_w", -LARGEST, LARGEST, &point.slope_w, r->why);
	if (err)
		return err;
	if (points->len &&
		point.time_s <= ((hg_plan_point *)vec_at(points, points->len - 1))->time_s)
		return fail(r->why, HG_EFORMAT,
			"%s:%u: time_s: expected a longer time than the point before, found %g",
			r->doc.origin, v->line, point.time_s);
	return vec_push(points, &point)
		       ? fail(r->why, HG_ENOMEM, "%s: out of memory", r->doc.origin)
		       : HG_OK;
}

static hg_err read_claims(struct reader *r)
{
	struct plans_claims *c = &r->p->claims;
	const struct json *list = NULL, *flag = NULL;
	hg_err err = read_figure(r, "t_min_s", &c->t_min_s);

	if (!err)
		err = read_figure(r, "t_star_s", &c->t_star_s);
	if (!err)
		err = read_figure(r, "t_max_s", &c->t_max_s);
	if (!err)
		err = read_figure(r, "all_fastest_j", &c->all_fastest_j);
	if (!err)
		err = read_figure(r, "solve_s", &c->solve_s);
	if (!err)
		err = json_get(r->doc.root, "gap") ? read_figure(r, "gap", &c->gap) : HG_OK;
	if (!err)
		err = json_need(&r->doc, r->doc.root, "extrapolated", JSON_TRUE, &flag, r->why);
	if (!err && flag)
		c->extrapolated = flag->type == JSON_TRUE;
	if (!err)
		err = json_need(&r->doc, r->doc.root, "frontier", JSON_ARRAY, &list, r->why);
	for (const struct json *v = err ? NULL : list->first; v && !err; v = v->next)
		err = read_point(r, v);
	if (!err && c->frontier.len == 0)
		err = fail(r->why, HG_EFORMAT, "%s:%u: frontier: expected points, found none",
			r->doc.origin, list->line);
	return err;
}

static hg_err read_profile(struct reader *r)
{
	const char *source = "", *csv = "";
	hg_err err = json_need_string(&r->doc, r->doc.root, "source", &source, r->why);

	if (!err)
		err = json_need_string(&r->doc, r->doc.root, "profile", &csv, r->why);
	if (err)
		return err;
	if (plans_name(r->p, source) || buf_adds(&r->p->profile_csv, csv))
		return fail(r->why, HG_ENOMEM, "%s: out of memory", r->doc.origin);
	err = hg_stage_profile_parse(csv, strlen(csv), "profile", &r->p->profile, r->why);
	if (err)
		fail_prefix(r->why, "%s: ", r->doc.origin);
	return err;
}

static hg_err read_all(struct reader *r)
{
	hg_err err = json_check_schema(&r->doc, "hourglass.plans", 1, r->why);

	if (!err)
		err = read_schedule(r);
	if (!err)
		err = read_inputs(r);
	if (!err)
		err = read_claims(r);
	if (!err)
		err = witnesses_read(&r->p->claims.witnesses, &r->doc, r->why);
	if (!err)
		err = read_profile(r);
	if (err)
		return err;
	err = plans_build(r->p, r->why);
	if (err)
		fail_prefix(r->why, "%s: ", r->doc.origin);
	return err;
}

hg_err plans_parse(struct plans *p, const char *text, size_t len, const char *origin, hg_error *why)
{
	struct reader r = {.p = p, .why = why};
	hg_err err;

	plans_init(p);
	err = json_parse(&r.doc, text, len, origin, PLANS_BYTES, why);
	if (!err && r.doc.root->type != JSON_OBJECT)
		err = fail(why, HG_EFORMAT, "%s:%u: expected an object, found %s", origin,
			r.doc.root->line, json_type_text(r.doc.root));
	if (!err)
		err = read_all(&r);
	json_finish(&r.doc);
	return err;
}
