/* The guard: knobs of kernel files on a fake tree, which outlive the process that sets them, so
 * that every way a process may end can be tried; and of the fake NVML library. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "fake-nvml.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "hardware/backend/amdgpu/amdgpu.h"
#include "tree.h"

#define CARD "sys/class/drm/card0"
#define CAP  CARD "/device/hwmon/hwmon5/power1_cap"
#define SPEC "amdgpu:0000:03:00.0"
#define MW   300000

static struct tree t;

static int setup(void **state)
{
	(void)state;
	tree_init(&t);
	tree_amdgpu(&t, "card0", "0000:03:00.0");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_finish(&t);
	return 0;
}

static hg_guard *guard_of(hg_ctx *ctx, const hg_guard_opts *opts)
{
	hg_error why = {""};
	hg_guard *g;

	assert_ok(hg_guard_create(ctx, opts, &g, &why), &why);
	return g;
}

static hg_err guarded(hg_guard *g, hg_device *d, const char *knob, int64_t value, hg_error *why)
{
	hg_effect effect = {0};
	hg_err rc = hg_guard_set(g, d, hg_device_knob_index(d, knob), value, &effect, why);

	if (!rc)
		assert_int_equal(effect.observed, value);
	return rc;
}

/* ----- within one process */

static void test_release(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, SPEC);
	hg_guard *g = guard_of(ctx, NULL);
	hg_guard_entry e = {.size = sizeof e};
	hg_error why = {""};

	(void)state;
	assert_int_equal(hg_guard_held(g), 0);
	assert_int_equal(hg_guard_entry_at(g, 0, &e), HG_EINVAL);
	assert_ok(guarded(g, d, "power_limit", MW, &why), &why);
	assert_string_equal(tree_get(&t, CAP), "300000000");
	assert_ok(guarded(g, d, "power_limit", 2 * MW / 3, &why), &why);
	assert_int_equal(hg_guard_held(g), 1);
	assert_int_equal(hg_guard_entry_at(g, 0, &e), HG_OK);
	assert_string_equal(e.name, "power_limit");
	assert_string_equal(e.spec, SPEC);
	assert_int_equal(e.baseline, 560000);
	assert_int_equal(e.value, 2 * MW / 3);
	assert_int_equal(e.by_reset, 0);
	/* what it was before it was first set, which is not the default */
	assert_ok(hg_guard_release(g, &why), &why);
	assert_string_equal(tree_get(&t, CAP), "560000000");
	assert_int_equal(hg_guard_held(g), 0);
	/* once more with the same guard; destroying restores too */
	assert_ok(guarded(g, d, "power_limit", MW, &why), &why);
	hg_guard_destroy(g);
	assert_string_equal(tree_get(&t, CAP), "560000000");
	hg_guard_destroy(NULL);
	hg_close(ctx);
}

static void test_refused(void **state)
{
	hg_ctx *ctx = tree_context(&t), *other = tree_context(&t);
	hg_device *d = tree_device(ctx, SPEC), *foreign = tree_device(other, SPEC);
	hg_guard *g = guard_of(ctx, NULL);
	const hg_guard_opts no_size = {0};
	hg_guard *none;
	hg_error why = {""};

	(void)state;
	assert_int_equal(guarded(g, d, "power_limit", 600000, &why), HG_ERANGE);
	assert_non_null(strstr(why.text, "0 to 560000"));
	assert_int_equal(hg_guard_set(g, d, 99, 1, NULL, &why), HG_EINVAL);
	assert_int_equal(guarded(g, foreign, "power_limit", MW, &why), HG_EINVAL);
	assert_int_equal(hg_guard_set(NULL, d, 0, MW, NULL, &why), HG_EINVAL);
	assert_int_equal(hg_guard_held(g), 0);
	assert_string_equal(tree_get(&t, CAP), "560000000");
	assert_int_equal(hg_guard_create(NULL, NULL, &none, &why), HG_EINVAL);
	assert_int_equal(hg_guard_create(ctx, &no_size, &none, &why), HG_EINVAL);
	assert_null(none);
	/* a knob that cannot be put back stays held, and its name is said */
	assert_ok(guarded(g, d, "power_limit", MW, &why), &why);
	tree_folder(&t, CAP);
	assert_int_equal(hg_guard_release(g, &why), HG_EDEVICE);
	assert_non_null(strstr(why.text, "power_limit could not be put back to 560000 mW"));
	assert_int_equal(hg_guard_held(g), 1);
	tree_remove(&t, CAP);
	tree_put(&t, CAP, "1");
	assert_ok(hg_guard_release(g, &why), &why);
	assert_string_equal(tree_get(&t, CAP), "560000000");
	hg_guard_destroy(g);
	hg_close(other);
	hg_close(ctx);
}

struct journal {
	size_t calls;
	int64_t baseline, value;
	char cap[32];
	hg_err answer;
};

static hg_err journal(void *user, const hg_guard_entry *e)
{
	struct journal *j = user;

	j->calls++;
	j->baseline = e->baseline;
	j->value = e->value;
	(void)snprintf(j->cap, sizeof j->cap, "%s", tree_get(&t, CAP));
	return j->answer;
}

static void test_journal(void **state)
{
	struct journal j = {.answer = HG_EIO};
	const hg_guard_opts opts = {.size = sizeof opts, .journal = journal, .journal_user = &j};
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, SPEC);
	hg_guard *g = guard_of(ctx, &opts);
	hg_error why = {""};

	(void)state;
	/* nothing is set that cannot be written down */
	assert_int_equal(guarded(g, d, "power_limit", MW, &why), HG_EIO);
	assert_non_null(strstr(why.text, "journal"));
	assert_int_equal(hg_guard_held(g), 0);
	assert_string_equal(tree_get(&t, CAP), "560000000");
	j.answer = HG_OK;
	assert_ok(guarded(g, d, "power_limit", MW, &why), &why);
	assert_int_equal(j.calls, 2);
	assert_int_equal(j.baseline, 560000);
	assert_int_equal(j.value, MW);
	assert_string_equal(j.cap, "560000000"); /* told before it was set */
	assert_ok(guarded(g, d, "power_limit", MW + 1000, &why), &why);
	assert_int_equal(j.calls, 2);
	hg_guard_destroy(g);
	hg_close(ctx);
}

/* ----- the ways a process ends */

static hg_guard *kept; /* of the handlers below; the process is this test's child */

static void at_exit(void)
{
	hg_guard_restore_async(kept);
}

static void on_fatal(int number)
{
	hg_guard_restore_async(kept);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* A child that sets the cap and then ends as `end` says. */
static int child_ends(void (*ending)(int), int number)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		hg_ctx *ctx = NULL;
		const hg_config cfg = {.size = sizeof cfg, .fs_root = t.root};
		hg_device *d = NULL;

		if (hg_open(&cfg, &ctx, NULL) || hg_device_open(ctx, SPEC, &d, NULL) ||
			hg_guard_create(ctx, NULL, &kept, NULL) ||
			hg_guard_set(
				kept, d, hg_device_knob_index(d, "power_limit"), MW, NULL, NULL) ||
			strcmp(tree_get(&t, CAP), "300000000") != 0)
			_exit(99);
		(void)atexit(at_exit);
		(void)signal(SIGTERM, on_fatal);
		(void)signal(SIGABRT, on_fatal);
		(void)signal(SIGSEGV, on_fatal);
		ending(number);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void ends_by_signal(int number)
{
	(void)raise(number);
}

static void ends_by_exit(int number)
{
	exit(number);
}

static void ends_by_fault(int number)
{
	/* the hardware's fault, not a signal that was sent, and none that a sanitizer foresees */
	volatile int *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED)
		*page = number;
}

static void ends_by_quick(int number)
{
	_exit(number);
}

static void test_ends(void **state)
{
	static const int numbers[] = {SIGTERM, SIGABRT, SIGSEGV};
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		status = child_ends(ends_by_signal, numbers[i]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
		assert_string_equal(tree_get(&t, CAP), "560000000");
	}
	status = child_ends(ends_by_exit, 7);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_string_equal(tree_get(&t, CAP), "560000000");
	/* and the test can fail: nobody restores after _exit() */
	status = child_ends(ends_by_quick, 8);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 8);
	assert_string_equal(tree_get(&t, CAP), "300000000");
}

static void test_fault(void **state)
{
	int status = child_ends(ends_by_fault, 0);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	assert_string_equal(tree_get(&t, CAP), "560000000");
}

static void test_fork(void **state)
{
	hg_ctx *ctx = tree_context(&t);
	hg_device *d = tree_device(ctx, SPEC);
	hg_guard *g = guard_of(ctx, NULL);
	hg_error why = {""};
	int status = 0;
	pid_t pid;

	(void)state;
	assert_ok(guarded(g, d, "power_limit", MW, &why), &why);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		hg_err rc = hg_guard_set(
			g, d, hg_device_knob_index(d, "power_limit"), 2 * MW / 3, NULL, &why);
		int bad = rc != HG_EUNSUPPORTED || !strstr(why.text, "child");

		hg_guard_restore_async(g);
		bad |= hg_guard_release(g, &why) != HG_OK;
		hg_guard_destroy(g);
		_exit(bad);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(tree_get(&t, CAP), "300000000");
	hg_guard_destroy(g);
	assert_string_equal(tree_get(&t, CAP), "560000000");
	hg_close(ctx);
}

/* ----- while another thread is inside the device, in a call that does not come back */

static int inside[2], go_on[2];

static void stuck_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	char c = 0;

	(void)state;
	(void)ids;
	if (write(inside[1], &c, 1) != 1 || read(go_on[0], &c, 1) != 1)
		return;
	memset(out, 0, n * sizeof *out);
}

static void *reader(void *user)
{
	size_t id = 0;
	hg_reading r;

	return hg_device_read(user, &id, 1, &r) == HG_OK ? NULL : user;
}

static void test_stuck(void **state)
{
	static const char spec[] = SPEC;
	struct device_hooks hooks = *amdgpu_backend.device;
	struct backend stuck = amdgpu_backend;
	hg_ctx *ctx = tree_context(&t);
	hg_device *d;
	hg_guard *g = guard_of(ctx, NULL);
	hg_error why = {""};
	pthread_t thread;
	void *failed;
	char c = 0;

	(void)state;
	assert_int_equal(pipe(inside) | pipe(go_on), 0);
	hooks.read = stuck_read;
	stuck.device = &hooks;
	assert_ok(device_open_with(ctx, &stuck, spec, strchr(spec, ':') + 1, &d, &why), &why);
	assert_ok(guarded(g, d, "power_limit", MW, &why), &why);
	assert_int_equal(pthread_create(&thread, NULL, reader, d), 0);
	assert_int_equal(read(inside[0], &c, 1), 1);
	hg_guard_restore_async(g);
	assert_int_equal(hg_guard_held(g), 0);
	assert_string_equal(tree_get(&t, CAP), "560000000");
	assert_int_equal(write(go_on[1], &c, 1), 1);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	hg_guard_destroy(g);
	hg_close(ctx);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(close(inside[i]), 0);
		assert_int_equal(close(go_on[i]), 0);
	}
}

/* ----- the simulated device and the fake library */

static void test_sim(void **state)
{
	hg_ctx *ctx = context();
	hg_device *d = device(ctx, "sim:h100");
	hg_guard *g = guard_of(ctx, NULL);
	hg_error why = {""};

	(void)state;
	assert_int_equal(set(d, "power_limit", 650000, NULL, &why), HG_OK);
	assert_ok(guarded(g, d, "power_limit", MW, &why), &why);
	assert_ok(guarded(g, d, "sm_clock", 1005000000, &why), &why);
	assert_int_equal(hg_guard_held(g), 2);
	hg_guard_restore_async(g);
	assert_int_equal(hg_guard_held(g), 0);
	assert_int_equal(knob_of(d, "power_limit").current, 650000);
	assert_int_equal(knob_of(d, "sm_clock").current, 0);
	hg_guard_destroy(g);
	hg_close(ctx);
}

static volatile sig_atomic_t limit_w, clock_mhz;
static hg_device *gpu;

static void on_user(int number)
{
	(void)number;
	hg_guard_restore_async(kept);
	limit_w = (sig_atomic_t)(knob_of(gpu, "power_limit").current / 1000);
	clock_mhz = (sig_atomic_t)(knob_of(gpu, "sm_clock").current / 1000000);
}

static void test_nvml(void **state)
{
	hg_ctx *ctx;
	hg_guard_entry e = {.size = sizeof e};
	hg_error why = {""};

	(void)state;
	play("{}", "");
	ctx = context();
	gpu = device(ctx, "nvml:0");
	kept = guard_of(ctx, NULL);
	assert_int_equal(set(gpu, "power_limit", 500000, NULL, &why), HG_OK);
	assert_ok(guarded(kept, gpu, "power_limit", 250000, &why), &why);
	assert_ok(guarded(kept, gpu, "sm_clock", 990000000, &why), &why);
	assert_int_equal(value(gpu, "power_limit"), 250000); /* as the driver has it */
	/* the driver does not say what clock was locked: it is reset, and that is said */
	assert_int_equal(hg_guard_entry_at(kept, 0, &e), HG_OK);
	assert_int_equal(e.by_reset, 0);
	assert_int_equal(hg_guard_entry_at(kept, 1, &e), HG_OK);
	assert_int_equal(e.by_reset, 1);
	assert_int_equal(e.baseline, 0);
	assert_true(signal(SIGUSR1, on_user) != SIG_ERR);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(limit_w, 500);
	assert_int_equal(clock_mhz, 0);
	assert_int_equal(value(gpu, "power_limit"), 500000);
	assert_int_equal(hg_guard_held(kept), 0);
	/* what we locked ourselves is known, and comes back */
	assert_int_equal(set(gpu, "sm_clock", 990000000, NULL, &why), HG_OK);
	assert_ok(guarded(kept, gpu, "sm_clock", 345000000, &why), &why);
	assert_int_equal(hg_guard_entry_at(kept, 0, &e), HG_OK);
	assert_int_equal(e.by_reset, 0);
	hg_guard_destroy(kept);
	assert_int_equal(knob_of(gpu, "sm_clock").current, 990000000);
	hg_close(ctx);
}

/* A driver's handles are its process's: a child is told so, and opens its own. */
static void test_fork_nvml(void **state)
{
	hg_ctx *ctx;
	hg_device *d;
	hg_error why = {""};
	int status = 0;
	pid_t pid;

	(void)state;
	play("{}", "");
	ctx = context();
	d = device(ctx, "nvml:0");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		hg_device *again = NULL;
		size_t id = hg_device_signal_index(d, "power_limit");
		hg_reading r;
		int bad = hg_device_read(d, &id, 1, &r) != HG_OK || r.rc != HG_EDEVICE;

		bad |= set(d, "power_limit", 250000, NULL, &why) != HG_EDEVICE;
		bad |= !strstr(why.text, "open it again");
		bad |= hg_device_open(ctx, "nvml:0", &again, &why) != HG_OK;
		bad |= hg_device_read(again, &id, 1, &r) != HG_OK || r.rc != HG_OK;
		_exit(bad);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(value(d, "power_limit"), 700000);
	hg_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_release, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck, setup, teardown),
		cmocka_unit_test(test_sim),
		cmocka_unit_test(test_nvml),
		cmocka_unit_test(test_fork_nvml),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
