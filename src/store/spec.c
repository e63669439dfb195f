/* What a job is, as JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "store.h"

#define JSON_MEMORY ((size_t)1 << 20)
#define UINT_MOST   4294967295.0
#define SEED_MOST   9007199254740992.0
#define BIG         1e300

void store_spec_job(const struct store_spec *spec, hg_recur_job *out)
{
	*out = (hg_recur_job){.size = sizeof *out,
		.policy = spec->policy,
		.n_sizes = spec->n_sizes,
		.default_size = spec->default_size,
		.batch_sizes = spec->batch_sizes,
		.eta = spec->eta,
		.max_power_w = spec->max_power_w,
		.target = spec->target,
		.lower_is_better = spec->lower_is_better,
		.max_epochs = spec->max_epochs,
		.beta = spec->beta,
		.confidence = spec->confidence,
		.horizon = spec->horizon,
		.watched = 1};
}

bool store_spec_same(const struct store_spec *a, const struct store_spec *b)
{
	return a->n_sizes == b->n_sizes && a->default_size == b->default_size &&
	       a->max_epochs == b->max_epochs && a->policy == b->policy &&
	       a->horizon == b->horizon && a->lower_is_better == b->lower_is_better &&
	       a->target == b->target && a->eta == b->eta && a->max_power_w == b->max_power_w &&
	       a->beta == b->beta && a->confidence == b->confidence && a->seed == b->seed &&
	       strcmp(a->metric, b->metric) == 0 &&
	       memcmp(a->batch_sizes, b->batch_sizes, a->n_sizes * sizeof a->batch_sizes[0]) == 0;
}

void store_spec_json(struct buf *out, const struct store_spec *spec)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', true);
	json_key(&j, "batch_sizes");
	json_open(&j, '[', true);
	for (uint32_t i = 0; i < spec->n_sizes; i++)
		json_put_int(&j, spec->batch_sizes[i]);
	json_close(&j, ']');
	json_kv_int(&j, "default", spec->default_size);
	json_kv_string(&j, "metric", spec->metric);
	json_kv_bool(&j, "lower_is_better", spec->lower_is_better);
	json_kv_number(&j, "target", spec->target);
	json_kv_int(&j, "max_epochs", spec->max_epochs);
	json_kv_number(&j, "eta", spec->eta);
	json_kv_number(&j, "max_power_w", spec->max_power_w);
	json_kv_string(&j, "policy", hg_recur_policy_name(spec->policy));
	json_kv_number(&j, "beta", spec->beta);
	json_kv_number(&j, "confidence", spec->confidence);
	json_kv_int(&j, "horizon", spec->horizon);
	json_kv_int(&j, "seed", spec->seed);
	json_close(&j, '}');
}

static hg_err read_uint(
	const struct json_doc *doc, const char *key, double min, uint32_t *out, hg_error *why)
{
	double v = 0;
	hg_err err = json_need_number(doc, doc->root, key, min, UINT_MOST, &v, why);

	if (err == HG_OK && v != floor(v))
		return fail(why, HG_EFORMAT, "%s:%u: \"%s\" must be a whole number", doc->origin,
			doc->root->line, key);
	if (err == HG_OK)
		*out = (uint32_t)v;
	return err;
}

static hg_err read_sizes(const struct json_doc *doc, struct store_spec *out, hg_error *why)
{
	const struct json *list = NULL;
	hg_err err = json_need(doc, doc->root, "batch_sizes", JSON_ARRAY, &list, why);

	out->n_sizes = 0;
	for (const struct json *v = err == HG_OK ? list->first : NULL; v; v = v->next) {
		if (v->type != JSON_NUMBER || !(v->number >= 1) || v->number > UINT_MOST ||
			v->number != floor(v->number) || out->n_sizes == HG_RECUR_MAX_SIZES)
			return fail(why, HG_EFORMAT,
				"%s:%u: \"batch_sizes\": at most %d whole numbers from 1",
				doc->origin, v->line, HG_RECUR_MAX_SIZES);
		out->batch_sizes[out->n_sizes++] = (uint32_t)v->number;
	}
	return err;
}

static hg_err read_policy(const struct json_doc *doc, struct store_spec *out, hg_error *why)
{
	const char *name = NULL;
	hg_err err = json_need_string(doc, doc->root, "policy", &name, why);

	if (err != HG_OK)
		return err;
	for (out->policy = 0; strcmp(hg_recur_policy_name(out->policy), "?") != 0; out->policy++)
		if (strcmp(hg_recur_policy_name(out->policy), name) == 0)
			return HG_OK;
	return fail(why, HG_EFORMAT, "%s:%u: \"policy\": no '%.40s'", doc->origin, doc->root->line,
		name);
}

static hg_err read_metric(const struct json_doc *doc, struct store_spec *out, hg_error *why)
{
	const char *name = NULL;
	const struct json *lower = NULL;
	hg_err err = json_need_string(doc, doc->root, "metric", &name, why);

	if (err == HG_OK)
		err = json_need(doc, doc->root, "lower_is_better", JSON_TRUE, &lower, why);
	if (err != HG_OK)
		return err;
	if (strlen(name) >= sizeof out->metric)
		return fail(why, HG_EFORMAT, "%s:%u: \"metric\" is too long", doc->origin,
			doc->root->line);
	out->lower_is_better = lower->type == JSON_TRUE;
	memcpy(out->metric, name, strlen(name) + 1);
	return HG_OK;
}

static hg_err read_members(const struct json_doc *doc, struct store_spec *out, hg_error *why)
{
	double seed = 0;
	hg_err err = read_sizes(doc, out, why);

	if (err == HG_OK)
		err = read_policy(doc, out, why);
	if (err == HG_OK)
		err = read_metric(doc, out, why);
	if (err == HG_OK)
		err = read_uint(doc, "default", 1, &out->default_size, why);
	if (err == HG_OK)
		err = read_uint(doc, "max_epochs", 1, &out->max_epochs, why);
	if (err == HG_OK)
		err = read_uint(doc, "horizon", 0, &out->horizon, why);
	if (err == HG_OK)
		err = json_need_number(doc, doc->root, "target", -BIG, BIG, &out->target, why);
	if (err == HG_OK)
		err = json_need_number(doc, doc->root, "eta", 0, 1, &out->eta, why);
	if (err == HG_OK)
		err = json_need_number(
			doc, doc->root, "max_power_w", 0, BIG, &out->max_power_w, why);
	if (err == HG_OK)
		err = json_need_number(doc, doc->root, "beta", 0, BIG, &out->beta, why);
	if (err == HG_OK)
		err = json_need_number(doc, doc->root, "confidence", 0, 1, &out->confidence, why);
	if (err == HG_OK)
		err = json_need_number(doc, doc->root, "seed", 0, SEED_MOST, &seed, why);
	out->seed = (int64_t)seed;
	return err;
}

hg_err store_spec_read(
	const char *text, size_t len, const char *origin, struct store_spec *out, hg_error *why)
{
	struct json_doc doc = {.origin = NULL};
	hg_err err = json_parse(&doc, text, len, origin, JSON_MEMORY, why);

	memset(out, 0, sizeof *out);
	if (err == HG_OK)
		err = read_members(&doc, out, why);
	json_finish(&doc);
	return err;
}

hg_err store_spec_check(const struct store_spec *spec, hg_error *why)
{
	hg_recur_decision d = {.size = sizeof d};
	hg_recur_job job;

	store_spec_job(spec, &job);
	return hg_recur_next(&job, NULL, 0, 0, &d, why);
}
