/* The NVML backend against the fake library: identity, signals, knobs, a profile. */
#define _POSIX_C_SOURCE 200809L
#include "fake-nvml.h"

#include <dlfcn.h>

#include <math.h>
#include <sys/wait.h>
#include <time.h>

/* ----- what is there */

static void test_signals(void **state)
{
	hg_ctx *ctx = context();
	hg_device_info info = {.size = sizeof info};
	hg_device *d;
	int64_t before;

	(void)state;
	play("{\"power_w\": 300, \"counter_period_s\": 0, \"memory_power_w\": 40, "
	     "\"module_w\": 90, \"power_profiles\": [0], \"energy_start_j\": 1000, \"utilisation\": 0.5, \"temperature_c\": 51}",
		", \"call_s\": 0.01, \"driver\": \"550.54.15\"");
	d = device(ctx, "nvml:0");
	hg_device_get_info(d, &info);
	assert_string_equal(info.driver, "550.54.15");
	assert_string_equal(info.vendor, "nvidia");
	assert_string_equal(info.title, "Fake H100");
	assert_string_equal(info.uuid, "GPU-fa4e0000-0000-4000-8000-000000000000");
	assert_string_equal(info.pci, "0000:17:00.0");
	assert_string_equal(info.parent, "");
	assert_int_equal(info.simulated, 1); /* joules of a fake are no joules */
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info s = {.size = sizeof s};

		assert_int_equal(hg_device_signal(d, i, &s), HG_OK);
		assert_null(s.absent);
		assert_true(*s.text && *s.domain && *s.unit && s.resolution > 0);
	}
	/* a call is 10 ms at 300 W: 3 J */
	before = value(d, "energy");
	assert_true(before > 1000000000);
	assert_int_equal(value(d, "energy"), before + 3000000);
	assert_int_equal(value(d, "power"), 300000);
	assert_int_equal(value(d, "power_average"), 300000);
	assert_int_equal(value(d, "memory_power"), 40000);
	assert_string_equal(signal_of(d, "memory_power").domain, "memory");
	assert_int_equal(value(d, "module_power"), 390000);
	assert_string_equal(signal_of(d, "module_power").domain, "module");
	assert_int_equal(value(d, "memory_temperature"), 56000);
	assert_int_equal(value(d, "power_profiles"), 0);
	assert_int_equal(value(d, "sm_clock"), 1980000000);
	assert_int_equal(value(d, "memory_clock"), 2619000000);
	assert_int_equal(value(d, "power_limit"), 700000);
	assert_int_equal(value(d, "temperature"), 51000);
	assert_int_equal(value(d, "throttle"), 0);
	assert_int_equal(value(d, "utilisation"), 500000);
	assert_int_equal(value(d, "memory_utilisation"), 250000);
	hg_close(ctx);
}

/* All at once is what each alone is, in any order and twice. */
static void test_read_many(void **state)
{
	hg_ctx *ctx = context();
	size_t ids[2 * NVML_SIGNALS];
	hg_reading many[2 * NVML_SIGNALS];
	hg_device *d;

	(void)state;
	play("{\"counter_period_s\": 1000}", "");
	d = device(ctx, "nvml:0");
	for (size_t i = 0; i < 2 * NVML_SIGNALS; i++)
		ids[i] = i * 7 % NVML_SIGNALS;
	assert_int_equal(hg_device_read(d, ids, 2 * NVML_SIGNALS, many), HG_OK);
	for (size_t i = 0; i < 2 * NVML_SIGNALS; i++) {
		hg_reading one;

		assert_int_equal(hg_device_read(d, &ids[i], 1, &one), HG_OK);
		assert_int_equal(many[i].rc, one.rc);
		assert_int_equal(many[i].value, one.value);
		assert_true(many[i].t0_ns > 0 && many[i].t0_ns <= many[i].t1_ns);
	}
	ids[0] = NVML_SIGNALS;
	assert_int_equal(hg_device_read(d, ids, 1, many), HG_EINVAL);
	hg_close(ctx);
}

static void test_counter(void **state)
{
	hg_ctx *ctx = context();
	hg_device *d;
	int64_t first, last;
	size_t moved = 0;

	(void)state;
	/* 100 W, from 1 s on 400 W; ticks of 0.1 s, calls of 10 ms; reads twice as much as it is */
	play("{\"power_w\": [[0, 100], [1, 400]], \"counter_period_s\": 0.1, \"counter_gain\": 2}",
		", \"call_s\": 0.01");
	d = device(ctx, "nvml:0");
	first = last = value(d, "energy");
	for (int i = 0; i < 200; i++) {
		int64_t now = value(d, "energy");

		assert_true(now >= last);
		moved += now != last;
		last = now;
	}
	/* at least 1 s of the 2 s at 400 W, times two */
	assert_true(moved >= 19 && moved <= 21);
	assert_true(last - first > 800000000 && last - first < 1700000000);
	assert_int_equal(signal_of(d, "energy").period_ns, 100000000);
	hg_close(ctx);
}

/* ----- knobs */

static void test_knobs(void **state)
{
	hg_ctx *ctx = context();
	hg_effect effect = {0};
	hg_error why = {""};
	hg_knob_info k;
	hg_device *d;
	int64_t before;

	(void)state;
	play("{\"power_w\": 600, \"counter_period_s\": 0}", ", \"call_s\": 0.01");
	d = device(ctx, "nvml:0");
	k = knob_of(d, "power_limit");
	assert_null(k.unsettable);
	assert_int_equal(k.min, 200000);
	assert_int_equal(k.max, 700000);
	assert_int_equal(k.default_value, 700000);
	assert_int_equal(k.current, 700000);
	assert_ok(set(d, "power_limit", 300000, &effect, &why), &why);
	assert_int_equal(effect.requested, 300000);
	assert_int_equal(effect.enforced, 300000);
	assert_int_equal(effect.observed, 300000);
	assert_int_equal(knob_of(d, "power_limit").current, 300000);
	/* the limit binds: power, clock and reason say so */
	assert_int_equal(value(d, "power_limit"), 300000);
	assert_int_equal(value(d, "power"), 300000);
	assert_int_equal(value(d, "sm_clock"), 990000000);
	assert_int_equal(value(d, "throttle"), HG_THROTTLE_POWER_LIMIT);
	before = value(d, "energy");
	assert_int_equal(value(d, "energy"), before + 3000000);
	/* out of range never reaches the driver */
	assert_int_equal(set(d, "power_limit", 199999, NULL, &why), HG_ERANGE);
	assert_int_equal(set(d, "power_limit", 700001, NULL, &why), HG_ERANGE);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(value(d, "power_limit"), 700000);
	hg_close(ctx);
}

static void test_clocks(void **state)
{
	hg_ctx *ctx = context();
	hg_effect effect = {0};
	hg_error why = {""};
	hg_knob_info k;
	hg_device *d;

	(void)state;
	play("{\"sm_clocks_mhz\": [1500, 1000, 1200, 1000], \"memory_clocks_mhz\": [800, 2600], "
	     "\"power_w\": 300}",
		"");
	d = device(ctx, "nvml:0");
	k = knob_of(d, "sm_clock");
	assert_null(k.unsettable);
	assert_int_equal(k.n_ladder, 3);
	assert_int_equal(k.ladder[0], 1000000000);
	assert_int_equal(k.ladder[2], 1500000000);
	assert_int_equal(k.min, 1000000000);
	assert_int_equal(k.max, 1500000000);
	assert_int_equal(k.step, 100000000);
	assert_int_equal(k.default_value, 0);
	/* to the nearest of the ladder, the lower of two */
	assert_ok(set(d, "sm_clock", 1340000000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 1200000000);
	assert_ok(set(d, "sm_clock", 1100000000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 1000000000);
	assert_int_equal(knob_of(d, "sm_clock").current, 1000000000);
	assert_int_equal(value(d, "sm_clock"), 1000000000);
	assert_int_equal(value(d, "power"), 200000);
	assert_ok(set(d, "memory_clock", 800000000, &effect, &why), &why);
	assert_int_equal(value(d, "memory_clock"), 800000000);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(value(d, "sm_clock"), 1500000000);
	assert_int_equal(value(d, "memory_clock"), 2600000000);
	assert_int_equal(knob_of(d, "sm_clock").current, 0);
	hg_close(ctx);
}

static void test_unsettable(void **state)
{
	hg_ctx *ctx = context();
	hg_error why = {""};
	hg_device *d;

	(void)state;
	play("{\"power_profiles\": [3], \"module_w\": 100}", ", \"rights\": false");
	d = device(ctx, "nvml:0");
	for (size_t i = 0; i < hg_device_knobs(d); i++) {
		hg_knob_info k = {.size = sizeof k};

		assert_int_equal(hg_device_knob(d, i, &k), HG_OK);
		assert_non_null(strstr(k.unsettable, "CAP_SYS_ADMIN"));
		assert_true(k.max > 0); /* the range is known all the same */
	}
	assert_int_equal(set(d, "power_limit", 300000, NULL, &why), HG_EUNSUPPORTED);
	assert_non_null(strstr(why.text, "CAP_SYS_ADMIN"));
	assert_ok(hg_device_reset(d, &why), &why);
	hg_close(ctx);
	/* a range of one value */
	play("{\"power_limit_min_w\": 290, \"power_limit_max_w\": 290, "
	     "\"power_limit_default_w\": 290}",
		"");
	ctx = context();
	assert_non_null(strstr(knob_of(device(ctx, "nvml:0"), "power_limit").unsettable, "single"));
	hg_close(ctx);
}

/* The limit of a superchip: the GPU gets what the rest of it leaves. */
static void test_module_limit(void **state)
{
	hg_ctx *ctx = context();
	hg_effect effect = {0};
	hg_error why = {""};
	hg_knob_info k;
	hg_device *d;

	(void)state;
	play("{\"power_w\": 650, \"module_w\": 250}, {}", ", \"call_s\": 0.01");
	d = device(ctx, "nvml:0");
	k = knob_of(d, "module_limit");
	assert_null(k.unsettable);
	assert_string_equal(k.unit, "mW");
	assert_int_equal(k.flags, 0);
	assert_int_equal(k.min, 450000);
	assert_int_equal(k.max, 950000);
	assert_int_equal(k.default_value, 950000);
	assert_int_equal(k.current, 950000);
	assert_int_equal(value(d, "power"), 650000);
	assert_ok(set(d, "module_limit", 700000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 700000);
	assert_int_equal(effect.observed, 700000);
	assert_int_equal(knob_of(d, "module_limit").current, 700000);
	assert_int_equal(value(d, "power"), 450000);
	assert_int_equal(value(d, "module_power"), 700000);
	/* the GPU's own is another one: the lower of the two counts */
	assert_int_equal(knob_of(d, "power_limit").current, 700000);
	assert_ok(set(d, "power_limit", 400000, &effect, &why), &why);
	assert_int_equal(value(d, "power"), 400000);
	assert_int_equal(set(d, "module_limit", 960000, NULL, &why), HG_ERANGE);
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(knob_of(d, "module_limit").current, 950000);
	assert_int_equal(value(d, "power"), 650000);
	/* a GPU by itself has none */
	assert_non_null(
		strstr(knob_of(device(ctx, "nvml:1"), "module_limit").unsettable, "superchip"));
	hg_close(ctx);
}

static void test_set_fails(void **state)
{
	static const struct {
		const char *rule;
		hg_err rc;
		const char *text;
	} cases[] = {
		{"{\"call\": \"nvmlDeviceSetPowerManagementLimit\", \"result\": 4}", HG_EPERM,
			"not permitted"},
		{"{\"call\": \"nvmlDeviceSetPowerManagementLimit\", \"result\": 3}", HG_EDEVICE,
			"not supported"},
		{"{\"call\": \"nvmlDeviceSetPowerManagementLimit\", \"result\": 15}", HG_EDEVICE,
			"lost"},
		{"{\"call\": \"nvmlDeviceGetPowerManagementLimit\", \"after\": 1, \"result\": 999}",
			HG_EDEVICE, "set but cannot be read"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		hg_ctx *ctx = context();
		char rules[256];
		hg_error why = {""};
		hg_device *d;

		(void)snprintf(rules, sizeof rules, ", \"rules\": [%s]", cases[i].rule);
		play("{}", rules);
		d = device(ctx, "nvml:0");
		assert_int_equal(set(d, "power_limit", 300000, NULL, &why), cases[i].rc);
		assert_non_null(strstr(why.text, cases[i].text));
		assert_non_null(strstr(why.text, "nvml:0"));
		hg_close(ctx);
	}
}

static void profile_steps(hg_device *d)
{
	hg_effect effect = {0};
	hg_error why = {""};
	hg_knob_info k = knob_of(d, "power_profile");

	assert_null(k.unsettable);
	assert_int_equal(k.n_ladder, 4);
	assert_int_equal(k.ladder[0], -1);
	assert_int_equal(k.ladder[3], 200);
	assert_int_equal(k.default_value, -1);
	assert_non_null(strstr(k.text, "6 llm_inference"));
	assert_int_equal(k.current, -1);
	assert_ok(set(d, "power_profile", 6, &effect, &why), &why);
	assert_int_equal(effect.observed, 6);
	assert_int_equal(value(d, "power_profiles"), 1 << 6);
	assert_ok(set(d, "power_profile", 3, &effect, &why), &why);
	assert_int_equal(value(d, "power_profiles"), 1 << 3);
	assert_int_equal(knob_of(d, "power_profile").current, 3);
	assert_int_equal(set(d, "power_profile", 4, NULL, &why), HG_ERANGE);
	assert_non_null(strstr(why.text, "3 memory_bound"));
	assert_ok(hg_device_reset(d, &why), &why);
	assert_int_equal(value(d, "power_profiles"), 0);
}

static void test_profiles(void **state)
{
	hg_ctx *ctx = context();

	(void)state;
	play("{\"power_profiles\": [6, 3, 200]}, {}", "");
	profile_steps(device(ctx, "nvml:0"));
	assert_non_null(strstr(
		knob_of(device(ctx, "nvml:1"), "power_profile").unsettable, "not supported"));
	hg_close(ctx);
	ctx = context();
	play("{\"power_profiles\": [6, 3, 200]}", "");
	without("nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1");
	profile_steps(device(ctx, "nvml:0"));
	hg_close(ctx);
}

/* What is asked for and what comes of it are two things. */
static void test_effects(void **state)
{
	hg_ctx *ctx = context();
	hg_effect effect = {0};
	hg_error why = {""};
	hg_device *d;

	(void)state;
	play("{\"power_w\": 600, \"power_limit_step_w\": 25, \"set_latency_s\": 0.5}, "
	     "{\"set_ignored\": true}",
		", \"call_s\": 0.01");
	d = device(ctx, "nvml:0");
	assert_ok(set(d, "power_limit", 337000, &effect, &why), &why);
	assert_int_equal(effect.requested, 337000);
	assert_int_equal(effect.enforced, 325000);
	assert_int_equal(effect.observed, 700000); /* not yet */
	for (int i = 0; i < 50; i++)
		(void)value(d, "energy");
	assert_int_equal(value(d, "power_limit"), 325000);
	d = device(ctx, "nvml:1");
	assert_ok(set(d, "power_limit", 300000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 700000);
	assert_ok(set(d, "sm_clock", 1005000000, &effect, &why), &why);
	assert_int_equal(effect.enforced, 1005000000);
	assert_int_equal(effect.observed, 1980000000);
	hg_close(ctx);
}

static void test_persistence(void **state)
{
	static const char keep[] = ", \"keep\": true";
	hg_ctx *ctx;
	hg_error why = {""};

	(void)state;
	for (int persistent = 0; persistent < 2; persistent++) {
		hg_device *d;

		play(persistent ? "{\"name\": \"kept\"}"
				: "{\"name\": \"not kept\", \"persistent\": false}",
			keep);
		ctx = context();
		d = device(ctx, "nvml:0");
		assert_int_equal(!strstr(knob_of(d, "power_limit").text, "persistence mode is off"),
			persistent);
		assert_ok(set(d, "power_limit", 300000, NULL, &why), &why);
		hg_close(ctx);
		ctx = context();
		assert_int_equal(knob_of(device(ctx, "nvml:0"), "power_limit").current,
			persistent ? 300000 : 700000);
		hg_close(ctx);
	}
}

/* ----- what other programs ask for before they begin */

/* ISO C has no conversion from what dlsym() returns. */
static void find(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	assert_non_null(symbol);
	memcpy(function, &symbol, sizeof symbol);
}

static void test_others(void **state)
{
	static const uint32_t expected[] = {7, 5, 10, 9};
	void *library = dlopen(FAKE_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	int (*init)(uint32_t), (*quit)(void), (*by_index)(uint32_t, nvml_handle *);
	int (*architecture)(nvml_handle, uint32_t *);
	nvml_handle h;
	uint32_t n;

	(void)state;
	assert_non_null(library);
	find(library, "nvmlInitWithFlags", &init);
	find(library, "nvmlShutdown", &quit);
	find(library, "nvmlDeviceGetHandleByIndex_v2", &by_index);
	find(library, "nvmlDeviceGetArchitecture", &architecture);
	play("{\"model\": \"a40\"}, {\"model\": \"v100\"}, {\"model\": \"b200\"}, "
	     "{\"name\": \"a test's own\"}",
		"");
	assert_int_equal(init(1), NVML_SUCCESS);
	for (uint32_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_int_equal(by_index(i, &h), NVML_SUCCESS);
		assert_int_equal(architecture(h, &n), NVML_SUCCESS);
		assert_int_equal(n, expected[i]);
	}
	assert_int_equal(quit(), NVML_SUCCESS);
	assert_int_equal(architecture(h, &n), NVML_UNINITIALIZED);
	assert_int_equal(dlclose(library), 0);
}

/* ----- processes */

static void test_processes(void **state)
{
	hg_ctx *ctx = context();
	hg_process list[128];
	hg_error why = {""};
	char devices[8192];
	size_t n, len;

	(void)state;
	play("{\"processes\": [{\"pid\": 41, \"memory_bytes\": 5e9}, {\"pid\": 42, \"from_s\": 9}, "
	     "{\"pid\": 43, \"mig\": 1}], \"mig\": [\"MIG-one\", \"MIG-two\"]}, {}",
		", \"call_s\": 0.01");
	assert_int_equal(hg_device_processes(device(ctx, "nvml:0"), list, 128, &n, &why), HG_OK);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].pid, 41);
	assert_int_equal(list[0].memory_bytes, 5000000000);
	assert_int_equal(list[0].memory_known, 1);
	assert_int_equal(list[1].pid, 43);
	assert_int_equal(hg_device_processes(device(ctx, "nvml:0"), NULL, 0, &n, &why), HG_OK);
	assert_int_equal(n, 2);
	assert_int_equal(hg_device_processes(device(ctx, "nvml:1"), list, 128, &n, &why), HG_OK);
	assert_int_equal(n, 0);
	assert_int_equal(
		hg_device_processes(device(ctx, "nvml:MIG-two"), list, 128, &n, &why), HG_OK);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].pid, 43);
	assert_int_equal(
		hg_device_processes(device(ctx, "nvml:MIG-one"), list, 128, &n, &why), HG_OK);
	assert_int_equal(n, 0);
	hg_close(ctx);
	ctx = context();
	play("{}", ", \"rules\": [{\"call\": \"nvmlDeviceGetComputeRunningProcesses_v3\", "
		   "\"result\": 4}]");
	assert_int_equal(hg_device_processes(device(ctx, "nvml:0"), list, 128, &n, &why), HG_EPERM);
	assert_non_null(strstr(why.text, "not permitted"));
	assert_int_equal(
		hg_device_processes(device(ctx, "sim:h100"), list, 128, &n, &why), HG_EUNSUPPORTED);
	hg_close(ctx);
	/* more than the first room: all of them */
	ctx = context();
	len = (size_t)snprintf(devices, sizeof devices, "{\"processes\": [");
	for (int i = 0; i < 64; i++)
		len += (size_t)snprintf(devices + len, sizeof devices - len, "%s{\"pid\": %d}",
			i ? "," : "", i + 1);
	(void)snprintf(devices + len, sizeof devices - len, "]}");
	play(devices, "");
	assert_int_equal(hg_device_processes(device(ctx, "nvml:0"), list, 10, &n, &why), HG_OK);
	assert_int_equal(n, 64);
	assert_int_equal(list[9].pid, 10);
	hg_close(ctx);
}

/* Handles are of one process: a child opens its own. */
static void test_fork(void **state)
{
	hg_ctx *ctx = context();
	hg_device *d;
	int status = -1;
	pid_t child;

	(void)state;
	play("{}, {\"power_w\": 123}", "");
	d = device(ctx, "nvml:1");
	child = fork();
	if (child == 0) {
		size_t n, id = hg_device_signal_index(d, "power");
		hg_device *own = NULL;
		hg_reading r;
		bool good;

		good = !hg_device_read(d, &id, 1, &r) && r.rc == HG_EDEVICE;
		good &= hg_device_processes(d, NULL, 0, &n, NULL) == HG_EDEVICE;
		hg_device_close(d);
		good &= !hg_device_open(ctx, "nvml:1", &own, NULL) &&
			!hg_device_read(own, &id, 1, &r) && !r.rc && r.value == 123000;
		_exit(good ? 0 : 1);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(value(d, "power"), 123000);
	hg_close(ctx);
}

/* ----- identity */

static void test_names(void **state)
{
	static const char *const good[] = {"nvml:1", "nvml:GPU-bbbb-2", "nvml:GPU-b",
		"nvml:0000:2a:00.0", "nvml:00000000:2A:00.0", "nvml:2A:00.0"};
	static const struct {
		const char *spec, *text;
		hg_err rc;
	} bad[] = {{"nvml:2", "there are 2", HG_ENOENT}, {"nvml:", "expected", HG_EINVAL},
		{"nvml:GPU-", "2 devices", HG_ENOENT}, {"nvml:GPU-c", "no such GPU", HG_ENOENT},
		{"nvml:99999999999999999999", "no such GPU", HG_ENOENT},
		{"nvml:-1", "no such GPU", HG_ENOENT}};
	hg_ctx *ctx = context();

	(void)state;
	play("{\"uuid\": \"GPU-aaaa-1\"}, {\"uuid\": \"GPU-bbbb-2\"}", "");
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		hg_device_info info = {.size = sizeof info};

		hg_device_get_info(device(ctx, good[i]), &info);
		assert_string_equal(info.uuid, "GPU-bbbb-2");
		assert_string_equal(info.pci, "0000:2a:00.0");
		assert_string_equal(info.spec, good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		hg_error why = {""};

		assert_int_equal(refused(bad[i].spec, &why), bad[i].rc);
		assert_non_null(strstr(why.text, bad[i].text));
	}
	hg_close(ctx);
}

static void test_mig(void **state)
{
	hg_ctx *ctx = context();
	struct told t;
	hg_device_info info = {.size = sizeof info};
	hg_device *whole, *part;

	(void)state;
	play("{\"uuid\": \"GPU-whole\", \"mig\": [\"MIG-one\", null, \"MIG-two\"]}, {}", "");
	t = discover(ctx);
	assert_int_equal(t.rc, HG_OK);
	assert_int_equal(t.devices, 4);
	whole = hg_device_next(ctx, NULL);
	part = hg_device_next(ctx, whole);
	hg_device_get_info(whole, &info);
	assert_string_equal(info.spec, "nvml:0");
	hg_device_get_info(part, &info);
	assert_string_equal(info.spec, "nvml:MIG-one");
	assert_string_equal(info.uuid, "MIG-one");
	assert_string_equal(info.parent, "GPU-whole");
	/* joules of the whole GPU are not an instance's */
	assert_non_null(strstr(signal_of(part, "module_power").absent, "GPU-whole"));
	assert_non_null(strstr(signal_of(part, "energy").absent, "GPU-whole"));
	assert_int_equal(reading(part, "energy").rc, HG_EUNSUPPORTED);
	assert_int_equal(reading(part, "power").rc, HG_EUNSUPPORTED);
	assert_non_null(strstr(knob_of(part, "power_limit").unsettable, "MIG"));
	assert_null(signal_of(whole, "energy").absent);
	hg_close(ctx);
}

/* ----- hg_profile, in real time, with no word about NVML */

static hg_err sleep_by_limit(void *user, hg_device *d, uint64_t units)
{
	double unit_s = 0.01 * 600000.0 / (double)knob_of(d, "power_limit").current;
	double seconds = fmin(unit_s * (double)units, 5.0);
	struct timespec t = {(time_t)seconds, (long)(fmod(seconds, 1.0) * 1e9)};

	(void)user;
	nanosleep(&t, NULL);
	return HG_OK;
}

static void test_profile(void **state)
{
	static const int64_t limits[] = {600000, 300000};
	hg_ctx *ctx = context();
	hg_device *d;
	hg_sweep sweep = {.values = limits, .n_values = 2};
	hg_profile_opts opts = {.size = sizeof opts,
		.sweeps = &sweep,
		.n_sweeps = 1,
		.target_rsd = 0.05,
		.max_window_s = 1.0};
	hg_frontier *f = NULL;
	hg_error why = {""};
	const hg_point *p;
	size_t n;

	(void)state;
	play("{\"power_w\": 900, \"counter_period_s\": 0.02}", "");
	d = device(ctx, "nvml:0");
	sweep.knob = hg_device_knob_index(d, "power_limit");
	assert_ok(hg_profile(d, &opts, sleep_by_limit, NULL, &f, &why), &why);
	/* same energy, twice the time: one of the two is dominated, by a hair */
	p = hg_frontier_points(f);
	(void)hg_frontier_dominated(f, &n);
	assert_int_equal(hg_frontier_count(f) + n, 2);
	assert_true(p[0].time_s >= 0.01 && p[0].time_s < 0.03);
	assert_true(fabs(p[0].energy_j / p[0].time_s - 600.0) < 90.0);
	assert_int_equal(p[0].origin, HG_ORIGIN_MEASURED | HG_ORIGIN_SIMULATED);
	assert_int_equal(value(d, "power_limit"), 700000);
	hg_frontier_destroy(f);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_read_many),
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_knobs),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_unsettable),
		cmocka_unit_test(test_set_fails),
		cmocka_unit_test(test_module_limit),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_effects),
		cmocka_unit_test(test_persistence),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_mig),
		cmocka_unit_test(test_profile),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
