#include "proof.h"

#include <math.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "software/plan/bound-few.h"

#include "plans.h"

#define LARGEST 1e18

hg_err proof_few(struct proof *p, const hg_dag *dag, const hg_relaxed *r, hg_error *why)
{
	struct few_bound bound;
	size_t n;
	hg_err err = bound_few(
		dag, hg_relaxed_node_flows(r, &n), p->most_switches, p->switch_cost_j, &bound, why);

	if (err)
		return err;
	p->switch_bound_j = p->bound_j + bound.gain_j;
	p->switch_price_j = bound.price_j;
	return HG_OK;
}

void proof_finish(struct proof *p)
{
	witness_finish(&p->flow);
}

void proof_write(const struct proof *p, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.plan-proof/1");
	json_kv_number(&j, "time_s", p->time_s);
	json_kv_number(&j, "charged_s", p->charged_s);
	json_kv_number(&j, "energy_j", p->energy_j);
	json_kv_number(&j, "bound_j", p->bound_j);
	json_kv_number(&j, "tight_bound_j", p->tight_bound_j);
	json_kv_int(&j, "switches", (int64_t)p->switches);
	json_kv_number(&j, "switch_cost_j", p->switch_cost_j);
	json_kv_number(&j, "switch_latency_s", p->switch_latency_s);
	if (p->most_switches) {
		json_kv_int(&j, "most_switches", (int64_t)p->most_switches);
		json_kv_number(&j, "switch_bound_j", p->switch_bound_j);
		json_kv_number(&j, "switch_price_j", p->switch_price_j);
	}
	json_kv_string(&j, "coding", WITNESS_CODING);
	json_key(&j, "flow");
	witness_write(&p->flow, &j);
	json_close(&j, '}');
	buf_addc(out, '\n');
}

static hg_err read_figures(struct proof *p, const struct json_doc *doc, hg_error *why)
{
	struct {
		const char *key;
		double *value;
	} const figures[] = {{"time_s", &p->time_s}, {"charged_s", &p->charged_s},
		{"energy_j", &p->energy_j}, {"bound_j", &p->bound_j},
		{"tight_bound_j", &p->tight_bound_j}, {"switch_cost_j", &p->switch_cost_j},
		{"switch_latency_s", &p->switch_latency_s}};
	double switches = 0;
	hg_err err = HG_OK;

	for (size_t i = 0; i < sizeof figures / sizeof *figures && !err; i++)
		err = json_need_number(
			doc, doc->root, figures[i].key, 0, LARGEST, figures[i].value, why);
	if (!err)
		err = json_need_number(doc, doc->root, "switches", 0, 1e9, &switches, why);
	if (!err && floor(switches) < switches)
		err = fail(why, HG_EFORMAT, "%s:%u: switches: expected a whole number, found %g",
			doc->origin, json_get(doc->root, "switches")->line, switches);
	p->switches = (uint64_t)switches;
	return err;
}

/* What is claimed of plans with few changes of setting, if anything is. */
static hg_err read_few(struct proof *p, const struct json_doc *doc, hg_error *why)
{
	double most = 0;
	hg_err err;

	if (!json_get(doc->root, "most_switches"))
		return HG_OK;
	err = json_need_number(doc, doc->root, "most_switches", 1, 9e15, &most, why);
	if (!err)
		err = json_need_number(
			doc, doc->root, "switch_bound_j", 0, LARGEST, &p->switch_bound_j, why);
	if (!err)
		err = json_need_number(
			doc, doc->root, "switch_price_j", 0, LARGEST, &p->switch_price_j, why);
	p->most_switches = (uint64_t)most;
	return err;
}

hg_err proof_parse(struct proof *p, const char *text, size_t len, const char *origin, hg_error *why)
{
	struct json_doc doc;
	const struct json *flow = NULL;
	hg_err err;

	memset(p, 0, sizeof *p);
	err = json_parse(&doc, text, len, origin, PLANS_BYTES, why);
	if (!err)
		err = json_check_schema(&doc, "hourglass.plan-proof", 1, why);
	if (!err)
		err = witness_coding(&doc, doc.root, why);
	if (!err)
		err = read_figures(p, &doc, why);
	if (!err)
		err = read_few(p, &doc, why);
	if (!err)
		err = json_need(&doc, doc.root, "flow", JSON_OBJECT, &flow, why);
	if (!err)
		err = witness_read(&p->flow, &doc, flow, why);
	json_finish(&doc);
	return err;
}
