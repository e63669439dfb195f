/* Writing PLANS files. */
#include <stdlib.h>

#include "core/fail.h"
#include "core/json.h"

#include "plans.h"
#include "witness.h"

static hg_err write_schedule(const struct plans *p, struct json_out *j, hg_error *why)
{
	hg_schedule_info info = {.size = sizeof info};
	char *text = NULL;
	size_t len;
	hg_err err = HG_OK;

	hg_schedule_get_info(p->schedule, &info);
	json_key(j, "schedule");
	json_open(j, '{', true);
	json_kv_string(j, "kind", schedule_kind_name(info.kind));
	json_kv_int(j, "ranks", info.ranks);
	json_kv_int(j, "stages", info.stages);
	json_kv_int(j, "microbatches", info.microbatches);
	json_kv_int(j, "chunks", info.chunks);
	if (info.kind == HG_SCHEDULE_FILE) {
		err = hg_schedule_format(p->schedule, &text, &len, why);
		json_kv_string(j, "text", text ? text : "");
		free(text);
	}
	json_close(j, '}');
	return err;
}

static void write_inputs(const struct plans *p, struct json_out *j)
{
	json_key(j, "static_power_w");
	json_open(j, '[', true);
	for (size_t i = 0; i < p->n_static_power; i++)
		json_put_number(j, p->static_power_w[i]);
	json_close(j, ']');
	json_kv_int(j, "tensor_parallel", p->group_size);
	json_kv_int(j, "data_parallel", p->replicas);
	json_kv_number(j, "transfer_s", p->lag_s);
	json_kv_number(j, "step_s", p->step_s);
	json_kv_string(j, "class", plan_class_names[p->class_of]);
	json_kv_number(j, "switch_cost_j", p->switch_cost_j);
	json_kv_number(j, "switch_latency_s", p->switch_latency_s);
	json_kv_string(j, "range", plan_range_names[p->range]);
	json_kv_number(j, "quantum_w", p->quantum_w);
}

void plans_write_claims(const struct plans *p, struct json_out *j)
{
	const struct plans_claims *c = &p->claims;
	const hg_plan_point *points = c->frontier.data;

	json_kv_number(j, "t_min_s", c->t_min_s);
	json_kv_number(j, "t_star_s", c->t_star_s);
	json_kv_number(j, "t_max_s", c->t_max_s);
	json_kv_number(j, "all_fastest_j", c->all_fastest_j);
	json_kv_int(j, "pieces", c->frontier.len ? (int64_t)c->frontier.len - 1 : 0);
	json_kv_number(j, "solve_s", c->solve_s);
	json_kv_number(j, "gap", c->gap);
	json_kv_bool(j, "extrapolated", c->extrapolated);
	json_key(j, "frontier");
	json_open(j, '[', false);
	for (size_t i = 0; i < c->frontier.len; i++) {
		json_open(j, '{', true);
		json_kv_number(j, "time_s", points[i].time_s);
		json_kv_number(j, "energy_j", points[i].energy_j);
		json_kv_number(j, "slope_w", points[i].slope_w);
		json_close(j, '}');
	}
	json_close(j, ']');
}

hg_err plans_format(const struct plans *p, struct buf *out, hg_error *why)
{
	struct json_out j;
	hg_err err;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.plans/1");
	json_kv_string(&j, "source", p->source ? p->source : "");
	err = write_schedule(p, &j, why);
	write_inputs(p, &j);
	plans_write_claims(p, &j);
	witnesses_write(&p->claims.witnesses, &j);
	json_kv_string(&j, "profile", p->profile_csv.data ? p->profile_csv.data : "");
	json_close(&j, '}');
	buf_addc(out, '\n');
	if (err || !out->failed)
		return err;
	return fail(why, out->failed, "plans: %s", hg_err_text(out->failed));
}
