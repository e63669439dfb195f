#include "sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "core/fail.h"

/* ----- opening */

static void sim_close(void *state)
{
	struct sim *s = state;

	plan_finish(&s->plan);
	hg_predictor_destroy(s->predictor);
	hg_model_destroy(s->model);
	free(s);
}

/* Same spec, same identity: FNV-1a over the spec, spread by the generator. */
static void uuid_make(const char *spec, char *text, size_t room)
{
	uint64_t hash = 14695981039346656037u, a, b;
	struct rng rng;

	for (; *spec; spec++)
		hash = (hash ^ (unsigned char)*spec) * 1099511628211u;
	rng_init(&rng, hash);
	a = rng_u64(&rng);
	b = rng_u64(&rng);
	(void)snprintf(text, room, "SIM-%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32),
		(unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xffff), (unsigned)(b >> 48),
		(unsigned long long)(b & 0xffffffffffffu));
}

static int64_t to_ns(double seconds)
{
	return (int64_t)ceil(seconds * 1e9 - 1e-3);
}

static hg_err sim_load(struct sim *s, const char *name, hg_error *why)
{
	const char *near;
	hg_err rc;

	if (!*name)
		return fail(why, HG_EINVAL, "%.64s: expected \"sim:MODEL\", such as \"sim:h100\"",
			s->spec);
	rc = hg_model_load(name, s->ctx->data_dir, &s->model, why);
	if (rc != HG_ENOENT)
		return rc;
	near = model_nearest(name);
	if (near)
		return fail(why, rc, "%.64s: no device model \"%.48s\"; did you mean \"sim:%s\"?",
			s->spec, name, near);
	return rc;
}

static hg_err sim_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct sim *s = calloc(1, sizeof *s);
	char *name = NULL;
	hg_err rc;

	*state = NULL;
	if (!s)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", req->spec);
	s->ctx = req->ctx;
	s->spec = req->spec;
	s->alarm_ns = INT64_MAX;
	rc = sim_options_parse(req->spec, req->rest, &s->o, &name, why);
	if (rc)
		goto out;
	rc = sim_load(s, name, why);
	if (rc)
		goto out;
	uuid_make(req->spec, s->uuid, sizeof s->uuid);
	rng_init(&s->rng, s->o.seed);
	s->tick_ns = to_ns(s->o.tick_s);
	s->lag_ns = to_ns(s->o.lag_s);
	s->latency_ns = to_ns(s->o.latency_s);
	/* a counter's ticks have nothing to do with when somebody began to look */
	if (s->tick_ns > 0)
		s->next_tick_ns = 1 + (int64_t)rng_below(&s->rng, (uint64_t)s->tick_ns);
	s->set[SIM_POWER_LIMIT] = llround(s->model->f.cap_default_w * 1e3);
	memcpy(s->active, s->set, sizeof s->active);
	s->power_w = s->model->f.idle_w;
	s->clock_hz = s->model->f.clock_min_hz;
	s->flags = HG_CAP_NOT_BINDING;
	s->temperature_c = s->model->f.ambient_c + s->model->f.thermal_k_per_w * s->model->f.idle_w;
	s->epoch_ns = ctx_now(s->ctx);
	*state = s;
	s = NULL;
out:
	free(name);
	if (s)
		sim_close(s);
	return rc;
}

static void sim_info(const void *state, hg_device_info *info)
{
	const struct sim *s = state;

	info->simulated = 1;
	info->vendor = s->model->vendor;
	info->model = s->model->name;
	info->title = s->model->title;
	info->uuid = s->uuid;
}

/* ----- signals */

enum {
	SIGNAL_ENERGY,
	SIGNAL_POWER,
	SIGNAL_SM_CLOCK,
	SIGNAL_TEMPERATURE,
	SIGNAL_THROTTLE,
	SIGNAL_UTILISATION,
	SIGNAL_STATIC_POWER,
	SIGNAL_MEMORY_CLOCK,
	SIGNALS
};

static const hg_signal_info signals[SIGNALS] = {
	[SIGNAL_ENERGY] = {.agg = HG_AGG_SUM,
		.behaviour = HG_MONOTONE,
		.name = "energy",
		.unit = "uJ",
		.text = "energy used since the device was opened, as of the last tick",
		.domain = "gpu",
		.resolution = 1},
	[SIGNAL_POWER] = {.agg = HG_AGG_SUM,
		.behaviour = HG_VARIABLE,
		.name = "power",
		.unit = "mW",
		.text = "power of the latest stretch of work or idleness",
		.domain = "gpu",
		.resolution = 1},
	[SIGNAL_SM_CLOCK] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "sm_clock",
		.unit = "Hz",
		.text = "clock of the latest stretch of work or idleness",
		.domain = "gpu",
		.resolution = 1},
	[SIGNAL_TEMPERATURE] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "temperature",
		.unit = "mC",
		.text = "temperature of one thermal node fed by the power",
		.domain = "gpu",
		.resolution = 1},
	[SIGNAL_THROTTLE] = {.agg = HG_AGG_SAME,
		.behaviour = HG_VARIABLE,
		.name = "throttle",
		.unit = "bits",
		.text = "why the clock is below the asked one: bit 0 the power limit",
		.domain = "gpu",
		.resolution = 1},
	[SIGNAL_UTILISATION] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "utilisation",
		.unit = "ppm",
		.text = "share of the latest run or idle period in which kernels ran",
		.domain = "gpu",
		.resolution = 1},
	[SIGNAL_STATIC_POWER] = {.agg = HG_AGG_SUM,
		.behaviour = HG_CONSTANT,
		.name = "static_power",
		.unit = "mW",
		.text = "power while waiting for work with the clocks up",
		.domain = "gpu",
		.resolution = 1},
	[SIGNAL_MEMORY_CLOCK] = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "memory_clock",
		.unit = "Hz",
		.text = "clock of the memory",
		.domain = "memory",
		.resolution = 1,
		.absent = "the simulated device models memory by its bandwidth alone"},
};

static size_t sim_signals(const void *state)
{
	(void)state;
	return SIGNALS;
}

static void sim_signal(const void *state, size_t i, hg_signal_info *info)
{
	const struct sim *s = state;

	*info = signals[i];
	if (i == SIGNAL_ENERGY)
		info->period_ns = s->tick_ns;
}

static int64_t signal_value(struct sim *s, size_t id)
{
	switch (id) {
	case SIGNAL_ENERGY:
		return sim_counter(s);
	case SIGNAL_POWER:
		return llround(s->power_w * 1e3);
	case SIGNAL_SM_CLOCK:
		return llround(s->clock_hz);
	case SIGNAL_TEMPERATURE:
		sim_heat(s);
		return llround(s->temperature_c * 1e3);
	case SIGNAL_THROTTLE:
		return s->flags & HG_CAP_NOT_BINDING ? 0 : HG_THROTTLE_POWER_LIMIT;
	case SIGNAL_UTILISATION:
		return s->span_s > 0.0 ? llround(1e6 * s->busy_s / s->span_s) : 0;
	default:
		return llround(s->model->f.gap_w * 1e3);
	}
}

static void sim_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	struct sim *s = state;

	sim_catch_up(s);
	for (size_t i = 0; i < n; i++) {
		out[i] = (hg_reading){.t0_ns = s->t.whole, .t1_ns = s->t.whole};
		if (signals[ids[i]].absent)
			out[i].rc = HG_EUNSUPPORTED;
		else
			out[i].value = signal_value(s, ids[i]);
	}
}

static int64_t sim_now(const void *state)
{
	const struct sim *s = state;
	int64_t now_ns = s->o.realtime ? ctx_now(s->ctx) - s->epoch_ns : 0;

	return now_ns > s->t.whole ? now_ns : s->t.whole;
}

/* ----- knobs */

static size_t sim_knobs(const void *state)
{
	(void)state;
	return SIM_KNOBS;
}

static void sim_knob(const void *state, size_t i, hg_knob_info *info)
{
	const struct sim *s = state;
	const struct figures *f = &s->model->f;

	info->current = s->set[i];
	info->latency_ns = s->latency_ns;
	if (i == SIM_POWER_LIMIT) {
		info->name = "power_limit";
		info->unit = "mW";
		info->text = "most power that work may draw; the clock falls to keep it";
		info->min = llround(f->cap_min_w * 1e3);
		info->max = llround(f->cap_max_w * 1e3);
		info->step = 1000;
		info->default_value = llround(f->cap_default_w * 1e3);
	} else {
		info->name = "sm_clock";
		info->unit = "Hz";
		info->text = "locked clock of the compute units; 0: not locked";
		info->min = llround(f->clock_min_hz);
		info->max = llround(f->clock_max_hz);
		info->step = llround(f->clock_step_hz);
		info->default_value = 0;
	}
}

/* Set again before any time has passed: only the last one counts. */
static struct sim_pending *pending_slot(struct sim *s, size_t knob, int64_t at_ns)
{
	for (size_t i = 0; i < s->n_pending; i++)
		if (s->pending[i].knob == knob && s->pending[i].at_ns == at_ns)
			return &s->pending[i];
	return s->n_pending < SIM_PENDING_MAX ? &s->pending[s->n_pending++] : NULL;
}

static hg_err sim_set(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	struct sim *s = state;
	hg_knob_info info = {.size = sizeof info};
	struct sim_pending *p;

	sim_catch_up(s);
	sim_knob(s, knob, &info);
	if (value != info.default_value && value != info.max) {
		int64_t steps = (value - info.min + info.step / 2) / info.step;

		value = info.min + steps * info.step;
		value = value < info.max ? value : info.max;
	}
	p = pending_slot(s, knob, s->t.whole + s->latency_ns);
	if (!p)
		return fail(why, HG_ELIMIT, "%s: more than %d knob settings under way", s->spec,
			SIM_PENDING_MAX);
	*p = (struct sim_pending){
		.at_ns = s->t.whole + s->latency_ns, .value = value, .knob = (enum sim_knob)knob};
	s->set[knob] = value;
	effect->enforced = value;
	effect->observed = value;
	sim_apply_due(s);
	return HG_OK;
}

static bool sim_alarm(void *state, int64_t at_ns, backend_alarm_fn fn, void *user)
{
	struct sim *s = state;

	if (s->o.realtime)
		return false;
	s->alarm_ns = at_ns;
	s->alarm = fn;
	s->alarm_user = user;
	return true;
}

static const struct device_hooks sim_hooks = {
	.close = sim_close,
	.info = sim_info,
	.signals = sim_signals,
	.signal = sim_signal,
	.read = sim_read,
	.now = sim_now,
	.knobs = sim_knobs,
	.knob = sim_knob,
	.set = sim_set,
	.alarm = sim_alarm,
};

const struct backend sim_backend = {
	.abi = BACKEND_ABI,
	.name = "sim",
	.text = "simulated devices, sim:MODEL[,KEY=VALUE...]",
	.open = sim_open,
	.device = &sim_hooks,
	.nearest = model_nearest,
};
