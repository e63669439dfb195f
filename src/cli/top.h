/* top: what devices draw now. top-data.c reads, top-print.c writes, top-screen.c draws. */
#ifndef HG_CLI_TOP_H
#define HG_CLI_TOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "gauge.h"

/** Samples of power that are kept for the curve. */
#define TOP_HISTORY 240
/** Processes that are shown of one device. */
#define TOP_PROCESSES 64

/** One device now. What is not known is NAN. */
struct top_row {
	const char *spec, *title, *uuid;
	bool simulated, summed;
	double power_w;  /* mean since the last look */
	double energy_j; /* since top began */
	double limit_w;  /* power limit in force */
	double clock_hz;
	double busy; /* utilisation, 0..1 */
	double heat_c;
	uint32_t throttle;           /* HG_THROTTLE_* */
	uint32_t flags;              /* HG_ENERGY_* of the last look */
	hg_error why;                /* why there is no energy; "" */
	double history[TOP_HISTORY]; /* power, the oldest first */
	size_t n_history;
	hg_process processes[TOP_PROCESSES];
	size_t n_processes; /* there are, perhaps more than are kept */
	bool processes_known;
};

/** Everything now. */
struct top {
	struct gauge *gauge;
	struct top_row *rows;
	size_t n;
	int64_t begin_ns, look_ns; /* meter's clock */
	double power_w, energy_j;  /* of the devices that are summed; NAN: one is not known */
	bool simulated;
};

/** Begins. @return exit code; top_finish() in any case */
int top_init(struct cli *cli, struct gauge *g, struct top *t);
void top_finish(struct top *t);
/** Looks at all devices. */
void top_look(struct top *t);

/** The table of devices, one line each, at most `width` columns. `unicode`: with curves. */
void top_table(struct buf *out, const struct top *t, int width, bool unicode);
/** Power of one device as a curve of at most `width` columns. */
void top_curve(struct buf *out, const struct top_row *row, int width, bool unicode);
/** The processes of one device, a line each, at most `most`. */
void top_processes(struct buf *out, const struct top_row *row, size_t most, int width);
/** hourglass.top/1. */
void top_json(struct buf *out, const struct top *t);

/** Draws until the user has enough. @return exit code */
int top_screen(struct cli *cli, struct top *t, double interval_s);

#endif
