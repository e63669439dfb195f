/* <hourglass/ops.h>: what samples say of each kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"

#include "op-times.h"

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
	(void)snprintf(ops->device, sizeof ops->device, "%s", m->name);
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
