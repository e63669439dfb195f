#define _GNU_SOURCE /* secure_getenv */
#include "play.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/file.h"

const char *fake_scenario_path(void)
{
	const char *path = secure_getenv("HOURGLASS_SCENARIO");

	return path && *path ? path : NULL;
}

static double now_s(const struct fake_play *p)
{
	struct timespec t;

	if (p->scenario.call_s > 0.0)
		return p->calls_s;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)(t.tv_sec - p->epoch.tv_sec) + (double)(t.tv_nsec - p->epoch.tv_nsec) * 1e-9;
}

/* ----- rules */

static bool rule_is(const struct fake_rule *r, const char *call, const struct fake_device *d)
{
	if (strcmp(r->call, call) != 0 && (!d || strcmp(r->call, "*") != 0))
		return false;
	return r->device < 0.0 || (d && (double)d->index == r->device);
}

/* Whether this rule strikes this time. */
static bool rule_strikes(struct fake_rule *r)
{
	r->seen += 1.0;
	return r->seen > r->after && (r->times == 0.0 || r->seen <= r->after + r->times);
}

static void sleep_s(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};

	nanosleep(&t, NULL);
}

/** What the rules make of a call. */
struct struck {
	double latency_s;
	bool hang;
	int result;
};

static struct struck strike(struct fake_play *p, const char *call, const struct fake_device *d)
{
	struct struck s = {0.0, false, 0};

	for (size_t i = 0; i < p->scenario.n_rules; i++) {
		struct fake_rule *r = &p->scenario.rules[i];

		if (r->field >= 0.0 || !rule_is(r, call, d) || !rule_strikes(r))
			continue;
		s.latency_s += r->latency_s;
		s.hang |= r->hang;
		s.result = s.result ? s.result : (int)(int64_t)r->result;
		if (r->print)
			(void)fprintf(stderr, "%s\n", r->print);
	}
	return s;
}

/* A call that is slow, or hangs, holds up nobody but its caller. */
static void take_time(struct fake_play *p, const struct struck *s)
{
	if (!s->hang && !(s->latency_s > 0.0))
		return;
	if (!s->hang && p->scenario.call_s > 0.0) {
		p->calls_s += s->latency_s;
		return;
	}
	pthread_mutex_unlock(&p->lock);
	do
		sleep_s(s->hang ? 3600.0 : s->latency_s);
	while (s->hang);
	pthread_mutex_lock(&p->lock);
}

int fake_enter(struct fake_play *p, const char *call, struct fake_device *d)
{
	struct struck s;

	pthread_mutex_lock(&p->lock);
	if (!p->clients || p->pid != getpid())
		return p->closed;
	p->calls_s += p->scenario.call_s;
	s = strike(p, call, d);
	take_time(p, &s);
	if (!p->clients) /* who was slow may be the last to know */
		return p->closed;
	if (!d)
		return s.result;
	if (!d->spec)
		return p->lost;
	fake_device_catch_up(d, now_s(p));
	return d->lost ? p->lost : s.result;
}

int fake_leave(struct fake_play *p, int result)
{
	pthread_mutex_unlock(&p->lock);
	return result;
}

int fake_value_result(struct fake_play *p, const char *call, const struct fake_device *d,
	double field, double scope)
{
	int result = 0;

	for (size_t i = 0; i < p->scenario.n_rules; i++) {
		struct fake_rule *r = &p->scenario.rules[i];

		if (r->field != field || !rule_is(r, call, d) ||
			(r->scope >= 0.0 && r->scope != scope) || !rule_strikes(r))
			continue;
		result = result ? result : (int)(int64_t)r->result;
	}
	return result;
}

int fake_value_type(const struct fake_play *p, const char *call, const struct fake_device *d,
	double field, double scope)
{
	for (size_t i = 0; i < p->scenario.n_rules; i++) {
		const struct fake_rule *r = &p->scenario.rules[i];

		if (r->type >= 0.0 && r->field == field && rule_is(r, call, d) &&
			(r->scope < 0.0 || r->scope == scope))
			return (int)r->type;
	}
	return -1;
}

bool fake_process_is_on(const struct fake_device *d, const struct fake_process *p, int mig)
{
	if (mig >= 0 && p->mig != (double)mig)
		return false;
	return p->from_s <= d->now_s && d->now_s < p->to_s;
}

/* ----- clients */

static void devices_begin(struct fake_play *p)
{
	const struct fake_scenario *s = &p->scenario;

	struct timespec wall;

	clock_gettime(CLOCK_MONOTONIC, &p->epoch);
	clock_gettime(CLOCK_REALTIME, &wall);
	p->epoch_us = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000;
	p->calls_s = 0.0;
	p->n_devices = 0;
	for (size_t i = 0; i < s->n_devices; i++)
		if (!strcmp(s->devices[i].vendor, p->vendor)) {
			fake_device_begin(
				&p->devices[p->n_devices], &s->devices[i], p->n_devices, s->seed);
			p->n_devices++;
		}
	for (size_t i = p->n_devices; i < FAKE_DEVICES; i++)
		p->devices[i].spec = NULL;
}

/* Whether the file still says what the kept scenario was read from. */
static bool same_file(const struct fake_play *p, const char *path)
{
	struct buf text = {0};
	bool same = false;

	if (path && !file_read(path, (size_t)1 << 22, &text, NULL))
		same = text.len == p->scenario.text.len &&
		       !memcmp(text.data, p->scenario.text.data, text.len);
	buf_finish(&text);
	return same;
}

bool fake_is_current(struct fake_play *p)
{
	const char *path = fake_scenario_path();
	bool current;

	pthread_mutex_lock(&p->lock);
	current = p->clients && p->pid == getpid() &&
		  (path ? same_file(p, path) : p->scenario.text.len == 0);
	pthread_mutex_unlock(&p->lock);
	return current;
}

static int scenario_begin(struct fake_play *p)
{
	const char *path = fake_scenario_path();

	if (p->kept && same_file(p, path))
		return 0;
	fake_scenario_finish(&p->scenario);
	p->kept = false;
	if (fake_scenario_read(&p->scenario, path, &p->why)) {
		fake_scenario_finish(&p->scenario);
		return FAKE_BAD_SCENARIO;
	}
	devices_begin(p);
	return 0;
}

/* The last one to go frees the scenario, unless it is kept. */
static void client_ends(struct fake_play *p)
{
	if (--p->clients)
		return;
	for (size_t i = 0; i < p->n_devices; i++)
		fake_device_let_go(&p->devices[i]);
	p->kept = p->scenario.keep;
	if (!p->kept)
		fake_scenario_finish(&p->scenario);
}

int fake_begin(struct fake_play *p)
{
	struct struck s;
	int result = 0;

	pthread_mutex_lock(&p->lock);
	if (p->pid != getpid())
		p->clients = 0;
	p->pid = getpid();
	if (!p->clients)
		result = scenario_begin(p);
	if (result)
		return fake_leave(p, result);
	p->clients++; /* before a slow start, so that nobody else's end ends this one */
	s = strike(p, p->init, NULL);
	take_time(p, &s);
	if (s.result)
		client_ends(p);
	return fake_leave(p, s.result);
}

int fake_end(struct fake_play *p)
{
	int result;

	pthread_mutex_lock(&p->lock);
	result = p->clients && p->pid == getpid() ? 0 : p->closed;
	if (!result)
		client_ends(p);
	return fake_leave(p, result);
}
