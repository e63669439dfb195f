#include "script.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "hardware/device/backend.h"

#include "core/context.h"

enum {
	SCRIPT_ENERGY,
	SCRIPT_POWER,
	SCRIPT_SIGNALS
};

double script_energy(const struct script *s, double t_s)
{
	double j = 0.0;

	for (size_t i = 0; i < s->n_steps && s->steps[i].from_s < t_s; i++) {
		double end = i + 1 < s->n_steps ? fmin(t_s, s->steps[i + 1].from_s) : t_s;

		j += s->steps[i].power_w * (end - s->steps[i].from_s);
	}
	return j;
}

static double power_w(const struct script *s, double t_s)
{
	double w = 0.0;

	if (s->power_period_s > 0.0)
		t_s = floor(t_s / s->power_period_s + 1e-9) * s->power_period_s;
	for (size_t i = 0; i < s->n_steps && s->steps[i].from_s <= t_s + 1e-12; i++)
		w = s->steps[i].power_w;
	return w;
}

static int64_t counter_uj(const struct script *s, double t_s)
{
	double j, shown_s = t_s;
	int64_t uj;

	if (s->period_s > 0.0)
		shown_s = floor((t_s - s->phase_s) / s->period_s + 1e-9) * s->period_s + s->phase_s;
	j = s->start_j + script_energy(s, fmax(shown_s - s->lag_s, 0.0));
	uj = (int64_t)(j * 1e6);
	if (s->resolution_uj > 1)
		uj -= uj % s->resolution_uj;
	if (s->modulus)
		uj = (int64_t)((uint64_t)uj % s->modulus);
	return uj;
}

static int64_t script_now(const void *state)
{
	const struct script *s = state;

	return s->real_time ? ctx_now(s->ctx) - s->epoch_ns : s->now_ns;
}

static void script_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	struct script *s = state;

	for (size_t i = 0; i < n; i++) {
		bool energy = ids[i] == SCRIPT_ENERGY;
		int64_t t0 = script_now(s);
		double now_s = (double)t0 * 1e-9 + 0.5 * s->read_s;

		atomic_fetch_add(energy ? &s->reads : &s->power_reads, 1);
		out[i] = (hg_reading){.t0_ns = t0, .t1_ns = t0 + (int64_t)(s->read_s * 1e9)};
		if (energy && s->no_energy)
			out[i].rc = HG_EUNSUPPORTED;
		else
			out[i].value = energy ? counter_uj(s, now_s)
					      : (int64_t)llround(power_w(s, now_s) * 1e3);
		if (energy && s->stamped && s->period_s > 0.0)
			out[i].t0_ns = out[i].t1_ns = llround(
				(floor((now_s - s->phase_s) / s->period_s + 1e-9) * s->period_s +
					s->phase_s) *
				1e9);
		if (s->fault)
			s->fault(s, energy ? "energy" : "power", now_s, &out[i]);
	}
}

static void script_info(const void *state, hg_device_info *info)
{
	const struct script *s = state;

	info->simulated = 1;
	info->uuid = s->uuid ? s->uuid : "";
	info->parent = s->parent ? s->parent : "";
}

static size_t script_signals(const void *state)
{
	(void)state;
	return SCRIPT_SIGNALS;
}

static void script_signal(const void *state, size_t i, hg_signal_info *info)
{
	const struct script *s = state;
	double said_s = s->said_period_s < 0.0 ? s->period_s : s->said_period_s;

	info->name = i == SCRIPT_ENERGY ? "energy" : "power";
	info->unit = i == SCRIPT_ENERGY ? "uJ" : "mW";
	info->text = "of a test";
	info->domain = s->domain ? s->domain : "gpu";
	info->behaviour = i == SCRIPT_ENERGY ? HG_MONOTONE : HG_VARIABLE;
	info->resolution = i == SCRIPT_ENERGY ? (uint64_t)s->resolution_uj : 1;
	info->absent = (i == SCRIPT_ENERGY ? s->no_energy : s->no_power) ? "a test has none" : NULL;
	if (i == SCRIPT_ENERGY) {
		info->period_ns = llround(said_s * 1e9);
		info->modulus = s->modulus;
		info->stamped = s->stamped;
	}
}

static size_t script_knobs(const void *state)
{
	const struct script *s = state;

	return s->max_mw > 0;
}

static void script_knob(const void *state, size_t i, hg_knob_info *info)
{
	const struct script *s = state;

	(void)i;
	info->name = "power_limit";
	info->unit = "mW";
	info->text = "of a test";
	info->min = 1000;
	info->max = info->default_value = s->max_mw;
	info->step = 1;
	info->current = atomic_load(&s->limit_mw);
}

static hg_err script_set(void *state, size_t knob, int64_t value, hg_effect *e, hg_error *why)
{
	struct script *s = state;

	(void)knob;
	(void)why;
	atomic_store(&s->limit_mw, value);
	e->enforced = e->observed = value;
	return HG_OK;
}

static bool script_alarm(void *state, int64_t at_ns, backend_alarm_fn fn, void *user)
{
	struct script *s = state;

	if (s->real_time)
		return false;
	s->alarm_ns = at_ns;
	s->alarm = fn;
	s->alarm_user = user;
	return true;
}

static void script_close(void *state)
{
	(void)state;
}

/* The device layer passes a spec and nothing else: the address of the script is in it. */
static hg_err script_begin(const struct backend_request *req, void **state, hg_error *why)
{
	struct script *s;
	uintptr_t address = 0;

	(void)why;
	for (const char *p = req->rest; *p; p++)
		address = address * 16 + (uintptr_t)(*p - 'a');
	memcpy(&s, &address, sizeof s);
	s->ctx = req->ctx;
	s->epoch_ns = ctx_now(req->ctx);
	s->alarm_ns = INT64_MAX;
	*state = s;
	return HG_OK;
}

static const struct device_hooks script_hooks = {.close = script_close,
	.info = script_info,
	.signals = script_signals,
	.signal = script_signal,
	.read = script_read,
	.now = script_now,
	.knobs = script_knobs,
	.knob = script_knob,
	.set = script_set,
	.alarm = script_alarm};

static const struct backend script_backend = {.abi = BACKEND_ABI,
	.name = "script",
	.text = "a test",
	.open = script_begin,
	.device = &script_hooks};

hg_err script_open(hg_ctx *ctx, struct script *s, hg_device **out, hg_error *why)
{
	char spec[32] = "script:", *p = spec + 7;
	uintptr_t address;

	memcpy(&address, &s, sizeof address);
	for (int shift = (int)sizeof address * 8 - 4; shift >= 0; shift -= 4)
		*p++ = (char)('a' + (address >> shift & 15));
	*p = '\0';
	return device_open_with(ctx, &script_backend, spec, spec + 7, out, why);
}

void script_run(hg_device *d, struct script *s, double seconds)
{
	int64_t end = s->now_ns + llround(seconds * 1e9);

	(void)device_enter(d);
	while (s->alarm_ns <= end) {
		backend_alarm_fn fn = s->alarm;

		s->now_ns = s->alarm_ns > s->now_ns ? s->alarm_ns : s->now_ns;
		s->alarm_ns = INT64_MAX;
		fn(s->alarm_user, s->now_ns);
	}
	s->now_ns = end > s->now_ns ? end : s->now_ns;
	device_leave(d);
}
