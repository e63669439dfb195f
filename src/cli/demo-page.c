/* The demo's page: one HTML file that needs nothing else. */
#include <math.h>
#include <string.h>

#include <hourglass/version.h>

#include "core/embedded.h"
#include "demo.h"
#include "plot-power.h"
#include "plot.h"

/* assets/page.css and assets/page.js */
extern const struct embedded embedded_page_css[];
extern const struct embedded embedded_page_js[];

static void add_head(struct buf *out, const char *title)
{
	buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<title>");
	add_escaped(out, title);
	buf_adds(out, "</title>\n<style>\n");
	buf_adds(out, plot_css());
	buf_addc(out, '\n');
	buf_add(out, embedded_page_css[0].text, embedded_page_css[0].len);
	buf_adds(out, "</style>\n</head>\n<body>\n<main>\n");
}

static double saving(const struct demo *d, const struct demo_run *run)
{
	return 1 - run->outcome.energy_j / d->runs[0].outcome.energy_j;
}

static double added(const struct demo *d, const struct demo_run *run)
{
	return run->outcome.time_s / d->runs[0].outcome.time_s - 1;
}

static void add_intro(struct buf *out, const struct demo *d)
{
	const struct demo_run *run = &d->runs[d->shown];
	char units[RIG_UNITS_TEXT];

	buf_addf(out, "<h1>%.0f %% less energy for %.0f %% more time</h1>\n<p class=\"dim\">",
		100 * saving(d, run), 100 * added(d, run));
	add_escaped(out, hg_workload_name(d->rig.workload));
	buf_addf(out, ", %llu ", (unsigned long long)d->units);
	add_escaped(out, rig_units(&d->rig, units));
	buf_adds(out, " on ");
	add_escaped(out, rig_info(&d->rig, 0).title);
	buf_adds(out, "</p>\n<p class=\"notice\" role=\"note\"><strong>This is a simulated "
		      "device.</strong> No hardware was touched: every second and every joule on "
		      "this page comes from a model of the device.</p>\n");
}

static void add_card(struct buf *out, const char *class, const char *value, const char *what)
{
	buf_addf(
		out, "<div class=\"card %s\"><b>%s</b><span>%s</span></div>\n", class, value, what);
}

static void add_cards(struct buf *out, const struct demo *d)
{
	const struct demo_run *base = &d->runs[0], *run = &d->runs[d->shown];
	char text[QUANTITY_TEXT];

	buf_adds(out, "<div class=\"cards\">\n");
	add_card(out, "", quantity_format(QUANTITY_ENERGY, base->outcome.energy_j, text),
		"at the default setting (simulated)");
	add_card(out, "", quantity_format(QUANTITY_ENERGY, run->outcome.energy_j, text),
		"at the setting picked for B (simulated)");
	add_card(out, "good",
		quantity_format(
			QUANTITY_ENERGY, base->outcome.energy_j - run->outcome.energy_j, text),
		"saved (simulated)");
	add_card(out, "",
		quantity_format(QUANTITY_TIME, run->outcome.time_s - base->outcome.time_s, text),
		"longer, within the deadline");
	buf_adds(out, "</div>\n");
}

static void add_frontier(struct buf *out, const struct demo *d)
{
	struct plot_series series = {"settings", d->f};
	struct plot_mark marks[DEMO_RUNS];
	char labels[DEMO_RUNS][32];
	struct plot plot = {.title = "Time-energy frontier (simulated)",
		.work_unit = hg_workload_unit(d->rig.workload),
		.series = &series,
		.n_series = 1,
		.marks = marks,
		.n_marks = demo_marks(d, marks, labels),
		.inside_page = true};

	buf_adds(out, "<h2>1. What each setting costs</h2>\n"
		      "<p>Each dot is one power limit and clock: how long one ");
	add_escaped(out, hg_workload_unit(d->rig.workload));
	buf_adds(out, " takes with it, and how much energy. A setting that another one beats in "
		      "both is dominated, and never worth using; the others are the frontier.</p>\n"
		      "<figure>\n");
	plot_svg(out, &plot);
	buf_adds(out, "<figcaption>Point at a dot, or move to it with Tab, for its setting, time "
		      "and energy. Rings: what was picked for the three deadlines.</figcaption>\n"
		      "</figure>\n");
}

static void add_row(struct buf *out, const struct demo *d, size_t i)
{
	const struct demo_run *run = &d->runs[i];
	char text[QUANTITY_TEXT];

	buf_addf(out, "<tr%s><td>", i == d->shown ? " class=\"main\"" : "");
	if (isnan(run->slack))
		buf_adds(out, "none: the default");
	else
		buf_addf(out, "%c: fastest +%.0f %%", run->mark, 100 * run->slack);
	buf_adds(out, "</td><td>");
	add_escaped(out, run->setting);
	buf_addf(
		out, "</td><td>%s</td>", quantity_format(QUANTITY_TIME, run->outcome.time_s, text));
	buf_addf(out, "<td>%s</td>", quantity_format(QUANTITY_ENERGY, run->outcome.energy_j, text));
	buf_addf(out, "<td>%s</td>",
		quantity_format(QUANTITY_POWER, run->outcome.energy_j / run->outcome.time_s, text));
	if (i == 0)
		buf_adds(out, "<td>-</td><td>-</td></tr>\n");
	else
		buf_addf(out, "<td class=\"good\">%.1f %%</td><td>%.1f %%</td></tr>\n",
			100 * saving(d, run), 100 * added(d, run));
}

static void add_table(struct buf *out, const struct demo *d)
{
	buf_adds(out, "<h2>2. What was picked, and what came of it</h2>\n"
		      "<p>For each deadline the setting with the least energy that meets it; then "
		      "the whole job was run at it. All figures are simulated.</p>\n"
		      "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Deadline</th>"
		      "<th scope=\"col\">Setting</th><th scope=\"col\">Time</th>"
		      "<th scope=\"col\">Energy</th><th scope=\"col\">Mean power</th>"
		      "<th scope=\"col\">Energy saved</th><th scope=\"col\">Time added</th></tr>"
		      "</thead>\n<tbody>\n");
	for (size_t i = 0; i < DEMO_RUNS; i++)
		add_row(out, d, i);
	buf_adds(out, "</tbody>\n</table></div>\n");
}

static void add_power(struct buf *out, const struct demo *d)
{
	const struct demo_run *base = &d->runs[0], *run = &d->runs[d->shown];
	struct power_series series[] = {
		{"before: default setting", &base->trace},
		{"after: setting B", &run->trace},
	};
	double steps = 3 * run->outcome.time_s / (double)d->units;

	buf_adds(out, "<h2>3. Power over time, before and after</h2>\n<figure>\n");
	plot_power(out, "Power over the whole job (simulated)", series, 2, run->outcome.time_s);
	buf_adds(out,
		"<figcaption>The area under each line is its energy.</figcaption>\n</figure>\n<figure>\n");
	plot_power(out, "Power over the first steps (simulated)", series, 2, steps);
	buf_adds(out, "<figcaption>The same two runs from near: power changes with every kernel "
		      "and host gap.</figcaption>\n"
		      "</figure>\n");
}

/** Commands that do the like, for the reader to change. */
static void add_commands(struct buf *out, const struct demo *d)
{
	const char *spec = rig_info(&d->rig, 0).spec;
	size_t k = hg_device_knob_index(d->rig.devices[0], "sm_clock");
	hg_knob_info clock = {.size = sizeof clock};

	buf_adds(out, "<h2>4. By hand</h2>\n<pre>hourglass profile --device ");
	add_escaped(out, spec);
	buf_adds(out, " --workload ");
	add_escaped(out, hg_workload_name(d->rig.workload));
	if (hg_device_knob(d->rig.devices[0], k, &clock) == HG_OK)
		buf_addf(out, " \\\n    --knob sm_clock=%.0fMHz:%.0fMHz:60MHz",
			(double)clock.max * 0.5e-6, (double)clock.max * 1e-6);
	buf_adds(out, " -o frontier.json\nhourglass frontier plot frontier.json\n"
		      "hourglass frontier pick frontier.json --max-slowdown ");
	buf_addf(out, "%.0f%%\nhourglass run --device ", 100 * d->runs[d->shown].slack);
	add_escaped(out, spec);
	buf_adds(out, " --workload ");
	add_escaped(out, hg_workload_name(d->rig.workload));
	buf_addf(out,
		" --units %llu \\\n    --frontier frontier.json --max-slowdown %.0f%% "
		"--compare</pre>\n",
		(unsigned long long)d->units, 100 * d->runs[d->shown].slack);
}

static void add_foot(struct buf *out)
{
	buf_addf(out,
		"<p class=\"dim\">Made by hourglass %s on a simulated device.</p>\n"
		"</main>\n<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n",
		hg_version());
	buf_add(out, embedded_page_js[0].text, embedded_page_js[0].len);
	buf_adds(out, "</script>\n</body>\n</html>\n");
}

void demo_page(struct buf *out, const struct demo *d)
{
	add_head(out, "hourglass demo: a training job on a simulated device");
	add_intro(out, d);
	add_cards(out, d);
	add_frontier(out, d);
	add_table(out, d);
	add_power(out, d);
	add_commands(out, d);
	add_foot(out);
}
