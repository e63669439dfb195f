/* The page of plan show: one HTML file that needs nothing else. */
#include "plan-page.h"

#include <stdio.h>
#include <string.h>

#include <hourglass/version.h>

#include "core/embedded.h"
#include "plot.h"

/* Points of the frontier that are drawn. */
#define DRAWN 400

/* assets/page.css, assets/plan.css and assets/plan.js */
extern const struct embedded embedded_page_css[];
extern const struct embedded embedded_plan_css[];
extern const struct embedded embedded_plan_js[];

static void add_head(struct buf *out, const char *title)
{
	buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<title>");
	add_escaped(out, title);
	buf_adds(out, "</title>\n<style>\n");
	buf_add(out, embedded_page_css[0].text, embedded_page_css[0].len);
	buf_add(out, embedded_plan_css[0].text, embedded_plan_css[0].len);
	buf_adds(out, "</style>\n</head>\n<body>\n<main class=\"wide\">\n<h1>");
	add_escaped(out, title);
	buf_adds(out, "</h1>\n");
}

static void add_intro(struct buf *out, const struct plans *p)
{
	hg_schedule_info info = {.size = sizeof info};

	hg_schedule_get_info(p->schedule, &info);
	buf_addf(out, "<p class=\"dim\">Schedule %s, %u ranks, %u microbatches; profile ",
		schedule_kind_name(info.kind), info.ranks, info.microbatches);
	add_escaped(out, p->source ? p->source : "");
	buf_adds(out,
		". Times and energies are those of the profile, put together: no iteration was "
		"run.</p>\n<div class=\"cards\">\n"
		"<div class=\"card\"><b id=\"v-energy\"></b><span>energy of one iteration</span></div>\n"
		"<div class=\"card good\"><b id=\"v-saving\"></b><span>saved against all "
		"fastest</span></div>\n"
		"<div class=\"card\"><b id=\"v-time\"></b><span>more time than the "
		"least</span></div>\n"
		"<div class=\"card\"><b id=\"v-gap\"></b><span>above what any plan must "
		"draw</span></div>\n</div>\n");
}

static void add_chart(struct buf *out, const char *id, const char *title)
{
	buf_addf(out,
		"<figure><h3>%s<small id=\"%s-text\"></small></h3><canvas id=\"%s\" role=\"img\" "
		"aria-label=\"%s: operations of each rank over time\"></canvas></figure>\n",
		title, id, id, title);
}

static void add_body(struct buf *out, const struct page *page)
{
	buf_adds(out, page->plans ? "<div class=\"plan\">\n<div>\n"
				  : "<div class=\"plan alone\">\n<div>\n");
	if (page->plans)
		add_chart(out, "before", "Before: all fastest");
	add_chart(out, "after", page->plans ? "After: the plan for T" : "The plan");
	buf_adds(out,
		"<div class=\"legend\"><span id=\"slow\"></span><span class=\"ramp\" "
		"id=\"ramp\"></span><span id=\"fast\"></span><span><span class=\"box forth\"></span>"
		"forward</span><span><span class=\"box back\"></span>backward</span><span><span "
		"class=\"box idle\"></span>waiting, share at the right</span>"
		"<button class=\"small\" id=\"in\" type=\"button\">zoom in</button>"
		"<button class=\"small\" id=\"out\" type=\"button\">zoom out</button>"
		"<span>drag to move; Ctrl and wheel to zoom</span></div>\n</div>\n");
	if (page->plans)
		buf_addf(out,
			"<div>\n<figure><h3>Time-energy frontier</h3><canvas id=\"frontier\" "
			"role=\"img\" aria-label=\"energy over iteration time\"></canvas>\n<div "
			"class=\"slider\"><input id=\"time\" type=\"range\" min=\"0\" max=\"%zu\" "
			"value=\"%zu\" aria-label=\"iteration time\"><output "
			"id=\"time-text\"></output></div>\n<figcaption>Line: the least any plan "
			"can draw. Dots: plans with measured settings. Move the slider, or press "
			"on the plot.</figcaption></figure>\n</div>\n",
			page->n_plans - 1, page->n_plans > 6 ? (size_t)5 : page->n_plans - 1);
	buf_adds(out, "</div>\n");
}

/* [lane, letter, stage, microbatch, work or -1, instruction, seconds where there is no work] */
static void op_json(struct json_out *j, uint32_t lane, const char *letter, uint32_t stage,
	uint32_t microbatch, int64_t work, const char *instruction, double time_s)
{
	json_open(j, '[', true);
	json_put_int(j, lane);
	json_put_string(j, letter);
	json_put_int(j, stage);
	json_put_int(j, microbatch);
	json_put_int(j, work);
	json_put_string(j, instruction);
	json_put_number(j, time_s);
	json_close(j, ']');
}

static hg_err ops_json(struct json_out *j, const struct plans *p)
{
	size_t n, n_options;
	const hg_pipeline_step *steps = hg_pipeline_steps(p->pipeline, &n);
	static const char *const letters[] = {"F", "B", "I", "W", "R"};
	uint32_t most = 0;

	json_key(j, "ops");
	json_open(j, '[', true);
	for (size_t i = 0; i < n; i++) {
		bool fixed = steps[i].instruction == HG_INSTRUCTION_NONE;
		hg_node node = {.size = sizeof node};

		if (hg_dag_node(hg_pipeline_dag(p->pipeline), (uint32_t)i, &node))
			return HG_EINTERNAL;
		most = node.work > most ? node.work : most;
		op_json(j, steps[i].rank, fixed ? "S" : letters[steps[i].phase], steps[i].stage,
			steps[i].microbatch, fixed ? -1 : (int64_t)node.work,
			fixed ? "step"
			      : hg_stage_profile_instruction(p->profile, steps[i].instruction),
			fixed ? p->step_s : 0);
	}
	json_close(j, ']');
	json_key(j, "works");
	json_open(j, '[', true);
	for (uint32_t w = 0; w <= most; w++) {
		const hg_option *options =
			hg_dag_options(hg_pipeline_dag(p->pipeline), w, &n_options);

		json_open(j, '[', true);
		for (size_t i = 0; i < n_options; i++) {
			json_open(j, '[', true);
			json_put_number(j, options[i].time_s);
			json_put_number(j, options[i].energy_j);
			json_put_int(j, options[i].setting == HG_SETTING_NONE
						? -1
						: (int64_t)options[i].setting);
			json_close(j, ']');
		}
		json_close(j, ']');
	}
	json_close(j, ']');
	return HG_OK;
}

static hg_err edges_json(struct json_out *j, const hg_dag *dag)
{
	hg_dag_info info = {.size = sizeof info};

	hg_dag_get_info(dag, &info);
	json_key(j, "edges");
	json_open(j, '[', true);
	for (uint64_t e = 0; e < info.edges; e++) {
		uint32_t from = 0, to = 0;
		double lag_s = 0;

		if (hg_dag_edge(dag, e, &from, &to, &lag_s))
			return HG_EINTERNAL;
		json_put_int(j, from);
		json_put_int(j, to);
		json_put_number(j, lag_s);
	}
	json_close(j, ']');
	return HG_OK;
}

static void plan_json(struct json_out *j, const hg_plan *plan)
{
	hg_plan_info info = {.size = sizeof info};
	size_t n;
	const hg_plan_step *steps = hg_plan_steps(plan, &n);

	hg_plan_get_info(plan, &info);
	json_open(j, '{', true);
	json_kv_number(j, "time_s", info.time_s);
	json_kv_number(j, "energy_j", info.energy_j);
	json_kv_number(j, "bound_j", info.bound_j);
	json_key(j, "options");
	json_open(j, '[', true);
	for (size_t i = 0; i < n; i++)
		json_put_int(j, steps[i].option);
	json_close(j, ']');
	json_close(j, '}');
}

/* The fastest option of every operation. */
static hg_err before_json(struct json_out *j, const struct plans *p)
{
	const hg_dag *dag = hg_pipeline_dag(p->pipeline);
	hg_dag_info info = {.size = sizeof info};

	hg_dag_get_info(dag, &info);
	json_key(j, "before");
	json_open(j, '{', true);
	json_kv_number(j, "time_s", p->claims.t_min_s);
	json_kv_number(j, "energy_j", p->claims.all_fastest_j);
	json_key(j, "options");
	json_open(j, '[', true);
	for (uint32_t i = 0; i < info.nodes; i++) {
		hg_node node = {.size = sizeof node};
		size_t n, best = 0;
		const hg_option *o;

		if (hg_dag_node(dag, i, &node))
			return HG_EINTERNAL;
		o = hg_dag_options(dag, node.work, &n);
		for (size_t k = 1; k < n; k++)
			if (o[k].time_s < o[best].time_s)
				best = k;
		json_put_int(j, (int64_t)best);
	}
	json_close(j, ']');
	json_close(j, '}');
	return HG_OK;
}

static void frontier_json(struct json_out *j, const struct vec *frontier)
{
	const hg_plan_point *points = frontier->data;
	size_t by = frontier->len / DRAWN + 1;

	json_key(j, "frontier");
	json_open(j, '[', true);
	for (size_t i = 0; i < frontier->len; i++) {
		if (i % by && i + 1 < frontier->len)
			continue;
		json_open(j, '[', true);
		json_put_number(j, points[i].time_s);
		json_put_number(j, points[i].energy_j);
		json_close(j, ']');
	}
	json_close(j, ']');
}

static hg_err plans_json(struct json_out *j, const struct page *page)
{
	const struct plans *p = page->plans;
	hg_schedule_info info = {.size = sizeof info};
	const char *setting;
	char name[32];
	hg_err err;

	hg_schedule_get_info(p->schedule, &info);
	json_key(j, "lanes");
	json_open(j, '[', true);
	for (uint32_t r = 0; r < info.ranks; r++) {
		(void)snprintf(name, sizeof name, "rank %u", r);
		json_put_string(j, name);
	}
	json_close(j, ']');
	json_key(j, "settings");
	json_open(j, '[', true);
	for (hg_setting s = 0; (setting = hg_pipeline_setting(p->pipeline, s)); s++)
		json_put_string(j, setting);
	json_close(j, ']');
	err = ops_json(j, p);
	if (!err)
		err = edges_json(j, hg_pipeline_dag(p->pipeline));
	if (!err)
		err = before_json(j, p);
	frontier_json(j, &p->claims.frontier);
	json_key(j, "plans");
	json_open(j, '[', false);
	for (size_t i = 0; i < page->n_plans; i++)
		plan_json(j, page->plan[i]);
	json_close(j, ']');
	return err;
}

hg_err plan_page(struct buf *out, const struct page *page)
{
	struct json_out j;
	hg_err err;

	add_head(out, page->title);
	if (page->plans)
		add_intro(out, page->plans);
	add_body(out, page);
	buf_adds(out, "<script type=\"application/json\" id=\"data\">\n");
	json_out_init(&j, out);
	json_open(&j, '{', false);
	err = page->plans ? plans_json(&j, page) : page_rows_json(&j, page->rows);
	json_close(&j, '}');
	buf_addf(out,
		"\n</script>\n<p class=\"dim\">Made by hourglass %s.</p>\n</main>\n"
		"<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n",
		hg_version());
	buf_add(out, embedded_plan_js[0].text, embedded_plan_js[0].len);
	buf_adds(out, "</script>\n</body>\n</html>\n");
	return err ? err : out->failed;
}
