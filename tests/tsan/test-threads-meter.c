/*
 * A meter over devices whose time passes by itself: its threads read them while others ask for
 * windows, begin and end some, set knobs and run simulated work. Then a driver call hangs: others
 * go on, closing does not wait for it, and what it holds is freed when it comes back.
 */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <hourglass/hourglass.h>

#include "script.h"

#define ASKERS  3
#define WINDOWS 200

struct shared {
	hg_ctx *ctx;
	hg_meter *meter;
	hg_device *sim, *real;
	atomic_int bad;
};

static void wait_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void check(struct shared *s, int good, const char *what)
{
	if (good)
		return;
	printf("%s\n", what);
	atomic_fetch_add(&s->bad, 1);
}

static void *ask(void *user)
{
	struct shared *s = user;

	for (int i = 0; i < WINDOWS; i++) {
		hg_energy e = {.size = sizeof e};
		hg_meter_state st = {.size = sizeof st};
		int64_t t0 = hg_meter_begin(s->meter), t1;

		wait_ms(2);
		t1 = hg_meter_end(s->meter);
		for (size_t k = 0; k < hg_meter_devices(s->meter); k++) {
			hg_err rc =
				hg_meter_energy(s->meter, k, t0, t1, HG_WINDOW_ESTIMATE, &e, NULL);

			check(s, rc == HG_OK || rc == HG_ERANGE, "an estimate failed");
			/* a thread may have had no turn for long: 1 kW, and 100 J for the edges */
			check(s,
				rc || (e.joules >= 0.0 &&
					      e.joules < 100.0 + 1e-6 * (double)(t1 - t0)),
				"wrong joules");
			check(s, !hg_meter_get_state(s->meter, k, &st, NULL), "no state");
		}
	}
	return NULL;
}

static void *set(void *user)
{
	struct shared *s = user;
	size_t knob = hg_device_knob_index(s->sim, "power_limit");

	for (int i = 0; i < WINDOWS; i++) {
		int64_t mw = 300000 + 1000 * (int64_t)i;

		check(s, !hg_device_set(s->sim, knob, mw, NULL, NULL), "cannot set the simulated");
		check(s, !hg_device_set(s->real, 0, mw, NULL, NULL), "cannot set the scripted");
		wait_ms(2);
	}
	return NULL;
}

static void *work(void *user)
{
	struct shared *s = user;
	hg_workload *w;

	if (hg_workload_load("resnet50-training", NULL, &w, NULL))
		return NULL;
	check(s, !hg_sim_run(s->sim, w, 3, NULL, NULL), "cannot run");
	check(s, !hg_sim_idle(s->sim, 0.1, NULL, NULL), "cannot idle");
	hg_workload_destroy(w);
	return NULL;
}

/* While a test says so, calls do not come back. */
static void hang(struct script *s, const char *signal, double now_s, hg_reading *r)
{
	atomic_int *held = s->more;

	(void)signal;
	(void)now_s;
	(void)r;
	while (atomic_load(held) == 1)
		wait_ms(5);
}

static const struct script_step steps[] = {{0.0, 200.0}};

static struct script device(atomic_int *held)
{
	return (struct script){.steps = steps,
		.n_steps = 1,
		.period_s = 0.02,
		.said_period_s = 0.02,
		.resolution_uj = 1000,
		.max_mw = 700000,
		.real_time = true,
		.fault = held ? hang : NULL,
		.more = held};
}

/* Where threads had no turn for long, an end is known to some ms: the bounds and sigma say so. */
static int is_right(const hg_energy *e, double truth_j)
{
	return e->lo <= truth_j && truth_j <= e->hi &&
	       fabs(e->joules - truth_j) <= fmax(0.02 * truth_j, 4.0 * e->sigma);
}

static int together(void)
{
	struct script script = device(NULL);
	struct shared s = {.bad = 0};
	hg_device *devices[2];
	pthread_t threads[ASKERS + 2];
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};
	int64_t t0, t1;

	if (hg_open(NULL, &s.ctx, NULL) ||
		hg_device_open(s.ctx, "sim:h100,realtime=1,tick=20ms", &s.sim, NULL) ||
		script_open(s.ctx, &script, &s.real, NULL))
		return 1;
	devices[0] = s.sim;
	devices[1] = s.real;
	if (hg_meter_open(s.ctx, devices, 2, NULL, &s.meter, NULL))
		return 1;
	t0 = hg_meter_begin(s.meter);
	wait_ms(300);
	t0 = hg_meter_mark(s.meter);
	for (size_t i = 0; i < ASKERS + 2; i++)
		if (pthread_create(&threads[i], NULL,
			    i < ASKERS    ? ask
			    : i == ASKERS ? set
					  : work,
			    &s))
			return 1;
	for (size_t i = 0; i < ASKERS + 2; i++)
		pthread_join(threads[i], NULL);
	t1 = hg_meter_end(s.meter);
	check(&s, !hg_meter_wait_final(s.meter, t1, 20.0, NULL), "not final");
	check(&s, !hg_meter_energy(s.meter, 1, t0, t1, 0, &e, &why), why.text);
	check(&s, is_right(&e, 200e-9 * (double)(t1 - t0)), "the energy is not that of 200 W");
	printf("%.3f J of %.3f J (simulated)\n", e.joules, 200e-9 * (double)(t1 - t0));
	hg_meter_close(s.meter);
	hg_close(s.ctx);
	return atomic_load(&s.bad);
}

static int stuck(void)
{
	atomic_int held = 0;
	struct script bad = device(&held), good = device(NULL);
	struct shared s = {.bad = 0};
	hg_meter_opts opts = {.size = sizeof opts, .stuck_s = 0.3};
	hg_meter_state st = {.size = sizeof st};
	hg_device *devices[2];
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};
	struct timespec before, after;
	int64_t t1;

	if (hg_open(NULL, &s.ctx, NULL) || script_open(s.ctx, &bad, &devices[0], NULL) ||
		script_open(s.ctx, &good, &devices[1], NULL) ||
		hg_meter_open(s.ctx, devices, 2, &opts, &s.meter, NULL))
		return 1;
	(void)hg_meter_begin(s.meter);
	wait_ms(300);
	atomic_store(&held, 1);
	wait_ms(800);
	t1 = hg_meter_end(s.meter);
	check(&s, !hg_meter_get_state(s.meter, 0, &st, &why), "no state");
	check(&s, st.flags & HG_METER_LOST && strstr(why.text, "not come back"), "not lost");
	check(&s, hg_meter_energy(s.meter, 0, t1 - 200000000, t1, 0, &e, &why) == HG_EDEVICE,
		"a figure of a device that hangs");
	/* the other one is as it was, and who waits does not wait for the one that hangs */
	check(&s, !hg_meter_wait_final(s.meter, t1, 20.0, &why), "not final");
	check(&s, !hg_meter_energy(s.meter, 1, t1 - 200000000, t1, 0, &e, &why), "no energy");
	check(&s, is_right(&e, 40.0), "wrong joules beside one that hangs");
	clock_gettime(CLOCK_MONOTONIC, &before);
	hg_meter_close(s.meter);
	hg_close(s.ctx);
	clock_gettime(CLOCK_MONOTONIC, &after);
	check(&s, after.tv_sec - before.tv_sec < 10, "closing hangs");
	atomic_store(&held, 2);
	wait_ms(300); /* it comes back, and frees what it has */
	return atomic_load(&s.bad);
}

int main(void)
{
	int bad = together();

	bad |= stuck();
	return bad != 0;
}
