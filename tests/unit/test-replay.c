/* Recordings: what is recorded of simulated devices, a fake GPU and kernel files is played back bit
 * for bit; what is cut off counts up to its last whole line; what is wrong is named by its line. */
#define _POSIX_C_SOURCE 200809L
#include "fake-nvml.h"

#include <stdbool.h>

#include <sys/stat.h>

#include "hardware/backend/replay/recording.h"
#include "tree.h"

#define SAMPLES 40

static char file[64], part[80];

static int file_begin(void **state)
{
	(void)state;
	(void)snprintf(file, sizeof file, "%s/machine,1.hgt", dir);
	(void)snprintf(part, sizeof part, "%s.part", file);
	return 0;
}

static int file_end(void **state)
{
	(void)state;
	(void)remove(file);
	(void)remove(part);
	return 0;
}

static hg_recorder *recorder(hg_ctx *ctx, const hg_record_opts *opts)
{
	hg_error why = {""};
	hg_recorder *r;

	assert_ok(hg_record_create(ctx, file, opts, &r, &why), &why);
	return r;
}

static void finish(hg_recorder *r)
{
	hg_error why = {""};

	assert_ok(hg_record_finish(r, &why), &why);
	hg_record_destroy(r);
}

static hg_device *played(hg_ctx *ctx, size_t i, const char *more)
{
	char spec[160];

	(void)snprintf(spec, sizeof spec, "replay:%s,device=%zu%s", file, i, more);
	return device(ctx, spec);
}

/* ----- the same */

static void same_text(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void same_identity(const hg_device *a, const hg_device *b)
{
	hg_device_info x = {.size = sizeof x}, y = {.size = sizeof y};

	hg_device_get_info(a, &x);
	hg_device_get_info(b, &y);
	assert_int_equal(x.simulated, y.simulated);
	same_text(x.vendor, y.vendor);
	same_text(x.model, y.model);
	same_text(x.title, y.title);
	same_text(x.uuid, y.uuid);
	same_text(x.pci, y.pci);
	same_text(x.parent, y.parent);
	same_text(x.wholes, y.wholes);
	same_text(x.driver, y.driver);
	assert_string_equal(y.backend, "replay");
}

static void same_signals(const hg_device *a, const hg_device *b)
{
	assert_int_equal(hg_device_signals(a), hg_device_signals(b));
	for (size_t i = 0; i < hg_device_signals(a); i++) {
		hg_signal_info x = {.size = sizeof x}, y = {.size = sizeof y};

		assert_int_equal(hg_device_signal(a, i, &x), HG_OK);
		assert_int_equal(hg_device_signal(b, i, &y), HG_OK);
		assert_int_equal(x.agg, y.agg);
		assert_int_equal(x.behaviour, y.behaviour);
		same_text(x.name, y.name);
		same_text(x.unit, y.unit);
		same_text(x.text, y.text);
		same_text(x.domain, y.domain);
		assert_true(x.modulus == y.modulus);
		assert_true(x.resolution == y.resolution);
		assert_true(x.period_ns == y.period_ns);
		same_text(x.absent, y.absent);
	}
}

static void same_knobs(const hg_device *a, const hg_device *b)
{
	assert_int_equal(hg_device_knobs(a), hg_device_knobs(b));
	for (size_t i = 0; i < hg_device_knobs(a); i++) {
		hg_knob_info x = {.size = sizeof x}, y = {.size = sizeof y};

		assert_int_equal(hg_device_knob(a, i, &x), HG_OK);
		assert_int_equal(hg_device_knob(b, i, &y), HG_OK);
		same_text(x.name, y.name);
		same_text(x.unit, y.unit);
		same_text(x.text, y.text);
		assert_int_equal(x.flags, y.flags);
		assert_true(x.min == y.min && x.max == y.max && x.step == y.step);
		assert_true(x.default_value == y.default_value);
		assert_true(x.latency_ns == y.latency_ns);
		assert_int_equal(x.n_ladder, y.n_ladder);
		for (size_t k = 0; k < x.n_ladder; k++)
			assert_true(x.ladder[k] == y.ladder[k]);
		assert_non_null(strstr(y.unsettable, "recording"));
		if (x.unsettable)
			assert_non_null(strstr(y.unsettable, x.unsettable));
	}
}

/** Everything that was read while recording: a device's signals and knobs, sample by sample. */
struct seen {
	hg_reading readings[SAMPLES][32];
	int64_t knobs[SAMPLES][8];
	int64_t now_ns[SAMPLES];
	size_t n;
};

static void all_ids(size_t ids[32])
{
	for (size_t i = 0; i < 32; i++)
		ids[i] = i;
}

static void knobs_now(const hg_device *d, int64_t out[8])
{
	for (size_t i = 0; i < hg_device_knobs(d); i++) {
		hg_knob_info info = {.size = sizeof info};

		assert_int_equal(hg_device_knob(d, i, &info), HG_OK);
		out[i] = info.current;
	}
}

static void same_readings(hg_device *d, const struct seen *seen)
{
	size_t ids[32], n = hg_device_signals(d);
	hg_recording_info info = {.size = sizeof info};
	hg_reading r[32];
	int64_t knobs[8];

	all_ids(ids);
	for (size_t s = 0; s < seen->n; s++) {
		assert_int_equal(hg_device_read(d, ids, n, r), HG_OK);
		assert_true(hg_device_now(d) == seen->now_ns[s]);
		for (size_t i = 0; i < n; i++) {
			const hg_reading *was = &seen->readings[s][i];

			assert_int_equal(r[i].rc, was->rc);
			if (was->rc == HG_EUNSUPPORTED)
				continue; /* nothing was read, so at no time */
			assert_true(r[i].t0_ns == was->t0_ns && r[i].t1_ns == was->t1_ns);
			assert_true(was->rc || r[i].value == was->value);
		}
		knobs_now(d, knobs);
		assert_memory_equal(knobs, seen->knobs[s], hg_device_knobs(d) * sizeof knobs[0]);
	}
	assert_int_equal(hg_replay_get_info(d, &info), HG_OK);
	assert_int_equal(info.samples, seen->n);
	assert_int_equal(info.ended, 1);
	assert_int_equal(hg_device_read(d, ids, n, r), HG_OK);
	for (size_t i = 0; i < n; i++)
		assert_true(r[i].rc == HG_EDEVICE || r[i].rc == HG_EUNSUPPORTED);
}

/* ----- simulated devices */

/* Between two samples virtual time stands still: what is read here is what is recorded next. */
static void look(hg_device *d, struct seen *seen)
{
	size_t ids[32];

	all_ids(ids);
	seen->now_ns[seen->n] = hg_device_now(d);
	assert_int_equal(
		hg_device_read(d, ids, hg_device_signals(d), seen->readings[seen->n]), HG_OK);
	knobs_now(d, seen->knobs[seen->n]);
	seen->n++;
}

static void test_sim(void **state)
{
	static const char *const specs[] = {"sim:h100,seed=3,noise=2%", "sim:a40,tick=0"};
	static struct seen seen[2];
	const hg_record_opts opts = {
		.size = sizeof opts, .interval_ns = 100000000, .command = "train \"it\"\n"};
	hg_ctx *ctx = context(), *other = context();
	hg_device *d[2], *back[2];
	hg_recording_info info = {.size = sizeof info};
	hg_workload *w;
	hg_recorder *r;
	hg_error why = {""};

	(void)state;
	memset(seen, 0, sizeof seen);
	assert_ok(hg_workload_load("llm-decode", NULL, &w, &why), &why);
	for (size_t i = 0; i < 2; i++)
		d[i] = device(ctx, specs[i]);
	r = recorder(ctx, &opts);
	assert_ok(hg_record_note(r, "begins", &why), &why);
	for (size_t s = 0; s < SAMPLES; s++) {
		assert_ok(hg_sim_run(d[0], w, 3 + s % 5, NULL, &why), &why);
		assert_ok(hg_sim_idle(d[1], 0.01, NULL, &why), &why);
		if (s % 10 == 5)
			assert_int_equal(
				set(d[0], "power_limit", 300000 + 1000 * (int64_t)s, NULL, &why),
				HG_OK);
		look(d[0], &seen[0]);
		look(d[1], &seen[1]);
		assert_ok(hg_record_sample(r, &why), &why);
	}
	finish(r);
	for (size_t i = 0; i < 2; i++) {
		back[i] = played(other, i, "");
		same_identity(d[i], back[i]);
		same_signals(d[i], back[i]);
		same_readings(back[i], &seen[i]);
		same_knobs(d[i], back[i]);
	}
	assert_int_equal(hg_replay_get_info(back[1], &info), HG_OK);
	assert_int_equal(info.devices, 2);
	assert_int_equal(info.complete, 1);
	assert_int_equal(info.anonymous, 0);
	assert_true(info.interval_ns == 100000000);
	assert_string_equal(info.tool, hg_version());
	assert_string_equal(info.command, "train \"it\"?");
	assert_int_equal(info.n_notes, 1);
	assert_string_equal(info.notes[0], "begins");
	assert_int_equal(hg_replay_get_info(d[0], &info), HG_EINVAL);
	assert_int_equal(hg_device_set(back[0], 0, 300000, NULL, &why), HG_EUNSUPPORTED);
	hg_workload_destroy(w);
	hg_close(ctx);
	hg_close(other);
}

/* ----- a fake GPU: what the backend gave to the recorder is what is played */

static char *contents(size_t *len)
{
	FILE *f = fopen(file, "rb");
	char *text = malloc((size_t)1 << 22);

	assert_non_null(f);
	assert_non_null(text);
	*len = fread(text, 1, ((size_t)1 << 22) - 1, f);
	text[*len] = '\0';
	(void)fclose(f);
	return text;
}

static struct seen spied;

static int64_t spy_now(const void *state)
{
	int64_t now_ns = nvml_backend.device->now(state);

	if (spied.n < SAMPLES)
		spied.now_ns[spied.n] = now_ns;
	return now_ns;
}

static void spy_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	nvml_backend.device->read(state, ids, n, out);
	assert_true(spied.n < SAMPLES);
	for (size_t i = 0; i < 32; i++)
		spied.readings[spied.n][i].rc = HG_EUNSUPPORTED;
	for (size_t i = 0; i < n; i++)
		spied.readings[spied.n][ids[i]] = out[i];
	spied.n++;
}

static void test_nvml(void **state)
{
	static const char spec[] = "nvml:0";
	struct device_hooks hooks = *nvml_backend.device;
	struct backend spy = nvml_backend;
	hg_ctx *ctx, *other = context();
	hg_device *d, *back;
	hg_recorder *r;
	hg_error why = {""};
	size_t failed = 0;

	(void)state;
	play("{\"uuid\": \"GPU-1\", \"power_w\": [[0, 80], [0.5, 600]], \"mig\": [\"MIG-a\"],"
	     " \"lost_after_s\": 0.8}",
		", \"call_s\": 0.0031, \"rules\": [{\"call\": "
		"\"nvmlDeviceGetTotalEnergyConsumption\", \"after\": 9, \"times\": 2, \"result\": "
		"999}]");
	hooks.now = spy_now;
	hooks.read = spy_read;
	spy.device = &hooks;
	memset(&spied, 0, sizeof spied);
	ctx = context();
	assert_ok(device_open_with(ctx, &spy, spec, spec + 5, &d, &why), &why);
	r = recorder(ctx, NULL);
	for (size_t s = 0; s < SAMPLES; s++) {
		if (s == 7)
			assert_int_equal(set(d, "power_limit", 250000, NULL, &why), HG_OK);
		knobs_now(d, spied.knobs[s]);
		assert_ok(hg_record_sample(r, &why), &why);
	}
	finish(r);
	for (size_t s = 0; s < SAMPLES; s++)
		for (size_t i = 0; i < NVML_SIGNALS; i++)
			failed += spied.readings[s][i].rc == HG_EDEVICE;
	assert_true(failed > 2); /* the fault, and the device lost at the end */
	back = played(other, 0, "");
	same_identity(d, back);
	same_signals(d, back);
	same_readings(back, &spied);
	same_knobs(d, back);
	hg_close(other);
	hg_close(ctx);
}

static void test_all_devices(void **state)
{
	hg_ctx *ctx, *other = context();
	hg_device *d[2], *back;
	hg_error why = {""};
	size_t n;

	(void)state;
	play("{\"uuid\": \"GPU-1\", \"mig\": [\"MIG-a\"]}", "");
	ctx = context();
	d[0] = device(ctx, "nvml:0");
	d[1] = device(ctx, "nvml:MIG-a");
	finish(recorder(ctx, NULL));
	assert_ok(hg_replay_open(other, file, 0, &n, &why), &why);
	assert_int_equal(n, 2);
	back = NULL;
	for (size_t i = 0; i < n; i++) {
		back = hg_device_next(other, back);
		same_identity(d[i], back);
		same_signals(d[i], back);
		same_knobs(d[i], back);
	}
	hg_close(other);
	hg_close(ctx);
}

/* ----- real time */

static int64_t clock_ns;

static int64_t fake_clock(void *user)
{
	(void)user;
	return clock_ns;
}

static void test_speed(void **state)
{
	const hg_config cfg = {.size = sizeof cfg, .clock = fake_clock};
	const hg_record_opts opts = {.size = sizeof opts, .interval_ns = 100000000};
	hg_ctx *ctx = context(), *other;
	hg_device *d = device(ctx, "sim:h100,tick=0"), *back;
	hg_recorder *r = recorder(ctx, &opts);
	hg_error why = {""};
	int64_t energy[10];
	size_t id = hg_device_signal_index(d, "energy");
	hg_reading reading;

	(void)state;
	for (size_t s = 0; s < 10; s++) {
		assert_ok(hg_sim_idle(d, 0.1, NULL, &why), &why);
		energy[s] = value(d, "energy");
		assert_ok(hg_record_sample(r, &why), &why);
	}
	finish(r);
	clock_ns = 1000000000;
	assert_ok(hg_open(&cfg, &other, &why), &why);
	back = played(other, 0, ",speed=2");
	assert_true(hg_device_now(back) == 100000000);
	assert_true(value(back, "energy") == energy[0]);
	clock_ns += 124999999; /* 0.25 s of the recording, less 2 ns */
	assert_true(value(back, "energy") == energy[2]);
	assert_true(value(back, "energy") == energy[2]);
	assert_true(hg_device_now(back) == 349999998);
	clock_ns += 325000001;
	assert_true(value(back, "energy") == energy[9]);
	clock_ns += 49999999;
	assert_true(value(back, "energy") == energy[9]);
	clock_ns += 10;
	assert_int_equal(hg_device_read(back, &id, 1, &reading), HG_OK);
	assert_int_equal(reading.rc, HG_EDEVICE);
	hg_close(other);
	hg_close(ctx);
}

/* ----- names taken out */

static void test_anonymous(void **state)
{
	const hg_record_opts opts = {.size = sizeof opts, .anonymous = 1, .command = "secret"};
	struct tree t;
	hg_ctx *ctx, *other = context();
	hg_device_info whole = {.size = sizeof whole}, part_info = {.size = sizeof part_info};
	hg_recording_info info = {.size = sizeof info};
	hg_recorder *r;
	hg_error why = {""};
	char *text;
	size_t len;

	(void)state;
	tree_init(&t);
	tree_put(&t, "proc/sys/kernel/hostname", "node17");
	tree_put(&t, "proc/sys/kernel/osrelease", "6.1.0-node17");
	play("{\"uuid\": \"GPU-1234\", \"name\": \"H100 of node17\", \"mig\": [\"MIG-GPU-1234/1\"]}",
		"");
	ctx = tree_context(&t);
	(void)device(ctx, "nvml:MIG-GPU-1234/1");
	(void)device(ctx, "nvml:GPU-1234");
	r = recorder(ctx, &opts);
	assert_ok(hg_record_note(r, "on node17 with GPU-1234", &why), &why);
	assert_ok(hg_record_sample(r, &why), &why);
	finish(r);
	text = contents(&len);
	assert_null(strstr(text, "node17"));
	assert_null(strstr(text, "1234"));
	assert_null(strstr(text, "secret"));
	free(text);
	/* and part and whole still know each other */
	hg_device_get_info(played(other, 0, ""), &part_info);
	hg_device_get_info(played(other, 1, ""), &whole);
	assert_string_equal(part_info.parent, whole.uuid);
	assert_string_not_equal(part_info.uuid, whole.uuid);
	assert_int_equal(hg_replay_get_info(hg_device_next(other, NULL), &info), HG_OK);
	assert_int_equal(info.anonymous, 1);
	assert_string_equal(info.kernel, "6.1.0-HOST");
	hg_close(other);
	hg_close(ctx);
	tree_finish(&t);
}

/* A host whose name is a word of ours: only where it stands for itself. */
static void test_anonymous_word(void **state)
{
	const hg_record_opts opts = {.size = sizeof opts, .anonymous = 1};
	struct tree t;
	hg_ctx *ctx, *other = context();
	hg_device *d, *back;
	hg_recording_info info = {.size = sizeof info};
	hg_recorder *r;
	hg_error why = {""};

	(void)state;
	tree_init(&t);
	tree_put(&t, "proc/sys/kernel/hostname", "gpu");
	ctx = tree_context(&t);
	d = device(ctx, "sim:h100");
	r = recorder(ctx, &opts);
	assert_ok(hg_record_note(r, "gpu: a gpu1, mygpu, gpu", &why), &why);
	finish(r);
	back = played(other, 0, "");
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info x = {.size = sizeof x}, y = {.size = sizeof y};

		assert_int_equal(hg_device_signal(d, i, &x), HG_OK);
		assert_int_equal(hg_device_signal(back, i, &y), HG_OK);
		assert_string_equal(x.domain, y.domain);
	}
	assert_int_equal(hg_replay_get_info(back, &info), HG_OK);
	assert_string_equal(info.notes[0], "HOST: a gpu1, mygpu, HOST");
	assert_string_equal(info.host, "");
	hg_close(other);
	hg_close(ctx);
	tree_finish(&t);
}

/* ----- cut off, and wrong */

static void record_some(size_t samples)
{
	hg_ctx *ctx = context();
	hg_device *d = device(ctx, "sim:h100");
	hg_recorder *r = recorder(ctx, NULL);
	hg_error why = {""};

	for (size_t i = 0; i < samples; i++) {
		assert_ok(hg_sim_idle(d, 0.1, NULL, &why), &why);
		assert_ok(hg_record_sample(r, &why), &why);
	}
	finish(r);
	hg_close(ctx);
}

/* Whatever byte it ends at: refused, or as many samples as there are whole lines. */
static void test_cut(void **state)
{
	char *text;
	size_t len, lines = 0;

	(void)state;
	record_some(5);
	text = contents(&len);
	for (size_t cut = 0; cut <= len; cut++) {
		struct recording r;
		hg_error why = {""};
		hg_err rc = recording_parse(&r, text, cut, "cut", 0, &why);

		lines += cut > 0 && text[cut - 1] == '\n';
		if (lines < 2) {
			assert_int_equal(rc, HG_EFORMAT);
			assert_non_null(strstr(why.text, "cut"));
		} else {
			assert_ok(rc, &why);
			assert_int_equal(r.times.len, lines - 2 > 5 ? 5 : lines - 2);
			assert_int_equal(r.complete, lines == 8);
		}
		recording_finish(&r);
	}
	assert_int_equal(lines, 8);
	free(text);
}

static void test_part(void **state)
{
	hg_ctx *ctx = context();
	hg_device *d = device(ctx, "sim:h100");
	hg_recorder *r = recorder(ctx, NULL), *again;
	hg_error why = {""};
	hg_recording_info info = {.size = sizeof info};
	struct stat st;
	char spec[100];

	(void)state;
	assert_int_equal(stat(file, &st), -1);
	assert_ok(hg_record_sample(r, &why), &why);
	/* two do not write one file, and what a crash left is not overwritten */
	assert_int_equal(hg_record_create(ctx, file, NULL, &again, &why), HG_EIO);
	assert_non_null(strstr(why.text, ".part is there already"));
	assert_null(again);
	assert_int_equal(stat(part, &st), 0);
	hg_record_destroy(r); /* never finished */
	assert_int_equal(stat(file, &st), -1);
	(void)snprintf(spec, sizeof spec, "replay:%s", part);
	d = device(ctx, spec);
	assert_int_equal(hg_replay_get_info(d, &info), HG_OK);
	assert_int_equal(info.complete, 0);
	assert_int_equal(info.samples, 1);
	hg_close(ctx);
	ctx = context();
	assert_int_equal(hg_record_create(ctx, file, NULL, &again, &why), HG_EINVAL);
	assert_int_equal(hg_record_create(NULL, file, NULL, &again, &why), HG_EINVAL);
	hg_close(ctx);
}

/* Replaces the first `from` by `to`, and says what the reader says. */
static void wrong(const char *from, const char *to, hg_err want, const char *says)
{
	size_t len;
	char *text = contents(&len), *other = malloc(2 * len + 4096);
	const char *at = strstr(text, from);
	struct recording r;
	hg_error why = {""};
	int n;

	assert_non_null(at);
	assert_non_null(other);
	n = snprintf(
		other, 2 * len + 4096, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	assert_int_equal(recording_parse(&r, other, (size_t)n, "FILE", 0, &why), want);
	if (!strstr(why.text, says))
		fail_msg("%s -> %s: said \"%s\", expected \"%s\"", from, to, why.text, says);
	recording_finish(&r);
	free(other);
	free(text);
}

static void test_wrong(void **state)
{
	(void)state;
	record_some(3);
	wrong("hourglass.recording/1", "hourglass.recording/2", HG_EVERSION, "FILE:1");
	wrong("hourglass.recording/1", "hourglass.list/1", HG_EFORMAT, "FILE:1");
	wrong("\"devices\": 1", "\"devices\": 0", HG_EFORMAT, "FILE:1: \"devices\"");
	wrong("\"devices\": 1", "\"devices\": 2", HG_EFORMAT,
		"FILE:3: \"line\": expected a device");
	wrong("\"interval_ns\": 0", "\"interval_ns\": 0.5", HG_EFORMAT, "FILE:1: \"interval_ns\"");
	wrong("\"device\": 0", "\"device\": 1", HG_EFORMAT, "FILE:2: device 1");
	wrong("\"behaviour\": \"mono", "\"behaviour\": \"moto", HG_EFORMAT,
		"FILE:2: \"behaviour\"");
	wrong("\"modulus\": 0", "\"modulus\": -1", HG_EFORMAT, "FILE:2: \"modulus\"");
	wrong("\"d\": 0", "\"d\": 1", HG_EFORMAT, "FILE:3: \"d\"");
	wrong("\"d\": 0", "\"e\": 0", HG_EFORMAT, "FILE:3: \"line\"");
	wrong("\"t\": 200000000", "\"t\": 99999999", HG_EFORMAT, "FILE:4: \"t\"");
	wrong("\"r\": [[", "\"r\": [[0, 0, 0], [", HG_EFORMAT, "FILE:3: \"r\"");
	wrong("\"r\": [[", "\"r\": [[0, ", HG_EFORMAT, "FILE:3: \"r\"");
	wrong("{\"end\"", "{\"end\": 3}\n{\"end\"", HG_EFORMAT,
		"FILE:7: \"line\": expected nothing");
	wrong("\n{\"d\"", "\n\n{\"d\"", HG_EFORMAT, "FILE:3");
}

static void test_spec(void **state)
{
	static const struct {
		const char *more, *says;
	} bad[] = {{",device=1", "no device 1"}, {",device=x", "device: expected"},
		{",speed=-1", "speed: expected"}, {",sped=1", "did you mean \"speed\""},
		{",color=1", "no option \"color\""}};
	char spec[160];
	hg_error why = {""};

	(void)state;
	record_some(1);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		(void)snprintf(spec, sizeof spec, "replay:%s%s", file, bad[i].more);
		(void)refused(spec, &why);
		assert_non_null(strstr(why.text, bad[i].says));
	}
	assert_int_equal(refused("replay:", &why), HG_EINVAL);
	assert_int_equal(refused("replay:/nosuch/file", &why), HG_ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, file_begin, file_end)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_sim), TEST(test_nvml), TEST(test_all_devices),
		TEST(test_speed), TEST(test_anonymous), TEST(test_anonymous_word), TEST(test_cut),
		TEST(test_part), TEST(test_wrong), TEST(test_spec)};

	return cmocka_run_group_tests(tests, begin, end);
}
