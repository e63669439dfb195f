/* A meter in a child that fork() made: it neither hangs nor reads, and says why. */
#define _POSIX_C_SOURCE 200809L

#include "meter.h"

#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** So many children, each from another moment of the threads that read. */
#define CHILDREN 40

static const struct script_step steps[] = {{0.0, 200.0}};

static bool says_child(hg_err rc, const hg_error *why)
{
	return rc == HG_EDEVICE && strstr(why->text, "child");
}

/* @return 0, or the number of what is wrong */
static int in_child(const struct metered *m, unsigned reads)
{
	hg_meter_state s = {.size = sizeof s};
	hg_energy e = {.size = sizeof e};
	hg_error why = {""};
	hg_meter *own;
	hg_power power;
	hg_edge edge;
	size_t n;
	int64_t t0 = hg_meter_begin(m->meter), t1 = hg_meter_end(m->meter);

	if (t1 < t0)
		return 1;
	if (!says_child(hg_meter_energy(m->meter, 0, t0, t1, 0, &e, &why), &why) ||
		!isnan(e.joules))
		return 2;
	if (!says_child(hg_meter_total(m->meter, t0, t1, 0, &e, &why), &why))
		return 3;
	if (!says_child(hg_meter_wait_final(m->meter, t1, 100.0, &why), &why))
		return 4;
	if (!says_child(hg_meter_get_state(m->meter, 0, &s, &why), &why))
		return 5;
	if (hg_meter_log(m->meter, 0, t0, t1, &edge, 1, &n) != HG_EDEVICE || n ||
		hg_meter_power(m->meter, 0, t0, t1, &power, 1, &n) != HG_EDEVICE || n)
		return 6;
	if (!says_child(hg_meter_open(m->ctx, &m->device, 1, NULL, &own, &why), &why) || own)
		return 7;
	hg_meter_close(m->meter);
	return atomic_load(&m->script->reads) == reads ? 0 : 8;
}

static void test_fork(void **state)
{
	struct script s = {.steps = steps,
		.n_steps = 1,
		.period_s = 0.004,
		.said_period_s = 0.004,
		.resolution_uj = 1000,
		.max_mw = 700000,
		.real_time = true};
	struct metered m = metered(&s);
	struct timespec pause = {0, 1000000};

	(void)state;
	(void)hg_meter_begin(m.meter);
	for (int i = 0; i < CHILDREN; i++) {
		int status = -1;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			(void)alarm(60); /* what hangs, fails */
			_exit(in_child(&m, atomic_load(&s.reads)));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		nanosleep(&pause, NULL);
	}
	/* the parent's goes on */
	assert_int_equal(state_of(&m).flags & HG_METER_LOST, 0);
	metered_end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fork)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
