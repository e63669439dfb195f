#include "loop.h"

#include <math.h>
#include <stdlib.h>

/** Least gains of the loop for phase and period; more while these are known less well. */
#define GAIN_PHASE  0.2
#define GAIN_PERIOD 0.02
/** How fast the typical error follows the errors seen, and what is left of the largest one after
 * another edge. */
#define GAIN_ERROR 0.3
#define PEAK_LEFT  0.95
#define PEAK_FIRST 32.0
/** A bracket that is so many typical errors wide is so because a read was late. */
#define LATE 4.0
/** How well a period is known at first, as a part of it. */
#define PERIOD_PART 50.0
/** Edges in a row that must come when expected. */
#define GOOD 4u
/** Edges in a row that may come when not expected, or be too vague to tell. */
#define BAD 4u
/** While nothing is known: a read every this long, or a part of the period that is said. */
#define SEARCH_NS   5e6
#define SEARCH_PART 20.0
/** Periods in a row that were no good: there is none to be found while nobody waits for it. */
#define HOPELESS 8u
/** Edges that a period is good for that was not believed in vain. */
#define KEPT 64u
/** A bracket that is wider says nothing of a period that is not known. */
#define LEARN_NS 5e7
/** A read that takes a larger part of the period is slow: those around an edge follow each other at
 * once, lest the bracket is too wide to say anything. */
#define SLOW_PART 16.0
/** Least typical error, as a part of the period: a loop must not fool itself. */
#define ERROR_PART  500.0
#define ERROR_FIRST 16.0
/** Edges in a row whose time is taken from prediction, one read each, before one is bracketed
 * again, and twice as many where they come like a clock's; and the most they may be off for either,
 * as a part of the period, or times what a read takes where that is long. */
#define BLIND      7u
#define BLIND_EVEN 15u
#define EVEN_PART  100.0
#define BLIND_PART 40.0
#define BLIND_READ 1.5
/** How long after the prediction that one read is made, in what it is surely within; at the
 * latest, in periods. */
#define BLIND_MARGINS 1.1
#define BLIND_LATEST  0.4
/** An edge that is merely predicted is known to so many times the largest error of late. */
#define PEAK_MARGIN 3.0

void loop_init(struct loop *l, double period_ns)
{
	*l = (struct loop){.period_ns = period_ns,
		.error_ns = period_ns / ERROR_FIRST,
		.peak_ns = period_ns / PEAK_FIRST};
}

void loop_forget(struct loop *l)
{
	l->has_old = false;
	l->has_edge = false;
	l->locked = false;
	l->n_good = 0;
	l->n_bad = 0;
	l->n_blind = 0;
	l->n_intervals = 0;
}

static bool is_slow(const struct loop *l)
{
	return l->read_ns > l->period_ns / SLOW_PART;
}

/* Between two reads while an edge is waited for. */
static double step_ns(const struct loop *l)
{
	double step;

	if (!(l->period_ns > 0.0))
		return fmax(SEARCH_NS, 2.0 * l->read_ns);
	if (is_slow(l))
		return l->period_ns / (l->locked ? 100.0 : SEARCH_PART);
	step = l->locked ? fmax(1.5 * l->error_ns, l->period_ns / 100.0)
			 : l->period_ns / SEARCH_PART;
	return fmin(fmax(step, l->read_ns), l->period_ns / 4.0);
}

/* How wide a bracket may be that was meant to be one: from the begin of a read to the end of the
 * next. */
static double bracket_ns(const struct loop *l)
{
	double reads = is_slow(l) ? 2.25 * l->read_ns + l->period_ns / SEARCH_PART : 0.0;

	return fmin(fmax(reads, l->period_ns / 4.0), 0.45 * l->period_ns);
}

/* Variance of where the edge is predicted that comes so many periods after the last one seen. */
static double predicted_var(const struct loop *l, double since)
{
	return l->edge_var + since * (2.0 * l->common_var + since * l->period_var);
}

/* How far an edge k periods on may be from its prediction. */
static double doubt_ns(const struct loop *l, double k)
{
	double since = k + l->n_blind, typical = l->error_ns * (1.0 + 0.03 * (since - 1.0));

	return 3.0 * sqrt(typical * typical + predicted_var(l, since));
}

/* How much before and after its prediction it is looked for. */
static double margin_ns(const struct loop *l, double k)
{
	return fmin(doubt_ns(l, k), l->period_ns / 3.0);
}

/* What it is surely within: a value that is taken for that of a wrong period is worse than none. */
static double safe_ns(const struct loop *l, double k)
{
	return fmax(doubt_ns(l, k), PEAK_MARGIN * l->peak_ns);
}

/* Whether one read after the next edge will do: edges come when they are expected, as far as reads
 * can tell, and that was seen not long ago. */
static bool is_sure(const struct loop *l)
{
	unsigned most = l->peak_ns <= l->period_ns / EVEN_PART ? BLIND_EVEN : BLIND;

	return l->locked && l->has_edge && l->n_good >= GOOD && l->n_blind < most &&
	       l->peak_ns <= fmax(l->period_ns / BLIND_PART, BLIND_READ * l->read_ns);
}

/* How many periods after the last edge the next one is that is looked for. One that is a little
 * overdue may still come. */
static double periods_on(const struct loop *l, int64_t now_ns, int64_t skip_ns)
{
	double late = fmax(4.0 * margin_ns(l, 1.0), l->period_ns / 10.0);
	double past = ((double)(now_ns - l->edge_ns) - late) / l->period_ns;

	double skip = ceil((double)skip_ns / l->period_ns);

	/* no further than it can be told which edge that is */
	while (skip > 1.0 && safe_ns(l, skip) > l->period_ns / 3.0)
		skip = floor(skip / 2.0);
	return fmax(fmax(1.0, skip), ceil(past));
}

int64_t loop_next(const struct loop *l, int64_t now_ns, int64_t skip_ns, int64_t *slack_ns)
{
	double k, begin, slack = 0.0, step = step_ns(l);

	*slack_ns = 0;
	if (!l->locked && skip_ns > 0 && l->n_lost >= HOPELESS)
		return now_ns + skip_ns;
	if (!l->has_edge || !(l->period_ns > 0.0) || !l->locked)
		return now_ns + (int64_t)(step + 0.5);
	k = periods_on(l, now_ns, skip_ns);
	begin = (double)(l->edge_ns - now_ns) + k * l->period_ns;
	if (k == 1.0 && is_sure(l)) {
		/* any time before the next edge shows that this one came */
		slack = begin + BLIND_LATEST * l->period_ns;
		begin += BLIND_MARGINS * safe_ns(l, 1.0);
	} else {
		/* the first look after long shows which edge was the last: it has to be sure that
		 * this one did not come. A read takes its value somewhere within it */
		begin -=
			(begin > l->period_ns / 2.0 ? safe_ns(l, k) : margin_ns(l, k)) + l->read_ns;
	}
	begin = fmax(begin, step - l->read_ns / 2.0);
	*slack_ns = (int64_t)fmax(slack - begin, 0.0);
	return now_ns + (int64_t)(begin + 0.5);
}

static void note_read(struct loop *l, int64_t t0, int64_t t1)
{
	double took = (double)(t1 - t0);

	/* what one read took that was held up is not what reads take */
	if (l->has_old || l->has_edge)
		took = l->read_ns + 0.1 * (fmin(took, 4.0 * l->read_ns + 1e6) - l->read_ns);
	l->read_ns = took;
	l->old_ns = t0;
	l->has_old = true;
}

void loop_same(struct loop *l, int64_t t0, int64_t t1)
{
	double since = (double)(t0 - l->moved_ns), past = (double)(t0 - l->edge_ns);

	if (l->locked && l->has_edge &&
		since > l->period_ns + margin_ns(l, fmax(past / l->period_ns, 1.0)))
		l->ruled_out = true;
	note_read(l, t0, t1);
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Learns the period from intervals between edges that were all looked for closely. */
static void learn(struct loop *l, int64_t t_ns)
{
	double sorted[LOOP_LEARN], median, whole = 0.0, periods = 0.0;

	if (l->has_edge && l->n_intervals < LOOP_LEARN)
		l->intervals[l->n_intervals++] = (double)(t_ns - l->seen_ns);
	if (l->n_intervals < LOOP_LEARN)
		return;
	for (size_t i = 0; i < LOOP_LEARN; i++)
		sorted[i] = l->intervals[i];
	qsort(sorted, LOOP_LEARN, sizeof sorted[0], by_value);
	median = 0.5 * (sorted[LOOP_LEARN / 2 - 1] + sorted[LOOP_LEARN / 2]);
	/* the median says how many periods each is; their sum is known better than any */
	for (size_t i = 0; i < LOOP_LEARN; i++) {
		double k = round(sorted[i] / median);

		whole += k > 0.0 ? sorted[i] : 0.0;
		periods += k;
	}
	l->n_intervals = 0;
	l->period_ns = whole / periods;
	l->error_ns = l->period_ns / ERROR_FIRST;
	l->peak_ns = l->period_ns / PEAK_FIRST;
	/* where edges were missed it may be a multiple: some in a row have to prove it */
	l->n_good = l->n_bad = 0;
}

/* The loop lost its edges: look for them anew, with no belief in the period. */
static void lose(struct loop *l)
{
	l->n_lost = l->n_kept >= KEPT ? 0 : l->n_lost + 1;
	l->n_kept = 0;
	l->locked = false;
	l->period_ns = 0.0;
	l->n_good = l->n_bad = l->n_void = l->n_blind = 0;
	l->n_intervals = 0;
}

/* An edge was seen within u_ns, off from where it was predicted, so many periods after the last one
 * that was seen: a Kalman filter whose gains do not fall below those of a loop that follows. What
 * is known afterwards is so for any gains (Joseph's form). */
static void correct(struct loop *l, double predicted, double off, double u_ns, double since)
{
	/* a bracket that is wide, as the thread woke up late, says little */
	double weight = fmin(2.0 * l->error_ns / (l->error_ns + u_ns / 2.0), 1.0);
	double common = l->common_var + since * l->period_var;
	double var = predicted_var(l, since);
	double seen = u_ns * u_ns / 3.0 + l->error_ns * l->error_ns, sum = var + seen;
	double phase = fmax(var / sum, (l->n_good < GOOD ? 0.5 : GAIN_PHASE) * weight);
	double period = fmax(common / sum, GAIN_PERIOD * weight / since), left = 1.0 - phase;

	l->edge_ns += (int64_t)(predicted + phase * off);
	l->period_ns += period * off;
	l->period_var += period * (period * sum - 2.0 * common);
	l->common_var = left * (common - period * var) + phase * period * seen;
	l->edge_var = left * left * var + phase * phase * seen;
}

/* What is known of phase and period once an edge was seen within u_ns. */
static void first_edge(struct loop *l, int64_t t_ns, double u_ns)
{
	double period_sd = l->period_ns / PERIOD_PART;

	l->edge_ns = t_ns;
	l->edge_var = u_ns * u_ns / 3.0;
	l->period_var = period_sd * period_sd;
	l->common_var = 0.0;
}

/* Draws phase and period towards an edge that was seen k periods after the last one. */
static void pull(struct loop *l, int64_t t_ns, double u_ns, double k)
{
	double predicted = k * l->period_ns, off = (double)(t_ns - l->edge_ns) - predicted;
	double least = l->period_ns / ERROR_PART, since = k + l->n_blind, error, doubt;

	l->n_blind = 0;
	if (u_ns > bracket_ns(l) / 2.0 || fabs(off) > l->period_ns / 4.0) {
		/* says nothing, or contradicts: go on by prediction, but not for ever */
		l->n_good = 0;
		l->edge_ns += (int64_t)predicted;
		l->edge_var = predicted_var(l, since);
		l->common_var += since * l->period_var;
		if (++l->n_bad >= BAD)
			lose(l);
		return;
	}
	if (3.0 * sqrt(predicted_var(l, since)) > l->period_ns / 2.0) {
		/* it may be another one than that: only the phase is known anew */
		l->n_good = 0;
		l->edge_ns = t_ns;
		l->edge_var = u_ns * u_ns / 3.0;
		l->common_var = 0.0;
		if (++l->n_bad >= BAD)
			lose(l);
		return;
	}
	l->n_bad = 0;
	l->n_good += l->n_good < GOOD;
	l->locked = l->locked || l->n_good >= GOOD;
	l->n_kept += l->locked && l->n_kept < KEPT;
	correct(l, predicted, off, u_ns, since);
	/* that nothing is seen of an error proves none that is smaller than could be seen */
	error = fabs(off) > u_ns ? fabs(off) : fmin(u_ns / 2.0, l->error_ns);
	l->error_ns += GAIN_ERROR * (error - l->error_ns);
	l->error_ns = fmax(l->error_ns, least);
	/* a part of it is the bracket's width, or all where the thread woke up late */
	doubt = u_ns > LATE * l->error_ns ? u_ns : u_ns / 2.0;
	l->peak_ns = fmax(PEAK_LEFT * l->peak_ns, fabs(off) - doubt);
}

bool loop_latest(const struct loop *l, int64_t t0, int64_t t1, struct loop_edge *e)
{
	double k, at, margin, room;

	if (!l->locked || !l->has_edge)
		return false;
	k = floor((double)(t1 - l->edge_ns) / l->period_ns);
	margin = safe_ns(l, fmax(k, 1.0));
	at = k * l->period_ns;
	room = (double)(t0 - l->edge_ns) - at;
	if (k < 1.0 || margin > l->period_ns / 3.0 || room < margin ||
		l->period_ns - room - (double)(t1 - t0) < margin)
		return false;
	*e = (struct loop_edge){.t_ns = l->edge_ns + (int64_t)at, .u_ns = (int64_t)(margin + 1.0)};
	return true;
}

/* The read that was planned after an edge showed that it came. */
static bool moved_blind(struct loop *l, int64_t t0, int64_t t1, struct loop_edge *e)
{
	if (!is_sure(l) || (double)(t1 - l->edge_ns) > 2.0 * l->period_ns ||
		!loop_latest(l, t0, t1, e))
		return false;
	l->edge_ns = e->t_ns;
	l->n_blind++;
	l->n_bad = 0;
	return true;
}

/* The first read for long showed another value: there may have been several edges. The latest is
 * not older than a period. A read that was not meant to catch an edge is no fault of the loop. */
static struct loop_edge moved_late(struct loop *l, int64_t from, int64_t t0, int64_t t1)
{
	double past = (double)(t1 - l->edge_ns) / l->period_ns;
	double off = fabs(past - round(past)) * l->period_ns;
	int64_t least = t1 - (int64_t)(l->period_ns + margin_ns(l, 1.0));
	struct loop_edge e;

	if (moved_blind(l, t0, t1, &e)) {
		l->seen_ns = e.t_ns;
		l->ruled_out = false;
		return e;
	}
	if (off <= 2.0 * margin_ns(l, fmax(past, 1.0)) + l->read_ns && ++l->n_bad >= BAD) {
		lose(l);
	} else if (loop_latest(l, t0, t1, &e)) {
		return e;
	}
	/* it came before it was looked for: look earlier */
	l->error_ns = fmin(2.0 * l->error_ns, l->period_ns / ERROR_FIRST);
	from = from > least ? from : least;
	return (struct loop_edge){
		.t_ns = from + (t1 - from) / 2, .u_ns = (t1 - from + 1) / 2, .vague = l->locked};
}

/* Nothing is known of the time before the read but that the counter moved. */
static struct loop_edge moved_now(struct loop *l, int64_t from, int64_t t1)
{
	struct loop_edge e = {.t_ns = from + (t1 - from) / 2, .u_ns = (t1 - from + 1) / 2};
	double k = 1.0;

	if (l->has_edge && l->period_ns > 0.0) {
		k = fmax(1.0, round((double)(e.t_ns - l->edge_ns) / l->period_ns));
		/* a period that is a part of the true one fits every edge, but there are too few */
		l->n_void = k > 1.0 && l->ruled_out ? l->n_void + 1 : 0;
		if (l->n_void >= BAD)
			lose(l);
		else
			pull(l, e.t_ns, (double)e.u_ns, k);
	} else {
		if (!(l->period_ns > 0.0) && (double)e.u_ns > LEARN_NS / 2.0 + 2.0 * l->read_ns)
			l->n_intervals = 0;
		else if (!(l->period_ns > 0.0))
			learn(l, e.t_ns);
		first_edge(l, e.t_ns, (double)e.u_ns);
	}
	l->has_edge = true;
	l->ruled_out = false;
	l->seen_ns = e.t_ns;
	return e;
}

struct loop_edge loop_moved(struct loop *l, int64_t t0, int64_t t1)
{
	int64_t from = l->has_old ? l->old_ns : t0;
	bool first = !l->has_edge;
	struct loop_edge e;

	if (l->locked && l->has_edge && (double)(t1 - from) > bracket_ns(l))
		e = moved_late(l, from, t0, t1);
	else
		e = moved_now(l, from, t1);
	l->moved_ns = e.vague ? t1 : e.t_ns;
	if (e.vague) {
		note_read(l, t0, t1);
		return e;
	}
	if (!first && l->period_ns > 0.0) {
		double k = round((double)(e.t_ns - l->known_ns) / l->period_ns);

		e.missed = k > 1.0 ? (uint64_t)k - 1 : 0;
	}
	l->known_ns = e.t_ns;
	note_read(l, t0, t1);
	return e;
}
