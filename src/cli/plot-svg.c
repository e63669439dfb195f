/*
 * The plot as SVG. Colours are those that people with colour-blindness tell apart (Okabe and Ito),
 * set in a style sheet that follows the reader's light or dark scheme.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "plot.h"
#include "table.h"

#define WIDTH       860
#define HEIGHT      520
#define LEFT        76
#define RIGHT       24
#define TOP         72
#define BOTTOM      62
#define COLORS      7
#define LEGEND_ROW  18
#define BOXES_MAX   1024
#define MARKERS_MAX 400 /* more points than this are drawn as a line only */

static const char css[] =
	".hg-plot{--bg:#fff;--fg:#1c2330;--dim:#5b6472;--grid:#e4e7ec;--lost:#9aa2ae;"
	"--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b5579a;--c4:#a87000;--c5:#1b8fc4;--c6:#444b57;"
	"font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;font-size:13px}"
	"@media(prefers-color-scheme:dark){.hg-plot{--bg:#14181f;--fg:#e6e9ee;--dim:#a3acb9;"
	"--grid:#2a313c;--lost:#6d7684;--c0:#56b4e9;--c1:#f28e4b;--c2:#3fc79a;--c3:#d98cc0;"
	"--c4:#e6b23c;--c5:#7fd0f5;--c6:#c3c9d2}}"
	".hg-plot text{fill:var(--fg)}"
	".hg-plot .bg{fill:var(--bg)}"
	".hg-plot .grid{stroke:var(--grid);stroke-width:1}"
	".hg-plot .axis{stroke:var(--dim);stroke-width:1}"
	".hg-plot .tick{fill:var(--dim);font-size:12px}"
	".hg-plot .title{font-size:16px;font-weight:600}"
	".hg-plot .label{font-size:11px;fill:var(--dim);paint-order:stroke;stroke:var(--bg);"
	"stroke-width:3px}"
	".hg-plot .line{fill:none;stroke-width:2;stroke-linejoin:round}"
	".hg-plot .area{opacity:.13}"
	".hg-plot .hull{fill:none;stroke-width:1.5;stroke-dasharray:5 4;opacity:.7}"
	".hg-plot .lost{fill:none;stroke:var(--lost);stroke-width:1.4}"
	".hg-plot .p:hover,.hg-plot .p:focus{stroke:var(--fg);stroke-width:2;outline:none}"
	".hg-plot .mark{fill:none;stroke:var(--fg);stroke-width:2}"
	".hg-plot .mark-label{font-weight:600;paint-order:stroke;stroke:var(--bg);stroke-width:4px}"
	".hg-plot .s0{stroke:var(--c0)}.hg-plot .f0{fill:var(--c0)}"
	".hg-plot .s1{stroke:var(--c1)}.hg-plot .f1{fill:var(--c1)}"
	".hg-plot .s2{stroke:var(--c2)}.hg-plot .f2{fill:var(--c2)}"
	".hg-plot .s3{stroke:var(--c3)}.hg-plot .f3{fill:var(--c3)}"
	".hg-plot .s4{stroke:var(--c4)}.hg-plot .f4{fill:var(--c4)}"
	".hg-plot .s5{stroke:var(--c5)}.hg-plot .f5{fill:var(--c5)}"
	".hg-plot .s6{stroke:var(--c6)}.hg-plot .f6{fill:var(--c6)}";

/** A rectangle that holds text already. */
struct box {
	double x0, y0, x1, y1;
};

struct canvas {
	struct buf *out;
	const struct plot *plot;
	struct axis time, energy;
	struct box boxes[BOXES_MAX];
	size_t n_boxes;
	int top;       /* upper end of the axes */
	size_t hidden; /* dominated points beyond the axes */
};

const char *plot_css(void)
{
	return css;
}

void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		case '\'':
			buf_adds(out, "&#39;");
			break;
		default:
			buf_addc(out, (unsigned char)*text < 0x20 ? ' ' : *text);
		}
	}
}

static double at_x(const struct canvas *c, double time_s)
{
	return LEFT + axis_place(&c->time, time_s) * (WIDTH - LEFT - RIGHT);
}

static double at_y(const struct canvas *c, double energy_j)
{
	return HEIGHT - BOTTOM - axis_place(&c->energy, energy_j) * (HEIGHT - c->top - BOTTOM);
}

static void draw_axes(const struct canvas *c)
{
	struct buf *out = c->out;
	char label[32];

	for (size_t i = 0; i < c->time.n_ticks; i++) {
		double x = at_x(c, c->time.ticks[i]);

		axis_label(&c->time, c->time.ticks[i], label, sizeof label);
		buf_addf(out,
			"<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
			"<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
			x, c->top, x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18, label);
	}
	for (size_t i = 0; i < c->energy.n_ticks; i++) {
		double y = at_y(c, c->energy.ticks[i]);

		axis_label(&c->energy, c->energy.ticks[i], label, sizeof label);
		buf_addf(out,
			"<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
			"<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4, label);
	}
	buf_addf(out,
		"<path class=\"axis\" fill=\"none\" d=\"M%d %dV%dH%d\"/>\n"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">Time",
		LEFT, c->top, HEIGHT - BOTTOM, WIDTH - RIGHT, (LEFT + WIDTH - RIGHT) / 2,
		HEIGHT - 16);
	if (c->plot->work_unit[0]) {
		buf_adds(out, " per ");
		add_escaped(out, c->plot->work_unit);
	}
	buf_addf(out,
		" (%s)</text>\n<text transform=\"translate(20 %d) rotate(-90)\" "
		"text-anchor=\"middle\">Energy",
		c->time.unit, (c->top + HEIGHT - BOTTOM) / 2);
	if (c->plot->work_unit[0]) {
		buf_adds(out, " per ");
		add_escaped(out, c->plot->work_unit);
	}
	buf_addf(out, " (%s)</text>\n", c->energy.unit);
}

/** Draws the points with these indices (NULL: all n) as one line; points on the same spot once. */
static void draw_line(const struct canvas *c, const hg_point *points, const uint32_t *indices,
	size_t n, const char *class, size_t color)
{
	double last_x = -1e9, last_y = -1e9;

	buf_addf(c->out, "<path class=\"%s s%zu\" d=\"", class, color);
	for (size_t i = 0; i < n; i++) {
		const hg_point *p = &points[indices ? indices[i] : i];
		double x = at_x(c, p->time_s), y = at_y(c, p->energy_j);

		if (i > 0 && i + 1 < n && fabs(x - last_x) + fabs(y - last_y) < 0.5)
			continue;
		buf_addf(c->out, "%s%.1f %.1f", i ? "L" : "M", x, y);
		last_x = x;
		last_y = y;
	}
	buf_adds(c->out, "\"/>\n");
}

/** Setting, time and energy of a point, for people who point at it. */
static void add_point_text(struct buf *out, const char *setting, const hg_point *p, bool lost)
{
	char time[QUANTITY_TEXT], energy[QUANTITY_TEXT];

	add_escaped(out, setting);
	buf_addf(out, "%s%s, %s%s", setting[0] ? ": " : "",
		quantity_format(QUANTITY_TIME, p->time_s, time),
		quantity_format(QUANTITY_ENERGY, p->energy_j, energy), lost ? " (dominated)" : "");
}

static void draw_marker(const struct canvas *c, const hg_frontier *f, const hg_point *p,
	size_t index, bool lost, size_t color)
{
	struct buf setting;
	const char *text;

	buf_init(&setting, 1u << 20);
	if (lost)
		dominated_text(&setting, f, index);
	else
		point_text(&setting, f, index);
	text = setting.data ? setting.data : "";
	buf_addf(c->out, "<circle class=\"p %s", lost ? "lost" : "");
	if (!lost)
		buf_addf(c->out, "f%zu", color);
	buf_addf(c->out,
		"\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\" tabindex=\"0\" role=\"img\" "
		"aria-label=\"",
		at_x(c, p->time_s), at_y(c, p->energy_j), lost ? "3.5" : "4.5");
	add_point_text(c->out, text, p, lost);
	buf_adds(c->out, "\"><title>");
	add_point_text(c->out, text, p, lost);
	buf_adds(c->out, "</title></circle>\n");
	buf_finish(&setting);
}

/** The 2 x 2 pixels that a point lies in. */
static unsigned char *spot_at(const struct canvas *c, unsigned char *spots, const hg_point *p)
{
	size_t x = (size_t)(at_x(c, p->time_s) / 2), y = (size_t)(at_y(c, p->energy_j) / 2);

	return &spots[y * (WIDTH / 2 + 1) + x];
}

/** Dominated points, at most one a spot of 2 x 2 pixels. */
static void draw_lost(const struct canvas *c, const hg_frontier *f)
{
	unsigned char *taken = calloc(WIDTH / 2 + 1, HEIGHT / 2 + 1);

	for (size_t i = 0; taken && i < dominated_count(f); i++) {
		const hg_point *p = dominated_at(f, i);
		unsigned char *spot;

		if (!plot_shows(&c->time, &c->energy, p))
			continue;
		spot = spot_at(c, taken, p);
		if (!*spot)
			draw_marker(c, f, p, i, true, 0);
		*spot = 1;
	}
	if (!taken)
		c->out->failed = HG_ENOMEM;
	free(taken);
}

static bool box_free(const struct canvas *c, const struct box *b)
{
	if (b->x0 < LEFT + 2 || b->x1 > WIDTH - 4 || b->y0 < c->top - 12 || b->y1 > HEIGHT - BOTTOM)
		return false;
	for (size_t i = 0; i < c->n_boxes; i++) {
		const struct box *o = &c->boxes[i];

		if (b->x0 < o->x1 && o->x0 < b->x1 && b->y0 < o->y1 && o->y0 < b->y1)
			return false;
	}
	return true;
}

/** Puts text beside a point where no other text is; if there is no room, nowhere unless it must. */
static void draw_label(struct canvas *c, double x, double y, const char *text, const char *class,
	double em, bool must)
{
	static const struct {
		double dx, dy;
		int anchor; /* 0 start, 1 end */
	} places[] = {{9, -6, 0}, {9, 13, 0}, {-9, 15, 1}, {-9, -7, 1}, {12, 4, 0}, {-12, 4, 1}};
	double width = em * (double)text_width(text), height = 13;
	size_t n = sizeof places / sizeof *places;

	for (size_t i = 0; i < (must ? n + 1 : n); i++) {
		size_t at = i % n;
		double x0 = x + places[at].dx - (places[at].anchor ? width : 0);
		double y1 = y + places[at].dy + 3;
		struct box b = {x0, y1 - height, x0 + width, y1};

		if (c->n_boxes == BOXES_MAX || (i < n && !box_free(c, &b)))
			continue;
		c->boxes[c->n_boxes++] = b;
		buf_addf(c->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
			class, x + places[at].dx, y + places[at].dy,
			places[at].anchor ? "end" : "start");
		add_escaped(c->out, text);
		buf_adds(c->out, "</text>\n");
		return;
	}
}

static void block(struct canvas *c, const hg_point *p)
{
	double x = at_x(c, p->time_s), y = at_y(c, p->energy_j);

	if (c->n_boxes < BOXES_MAX / 2)
		c->boxes[c->n_boxes++] = (struct box){x - 4, y - 4, x + 4, y + 4};
}

/** Every marker is in the way of text. */
static void block_markers(struct canvas *c, const hg_frontier *f)
{
	for (size_t i = 0; i < hg_frontier_count(f); i++)
		block(c, &hg_frontier_points(f)[i]);
	for (size_t i = 0; i < dominated_count(f); i++)
		block(c, dominated_at(f, i));
}

static void draw_labels(struct canvas *c, const hg_frontier *f)
{
	const hg_point *p = hg_frontier_points(f);
	size_t n = hg_frontier_count(f);
	size_t every = n / 24 + 1;

	for (size_t i = 0; i < n; i += every) {
		struct buf label;

		buf_init(&label, 65536);
		setting_label(&label, f, p[i].setting);
		if (label.data && label.len && label.len < 40)
			draw_label(c, at_x(c, p[i].time_s), at_y(c, p[i].energy_j), label.data,
				"label", 6.2, false);
		buf_finish(&label);
	}
}

static void draw_marks(struct canvas *c)
{
	for (size_t i = 0; i < c->plot->n_marks; i++) {
		const struct plot_mark *m = &c->plot->marks[i];
		double x = at_x(c, m->time_s), y = at_y(c, m->energy_j);

		buf_addf(
			c->out, "<circle class=\"mark\" cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/>\n", x, y);
		draw_label(c, x + 4, y - 5, m->label, "mark-label", 7.6, true);
	}
}

/** What the line styles mean, flush right. @return where it begins */
static double draw_styles(const struct canvas *c, bool draw)
{
	int y = TOP - 16;
	char text[64] = "dominated";
	double x;

	if (c->hidden)
		snprintf(text, sizeof text, "dominated (%zu more beyond the axes)", c->hidden);
	x = WIDTH - RIGHT - 6.6 * (double)strlen(text);
	if (!draw)
		return x - 116 - 24;
	buf_addf(c->out,
		"<circle class=\"lost\" cx=\"%.1f\" cy=\"%d\" r=\"3.5\"/>"
		"<text class=\"tick\" x=\"%.1f\" y=\"%d\">%s</text>\n",
		x - 9, y - 4, x, y, text);
	x -= 116;
	buf_addf(c->out,
		"<path class=\"hull s0\" d=\"M%.1f %dh26\"/>"
		"<text class=\"tick\" x=\"%.1f\" y=\"%d\">convex hull</text>\n",
		x - 18, y - 4, x + 12, y);
	return x - 24;
}

/**
 * Colour and name of each series, in as many rows as they need; the first row ends where the line
 * styles begin.
 * @param draw  false: only count
 * @return number of rows
 */
static int draw_names(const struct canvas *c, double first_end, bool draw)
{
	double x = LEFT, end = first_end;
	int rows = 1;

	for (size_t i = 0; i < c->plot->n_series; i++) {
		const char *name = c->plot->series[i].name;
		double width = 34 + 7.2 * (double)text_width(name);
		int y;

		if (x + width > end && x > LEFT) {
			rows++;
			x = LEFT;
			end = WIDTH - RIGHT;
		}
		y = TOP - 16 + (rows - 1) * LEGEND_ROW;
		if (draw) {
			buf_addf(c->out,
				"<circle class=\"f%zu\" cx=\"%.1f\" cy=\"%d\" r=\"4.5\"/>"
				"<text class=\"tick\" x=\"%.1f\" y=\"%d\">",
				i % COLORS, x + 6, y - 4, x + 16, y);
			add_escaped(c->out, name);
			buf_adds(c->out, "</text>\n");
		}
		x += width;
	}
	return rows;
}

static void draw_head(const struct canvas *c)
{
	struct buf *out = c->out;

	buf_addf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"hg-plot\" viewBox=\"0 0 %d %d\" "
		"role=\"group\" aria-label=\"",
		WIDTH, HEIGHT);
	add_escaped(out, c->plot->title);
	if (c->plot->inside_page)
		buf_adds(out, "\">\n");
	else
		buf_addf(out, "\" width=\"%d\" height=\"%d\">\n<style>%s</style>\n", WIDTH, HEIGHT,
			css);
	buf_addf(out, "<rect class=\"bg\" width=\"%d\" height=\"%d\"/>\n", WIDTH, HEIGHT);
	buf_addf(out, "<text class=\"title\" x=\"%d\" y=\"32\">", LEFT);
	add_escaped(out, c->plot->title);
	buf_adds(out, "</text>\n");
}

void plot_svg(struct buf *out, const struct plot *p)
{
	struct canvas c = {.out = out, .plot = p};

	c.hidden = plot_axes(p, &c.time, &c.energy, 8, 7);
	c.top = TOP + (draw_names(&c, draw_styles(&c, false), false) - 1) * LEGEND_ROW;
	draw_head(&c);
	draw_axes(&c);
	draw_names(&c, draw_styles(&c, true), true);
	for (size_t s = 0; s < p->n_series; s++) {
		const hg_frontier *f = p->series[s].f;
		size_t n_hull;
		const uint32_t *hull = hg_frontier_hull(f, &n_hull);

		draw_lost(&c, f);
		draw_line(&c, hg_frontier_points(f), hull, n_hull, "hull", s % COLORS);
		draw_line(
			&c, hg_frontier_points(f), NULL, hg_frontier_count(f), "line", s % COLORS);
		block_markers(&c, f);
	}
	draw_marks(&c);
	for (size_t s = 0; s < p->n_series; s++) {
		const hg_frontier *f = p->series[s].f;

		for (size_t i = 0; i < hg_frontier_count(f) && hg_frontier_count(f) <= MARKERS_MAX;
			i++)
			draw_marker(&c, f, &hg_frontier_points(f)[i], i, false, s % COLORS);
		draw_labels(&c, f);
	}
	buf_adds(out, "</svg>\n");
}
