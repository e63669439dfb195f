/*
 * The rules by which a counter's readings become energy. A counter wraps, is reset by a driver,
 * glitches, jumps; none of that may become a joule.
 *
 * With E_max = 2 * max_power * (time since + a period), for a reading c1 after c0:
 *
 *   c1 = c0                                   SAME
 *   c1 > c0, c1 - c0 <= E_max                 MOVED
 *   c1 < c0, c1 - c0 + modulus <= E_max       MOVED, wrapped
 *   c1 < c0, c0 - c1 <= E_max                 DISCARDED, a glitch; three running: RESET
 *   c1 < c0, else                             RESET
 *   c1 > c0 + E_max                           DISCARDED, implausible; three running that agree
 *                                             with each other: RESET
 *
 * The last is for a counter that has begun anew at a higher value: the longer one waits, the more
 * plausible its jump would seem.
 */
#ifndef HG_HARDWARE_MEASURE_FILTER_H
#define HG_HARDWARE_MEASURE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

/** Discarded readings in a row after which the counter is believed to have begun anew. */
#define FILTER_PATIENCE 3u

enum verdict {
	FILTER_FIRST, /* nothing was known before */
	FILTER_SAME,
	FILTER_MOVED,
	FILTER_DISCARDED,
	FILTER_RESET /* as first, but something was known before */
};

struct filter {
	/* what is known of the counter */
	uint64_t modulus;   /* 0: never wraps in practice */
	int64_t period_ns;  /* 0: moves all the time */
	double max_power_w; /* 0: unknown */

	bool known;        /* there was a reading */
	int64_t raw_uj;    /* last accepted one */
	int64_t t_ns;      /* when; readings that showed the same do not count */
	int64_t seen_ns;   /* time of the last reading */
	int64_t energy_uj; /* all that was used up to then, unwrapped */
	unsigned odd;      /* discarded ones in a row */
	int64_t odd_uj, odd_t_ns;
	bool odd_back; /* they are below the accepted one */

	uint64_t wraps, glitches, implausible, resets, clock_steps;
};

/** Judges a reading taken at t_ns. */
enum verdict filter_feed(struct filter *f, int64_t raw_uj, int64_t t_ns);

/** The next reading says nothing of the time before it: the device was lost. */
void filter_forget(struct filter *f);

#endif
