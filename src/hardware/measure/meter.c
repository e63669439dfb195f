/* Meters: which channels belong to one, and the energy of windows from their logs. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/size.h"
#include "hardware/device/backend.h"

#include "bounds.h"
#include "sampler.h"

/** Most devices of a meter. */
#define METER_MAX 4096
/** Records for which no memory is asked. */
#define FEW_EDGES 96
/** Samples of power around an end of a window, at most; how far around it, in periods of the
 * counter; and how many a period must have to say what happened within it. */
#define NEAR_POWERS  512
#define NEAR_PERIODS 2.5
#define NEAR_LEAST   2.5

struct hg_meter {
	struct hg_ctx *ctx;
	pid_t pid; /* the threads that read are this process's */
	size_t n;
	hg_device **devices;
	struct feeder **feeders;
};

/* ----- opening */

static hg_err check_devices(hg_device *const *devices, size_t n, hg_error *why)
{
	for (size_t i = 0; i < n; i++) {
		if (!devices[i])
			return fail(why, HG_EINVAL, "hg_meter_open: device %zu is NULL", i);
		if (device_inherited(devices[i], why))
			return HG_EDEVICE;
		for (size_t k = 0; k < i; k++)
			if (devices[k] == devices[i])
				return fail(why, HG_EINVAL, "hg_meter_open: %s is there twice",
					device_spec(devices[i]));
	}
	return HG_OK;
}

/* A window has one beginning: virtual and real time do not mix. */
static hg_err check_times(const hg_meter *m, hg_error *why)
{
	for (size_t i = 1; i < m->n; i++)
		if (m->feeders[i]->channel.own_time != m->feeders[0]->channel.own_time)
			return fail(why, HG_EINVAL,
				"%s and %s cannot be in one meter: the time of one of them is virtual",
				device_spec(m->devices[0]), device_spec(m->devices[i]));
	return HG_OK;
}

static hg_err read_opts(hg_meter_opts *o, const hg_meter_opts *opts, hg_error *why)
{
	*o = (hg_meter_opts){.size = sizeof *o};
	if (opts && size_read(o, sizeof *o, opts))
		return fail(why, HG_EINVAL, "hg_meter_opts.size is not set");
	if (isnan(o->power_s) || isnan(o->idle_s) || isnan(o->stuck_s) || o->flags)
		return fail(why, HG_EINVAL, "hg_meter_opts: flags or a time makes no sense");
	return HG_OK;
}

static hg_meter *meter_create(hg_ctx *ctx, size_t n)
{
	hg_meter *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->ctx = ctx;
	m->pid = getpid();
	m->devices = calloc(n, sizeof(hg_device *));
	m->feeders = calloc(n, sizeof *m->feeders);
	if (m->devices && m->feeders)
		return m;
	hg_meter_close(m);
	return NULL;
}

hg_err hg_meter_open(hg_ctx *ctx, hg_device *const *devices, size_t n, const hg_meter_opts *opts,
	hg_meter **out, hg_error *why)
{
	hg_meter_opts o;
	hg_meter *m;
	hg_err rc;

	*out = NULL;
	if (!ctx || !devices || n == 0 || n > METER_MAX)
		return fail(why, HG_EINVAL, "hg_meter_open: expected a context and 1 to %d devices",
			METER_MAX);
	rc = read_opts(&o, opts, why);
	rc = rc ? rc : check_devices(devices, n, why);
	if (rc)
		return rc;
	m = meter_create(ctx, n);
	if (!m)
		return fail(why, HG_ENOMEM, "hg_meter_open: out of memory");
	while (!rc && m->n < n) {
		m->devices[m->n] = devices[m->n];
		rc = feeder_get(devices[m->n], &o, o.sensors ? &o.sensors[m->n] : NULL,
			&m->feeders[m->n], why);
		m->n += !rc;
	}
	rc = rc ? rc : check_times(m, why);
	if (rc) {
		hg_meter_close(m);
		return rc;
	}
	*out = m;
	return HG_OK;
}

void hg_meter_close(hg_meter *m)
{
	if (!m)
		return;
	/* in a child what the threads held is held for ever */
	for (size_t i = 0; i < m->n && m->pid == getpid(); i++)
		feeder_put(m->feeders[i]);
	free(m->feeders);
	free(m->devices);
	free(m);
}

size_t hg_meter_devices(const hg_meter *m)
{
	return m->n;
}

hg_device *hg_meter_device(const hg_meter *m, size_t i)
{
	return i < m->n ? m->devices[i] : NULL;
}

/* After fork() nobody reads for the child, and locks may be held by threads it does not have. */
static hg_err check_process(const hg_meter *m, hg_error *why)
{
	return m->pid == getpid()
		       ? HG_OK
		       : fail(why, HG_EDEVICE,
				 "the meter was opened by process %lld, of which this is a child: "
				 "open devices and a meter of its own",
				 (long long)m->pid);
}

/* ----- windows */

int64_t hg_meter_mark(const hg_meter *m)
{
	return channel_now(&m->feeders[0]->channel);
}

int64_t hg_meter_begin(hg_meter *m)
{
	int64_t now_ns = hg_meter_mark(m);

	for (size_t i = 0; i < m->n && m->pid == getpid(); i++)
		feeder_open(m->feeders[i]);
	return now_ns;
}

int64_t hg_meter_end(hg_meter *m)
{
	int64_t now_ns = hg_meter_mark(m);

	for (size_t i = 0; i < m->n && m->pid == getpid(); i++)
		feeder_close(m->feeders[i], now_ns);
	return now_ns;
}

void meter_fine(hg_meter *m, size_t i, bool fine)
{
	feeder_fine(m->feeders[i], fine);
}

hg_err hg_meter_wait_final(hg_meter *m, int64_t t1, double timeout_s, hg_error *why)
{
	struct timespec until;
	double whole = floor(fmin(fmax(timeout_s, 0.0), 1e9));
	hg_err rc = check_process(m, why);

	if (rc)
		return rc;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)whole;
	until.tv_nsec += (long)((fmin(fmax(timeout_s, 0.0), 1e9) - whole) * 1e9);
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	for (size_t i = 0; i < m->n; i++)
		if (!feeder_wait(m->feeders[i], t1, timeout_s > 0.0 ? &until : NULL))
			return fail(why, HG_ELIMIT, "%s: %s", device_spec(m->devices[i]),
				m->feeders[i]->channel.own_time
					? "not final: let its time pass first, by work or idling"
					: "not final yet");
	return HG_OK;
}

/* ----- energy */

static void no_figure(hg_energy *out, int64_t t0, int64_t t1)
{
	const hg_energy none = energy_none(t0, t1);

	size_write(out, &none, sizeof none);
}

/* The part of a log that a window needs; free() *big. */
static hg_err edges_copy(const struct channel *c, int64_t t0, int64_t t1, hg_edge few[FEW_EDGES],
	hg_edge **big, size_t *n, hg_error *why)
{
	size_t room = FEW_EDGES;

	*big = NULL;
	*n = log_copy(&c->log, t0, t1, few, room);
	while (*n > room) {
		free(*big);
		room = *n + FEW_EDGES; /* it grows meanwhile */
		*big = malloc(room * sizeof **big);
		if (!*big)
			return fail(why, HG_ENOMEM, "%s: out of memory", c->name);
		*n = log_copy(&c->log, t0, t1, *big, room);
	}
	return HG_OK;
}

/* Whether the device has anything to say of a window's end. */
static hg_err check_alive(const struct channel *c, const hg_meter_state *s, const hg_error *text,
	int64_t t1, hg_error *why)
{
	if (!s->source)
		return fail(why, HG_EUNSUPPORTED, "%s", text->text);
	if (s->flags & (HG_METER_LOST | HG_METER_FROZEN) && t1 > s->last_edge_ns)
		return fail(why, HG_EDEVICE, "%s", text->text);
	if (!s->edges)
		return fail(why, HG_ERANGE, "%s: nothing was read yet", c->name);
	return HG_OK;
}

/* The highest power among the samples of a window. */
static void max_power(const struct channel *c, int64_t t0, int64_t t1, double *max_w)
{
	uint64_t end = ring_head(&c->powers);
	hg_power p;

	for (uint64_t i = ring_find(&c->powers, t0); i < end; i++) {
		if (!ring_get(&c->powers, i, &p))
			continue;
		if (p.t_ns > t1)
			break;
		if (!((double)p.power_mw * 1e-3 <= *max_w))
			*max_w = (double)p.power_mw * 1e-3;
	}
}

/* Copies the samples of power around a moment that come after n others. @return how many there are
 */
static size_t powers_around(
	const struct channel *c, int64_t t, double reach_ns, hg_power *out, size_t n)
{
	int64_t reach = (int64_t)reach_ns, from = t - reach;
	uint64_t end = ring_head(&c->powers);
	size_t most = n + NEAR_POWERS;
	hg_power p;

	if (n && out[n - 1].t_ns >= from)
		from = out[n - 1].t_ns + 1;
	for (uint64_t i = ring_find(&c->powers, from); i < end && n < most; i++) {
		if (!ring_get(&c->powers, i, &p))
			continue;
		if (p.t_ns > t + reach)
			break;
		out[n++] = p;
	}
	return n;
}

/* The power around the ends of a window, where it is read closely enough to tell how the energy is
 * spread between two edges. @return samples; 0: it is not */
static size_t powers_near(
	const struct channel *c, const hg_meter_state *st, int64_t t0, int64_t t1, hg_power *out)
{
	const hg_sensor *s = &st->sensor;
	double period_ns = s->period_s * 1e9, reach_ns = NEAR_PERIODS * period_ns;
	int64_t every = c->power_ns > c->power_period_ns ? c->power_ns : c->power_period_ns;

	if (st->source != HG_SOURCE_EDGES || every == INT64_MAX ||
		!((double)every * NEAR_LEAST <= period_ns) ||
		4.0 * reach_ns > (double)every * NEAR_POWERS ||
		(s->coverage > 0.0 && s->coverage < 1.0))
		return 0;
	return powers_around(c, t1, reach_ns, out, powers_around(c, t0, reach_ns, out, 0));
}

/* What integrated power says is no counter's difference: it bounds nothing. */
static void as_power(const hg_sensor *s, hg_energy *e)
{
	double length_s = (double)(e->t1_ns - e->t0_ns) * 1e-9;

	e->method = HG_METHOD_POWER;
	e->lo = s->min_power_w * length_s;
	e->hi = s->max_power_w > 0.0 ? s->max_power_w * length_s : (double)NAN;
}

hg_err hg_meter_energy(
	hg_meter *m, size_t i, int64_t t0, int64_t t1, uint32_t opts, hg_energy *out, hg_error *why)
{
	hg_energy ours = {.size = sizeof ours};
	hg_meter_state s;
	hg_error text = {""};
	hg_edge few[FEW_EDGES], *big = NULL;
	hg_power near[2 * NEAR_POWERS];
	struct channel *c;
	size_t n;
	hg_err rc;

	no_figure(out, t0, t1);
	if (i >= m->n)
		return fail(why, HG_EINVAL, "no device %zu: the meter has %zu", i, m->n);
	rc = check_process(m, why);
	if (rc)
		return rc;
	c = &m->feeders[i]->channel;
	channel_state(c, &s, &text);
	rc = check_alive(c, &s, &text, t1, why);
	rc = rc ? rc : edges_copy(c, t0, t1, few, &big, &n, why);
	if (rc)
		return rc;
	rc = hg_energy_shaped(big ? big : few, n, near, powers_near(c, &s, t0, t1, near), &s.sensor,
		t0, t1, opts, &ours, why);
	free(big);
	if (rc) {
		fail_prefix(why, "%s: ", c->name);
		return rc;
	}
	if (s.source == HG_SOURCE_POWER)
		as_power(&s.sensor, &ours);
	max_power(c, t0, t1, &ours.max_w);
	ours.flags |= s.simulated ? HG_ENERGY_SIMULATED : 0;
	ours.flags |= s.sensor.trusted ? 0 : HG_ENERGY_UNTRUSTED;
	ours.flags |= t1 >= s.final_ns ? HG_ENERGY_ESTIMATE : 0;
	size_write(out, &ours, sizeof ours);
	return HG_OK;
}

static void add(hg_energy *sum, const hg_energy *e)
{
	/* a later method in the list is less to be believed */
	sum->method = e->method > sum->method ? e->method : sum->method;
	sum->flags |= e->flags;
	sum->n_edges += e->n_edges;
	sum->joules += e->joules;
	sum->lo += e->lo;
	sum->hi += e->hi;
	sum->sigma = hypot(sum->sigma, e->sigma);
	sum->idle_j += e->idle_j;
	sum->tail_j += e->tail_j;
	sum->max_w += e->max_w;
	sum->coverage = fmin(sum->coverage, e->coverage);
	sum->missing_s = fmax(sum->missing_s, e->missing_s);
}

hg_err hg_meter_total(
	hg_meter *m, int64_t t0, int64_t t1, uint32_t opts, hg_energy *out, hg_error *why)
{
	hg_energy sum = {.size = sizeof sum,
		.clock_hz = NAN,
		.temperature_c = NAN,
		.coverage = 1.0,
		.t0_ns = t0,
		.t1_ns = t1};
	hg_err rc = hg_device_overlap((const hg_device *const *)m->devices, m->n, NULL, NULL, why);

	no_figure(out, t0, t1);
	for (size_t i = 0; !rc && i < m->n; i++) {
		hg_energy e = {.size = sizeof e};

		rc = hg_meter_energy(m, i, t0, t1, opts, &e, why);
		if (!rc)
			add(&sum, &e);
	}
	if (rc)
		return rc;
	size_write(out, &sum, sizeof sum);
	return HG_OK;
}

/* ----- state */

hg_err hg_meter_get_state(hg_meter *m, size_t i, hg_meter_state *out, hg_error *text)
{
	hg_meter_state ours;
	hg_err rc = i < m->n ? check_process(m, text) : HG_EINVAL;

	if (rc)
		return rc;
	channel_state(&m->feeders[i]->channel, &ours, text);
	size_write(out, &ours, sizeof ours);
	return HG_OK;
}

hg_err hg_meter_log(
	hg_meter *m, size_t i, int64_t t0, int64_t t1, hg_edge *out, size_t room, size_t *n)
{
	hg_err rc = i < m->n ? check_process(m, NULL) : HG_EINVAL;

	*n = 0;
	if (rc)
		return rc;
	*n = log_copy(&m->feeders[i]->channel.log, t0, t1, out, room);
	return HG_OK;
}

hg_err hg_meter_power(
	hg_meter *m, size_t i, int64_t t0, int64_t t1, hg_power *out, size_t room, size_t *n)
{
	const struct ring *r;
	hg_power p;
	hg_err rc = i < m->n ? check_process(m, NULL) : HG_EINVAL;

	*n = 0;
	if (rc)
		return rc;
	r = &m->feeders[i]->channel.powers;
	for (uint64_t k = ring_find(r, t0), end = ring_head(r); k < end; k++) {
		if (!ring_get(r, k, &p))
			continue;
		if (p.t_ns > t1)
			break;
		if (*n < room)
			out[*n] = p;
		(*n)++;
	}
	return HG_OK;
}
