/* The "prior" of a device file: what workloads on it are like, learnt by a joint fit of many. */
#include <math.h>
#include <string.h>

#include "core/fail.h"

#include "linear.h"
#include "prior.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
/* Numbers of a lower triangle, row by row. */
#define TRIANGLE (PRIOR_N * (PRIOR_N + 1) / 2)

static const char *const prior_fields[] = {
	"source", "mean", "covariance", "walk", "noise", "widen"};

static hg_err numbers_read(const struct json_doc *doc, const struct json *obj, const char *key,
	size_t n, double low, double high, double *out, hg_error *why)
{
	const struct json *list;
	hg_err rc = json_need(doc, obj, key, JSON_ARRAY, &list, why);

	if (rc)
		return rc;
	if (list->len != n)
		return fail(why, HG_EFORMAT, "%s:%u: prior.%s: expected %zu numbers, found %u",
			doc->origin, list->line, key, n, list->len);
	for (const struct json *v = list->first; v; v = v->next) {
		if (v->type != JSON_NUMBER || !(v->number >= low && v->number <= high))
			return fail(why, HG_EFORMAT,
				"%s:%u: prior.%s: expected numbers of %g to %g", doc->origin,
				v->line, key, low, high);
		*out++ = v->number;
	}
	return HG_OK;
}

static hg_err covariance_read(
	const struct json_doc *doc, const struct json *obj, struct prior *p, hg_error *why)
{
	double triangle[TRIANGLE] = {0}, copy[PRIOR_N * PRIOR_N];
	const double *at = triangle;
	hg_err rc = numbers_read(doc, obj, "covariance", TRIANGLE, -100.0, 100.0, triangle, why);

	if (rc)
		return rc;
	for (size_t i = 0; i < PRIOR_N; i++)
		for (size_t j = 0; j <= i; j++)
			p->covariance[i][j] = p->covariance[j][i] = *at++;
	memcpy(copy, p->covariance, sizeof copy);
	if (!cholesky(copy, PRIOR_N))
		return fail(why, HG_EFORMAT,
			"%s:%u: prior.covariance: expected a positive definite matrix", doc->origin,
			obj->line);
	return HG_OK;
}

/* For time and energy; or so for each number of settings seen. */
static hg_err widen_read(
	const struct json_doc *doc, const struct json *obj, struct prior *p, hg_error *why)
{
	const struct json *list = json_get(obj, "widen");
	double two[2] = {1.0, 1.0};
	hg_err rc;

	if (!list || list->type != JSON_ARRAY || list->len != 2)
		return numbers_read(doc, obj, "widen", sizeof p->widen / sizeof(double), 0.1, 10.0,
			&p->widen[0][0], why);
	rc = numbers_read(doc, obj, "widen", 2, 0.1, 10.0, two, why);
	prior_widen_all(p, two[0], two[1]);
	return rc;
}

hg_err prior_read(const struct json_doc *doc, struct hg_model *m, hg_error *why)
{
	const struct json *obj = json_get(doc->root, "prior");
	const char *source;
	struct prior *p;
	hg_err rc;

	if (!obj)
		return HG_OK;
	if (obj->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: prior: expected an object, found %s",
			doc->origin, obj->line, json_type_text(obj));
	rc = fields_check(doc, obj, "prior", prior_fields, COUNT(prior_fields), why);
	if (!rc)
		rc = json_need_string(doc, obj, "source", &source, why);
	if (rc)
		return rc;
	p = arena_alloc(&m->arena, sizeof *p);
	if (!p)
		return fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	rc = numbers_read(doc, obj, "mean", PRIOR_N, -20.0, 20.0, p->mean, why);
	if (!rc)
		rc = covariance_read(doc, obj, p, why);
	if (!rc)
		rc = numbers_read(doc, obj, "walk", 2, 0.0, 10.0, p->walk, why);
	if (!rc)
		rc = numbers_read(doc, obj, "noise", 2, 1e-4, 1.0, p->noise, why);
	if (!rc)
		rc = widen_read(doc, obj, p, why);
	m->prior_source = rc ? NULL : arena_strdup(&m->arena, source);
	if (!rc && !m->prior_source)
		rc = fail(why, HG_ENOMEM, "%s: out of memory", doc->origin);
	m->prior = rc ? NULL : p;
	return rc;
}
