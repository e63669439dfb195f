/*
 * The plot for a terminal. Each cell holds 2 x 4 braille dots for lines, and at most one character
 * on top of them for a point; without UTF-8 lines are one dot a cell.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "plot.h"
#include "table.h"

#define GUTTER   9 /* columns left of the plot: labels of the energy axis */
#define LINE_MAX 256

struct grid {
	int columns, rows;
	bool utf8;
	unsigned char *dots; /* columns x rows, braille bits */
	char *marks;         /* columns x rows, 0: none */
	struct axis time, energy;
	size_t hidden; /* dominated points beyond the axes */
};

/** Braille bit of dot (x, y) in a cell, x in 0..1, y in 0..3 from the top. */
static unsigned char braille_bit(int x, int y)
{
	static const unsigned char bits[4][2] = {
		{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

	return bits[y][x];
}

static int clamp(int v, int most)
{
	if (v < 0)
		return 0;
	return v > most ? most : v;
}

/** Dot coordinates of a point. */
static void place(const struct grid *g, double time_s, double energy_j, int *x, int *y)
{
	int w = g->columns * 2 - 1, h = g->rows * 4 - 1;

	*x = clamp((int)lround(axis_place(&g->time, time_s) * w), w);
	*y = clamp((int)lround((1 - axis_place(&g->energy, energy_j)) * h), h);
}

static void line(struct grid *g, const hg_point *a, const hg_point *b)
{
	int x0, y0, x1, y1, steps;

	place(g, a->time_s, a->energy_j, &x0, &y0);
	place(g, b->time_s, b->energy_j, &x1, &y1);
	steps = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);
	for (int i = 0; i <= steps; i++) {
		int x = steps ? x0 + (x1 - x0) * i / steps : x0;
		int y = steps ? y0 + (y1 - y0) * i / steps : y0;

		g->dots[y / 4 * g->columns + x / 2] |= braille_bit(x % 2, y % 4);
	}
}

static void mark(struct grid *g, double time_s, double energy_j, char c)
{
	int x, y;

	place(g, time_s, energy_j, &x, &y);
	g->marks[y / 4 * g->columns + x / 2] = c;
}

/* what a mark looks like: 'L' lost, 'P' point, anything else itself */
static void add_mark(struct buf *out, char c, bool utf8)
{
	if (c == 'L')
		buf_adds(out, utf8 ? "\xe2\x88\x98" : ",");
	else if (c == 'P')
		buf_adds(out, utf8 ? "\xe2\x97\x8f" : "o");
	else
		buf_addc(out, c);
}

static void add_braille(struct buf *out, unsigned char bits)
{
	unsigned code = 0x2800u + bits;

	buf_addc(out, (char)0xe2);
	buf_addc(out, (char)(0x80 | (code >> 6 & 0x3f)));
	buf_addc(out, (char)(0x80 | (code & 0x3f)));
}

static void add_row(struct buf *out, const struct grid *g, int row)
{
	for (int col = 0; col < g->columns; col++) {
		char c = g->marks[row * g->columns + col];
		unsigned char dots = g->dots[row * g->columns + col];

		if (c)
			add_mark(out, c, g->utf8);
		else if (dots && g->utf8)
			add_braille(out, dots);
		else
			buf_addc(out, dots ? '.' : ' ');
	}
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	buf_addc(out, '\n');
}

/** The label of the energy tick in this row, or "". */
static void row_label(const struct grid *g, int row, char *text, size_t room)
{
	text[0] = '\0';
	for (size_t i = 0; i < g->energy.n_ticks; i++) {
		int x, y;

		place(g, g->time.lo, g->energy.ticks[i], &x, &y);
		if (y / 4 == row)
			axis_label(&g->energy, g->energy.ticks[i], text, room);
	}
}

static void add_time_axis(struct buf *out, const struct grid *g)
{
	char line_text[LINE_MAX], label[32];
	size_t room = sizeof line_text - 1;
	size_t end = 0;

	buf_addf(out, "%*s%s", GUTTER - 1, "", g->utf8 ? "\xe2\x94\x94" : "+");
	for (int i = 0; i < g->columns; i++)
		buf_adds(out, g->utf8 ? "\xe2\x94\x80" : "-");
	buf_addc(out, '\n');
	memset(line_text, ' ', room);
	for (size_t i = 0; i < g->time.n_ticks; i++) {
		int x, y;
		size_t len, at;

		place(g, g->time.ticks[i], g->energy.lo, &x, &y);
		axis_label(&g->time, g->time.ticks[i], label, sizeof label);
		len = strlen(label);
		at = (size_t)(GUTTER + x / 2);
		at = at > len / 2 ? at - len / 2 : 0;
		if ((end && at < end + 2) || at + len > room ||
			at + len > (size_t)(GUTTER + g->columns))
			continue;
		memcpy(line_text + at, label, len);
		end = at + len;
	}
	line_text[end] = '\0';
	buf_addf(out, "%s\n", line_text);
}

static void draw(struct grid *g, const struct plot *p)
{
	static const char names[] = "Pxv*#@%";

	for (size_t s = 0; s < p->n_series; s++) {
		const hg_frontier *f = p->series[s].f;
		const hg_point *points = hg_frontier_points(f);
		size_t n = hg_frontier_count(f);

		for (size_t i = 0; i < dominated_count(f); i++) {
			const hg_point *lost = dominated_at(f, i);

			if (plot_shows(&g->time, &g->energy, lost))
				mark(g, lost->time_s, lost->energy_j, 'L');
		}
		for (size_t i = 0; i + 1 < n; i++)
			line(g, &points[i], &points[i + 1]);
		for (size_t i = 0; i < n; i++)
			mark(g, points[i].time_s, points[i].energy_j,
				names[s % (sizeof names - 1)]);
	}
	for (size_t i = 0; i < p->n_marks; i++)
		mark(g, p->marks[i].time_s, p->marks[i].energy_j, p->marks[i].label[0]);
}

static void add_legend(struct buf *out, const struct grid *g, const struct plot *p)
{
	static const char names[] = "Pxv*#@%";
	size_t any_lost = 0;

	buf_addf(out, "%*s", GUTTER, "");
	for (size_t s = 0; s < p->n_series; s++) {
		add_mark(out, names[s % (sizeof names - 1)], g->utf8);
		buf_addf(out, " %s   ", p->series[s].name);
		any_lost += dominated_count(p->series[s].f);
	}
	if (any_lost) {
		add_mark(out, 'L', g->utf8);
		buf_adds(out, " dominated");
	}
	if (g->hidden)
		buf_addf(out, " (%zu more beyond the axes)", g->hidden);
	buf_addc(out, '\n');
}

hg_err plot_terminal(struct buf *out, const struct plot *p, int width, int height, bool utf8)
{
	struct grid g = {.columns = width - GUTTER - 1, .rows = height, .utf8 = utf8};
	size_t cells = (size_t)g.columns * (size_t)g.rows;
	char label[32];

	g.dots = calloc(cells, 1);
	g.marks = calloc(cells, 1);
	if (!g.dots || !g.marks) {
		out->failed = HG_ENOMEM;
		goto out;
	}
	g.hidden = plot_axes(p, &g.time, &g.energy, (size_t)g.columns / 10, (size_t)g.rows / 3);
	draw(&g, p);
	buf_addf(out, "%s\n%*s\n", p->title, GUTTER - 1, g.energy.unit);
	for (int row = 0; row < g.rows; row++) {
		row_label(&g, row, label, sizeof label);
		buf_addf(out, "%*s%s", GUTTER - 1, label,
			label[0] ? utf8 ? "\xe2\x94\xa4" : "+"
			: utf8   ? "\xe2\x94\x82"
				 : "|");
		add_row(out, &g, row);
	}
	add_time_axis(out, &g);
	buf_addf(out, "%*s\n", GUTTER + g.columns, g.time.unit);
	add_legend(out, &g, p);
out:
	free(g.dots);
	free(g.marks);
	return out->failed;
}
