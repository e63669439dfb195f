/* The page of plan show: one HTML file that needs nothing else. */
#include "plan-page.h"

#include <stdio.h>
#include <string.h>

#include <hourglass/version.h>

#include "core/embedded.h"
#include "plot.h"

/* Points of the frontier that are drawn. */
#define DRAWN 400

/* assets/page.css, assets/plan.css, and assets/plan-pen.js, plan-draw.js and plan-page.js */
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

static const char *file_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static void add_intro(struct buf *out, const struct plans *p)
{
	static const char *const classes[] = {
		[HG_CLASS_OP] = "a setting for each operation",
		[HG_CLASS_RAMP] =
			"a setting for each operation of the ramps, one for the steady state",
		[HG_CLASS_FAMILY] = "one setting for each stage and phase",
	};
	hg_schedule_info info = {.size = sizeof info};

	hg_schedule_get_info(p->schedule, &info);
	buf_addf(out, "<p class=\"dim\">%s, %u ranks, %u microbatches; %s; profile ",
		schedule_kind_name(info.kind), info.ranks, info.microbatches, classes[p->class_of]);
	add_escaped(out, file_of(p->source));
	buf_adds(out, ". Times and energies are <b>computed</b> from the profile: no iteration was "
		      "run.</p>\n");
}

static void add_card(struct buf *out, const char *id, const char *text)
{
	buf_addf(out, "<div class=\"card%s\"><b id=\"%s\"></b><span>%s</span></div>\n",
		strcmp(id, "v-saving") == 0 ? " good" : "", id, text);
}

static void add_control(struct buf *out, const struct page *page)
{
	buf_adds(out, "<div class=\"cards\">\n");
	add_card(out, "v-energy", "energy of one iteration, computed");
	add_card(out, "v-saving", "saved against all fastest");
	add_card(out, "v-time", "time against the least");
	add_card(out, "v-gap", "above what any plan must draw");
	add_card(out, "v-switches", "changes of setting");
	buf_addf(out,
		"</div>\n<div class=\"slider\"><label for=\"time\"><span>Iteration time </span>T</label><input "
		"id=\"time\" type=\"range\" min=\"0\" max=\"%zu\" value=\"%zu\"><output for=\"time\" "
		"id=\"time-text\"></output></div>\n",
		page->n_plans - 1, page->n_plans > 6 ? page->n_plans / 5 : page->n_plans - 1);
}

static void add_body(struct buf *out, const struct page *page)
{
	if (page->plans)
		add_control(out, page);
	buf_addf(out,
		"<div class=\"plan%s\">\n<figure><canvas id=\"gantt\" role=\"img\" tabindex=\"0\">"
		"</canvas>\n<div class=\"tools\"><button class=\"small\" id=\"in\" "
		"type=\"button\">zoom in</button><button class=\"small\" id=\"out\" "
		"type=\"button\">zoom out</button><button class=\"small\" id=\"all\" "
		"type=\"button\">all</button><button class=\"small\" id=\"save\" "
		"type=\"button\">save SVG</button><span>Drag to move, Ctrl and wheel to zoom. Keys: "
		"arrows from operation to operation, Shift and arrows to move, + &minus; 0 to "
		"zoom.</span></div></figure>\n",
		page->plans ? "" : " alone");
	if (page->plans)
		buf_adds(out,
			"<figure class=\"beside\"><h2>Time-energy frontier</h2><canvas "
			"id=\"frontier\" role=\"img\" aria-label=\"energy over iteration "
			"time\"></canvas>\n<figcaption>Line: the least any plan can draw. Dots: "
			"plans with measured settings. Press or drag, or move T "
			"above.</figcaption></figure>\n");
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
	json_kv_int(j, "switches", (int64_t)info.switches);
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

/* What a picture that leaves the page says of itself. */
static void note_json(struct json_out *j, const struct page *page)
{
	struct buf note;

	buf_init(&note, 4096);
	buf_adds(&note, "Computed");
	if (page->plans)
		buf_addf(&note, " from the profile %s", file_of(page->plans->source));
	buf_addf(&note, ": no iteration was run. hourglass %s", hg_version());
	json_kv_string(j, "note", note.failed ? "" : note.data);
	json_kv_string(j, "by", "clock or setting");
	buf_finish(&note);
}

hg_err plan_page(struct buf *out, const struct page *page)
{
	struct json_out j;
	hg_err err;

	add_head(out, page->title);
	if (page->plans)
		add_intro(out, page->plans);
	else
		buf_adds(out, "<p class=\"dim\">Times and energies are <b>computed</b> from a "
			      "profile: no iteration was run.</p>\n");
	add_body(out, page);
	buf_adds(out, "<script type=\"application/json\" id=\"data\">\n");
	json_out_init(&j, out);
	json_open(&j, '{', false);
	note_json(&j, page);
	err = page->plans ? plans_json(&j, page) : page_rows_json(&j, page->rows);
	json_close(&j, '}');
	buf_addf(out,
		"\n</script>\n<p class=\"dim\">Made by hourglass %s.</p>\n</main>\n"
		"<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n",
		hg_version());
	for (const struct embedded *e = embedded_plan_js; e->name; e++)
		buf_add(out, e->text, e->len);
	buf_adds(out, "</script>\n</body>\n</html>\n");
	return err ? err : out->failed;
}
