/* A scripted device under a meter. */
#ifndef HG_TESTS_METER_H
#define HG_TESTS_METER_H

#include "near.h"

#include <hourglass/hourglass.h>

#include "script.h"

struct metered {
	hg_ctx *ctx;
	hg_device *device;
	hg_meter *meter;
	struct script *script;
};

static inline struct metered metered_with(struct script *s, const hg_meter_opts *opts)
{
	struct metered m = {.script = s};
	hg_error why = {""};

	assert_ok(hg_open(NULL, &m.ctx, &why), &why);
	assert_ok(script_open(m.ctx, s, &m.device, &why), &why);
	assert_ok(hg_meter_open(m.ctx, &m.device, 1, opts, &m.meter, &why), &why);
	return m;
}

static inline struct metered metered(struct script *s)
{
	return metered_with(s, NULL);
}

static inline void metered_end(struct metered *m)
{
	hg_meter_close(m->meter);
	hg_close(m->ctx);
}

static inline hg_meter_state state_of(const struct metered *m)
{
	hg_meter_state s = {.size = sizeof s};

	assert_int_equal(hg_meter_get_state(m->meter, 0, &s, NULL), HG_OK);
	return s;
}

static inline int64_t ns(double seconds)
{
	return (int64_t)llround(seconds * 1e9);
}

/* Runs until a time with a window open from another one on. */
static inline void run_open(struct metered *m, double from_s, double until_s)
{
	script_run(m->device, m->script, from_s - (double)m->script->now_ns * 1e-9);
	(void)hg_meter_begin(m->meter);
	script_run(m->device, m->script, until_s - from_s);
	(void)hg_meter_end(m->meter);
}

static inline hg_energy energy(const struct metered *m, double t0_s, double t1_s)
{
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};

	assert_ok(hg_meter_energy(m->meter, 0, ns(t0_s), ns(t1_s), 0, &e, &why), &why);
	return e;
}

static inline hg_err refused(const struct metered *m, double t0_s, double t1_s, hg_error *why)
{
	hg_energy e = {.size = sizeof e};
	hg_err rc = hg_meter_energy(m->meter, 0, ns(t0_s), ns(t1_s), HG_WINDOW_ESTIMATE, &e, why);

	assert_true(rc != HG_OK);
	assert_int_equal(e.method, HG_METHOD_NONE);
	assert_true(isnan(e.joules));
	return rc;
}

#endif
