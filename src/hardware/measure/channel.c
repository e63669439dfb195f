#include "channel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/size.h"
#include "hardware/device/backend.h"

/** A counter that moves at least this often is not hunted for edges, it is merely read. */
#define READ_PERIOD_NS 2000000
/** Between two looks at a counter that is merely read while a window is open, and between two
 * samples of power where these are the measurement. */
#define READ_EVERY_NS 20000000
/** Between two samples of power that are read beside a counter, unless it is said otherwise. */
#define BESIDE_EVERY_NS 100000000
/** Reads in a row that must all have moved to believe that a counter moves all the time. */
#define MOVES_ALWAYS 16u
/** Longest time between two reads that says whether it does. */
#define MOVES_NS 12000000
/** Reads in a row that showed no movement, before one that did: it does not move all the time. */
#define SAME_THEN_MOVED 3u
/** Failures in a row after which a device is lost, and how soon it is tried again. */
#define LOST_AFTER    3u
#define RETRY_NS      100000000
#define RETRY_LOST_NS 1000000000
/** Periods that a counter may stand still, and the steps it must owe, to be called frozen. */
#define FROZEN_PERIODS 10
#define FROZEN_STEPS   8
/** It is stalled before that: whoever renews it may have to wait for its turn. */
#define FROZEN_LEAST_NS 300000000
/** Period of a counter that does not say: only absurd jumps are implausible then. */
#define UNKNOWN_PERIOD_NS 1000000000
/** A gap in samples of power that is longer than this many intervals is no measurement. */
#define POWER_GAP 10

static const char *const signal_names[CHANNEL_SIGNALS] = {
	"energy", "power", "sm_clock", "temperature", "throttle"};

/* ----- making */

/* The largest limit that can be set, W; 0: unknown. */
static double limit_w(const hg_device *d)
{
	hg_knob_info knob = {.size = sizeof knob};
	size_t id = hg_device_knob_index(d, "power_limit");

	return id != SIZE_MAX && !hg_device_knob(d, id, &knob) && knob.max > 0
		       ? (double)knob.max * 1e-3
		       : 0.0;
}

static void find_signals(struct channel *c)
{
	hg_signal_info info = {.size = sizeof info};
	hg_signal_info power = {.size = sizeof power};

	for (size_t i = 0; i < CHANNEL_SIGNALS; i++) {
		size_t id = hg_device_signal_index(c->device, signal_names[i]);
		hg_signal_info *s = i == CHANNEL_ENERGY ? &info : &power;

		c->ids[i] = SIZE_MAX;
		if (id == SIZE_MAX || hg_device_signal(c->device, id, s))
			(void)fail(&c->text, HG_EUNSUPPORTED, "%s: no signal \"%s\"", c->name,
				signal_names[i]);
		else if (s->absent)
			(void)fail(&c->text, HG_EUNSUPPORTED, "%s: no %s: %s", c->name,
				signal_names[i], s->absent);
		else
			c->ids[i] = id;
		if (i == CHANNEL_ENERGY && c->ids[i] != SIZE_MAX) {
			c->source = info.stamped                       ? HG_SOURCE_STAMPED
				    : info.period_ns == 0              ? HG_SOURCE_READ
				    : info.period_ns <= READ_PERIOD_NS ? HG_SOURCE_READ
								       : HG_SOURCE_EDGES;
			c->period_ns = info.period_ns;
			c->resolution_uj = (int64_t)info.resolution;
			c->filter.modulus = info.modulus;
		} else if (i == CHANNEL_POWER && c->ids[i] != SIZE_MAX) {
			c->power_period_ns = power.period_ns;
			if (!c->source) {
				c->source = HG_SOURCE_POWER;
				c->period_ns = power.period_ns;
			}
		}
		if (i <= CHANNEL_POWER && c->source)
			c->text.text[0] = '\0';
		if (i >= CHANNEL_POWER && !c->source)
			break;
	}
	if (c->source)
		c->text.text[0] = '\0';
}

static int64_t to_ns(double seconds, double otherwise)
{
	double s = seconds > 0.0 ? seconds : otherwise;

	return (int64_t)(fmin(s, 1e6) * 1e9);
}

/* From the device's clock to the context's; 0 where they are the same. */
static int64_t clock_offset(const struct channel *c)
{
	int64_t before = ctx_now(c->ctx), there = hg_device_now(c->device), after = ctx_now(c->ctx);

	return before <= there && there <= after ? 0 : before + (after - before) / 2 - there;
}

static hg_sensor known_sensor(const struct channel *c, const hg_sensor *known)
{
	hg_sensor s = {.size = sizeof s};

	if (known)
		(void)size_read(&s, sizeof s, known);
	if (!(s.max_power_w > 0.0))
		s.max_power_w = 1.1 * limit_w(c->device);
	if (!(s.period_s > 0.0))
		s.period_s = (double)c->period_ns * 1e-9;
	if (!(s.resolution_j > 0.0))
		s.resolution_j = (double)c->resolution_uj * 1e-6;
	/* nothing is known of the lag: it may be anything up to a period */
	if (!s.trusted && s.lag_s == 0.0 && s.lag_sd_s == 0.0 && c->source == HG_SOURCE_EDGES)
		s.lag_sd_s = s.period_s / 3.0;
	return s;
}

hg_err channel_init(struct channel *c, hg_device *d, const hg_meter_opts *opts,
	const hg_sensor *known, hg_error *why)
{
	hg_device_info info = {.size = sizeof info};

	*c = (struct channel){.device = d, .ctx = device_context(d)};
	if (pthread_mutex_init(&c->lock, NULL))
		return fail(why, HG_ENOMEM, "%s: no mutex to be had", device_spec(d));
	c->made = true;
	(void)snprintf(c->name, sizeof c->name, "%.60s", device_spec(d));
	hg_device_get_info(d, &info);
	c->own_time = device_alarm(d, INT64_MAX, NULL, NULL);
	c->offset_ns = c->own_time ? 0 : clock_offset(c);
	c->power_ns =
		opts->power_s < 0.0 ? INT64_MAX : to_ns(opts->power_s, BESIDE_EVERY_NS * 1e-9);
	c->every_ns = opts->power_s > 0.0 ? c->power_ns : READ_EVERY_NS;
	c->idle_ns = to_ns(opts->idle_s, 1.0);
	c->stuck_ns = to_ns(opts->stuck_s, 2.0);
	find_signals(c);
	c->given = known_sensor(c, known);
	c->filter.max_power_w = c->given.max_power_w;
	c->filter.period_ns =
		c->given.period_s > 0.0 ? (int64_t)(c->given.period_s * 1e9) : UNKNOWN_PERIOD_NS;
	loop_init(&c->loop, c->given.period_s * 1e9);
	c->anew = true;
	c->next_ns = INT64_MIN;
	c->moved_ns = c->last_ns = c->last_power_ns = c->integral_ns = INT64_MIN;
	c->beside = (hg_edge){
		.power_mw = HG_UNREAD, .clock_hz = HG_UNREAD, .temperature_mc = HG_UNREAD};
	c->state = (hg_meter_state){.size = sizeof c->state,
		.source = c->source,
		.simulated = info.simulated,
		.sensor = c->given,
		.final_ns = INT64_MIN};
	if (log_init(&c->log) ||
		ring_init(&c->powers, CHANNEL_POWERS, sizeof(hg_power) / sizeof(uint64_t))) {
		channel_finish(c);
		return fail(why, HG_ENOMEM, "%s: out of memory for its log", device_spec(d));
	}
	return HG_OK;
}

void channel_finish(struct channel *c)
{
	if (!c->made)
		return;
	log_finish(&c->log);
	ring_finish(&c->powers);
	pthread_mutex_destroy(&c->lock);
	c->made = false;
}

int64_t channel_now(const struct channel *c)
{
	return c->own_time ? hg_device_now(c->device) : ctx_now(c->ctx);
}

/* ----- reading */

/* Reads n signals; while that lasts others can see since when. @return whether they came in time:
 * else nobody knows of when they are */
static bool read_signals(struct channel *c, const size_t *ids, size_t n, hg_reading *out)
{
	int64_t t = c->own_time ? 1 : ctx_now(c->ctx);
	bool late;

	atomic_store(&c->reading_ns, t ? t : 1);
	if (hg_device_read(c->device, ids, n, out))
		for (size_t i = 0; i < n; i++)
			out[i].rc = HG_EDEVICE;
	atomic_store(&c->reading_ns, 0);
	late = atomic_exchange(&c->stuck, false);
	c->missed |= late;
	for (size_t i = 0; i < n; i++) {
		out[i].t0_ns += c->offset_ns;
		out[i].t1_ns += c->offset_ns;
	}
	return !late;
}

static int64_t middle(const hg_reading *r)
{
	return r->t0_ns + (r->t1_ns - r->t0_ns) / 2;
}

/* Everything but the counter, in one batch. */
static void read_beside(struct channel *c)
{
	static const enum channel_signal wanted[] = {
		CHANNEL_POWER, CHANNEL_CLOCK, CHANNEL_TEMPERATURE, CHANNEL_THROTTLE};
	hg_reading got[CHANNEL_SIGNALS];
	size_t ids[CHANNEL_SIGNALS], n = 0;
	int64_t values[CHANNEL_SIGNALS];
	hg_power power;
	bool timely;

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (c->ids[wanted[i]] != SIZE_MAX)
			ids[n++] = c->ids[wanted[i]];
	if (n == 0)
		return;
	timely = read_signals(c, ids, n, got);
	for (size_t i = 0, k = 0; i < sizeof wanted / sizeof *wanted; i++) {
		bool there = c->ids[wanted[i]] != SIZE_MAX;

		values[wanted[i]] = there && !got[k].rc ? got[k].value : HG_UNREAD;
		if (wanted[i] == CHANNEL_POWER && values[CHANNEL_POWER] != HG_UNREAD && timely) {
			power = (hg_power){middle(&got[k]), got[k].value};
			ring_push(&c->powers, &power);
		}
		k += there;
	}
	c->beside.power_mw = values[CHANNEL_POWER];
	c->beside.clock_hz = values[CHANNEL_CLOCK];
	c->beside.temperature_mc = values[CHANNEL_TEMPERATURE];
	c->beside.throttle =
		values[CHANNEL_THROTTLE] == HG_UNREAD ? 0 : (uint32_t)values[CHANNEL_THROTTLE];
	c->last_power_ns = channel_now(c);
	pthread_mutex_lock(&c->lock);
	c->state.power_reads++;
	pthread_mutex_unlock(&c->lock);
}

/* ----- the log */

static void log_record(
	struct channel *c, int64_t t_ns, int64_t u_ns, int64_t energy_uj, uint32_t flags)
{
	hg_edge e = c->beside;

	e.t_ns = t_ns > c->last_ns ? t_ns : c->last_ns + 1;
	e.u_ns = u_ns;
	e.energy_uj = energy_uj;
	e.flags = flags | (c->anew ? HG_EDGE_FIRST : 0) | (c->missed ? HG_EDGE_MISSED : 0);
	c->anew = c->missed = false;
	c->last_ns = e.t_ns;
	c->last_u_ns = u_ns;
	log_push(&c->log, &e);
}

/* The counter comes with its time. */
static void log_stamped(struct channel *c, const hg_reading *r)
{
	log_record(
		c, middle(r), (r->t1_ns - r->t0_ns + 1) / 2, c->filter.energy_uj, HG_EDGE_STAMPED);
}

/* The counter was found to have moved, and took the value some time within these two. */
static void log_read(struct channel *c, int64_t from, int64_t to)
{
	log_record(c, from + (to - from) / 2, (to - from + 1) / 2, c->filter.energy_uj,
		c->period_ns > 0 ? HG_EDGE_READ : 0);
}

/* Begins anew with the value just read: the counter took it within the last period. Where it has
 * edges that was one: the edges that follow will tell when. */
static void log_first(struct channel *c, const hg_reading *r)
{
	int64_t from = r->t0_ns - (int64_t)c->loop.period_ns;
	uint32_t flags = c->source == HG_SOURCE_EDGES ? 0 : HG_EDGE_READ;

	c->anew = true;
	if (c->source == HG_SOURCE_EDGES && !(c->loop.period_ns > 0.0))
		return; /* not before the first edge */
	if (c->source == HG_SOURCE_STAMPED) {
		log_stamped(c, r);
		return;
	}
	if (c->source != HG_SOURCE_EDGES)
		from = r->t0_ns - c->period_ns;
	if (from <= c->last_ns) {
		from = r->t0_ns;
		flags = HG_EDGE_READ;
	}
	log_record(c, from + (r->t1_ns - from) / 2, (r->t1_ns - from + 1) / 2, c->filter.energy_uj,
		flags);
}

static void log_edge(struct channel *c, const struct loop_edge *e)
{
	c->missed |= e->missed > 0;
	pthread_mutex_lock(&c->lock);
	c->state.missed += e->missed;
	pthread_mutex_unlock(&c->lock);
	log_record(c, e->t_ns, e->u_ns, c->filter.energy_uj, 0);
}

/* ----- what a reading of the counter means */

/* Steps that a counter owes which has not moved for a while, going by the power now; NAN: unknown.
 */
static double steps_owed(struct channel *c, double still_ns)
{
	double step_uj = fmax((double)c->resolution_uj, c->given.resolution_j * 1e6);

	if (c->ids[CHANNEL_POWER] == SIZE_MAX)
		return (double)NAN;
	read_beside(c);
	if (c->beside.power_mw == HG_UNREAD)
		return (double)NAN;
	return fmax((double)c->beside.power_mw, 0.0) * still_ns * 1e-6 / fmax(step_uj, 1.0);
}

static void freeze(struct channel *c, double still_ns)
{
	c->frozen = true;
	pthread_mutex_lock(&c->lock);
	(void)fail(&c->text, HG_EDEVICE,
		"%s: frozen: the energy counter has stood still for %.1f s at a power of %.1f W",
		c->name, still_ns * 1e-9, (double)c->beside.power_mw * 1e-3);
	pthread_mutex_unlock(&c->lock);
	ctx_log(c->ctx, HG_LOG_WARN, "measure", "%s: its energy counter is frozen", c->name);
}

static void same(struct channel *c, const hg_reading *r)
{
	double period_ns = fmax(c->loop.period_ns, (double)c->period_ns);
	double still_ns = (double)(r->t1_ns - c->moved_ns), owed;

	if (c->source != HG_SOURCE_STAMPED)
		loop_same(&c->loop, r->t0_ns, r->t1_ns);
	c->n_moved = 0;
	c->n_same++;
	if (c->frozen || c->anew || still_ns < 3.0 * period_ns ||
		(double)(middle(r) - c->last_ns) < fmax(3.0 * period_ns, READ_EVERY_NS))
		return;
	owed = steps_owed(c, still_ns);
	if (owed > FROZEN_STEPS && still_ns > fmax(FROZEN_PERIODS * period_ns, FROZEN_LEAST_NS))
		freeze(c, still_ns);
	else if (!(owed > FROZEN_STEPS))
		/* nothing is drawn: windows must become final all the same */
		log_record(c, middle(r), (r->t1_ns - r->t0_ns + 1) / 2, c->filter.energy_uj,
			HG_EDGE_READ);
}

static void moved(struct channel *c, const hg_reading *r)
{
	int64_t from = c->loop.old_ns;
	struct loop_edge e;
	bool stalled;

	c->moved_ns = r->t1_ns;
	if (c->source == HG_SOURCE_READ && c->n_same >= SAME_THEN_MOVED &&
		c->n_proved < MOVES_ALWAYS) {
		/* what was logged as its time was that of reads, and its period is another one */
		c->source = HG_SOURCE_EDGES;
		c->given.period_s = 0.0;
		loop_init(&c->loop, 0.0);
		loop_same(&c->loop, r->t0_ns, r->t1_ns);
		c->period_ns = 0;
		c->anew = true;
		c->n_same = 0;
		return;
	}
	stalled = c->source == HG_SOURCE_READ && c->n_same > 0 && c->loop.has_old && !c->frozen;
	c->n_proved += c->n_same == 0 && c->n_proved < MOVES_ALWAYS;
	c->n_same = 0;
	if (c->frozen) {
		/* what was drawn meanwhile is in the step, or is not: nobody can tell */
		c->frozen = false;
		c->anew = true;
		pthread_mutex_lock(&c->lock);
		c->text.text[0] = '\0';
		pthread_mutex_unlock(&c->lock);
	}
	if (c->source == HG_SOURCE_EDGES) {
		e = loop_moved(&c->loop, r->t0_ns, r->t1_ns);
		/* one that is read seldom, as the thread had no turn, says nothing of that */
		c->n_moved += r->t1_ns - from <= MOVES_NS;
		if (!c->loop.locked && c->n_moved >= MOVES_ALWAYS) {
			c->source = HG_SOURCE_READ;
			c->period_ns = 0;
		}
		read_beside(c);
		/* a record that may be a period off says less than none */
		if (e.vague)
			c->missed = true;
		else
			log_edge(c, &e);
		return;
	}
	read_beside(c);
	if (c->source == HG_SOURCE_STAMPED)
		log_stamped(c, r);
	else
		/* one that stood still for a while has moved since it was last looked at: that is
		 * all that is known */
		log_read(c, stalled ? from : r->t0_ns, r->t1_ns);
}

static void counter_feed(struct channel *c, const hg_reading *r)
{
	uint64_t odd = c->filter.odd;

	switch (filter_feed(&c->filter, r->value, middle(r))) {
	case FILTER_SAME:
		same(c, r);
		break;
	case FILTER_MOVED:
		moved(c, r);
		break;
	case FILTER_DISCARDED:
		c->missed |= odd == 0;
		break;
	case FILTER_FIRST:
	case FILTER_RESET:
		loop_forget(&c->loop);
		if (c->source != HG_SOURCE_STAMPED)
			loop_same(&c->loop, r->t0_ns, r->t1_ns);
		c->moved_ns = r->t1_ns;
		read_beside(c);
		log_first(c, r);
		break;
	}
}

/* Power, integrated: between two samples it went straight from one to the other. */
static void power_feed(struct channel *c, const hg_reading *r)
{
	bool on = c->integral_ns != INT64_MIN && middle(r) >= c->integral_ns;
	int64_t t = middle(r), gap = on ? t - c->integral_ns : 0;
	int64_t longest = POWER_GAP * c->every_ns;
	hg_power sample = {t, r->value};

	c->beside.power_mw = r->value;
	ring_push(&c->powers, &sample);
	if (!on) {
		c->anew = true;
	} else {
		c->integral_uj += 0.5 * (double)(r->value + c->integral_mw) * (double)gap * 1e-6;
		c->missed |= gap > longest && gap > c->period_ns;
	}
	c->integral_ns = t;
	c->integral_mw = r->value;
	log_record(c, t, (r->t1_ns - r->t0_ns + 1) / 2, (int64_t)c->integral_uj, 0);
}

static void failed(struct channel *c, const hg_reading *r)
{
	bool lost = ++c->n_failed >= LOST_AFTER;

	c->next_ns = channel_now(c) + (lost ? RETRY_LOST_NS : RETRY_NS);
	c->slack_ns = 0;
	pthread_mutex_lock(&c->lock);
	c->state.failed++;
	if (lost && !c->lost)
		(void)fail(&c->text, r->rc, "%s: lost: its %s cannot be read: %s", c->name,
			c->source == HG_SOURCE_POWER ? "power" : "energy counter",
			hg_err_text(r->rc));
	pthread_mutex_unlock(&c->lock);
	if (!lost || c->lost)
		return;
	/* what comes after says nothing of what was before */
	c->lost = true;
	c->frozen = false;
	filter_forget(&c->filter);
	loop_forget(&c->loop);
	c->integral_ns = INT64_MIN;
	ctx_log(c->ctx, HG_LOG_WARN, "measure", "%s: lost", c->name);
}

/* How long until the next look at the counter, which was last read until t1_ns, and how much later
 * will do. */
static int64_t next_look(
	const struct channel *c, const struct pace *p, int64_t t1_ns, int64_t *slack_ns)
{
	int64_t every = p->fast ? c->every_ns : c->idle_ns;

	*slack_ns = every / 4;
	if (c->source != HG_SOURCE_EDGES)
		return every;
	return loop_next(&c->loop, t1_ns, p->fast ? 0 : c->idle_ns, slack_ns) - t1_ns;
}

static void look(struct channel *c, const struct pace *p)
{
	bool power = c->source == HG_SOURCE_POWER;
	hg_reading r;

	read_signals(c, &c->ids[power ? CHANNEL_POWER : CHANNEL_ENERGY], 1, &r);
	if (r.rc) {
		failed(c, &r);
		return;
	}
	c->n_failed = 0;
	if (c->lost) {
		c->lost = false;
		c->anew = true;
		pthread_mutex_lock(&c->lock);
		c->text.text[0] = '\0';
		pthread_mutex_unlock(&c->lock);
	}
	if (power)
		power_feed(c, &r);
	else
		counter_feed(c, &r);
	/* the time of readings may not be ours */
	c->next_ns = channel_now(c) + next_look(c, p, r.t1_ns, &c->slack_ns);
}

/* ----- what others see */

/* Where nothing is known of the lag of a counter with edges, it may be anything up to a period. */
static double lag_doubt(const struct channel *c, const hg_sensor *s)
{
	bool known = s->trusted || s->lag_s != 0.0 || c->given.lag_sd_s > 0.0;

	return known || c->source != HG_SOURCE_EDGES ? c->given.lag_sd_s : s->period_s / 3.0;
}

static void publish(struct channel *c, bool looked)
{
	hg_meter_state *s = &c->state;
	const struct loop *l = &c->loop;
	double lag_s;

	pthread_mutex_lock(&c->lock);
	s->reads += looked;
	s->source = c->source;
	s->flags = (c->lost ? HG_METER_LOST : 0) | (c->frozen ? HG_METER_FROZEN : 0) |
		   (l->locked ? HG_METER_LOCKED : 0);
	s->edges = c->log.count;
	s->wraps = c->filter.wraps;
	s->glitches = c->filter.glitches;
	s->implausible = c->filter.implausible;
	s->resets = c->filter.resets;
	s->clock_steps = c->filter.clock_steps;
	if (c->source == HG_SOURCE_READ)
		s->sensor.period_s = (double)c->period_ns * 1e-9;
	if (c->source == HG_SOURCE_EDGES && l->locked) {
		s->sensor.period_s = l->period_ns * 1e-9;
		if (!(c->given.jitter_s > 0.0))
			s->sensor.jitter_s = 1.25 * l->error_ns * 1e-9;
	} else if (c->source == HG_SOURCE_EDGES && !(c->given.period_s > 0.0)) {
		s->sensor.period_s = 0.0;
	}
	s->sensor.lag_sd_s = lag_doubt(c, &s->sensor);
	lag_s = s->sensor.lag_s + 3.0 * s->sensor.lag_sd_s;
	if (c->log.count) {
		s->last_edge_ns = c->last_ns;
		/* the edges that follow may still put it that much earlier */
		s->final_ns = c->last_ns - c->last_u_ns - (int64_t)(lag_s * 1e9);
	}
	s->sensor.read_s = l->read_ns * 1e-9;
	pthread_mutex_unlock(&c->lock);
}

/* When power is to be read beside the counter; INT64_MAX: not at all. */
static struct due power_due(const struct channel *c, const struct pace *p)
{
	int64_t every = p->fine && c->power_ns > READ_EVERY_NS ? READ_EVERY_NS : c->power_ns;
	int64_t at;

	if (!p->fast || c->lost || c->source == HG_SOURCE_POWER || every == INT64_MAX ||
		c->ids[CHANNEL_POWER] == SIZE_MAX)
		return (struct due){INT64_MAX, INT64_MAX};
	if (c->last_power_ns == INT64_MIN)
		return (struct due){INT64_MIN, INT64_MIN};
	at = c->last_power_ns + every;
	/* waking up costs more than reading: it goes along with the counter */
	if (c->next_ns > at && c->next_ns - at <= every / 4)
		at = c->next_ns;
	return (struct due){at, p->calm ? at + every * 2 / 5 : at};
}

struct due channel_step(struct channel *c, const struct pace *p)
{
	int64_t now = channel_now(c), latest;
	struct due power;
	bool due;

	if (!c->source)
		return (struct due){INT64_MAX, INT64_MAX};
	due = p->now || now >= c->next_ns;
	if (due)
		look(c, p);
	publish(c, due);
	power = power_due(c, p);
	if (now >= power.at_ns) {
		read_beside(c);
		power = power_due(c, p);
	}
	latest = p->calm ? c->next_ns + c->slack_ns : c->next_ns;
	return (struct due){c->next_ns < power.at_ns ? c->next_ns : power.at_ns,
		latest < power.latest_ns ? latest : power.latest_ns};
}

bool channel_watch(struct channel *c)
{
	int64_t since = atomic_load(&c->reading_ns);

	return since && !c->own_time && ctx_now(c->ctx) - since > c->stuck_ns &&
	       !atomic_exchange(&c->stuck, true);
}

void channel_state(struct channel *c, hg_meter_state *out, hg_error *text)
{
	int64_t since = atomic_load(&c->reading_ns);

	pthread_mutex_lock(&c->lock);
	*out = c->state;
	if (text)
		*text = c->text;
	pthread_mutex_unlock(&c->lock);
	if (!since || !atomic_load(&c->stuck))
		return;
	out->flags |= HG_METER_LOST;
	if (text)
		(void)fail(text, HG_EDEVICE, "%s: lost: a driver call has not come back for %.1f s",
			c->name, (double)(ctx_now(c->ctx) - since) * 1e-9);
}
