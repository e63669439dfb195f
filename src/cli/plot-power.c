/* Power over time as SVG: steps, since power is constant between two events. */
#include "plot-power.h"

#include "table.h"

#define WIDTH  860
#define HEIGHT 300
#define LEFT   76
#define RIGHT  24
#define TOP    56
#define BOTTOM 58

struct chart {
	struct buf *out;
	struct axis time, power;
};

static double at_x(const struct chart *c, double t)
{
	return LEFT + axis_place(&c->time, t) * (WIDTH - LEFT - RIGHT);
}

static double at_y(const struct chart *c, double w)
{
	return HEIGHT - BOTTOM - axis_place(&c->power, w) * (HEIGHT - TOP - BOTTOM);
}

/** One step: mean power from start to end. */
struct step {
	double start_s, end_s, power_w;
};

/** Called with steps that are at least a pixel wide. */
typedef void (*step_fn)(struct chart *c, const struct step *s, bool first);

/** Sums rows that are narrower than a pixel up; shows the first device only. */
static void each_step(struct chart *c, const struct trace *t, double until_s, step_fn fn)
{
	double pixel_s = (c->time.hi - c->time.lo) / (WIDTH - LEFT - RIGHT);
	struct step s = {0, 0, 0};
	double energy = 0;
	bool first = true;

	for (size_t i = 0; i < t->rows.len; i++) {
		const struct trace_row *r = vec_at(&t->rows, i);
		double end = r->end_s < until_s ? r->end_s : until_s;

		if (r->device != 0 || r->start_s >= until_s)
			continue;
		energy += r->power_w * (end - r->start_s);
		s.end_s = end;
		if (s.end_s - s.start_s < pixel_s && i + 1 < t->rows.len && end < until_s)
			continue;
		if (s.end_s > s.start_s) {
			s.power_w = energy / (s.end_s - s.start_s);
			fn(c, &s, first);
			first = false;
		}
		s.start_s = s.end_s;
		energy = 0;
	}
}

static void path_step(struct chart *c, const struct step *s, bool first)
{
	if (first)
		buf_addf(c->out, "M%.1f %.1f", at_x(c, s->start_s), at_y(c, 0));
	buf_addf(c->out, "V%.1fH%.1f", at_y(c, s->power_w), at_x(c, s->end_s));
}

static void data_step(struct chart *c, const struct step *s, bool first)
{
	buf_addf(c->out, "%s%.6g,%.4g", first ? "" : " ", s->start_s, s->power_w);
}

static void draw_axes(const struct chart *c)
{
	char label[32];

	for (size_t i = 0; i < c->time.n_ticks; i++) {
		double x = at_x(c, c->time.ticks[i]);

		axis_label(&c->time, c->time.ticks[i], label, sizeof label);
		buf_addf(c->out,
			"<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
			"<text class=\"tick\" x=\"%.1f\" y=\"%d\" "
			"text-anchor=\"middle\">%s</text>\n",
			x, TOP, x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18, label);
	}
	for (size_t i = 0; i < c->power.n_ticks; i++) {
		double y = at_y(c, c->power.ticks[i]);

		axis_label(&c->power, c->power.ticks[i], label, sizeof label);
		buf_addf(c->out,
			"<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
			"<text class=\"tick\" x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>\n",
			LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4, label);
	}
	buf_addf(c->out,
		"<path class=\"axis\" fill=\"none\" d=\"M%d %dV%dH%d\"/>\n"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">Time (%s)</text>\n"
		"<text transform=\"translate(20 %d) rotate(-90)\" text-anchor=\"middle\">Power "
		"(%s)</text>\n",
		LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14,
		c->time.unit, (TOP + HEIGHT - BOTTOM) / 2, c->power.unit);
}

static void draw_series(struct chart *c, const struct power_series *s, size_t color, double until_s)
{
	double end = 0;

	for (size_t i = 0; i < s->trace->rows.len; i++) {
		const struct trace_row *r = vec_at(&s->trace->rows, i);

		if (r->end_s > end)
			end = r->end_s < until_s ? r->end_s : until_s;
	}
	buf_addf(c->out, "<path class=\"area f%zu\" d=\"", color);
	each_step(c, s->trace, until_s, path_step);
	buf_addf(c->out, "V%.1fZ\"/>\n<path class=\"line s%zu\" data-name=\"", at_y(c, 0), color);
	add_escaped(c->out, s->name);
	buf_adds(c->out, "\" data-steps=\"");
	each_step(c, s->trace, until_s, data_step);
	buf_addf(c->out, " %.6g,0\" d=\"", end);
	each_step(c, s->trace, until_s, path_step);
	buf_addf(c->out, "V%.1f\"/>\n", at_y(c, 0));
}

static void draw_legend(const struct chart *c, const struct power_series *series, size_t n)
{
	int x = WIDTH - RIGHT;

	for (size_t i = n; i-- > 0;) {
		int width = 24 + (int)(7.4 * (double)text_width(series[i].name));

		x -= width;
		buf_addf(c->out,
			"<circle class=\"f%zu\" cx=\"%d\" cy=\"41\" r=\"4.5\"/>"
			"<text class=\"tick\" x=\"%d\" y=\"45\">",
			i == 0 ? (size_t)1 : 0, x + 6, x + 16);
		add_escaped(c->out, series[i].name);
		buf_adds(c->out, "</text>\n");
	}
}

void plot_power(struct buf *out, const char *title, const struct power_series *series, size_t n,
	double until_s)
{
	struct chart c = {.out = out};
	double most = 0;

	for (size_t s = 0; s < n; s++)
		for (size_t i = 0; i < series[s].trace->rows.len; i++) {
			const struct trace_row *r = vec_at(&series[s].trace->rows, i);

			if (r->start_s < until_s && r->power_w > most)
				most = r->power_w;
		}
	axis_init(&c.time, QUANTITY_TIME, 0, until_s, 8);
	axis_init(&c.power, QUANTITY_POWER, 0, most, 4);
	buf_addf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"hg-plot\" viewBox=\"0 0 %d %d\" "
		"role=\"img\" data-power=\"%d,%d,%.9g,%.9g,%.9g\" data-unit=\"%s\" aria-label=\"",
		WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, c.time.lo, c.time.hi, c.time.factor,
		c.time.unit);
	add_escaped(out, title);
	buf_addf(out, "\">\n<rect class=\"bg\" width=\"%d\" height=\"%d\"/>\n", WIDTH, HEIGHT);
	buf_addf(out, "<text class=\"title\" x=\"%d\" y=\"24\">", LEFT);
	add_escaped(out, title);
	buf_adds(out, "</text>\n");
	draw_axes(&c);
	draw_legend(&c, series, n);
	for (size_t s = 0; s < n; s++)
		draw_series(&c, &series[s], s == 0 ? 1 : 0, until_s);
	buf_addf(out,
		"<line class=\"axis cursor\" visibility=\"hidden\" y1=\"%d\" y2=\"%d\"/>\n"
		"</svg>\n",
		TOP, HEIGHT - BOTTOM);
}
