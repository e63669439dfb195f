/*
 * What measuring costs: marks, windows, and the threads that read the counters.
 *
 * usage: bench-mark [--seconds S] [--devices N] [--nvml LIBRARY] [--peer PYTHON]
 *
 * Beside the sampler's CPU time is what its reads take when they are made alone, as rarely: where a
 * fake driver sleeps in them that is most of it.
 *
 * --nvml runs the sampler over N GPUs of the fake driver library (or a real one); without it over
 * N simulated devices in real time. --peer runs Zeus's begin_window and end_window in the Python
 * named, over the same library, which has to be called libnvidia-ml.so.1 for that; its package has
 * to be there.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <hourglass/hourglass.h>

#include "common/options.h"

#define MARKS   10000000
#define WINDOWS 100000
#define DEVICES 8
#define READS   100

struct options {
	double seconds;
	unsigned devices;
	const char *nvml, *peer;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void report(const char *name, double value, const char *unit)
{
	printf("%-32s %14.6g %s\n", name, value, unit);
	(void)fflush(stdout);
}

static void wait_s(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

static void die(const hg_error *why)
{
	(void)fprintf(stderr, "bench-mark: %s\n", why->text);
	exit(1);
}

/** What a pair of marks, or a window of Zeus, takes, ns. */
struct pair {
	double cpu_ns, wall_ns;
};

static struct pair bench_marks(hg_ctx *ctx)
{
	volatile int64_t sink = 0;
	double cpu = cpu_s(), wall = now_s();

	for (int i = 0; i < MARKS; i++)
		sink = hg_mark(ctx) + hg_mark(ctx);
	(void)sink;
	return (struct pair){(cpu_s() - cpu) / MARKS * 1e9, (now_s() - wall) / MARKS * 1e9};
}

/* What two reads of the system's clock take by themselves: a mark cannot be cheaper, nor Zeus
 * dearer by more than that (zeus_over_clock). */
static double bench_clock(void)
{
	volatile int64_t sink = 0;
	struct timespec t;
	double cpu = cpu_s();

	for (int i = 0; i < 2 * MARKS; i++) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		sink = t.tv_nsec;
	}
	(void)sink;
	return (cpu_s() - cpu) / MARKS * 1e9;
}

static void open_devices(hg_ctx *ctx, const struct options *o, hg_device **d, hg_error *why)
{
	for (unsigned i = 0; i < o->devices; i++) {
		char spec[64];

		if (o->nvml)
			(void)snprintf(spec, sizeof spec, "nvml:%u", i);
		else
			(void)snprintf(spec, sizeof spec, "sim:h100,realtime=1,seed=%u", i + 1);
		if (hg_device_open(ctx, spec, &d[i], why))
			die(why);
	}
}

/** Reads of the counters, and of the power beside them. */
struct reads {
	double counter, beside;
};

static struct reads reads(hg_meter *m, unsigned n)
{
	hg_meter_state s = {.size = sizeof s};
	struct reads sum = {0.0, 0.0};

	for (unsigned i = 0; i < n; i++)
		if (!hg_meter_get_state(m, i, &s, NULL)) {
			sum.counter += (double)s.reads;
			sum.beside += (double)s.power_reads;
		}
	return sum;
}

/* CPU time that a read of a device takes by itself, asleep for about as long before each as a
 * thread is that reads it. */
static double read_cpu_s(hg_device *d, const char *const *names, size_t n)
{
	size_t ids[4], found = 0;
	hg_reading got[4];
	double cpu;

	for (size_t i = 0; i < n; i++) {
		hg_signal_info s = {.size = sizeof s};
		size_t id = hg_device_signal_index(d, names[i]);

		if (id != SIZE_MAX && !hg_device_signal(d, id, &s) && !s.absent)
			ids[found++] = id;
	}
	cpu = cpu_s();
	for (int i = 0; i < READS; i++) {
		wait_s(0.01);
		if (found && hg_device_read(d, ids, found, got))
			break;
	}
	return (cpu_s() - cpu) / READS;
}

/** What reads take by themselves, and waking up for one. */
struct alone {
	double counter_s, beside_s, wake_s;
};

static struct alone alone(hg_device *d)
{
	static const char *const beside[] = {"power", "sm_clock", "temperature", "throttle"};
	static const char *const counter[] = {"energy"};
	double wake = read_cpu_s(d, NULL, 0);

	return (struct alone){
		read_cpu_s(d, counter, 1) - wake, read_cpu_s(d, beside, 4) - wake, wake};
}

/* One core's share that the process takes while nothing else happens in it; and what of it are the
 * reads, which are the driver's, and the waking up once for each of the counter. */
static void bench_span(
	hg_meter *m, const struct options *o, const struct alone *a, const char *what)
{
	char name[64];
	struct reads before = reads(m, o->devices), n;
	double begin = now_s(), cpu = cpu_s(), passed;

	wait_s(o->seconds);
	passed = now_s() - begin;
	(void)snprintf(name, sizeof name, "sampler_cpu_%s", what);
	report(name, 100.0 * (cpu_s() - cpu) / passed, "%");
	n = reads(m, o->devices);
	n = (struct reads){
		(n.counter - before.counter) / passed, (n.beside - before.beside) / passed};
	(void)snprintf(name, sizeof name, "sampler_cpu_%s_reads", what);
	report(name, 100.0 * (n.counter * a->counter_s + n.beside * a->beside_s), "%");
	(void)snprintf(name, sizeof name, "sampler_cpu_%s_wakes", what);
	report(name, 100.0 * n.counter * a->wake_s, "%");
	(void)snprintf(name, sizeof name, "sampler_reads_%s", what);
	report(name, n.counter + n.beside, "1/s");
}

static void bench_sampler(hg_ctx *ctx, const struct options *o, hg_error *why)
{
	hg_device *d[64];
	hg_meter *m;
	hg_energy e = {.size = sizeof e};
	hg_meter_state s = {.size = sizeof s};
	int64_t t0, t1;
	double begin, joules = 0.0;
	struct alone a;

	open_devices(ctx, o, d, why);
	a = alone(d[0]);
	if (hg_meter_open(ctx, d, o->devices, NULL, &m, why))
		die(why);
	wait_s(5.0); /* until the loops are locked */
	bench_span(m, o, &a, "idle");
	t0 = hg_meter_begin(m);
	wait_s(1.0);
	bench_span(m, o, &a, "window");
	t1 = hg_meter_end(m);
	if (hg_meter_wait_final(m, t1, 5.0, why))
		die(why);
	if (!hg_meter_get_state(m, 0, &s, NULL))
		report("sampler_read", s.sensor.read_s * 1e6, "us");
	begin = cpu_s();
	for (int i = 0; i < WINDOWS; i++) {
		int64_t at = t0 + (t1 - t0 - 300000000) / WINDOWS * i;

		if (hg_meter_energy(m, 0, at, at + 300000000, HG_WINDOW_ESTIMATE, &e, why))
			die(why);
		joules += e.joules;
	}
	report("window_energy", (cpu_s() - begin) / WINDOWS * 1e6, "us");
	begin = cpu_s();
	for (int i = 0; i < 10000; i++) {
		(void)hg_meter_begin(m);
		(void)hg_meter_end(m);
	}
	report("window_begin_end", (cpu_s() - begin) / 10000 * 1e6, "us");
	report("mean_power", joules / WINDOWS / 0.3, "W");
	hg_meter_close(m);
	begin = cpu_s();
	wait_s(2.0);
	report("sampler_cpu_closed", 100.0 * (cpu_s() - begin) / 2.0, "%");
}

/* Zeus finds the driver by its name: in the folder of ours. */
static void lead_peer(const struct options *o)
{
	const char *slash = o->nvml ? strrchr(o->nvml, '/') : NULL;
	char folder[1024];

	if (slash && snprintf(folder, sizeof folder, "%.*s", (int)(slash - o->nvml), o->nvml) <
			     (int)sizeof folder)
		(void)setenv("LD_LIBRARY_PATH", folder, 1);
}

/* Zeus's begin_window and end_window, in its own process; 0: it does not run. */
static struct pair bench_peer(const struct options *o)
{
	char line[128], command[2048];
	struct pair p = {0.0, 0.0};
	FILE *f;
	int n = snprintf(command, sizeof command, "'%s' '%s/peer/zeus-mark.py' %u", o->peer,
		HG_BENCH_DIR, o->devices);

	lead_peer(o);
	f = n > 0 && (size_t)n < sizeof command ? popen(command, "r") : NULL;
	if (!f)
		return p;
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, "zeus_pair_us ", 13))
			p.cpu_ns = strtod(line + 13, NULL) * 1e3;
		else if (!strncmp(line, "zeus_pair_wall_us ", 18))
			p.wall_ns = strtod(line + 18, NULL) * 1e3;
	(void)pclose(f);
	return p;
}

static struct options options(int argc, char **argv)
{
	struct options o = {.seconds = 10.0, .devices = DEVICES};
	double devices = DEVICES;
	const struct bench_option list[] = {
		{"--seconds", BENCH_NUMBER, &o.seconds, "S", 1e-3, 1e6, "how long to sample"},
		{"--devices", BENCH_NUMBER, &devices, "N", 1, 64, "simulated devices"},
		{"--nvml", BENCH_TEXT, &o.nvml, "LIBRARY", 0, 0, "NVML, or a fake of it"},
		{"--peer", BENCH_TEXT, &o.peer, "PYTHON", 0, 0, "a Python that has Zeus"},
		{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};

	(void)bench_options("bench-mark", argc, argv, 0, list);
	o.devices = (unsigned)devices;
	return o;
}

int main(int argc, char **argv)
{
	struct options o = options(argc, argv);
	hg_error why = {""};
	hg_ctx *ctx;
	struct pair ours, peer;
	double clock_ns;

	if (o.nvml && setenv("HOURGLASS_NVML", o.nvml, 1))
		return 1;
	if (hg_open(NULL, &ctx, &why))
		die(&why);
	ours = bench_marks(ctx);
	report("mark_pair", ours.cpu_ns, "ns");
	report("mark_pair_wall", ours.wall_ns, "ns");
	clock_ns = bench_clock();
	report("clock_pair", clock_ns, "ns");
	if (o.peer) {
		peer = bench_peer(&o);
		if (peer.cpu_ns > 0.0) {
			report("zeus_pair", peer.cpu_ns * 1e-3, "us");
			report("zeus_pair_wall", peer.wall_ns * 1e-3, "us");
			report("zeus_over_mark", peer.cpu_ns / ours.cpu_ns, "times");
			report("zeus_over_clock", peer.cpu_ns / clock_ns, "times");
			report("zeus_over_mark_wall", peer.wall_ns / ours.wall_ns, "times");
		} else {
			(void)fprintf(stderr, "bench-mark: Zeus does not run in %s\n", o.peer);
		}
	}
	bench_sampler(ctx, &o, &why);
	hg_close(ctx);
	return 0;
}
