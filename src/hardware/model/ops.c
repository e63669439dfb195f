/* <hourglass/ops.h>: what samples say of each kind. */
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"

#include "op-times.h"

/* A time that is so many times what the datasheet leads to cannot be right, nor one that is so
 * small a share of it. */
#define ODD_SLOW 100.0
#define ODD_FAST 0.05
/* Bytes a second of the slowest network that is believed. */
#define LEAST_LINK 1e8

/* What the datasheet leads to, and the longest that is believed. */
static double expected_s(const hg_model *m, const struct op *op, double *most_s)
{
	struct op_known none;
	struct op_cost cost;
	double seconds;

	op_known_default((enum op_kind)op->kind, &none);
	op_class_cost(&m->f, none.z, op, &cost);
	seconds = op_cost_seconds(&m->f, &cost);
	*most_s = ODD_SLOW * seconds + op->link_bytes / LEAST_LINK;
	return seconds;
}

static bool odd(const hg_model *m, const struct op_sample *s, hg_error *why)
{
	static const struct {
		const char *text;
		double times;
	} units[] = {{"; is it in ms?", 1e3}, {"; is it in us?", 1e6}, {"; is it in ns?", 1e9}};
	double most_s, right_s = expected_s(m, &s->op, &most_s);
	const char *is = "";

	if (s->time_s <= most_s && s->time_s >= ODD_FAST * right_s)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units && !*is; i++) {
		double factor = s->time_s / units[i].times / right_s;

		if (s->time_s > most_s && factor >= ODD_FAST && factor <= 0.1 * ODD_SLOW)
			is = units[i].text;
	}
	(void)fail(why, HG_ERANGE, "%u: %s: %g s is %.3g times what the datasheet leads to%s",
		s->line, op_form((enum op_kind)s->op.kind)->key, s->time_s, s->time_s / right_s,
		is);
	return true;
}

hg_err hg_op_times_drop_odd(hg_op_times *times, const hg_model *m, size_t *dropped, hg_error *why)
{
	struct op_sample *all = times->samples.data;
	size_t n = times->samples.len, kept = 0;

	if (why)
		why->text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		if (!odd(m, &all[i], kept == i ? why : NULL))
			all[kept++] = all[i];
	times->samples.len = kept;
	*dropped = n - kept;
	return kept ? HG_OK : HG_ERANGE;
}

void hg_ops_destroy(hg_ops *ops)
{
	if (!ops)
		return;
	for (size_t k = 0; k < OP_KINDS; k++)
		op_known_finish(&ops->of[k]);
	free(ops);
}

hg_err hg_ops_create(const hg_model *m, const hg_op_times *times, hg_ops **out, hg_error *why)
{
	size_t all = times->samples.len;
	struct op_sample *some = calloc(all + 1, sizeof *some);
	hg_ops *ops = calloc(1, sizeof *ops);
	hg_err rc = some && ops ? HG_OK : HG_ENOMEM;

	*out = NULL;
	for (size_t k = 0; k < OP_KINDS && !rc; k++) {
		size_t n = 0;

		for (size_t i = 0; i < all; i++) {
			const struct op_sample *s = vec_at(&times->samples, i);

			if (s->op.kind == k)
				some[n++] = *s;
		}
		rc = op_known_fit(&m->f, (enum op_kind)k, some, n, &ops->of[k]);
	}
	free(some);
	if (rc) {
		hg_ops_destroy(ops);
		return fail(why, rc, "ops: out of memory");
	}
	ops->f = m->f;
	*out = ops;
	return HG_OK;
}

hg_err hg_ops_get_report(const hg_ops *ops, size_t i, hg_ops_report *out)
{
	for (size_t k = 1; k < OP_KINDS; k++) {
		const struct op_known *known = &ops->of[k];
		const hg_ops_report ours = {
			.size = sizeof ours,
			.n = (uint32_t)known->n,
			.kind = op_form((enum op_kind)k)->key,
			.left_out = known->left_out,
			.common = known->common,
			.each = known->each,
		};

		if (!known->n || i--)
			continue;
		size_write(out, &ours, sizeof ours);
		return HG_OK;
	}
	return HG_ENOENT;
}
