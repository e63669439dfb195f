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
#define LEAST       1e-300

void store_spec_job(const struct store_spec *spec, hg_recur_job *out)
{
	*out = (hg_recur_job){.size = sizeof *out,
		.policy = spec->policy,
		.n_sizes = spec->n_sizes,
		.default_size = spec->default_size,
		.batch_sizes = spec->batch_sizes,
		.eta = spec->eta,
		/* before any trial has told it, nothing has a cost to be weighed */
		.max_power_w = spec->max_power_w > 0 ? spec->max_power_w : 1,
		.target = spec->target,
		.lower_is_better = spec->lower_is_better,
		.max_epochs = spec->max_epochs,
		.beta = spec->beta,
		.confidence = spec->confidence,
		.horizon = spec->horizon,
		.watched = 1};
}

static size_t size_at(const struct store_spec *spec, uint32_t batch_size)
{
	for (uint32_t i = 0; i < spec->n_sizes; i++)
		if (spec->batch_sizes[i] == batch_size)
			return i;
	return SIZE_MAX;
}

const char *store_spec_setting(const struct store_spec *spec, uint32_t batch_size)
{
	size_t i = size_at(spec, batch_size);

	return i == SIZE_MAX ? "" : spec->epochs[i].setting;
}

static bool same_epochs(const struct store_spec *a, const struct store_spec *b)
{
	for (uint32_t i = 0; i < a->n_sizes; i++)
		if (a->epochs[i].time_s != b->epochs[i].time_s ||
			a->epochs[i].energy_j != b->epochs[i].energy_j ||
			strcmp(a->epochs[i].setting, b->epochs[i].setting) != 0)
			return false;
	return true;
}

bool store_spec_same(const struct store_spec *a, const struct store_spec *b)
{
	return a->n_sizes == b->n_sizes && a->default_size == b->default_size &&
	       a->max_epochs == b->max_epochs && a->policy == b->policy &&
	       a->horizon == b->horizon && a->lower_is_better == b->lower_is_better &&
	       a->target == b->target && a->eta == b->eta && a->max_power_w == b->max_power_w &&
	       a->beta == b->beta && a->confidence == b->confidence && a->seed == b->seed &&
	       strcmp(a->metric, b->metric) == 0 && same_epochs(a, b) &&
	       memcmp(a->batch_sizes, b->batch_sizes, a->n_sizes * sizeof a->batch_sizes[0]) == 0;
}

/* Nothing, if nothing is known: programs that know no such member read it then. */
static void put_epochs(struct json_out *j, const struct store_spec *spec)
{
	bool any = false;

	for (uint32_t i = 0; i < spec->n_sizes; i++) {
		if (!(spec->epochs[i].time_s > 0))
			continue;
		if (!any) {
			json_key(j, "epochs");
			json_open(j, '[', true);
		}
		any = true;
		json_open(j, '{', true);
		json_kv_int(j, "batch_size", spec->batch_sizes[i]);
		json_kv_number(j, "time_s", spec->epochs[i].time_s);
		json_kv_number(j, "energy_j", spec->epochs[i].energy_j);
		json_kv_string(j, "setting", spec->epochs[i].setting);
		json_close(j, '}');
	}
	if (any)
		json_close(j, ']');
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
	put_epochs(&j, spec);
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

static hg_err read_epoch(
	const struct json_doc *doc, const struct json *v, struct store_spec *out, hg_error *why)
{
	double batch = 0;
	const char *setting = NULL;
	struct store_epoch e = {.time_s = 0};
	size_t i;
	hg_err err = json_need_number(doc, v, "batch_size", 1, UINT_MOST, &batch, why);

	if (err == HG_OK)
		err = json_need_number(doc, v, "time_s", LEAST, BIG, &e.time_s, why);
	if (err == HG_OK)
		err = json_need_number(doc, v, "energy_j", LEAST, BIG, &e.energy_j, why);
	if (err == HG_OK)
		err = json_need_string(doc, v, "setting", &setting, why);
	if (err != HG_OK)
		return err;
	i = size_at(out, (uint32_t)batch);
	if (i == SIZE_MAX || strlen(setting) >= sizeof e.setting)
		return fail(why, HG_EFORMAT,
			"%s:%u: \"epochs\": a batch size of the job, and a setting of less than %d "
			"characters",
			doc->origin, v->line, STORE_SETTING);
	memcpy(e.setting, setting, strlen(setting) + 1);
	out->epochs[i] = e;
	return HG_OK;
}

static hg_err read_epochs(const struct json_doc *doc, struct store_spec *out, hg_error *why)
{
	const struct json *list = NULL;
	hg_err err = HG_OK;

	if (!json_get(doc->root, "epochs"))
		return HG_OK;
	err = json_need(doc, doc->root, "epochs", JSON_ARRAY, &list, why);
	for (const struct json *v = err == HG_OK ? list->first : NULL; err == HG_OK && v;
		v = v->next)
		err = v->type == JSON_OBJECT
			      ? read_epoch(doc, v, out, why)
			      : fail(why, HG_EFORMAT, "%s:%u: \"epochs\": expected objects",
					doc->origin, v->line);
	return err;
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
	return err == HG_OK ? read_epochs(doc, out, why) : err;
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
