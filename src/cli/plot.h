/* Frontiers as pictures: axes with nice ticks, an SVG, and a plot for the terminal. */
#ifndef HG_CLI_PLOT_H
#define HG_CLI_PLOT_H

#include <stdbool.h>

#include <hourglass/frontier.h>

#include "core/buf.h"
#include "core/unit.h"

/** Height of a frontier's plot in the terminal. */
#define PLOT_TERMINAL_ROWS 20
/** Most ticks of an axis. */
#define AXIS_TICKS 16

/** One axis. Positions are in the SI unit, ticks and labels in a fitting one. */
struct axis {
	double lo, hi;    /* SI */
	double factor;    /* display = SI / factor */
	const char *unit; /* "kJ" */
	int decimals;     /* of tick labels */
	size_t n_ticks;
	double ticks[AXIS_TICKS]; /* SI */
};

/** An axis that shows lo..hi with some room, and about `want` ticks. */
void axis_init(struct axis *a, enum quantity q, double lo, double hi, size_t want);
/** Text of a tick. */
void axis_label(const struct axis *a, double value, char *text, size_t room);
/** Where a value lies between the ends of the axis, 0..1. */
double axis_place(const struct axis *a, double value);

/** One frontier in a plot. */
struct plot_series {
	const char *name;
	const hg_frontier *f;
};

/** A point that is pointed out. */
struct plot_mark {
	double time_s, energy_j;
	const char *label;
};

/** What to draw. */
struct plot {
	const char *title;
	const char *work_unit; /* "" unknown */
	const struct plot_series *series;
	size_t n_series;
	const struct plot_mark *marks;
	size_t n_marks;
	bool inside_page; /* SVG: part of an HTML page that brings the style sheet */
};

/**
 * Both axes of a plot: all of the frontiers, and the dominated points that are not far off.
 * @return how many dominated points lie beyond the axes
 */
size_t plot_axes(const struct plot *p, struct axis *time, struct axis *energy, size_t want_time,
	size_t want_energy);
/** Whether a point lies within the axes. */
bool plot_shows(const struct axis *time, const struct axis *energy, const hg_point *p);

/** Appends the plot as SVG. */
void plot_svg(struct buf *out, const struct plot *p);
/** The style sheet that plot_svg() uses. */
const char *plot_css(void);

/** Appends the plot for a terminal of `width` columns; braille when utf8, else ASCII. */
hg_err plot_terminal(struct buf *out, const struct plot *p, int width, int height, bool utf8);

/** Appends text with what XML and HTML reserve escaped; control characters become spaces. */
void add_escaped(struct buf *out, const char *text);

#endif
