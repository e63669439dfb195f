/* The device layer: registry, identity, signals, knobs, errors, backends that are not fit for use.
 */
#include "near.h"

#include <stdlib.h>

#include <hourglass/hourglass.h>

#include "core/context.h"
#include "hardware/device/backend.h"

static hg_ctx *context(void)
{
	hg_error why = {""};
	hg_ctx *ctx;

	assert_ok(hg_open(NULL, &ctx, &why), &why);
	return ctx;
}

static hg_device *device(hg_ctx *ctx, const char *spec)
{
	hg_error why = {""};
	hg_device *d;

	assert_ok(hg_device_open(ctx, spec, &d, &why), &why);
	return d;
}

static void test_two_contexts(void **state)
{
	hg_ctx *a = context(), *b = context();
	hg_device *a1 = device(a, "sim:h100"), *a2 = device(a, "sim:v100");
	hg_device *b1 = device(b, "sim:h100");
	hg_workload *w;
	hg_sim_truth truth = {.size = sizeof truth};
	hg_error why;

	(void)state;
	/* in the order they were opened, each context its own */
	assert_ptr_equal(hg_device_next(a, NULL), a1);
	assert_ptr_equal(hg_device_next(a, a1), a2);
	assert_null(hg_device_next(a, a2));
	assert_ptr_equal(hg_device_next(b, NULL), b1);
	assert_null(hg_device_next(b, b1));
	/* what happens in one does not happen in the other */
	assert_ok(hg_workload_load("llm-decode", NULL, &w, &why), &why);
	assert_ok(hg_sim_run(a1, w, 100, &truth, &why), &why);
	assert_true(hg_device_now(a1) > 0);
	assert_int_equal(hg_device_now(b1), 0);
	hg_device_close(a2);
	assert_ptr_equal(hg_device_next(a, NULL), a1);
	assert_null(hg_device_next(a, a1));
	hg_close(a);
	assert_ok(hg_sim_run(b1, w, 1, &truth, &why), &why);
	hg_close(b);
	hg_workload_destroy(w);
	hg_device_close(NULL);
}

static void test_identity(void **state)
{
	hg_ctx *ctx = context();
	hg_device_info a = {.size = sizeof a}, b = {.size = sizeof b}, c = {.size = sizeof c};
	hg_device_info old = {.size = 16};

	(void)state;
	hg_device_get_info(device(ctx, "sim:h100,seed=7"), &a);
	hg_device_get_info(device(ctx, "sim:h100,seed=7"), &b);
	hg_device_get_info(device(ctx, "sim:h100,seed=8"), &c);
	assert_int_equal(a.simulated, 1);
	assert_string_equal(a.spec, "sim:h100,seed=7");
	assert_string_equal(a.backend, "sim");
	assert_string_equal(a.vendor, "nvidia");
	assert_string_equal(a.model, "h100-sxm");
	assert_string_equal(a.title, "NVIDIA H100 SXM5 80GB");
	assert_string_equal(a.pci, "");
	assert_string_equal(a.parent, "");
	assert_memory_equal(a.uuid, "SIM-", 4);
	assert_string_equal(a.uuid, b.uuid);
	assert_string_not_equal(a.uuid, c.uuid);
	/* a caller that knows less of the struct gets what it knows of */
	hg_device_get_info(hg_device_next(ctx, NULL), &old);
	assert_int_equal(old.size, 16);
	assert_string_equal(old.spec, "sim:h100,seed=7");
	assert_null(old.backend);
	hg_close(ctx);
}

static void test_signals(void **state)
{
	static const char *const present[] = {"energy", "power", "sm_clock", "temperature",
		"throttle", "utilisation", "static_power"};
	hg_ctx *ctx = context();
	hg_device *d = device(ctx, "sim:h100");
	hg_signal_info info = {.size = sizeof info};
	hg_reading two[2] = {{.value = 42}, {.value = 42}};
	size_t ids[2], n = hg_device_signals(d);

	(void)state;
	for (size_t i = 0; i < sizeof present / sizeof present[0]; i++) {
		size_t id = hg_device_signal_index(d, present[i]);

		assert_true(id < n);
		assert_int_equal(hg_device_signal(d, id, &info), HG_OK);
		assert_string_equal(info.name, present[i]);
		assert_null(info.absent);
		assert_true(*info.unit && *info.text && *info.domain);
		assert_true(info.resolution > 0);
	}
	ids[0] = hg_device_signal_index(d, "energy");
	assert_int_equal(hg_device_signal(d, ids[0], &info), HG_OK);
	assert_int_equal(info.behaviour, HG_MONOTONE);
	assert_int_equal(info.agg, HG_AGG_SUM);
	assert_int_equal(info.period_ns, 100000000);
	/* absent: the reason is there, reading fails alone */
	ids[0] = hg_device_signal_index(d, "memory_clock");
	ids[1] = hg_device_signal_index(d, "power");
	assert_int_equal(hg_device_signal(d, ids[0], &info), HG_OK);
	assert_non_null(info.absent);
	assert_int_equal(hg_device_read(d, ids, 2, two), HG_OK);
	assert_int_equal(two[0].rc, HG_EUNSUPPORTED);
	assert_int_equal(two[1].rc, HG_OK);
	assert_int_equal(two[1].value, 70000);
	assert_int_equal(hg_device_signal_index(d, "nonsense"), SIZE_MAX);
	assert_int_equal(hg_device_signal(d, n, &info), HG_EINVAL);
	ids[0] = n;
	assert_int_equal(hg_device_read(d, ids, 2, two), HG_EINVAL);
	hg_close(ctx);
}

static void test_knobs(void **state)
{
	hg_ctx *ctx = context();
	hg_device *d = device(ctx, "sim:h100");
	size_t power = hg_device_knob_index(d, "power_limit");
	size_t clock = hg_device_knob_index(d, "sm_clock");
	hg_knob_info info = {.size = sizeof info};
	hg_effect effect;
	hg_error why = {""};

	(void)state;
	assert_int_equal(hg_device_knobs(d), 2);
	assert_int_equal(hg_device_knob_index(d, "voltage"), SIZE_MAX);
	assert_int_equal(hg_device_knob(d, 2, &info), HG_EINVAL);
	assert_int_equal(hg_device_knob(d, power, &info), HG_OK);
	assert_string_equal(info.unit, "mW");
	assert_int_equal(info.min, 200000);
	assert_int_equal(info.max, 700000);
	assert_int_equal(info.default_value, 700000);
	assert_int_equal(info.current, 700000);
	assert_int_equal(info.latency_ns, 10000000);
	assert_null(info.unsettable);
	/* rounded to a step, and said so */
	assert_ok(hg_device_set(d, power, 300400, &effect, &why), &why);
	assert_int_equal(effect.requested, 300400);
	assert_int_equal(effect.enforced, 300000);
	assert_int_equal(effect.observed, 300000);
	assert_int_equal(hg_device_knob(d, power, &info), HG_OK);
	assert_int_equal(info.current, 300000);
	assert_ok(hg_device_set(d, clock, 1000000000, &effect, &why), &why);
	assert_int_equal(effect.enforced % 15000000, 345000000 % 15000000);
	assert_ok(hg_device_set(d, clock, 1980000000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 1980000000);
	/* 0 is the default: not locked */
	assert_ok(hg_device_set(d, clock, 0, &effect, &why), &why);
	assert_int_equal(effect.enforced, 0);
	assert_int_equal(hg_device_set(d, clock, 1, &effect, &why), HG_ERANGE);
	assert_has(why.text, "345000000");
	assert_has(why.text, "1980000000");
	assert_int_equal(hg_device_set(d, power, 199999, &effect, &why), HG_ERANGE);
	assert_has(why.text, "power_limit");
	assert_int_equal(hg_device_set(d, power, INT64_MIN, NULL, NULL), HG_ERANGE);
	assert_int_equal(hg_device_set(d, power, INT64_MAX, NULL, NULL), HG_ERANGE);
	assert_int_equal(hg_device_set(d, 9, 0, NULL, &why), HG_EINVAL);
	assert_ok(hg_device_set(d, clock, 1500000000, NULL, &why), &why);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(hg_device_knob(d, power, &info), HG_OK);
	assert_int_equal(info.current, 700000);
	assert_int_equal(hg_device_knob(d, clock, &info), HG_OK);
	assert_int_equal(info.current, 0);
	hg_close(ctx);
}

static void test_bad_names(void **state)
{
	static const struct {
		const char *spec;
		hg_err code;
		const char *says;
	} cases[] = {
		{"sim:h10", HG_ENOENT, "did you mean \"sim:h100-sxm\""},
		{"h100", HG_ENOENT, "did you mean \"sim:h100-sxm\""},
		{"sym:h100", HG_ENOENT, "did you mean \"sim\""},
		{"", HG_ENOENT, "of these backends: "},
		{"frob:x", HG_ENOENT, "of these backends: "},
		{":", HG_ENOENT, "sim"},
		{"sim:", HG_EINVAL, "sim:MODEL"},
		{"sim:,seed=1", HG_EINVAL, "sim:MODEL"},
		{"sim:warp-drive", HG_ENOENT, "there is: a10, a100-pcie, "},
		{"sim:h100,", HG_EINVAL, "no option \"\""},
		{"sim:h100,sed=1", HG_EINVAL, "did you mean \"seed\""},
		{"sim:h100,frobnicate=1", HG_EINVAL, "realtime"},
		{"sim:h100,seed", HG_EINVAL, "seed: expected a whole number"},
		{"sim:h100,seed=", HG_EINVAL, "seed"},
		{"sim:h100,seed=-1", HG_EINVAL, "seed"},
		{"sim:h100,seed=1.5", HG_EINVAL, "seed"},
		{"sim:h100,seed=18446744073709551616", HG_EINVAL, "seed"},
		{"sim:h100,seed=1,seed=1", HG_EINVAL, "seed: given twice"},
		{"sim:h100,noise=51%", HG_EINVAL, "noise: expected 0% to 50%"},
		{"sim:h100,noise=-1%", HG_EINVAL, "noise"},
		{"sim:h100,tick=61s", HG_EINVAL, "tick"},
		{"sim:h100,tick=10W", HG_EINVAL, "tick"},
		{"sim:h100,latency=x", HG_EINVAL, "latency"},
		{"sim:h100,gain=0", HG_EINVAL, "gain"},
		{"sim:h100,lag=2s", HG_EINVAL, "lag: expected at most 16 ticks"},
		{"sim:h100,tick=0,lag=1ms", HG_EINVAL, "lag"},
		{"sim:h100,realtime=2", HG_EINVAL, "realtime: expected 0 or 1"},
		{"sim:/nowhere/x.json", HG_ENOENT, "/nowhere/x.json"},
	};
	hg_ctx *ctx = context();
	hg_device *d;
	hg_error why;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hg_err rc = hg_device_open(ctx, cases[i].spec, &d, &why);

		if (rc != cases[i].code)
			print_error("%s: %s: %s\n", cases[i].spec, hg_err_name(rc), why.text);
		assert_int_equal(rc, cases[i].code);
		assert_null(d);
		assert_has(why.text, cases[i].says);
		assert_int_equal(hg_device_open(ctx, cases[i].spec, &d, NULL), cases[i].code);
	}
	assert_null(hg_device_next(ctx, NULL));
	assert_int_equal(hg_device_open(NULL, "sim:h100", &d, &why), HG_EINVAL);
	assert_int_equal(hg_device_open(ctx, NULL, &d, &why), HG_EINVAL);
	hg_device_close(device(ctx, "sim: h100 , seed = 18446744073709551615 , noise = 1 %"));
	hg_device_close(device(ctx, "sim:" HG_SOURCE_DIR "/devices/b200.json,tick=20ms"));
	hg_close(ctx);
}

/* ----- a backend of our own */

static hg_err odd_open(const struct backend_request *req, void **state, hg_error *why)
{
	(void)why;
	*state = NULL;
	return strcmp(req->rest, "broken") == 0 ? HG_EDEVICE : HG_OK;
}

static void odd_close(void *state)
{
	(void)state;
}

static void odd_info(const void *state, hg_device_info *info)
{
	(void)state;
	info->title = "odd";
	info->size = 0;
}

static size_t odd_count(const void *state)
{
	(void)state;
	return 1;
}

static void odd_signal(const void *state, size_t i, hg_signal_info *info)
{
	(void)state;
	(void)i;
	info->name = "energy";
	info->absent = "this board has no sensor";
}

static void odd_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	(void)state;
	(void)ids;
	for (size_t i = 0; i < n; i++)
		out[i].rc = HG_EUNSUPPORTED;
}

static int64_t odd_now(const void *state)
{
	(void)state;
	return 1;
}

static void odd_knob(const void *state, size_t i, hg_knob_info *info)
{
	(void)state;
	(void)i;
	info->name = "power_limit";
	info->unit = "mW";
	info->unsettable = "not as this user";
}

static hg_err odd_set(void *state, size_t knob, int64_t value, hg_effect *e, hg_error *why)
{
	(void)state;
	(void)knob;
	(void)value;
	(void)e;
	(void)why;
	return HG_EINTERNAL;
}

static const struct device_hooks odd_hooks = {odd_close, odd_info, odd_count, odd_signal, odd_read,
	odd_now, odd_count, odd_knob, odd_set, NULL, NULL};

static const struct backend odd = {.abi = BACKEND_ABI,
	.name = "odd",
	.text = "a test",
	.open = odd_open,
	.device = &odd_hooks};

static void assert_unfit(const struct backend *b)
{
	hg_error why = {""};

	assert_int_equal(backend_check(b, &why), HG_EINTERNAL);
	assert_true(strlen(why.text) > 10);
}

static void test_backend_check(void **state)
{
	hg_ctx *ctx = context();
	struct backend b = odd;
	hg_device *d;
	hg_error why;
	static const size_t parts[] = {offsetof(struct backend, name),
		offsetof(struct backend, text), offsetof(struct backend, open),
		offsetof(struct backend, device)};
	static const size_t hooks[] = {offsetof(struct device_hooks, close),
		offsetof(struct device_hooks, info), offsetof(struct device_hooks, signals),
		offsetof(struct device_hooks, signal), offsetof(struct device_hooks, read),
		offsetof(struct device_hooks, now), offsetof(struct device_hooks, knobs),
		offsetof(struct device_hooks, knob), offsetof(struct device_hooks, set)};

	(void)state;
	for (size_t i = 0; backends[i]; i++)
		assert_int_equal(backend_check(backends[i], &why), HG_OK);
	assert_int_equal(backend_check(&odd, &why), HG_OK);
	b.abi++;
	assert_int_equal(device_open_with(ctx, &b, "odd:", "", &d, &why), HG_EVERSION);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		b = odd;
		memset((char *)&b + parts[i], 0, sizeof(void *));
		assert_unfit(&b);
	}
	for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
		struct device_hooks device = odd_hooks;

		b = odd;
		b.device = &device;
		memset((char *)&device + hooks[i], 0, sizeof(void *));
		assert_unfit(&b);
	}
	hg_close(ctx);
}

static hg_err no_work(void *user, hg_device *d, uint64_t units)
{
	(void)user;
	(void)d;
	(void)units;
	return HG_OK;
}

static void test_other_backend(void **state)
{
	static const char good[] = "odd:1", broken[] = "odd:broken";
	hg_ctx *ctx = context();
	hg_workload *w;
	hg_device *d;
	hg_error why;
	hg_device_info info = {.size = sizeof info};
	const int64_t value = 1;
	const hg_sweep sweep = {0, &value, 1};
	const hg_profile_opts opts = {.size = sizeof opts, .sweeps = &sweep, .n_sweeps = 1};
	hg_frontier *f;

	(void)state;
	assert_int_equal(device_open_with(ctx, &odd, broken, broken + 4, &d, &why), HG_EDEVICE);
	assert_null(hg_device_next(ctx, NULL));
	assert_ok(device_open_with(ctx, &odd, good, good + 4, &d, &why), &why);
	hg_device_get_info(d, &info);
	assert_int_equal(info.size, sizeof info);
	assert_string_equal(info.spec, "odd:1");
	assert_string_equal(info.uuid, "");
	assert_int_equal(hg_device_set(d, 0, 0, NULL, &why), HG_EUNSUPPORTED);
	assert_has(why.text, "not as this user");
	assert_ok(hg_device_reset(d, &why), &why);
	/* what is not simulated cannot be run */
	assert_ok(hg_workload_load("llm-decode", NULL, &w, &why), &why);
	assert_int_equal(hg_sim_run(d, w, 1, NULL, &why), HG_EINVAL);
	assert_has(why.text, "odd:1: not a simulated device");
	assert_int_equal(hg_sim_idle(d, 1, NULL, &why), HG_EINVAL);
	assert_int_equal(hg_sim_watch(d, NULL, NULL), HG_EINVAL);
	assert_int_equal(hg_sim_run(NULL, w, 1, NULL, &why), HG_EINVAL);
	/* nor can energy be measured without a counter */
	assert_int_equal(hg_profile(d, &opts, no_work, NULL, &f, &why), HG_EUNSUPPORTED);
	assert_has(why.text, "this board has no sensor");
	hg_workload_destroy(w);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_contexts),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_knobs),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_backend_check),
		cmocka_unit_test(test_other_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
