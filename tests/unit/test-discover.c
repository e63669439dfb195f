/* Looking for hardware: what backends find is open, what they do not find is told with the reason.
 */
#define _POSIX_C_SOURCE 200809L
#include "near.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/hourglass.h>

#include "hardware/device/backend.h"

/* ----- a backend with devices "0", "1", ...; "lost" is found but does not open */

static hg_err refuse(hg_error *why, hg_err rc, const char *text)
{
	(void)snprintf(why->text, sizeof why->text, "%s", text);
	return rc;
}

static hg_err part_open(const struct backend_request *req, void **state, hg_error *why)
{
	if (!strcmp(req->rest, "lost"))
		return refuse(why, HG_EDEVICE, "part:lost: fell off the bus");
	*state = malloc(1);
	return *state ? HG_OK : HG_ENOMEM;
}

static void part_info(const void *state, hg_device_info *info)
{
	(void)state;
	info->title = "a part";
}

static size_t none(const void *state)
{
	(void)state;
	return 0;
}

static void signal_of(const void *state, size_t i, hg_signal_info *info)
{
	(void)state, (void)i, (void)info;
}

static void read_of(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	(void)state, (void)ids, (void)n, (void)out;
}

static int64_t now(const void *state)
{
	(void)state;
	return 0;
}

static void knob_of(const void *state, size_t i, hg_knob_info *info)
{
	(void)state, (void)i, (void)info;
}

static hg_err set(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	(void)state, (void)knob, (void)value, (void)effect, (void)why;
	return HG_EUNSUPPORTED;
}

static const struct device_hooks part_hooks = {.close = free,
	.info = part_info,
	.signals = none,
	.signal = signal_of,
	.read = read_of,
	.now = now,
	.knobs = none,
	.knob = knob_of,
	.set = set};

static struct backend backend_of(
	hg_err (*discover)(hg_ctx *ctx, struct backend_found *found, hg_error *why))
{
	return (struct backend){.abi = BACKEND_ABI,
		.name = "part",
		.text = "parts of a test",
		.open = part_open,
		.device = &part_hooks,
		.discover = discover};
}

static hg_err find_two(hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	(void)ctx, (void)why;
	backend_found(found, "0");
	backend_found(found, "1");
	return HG_OK;
}

static hg_err find_lost(hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	(void)ctx, (void)why;
	backend_found(found, "0");
	backend_found(found, "lost");
	backend_found(found, "1");
	return HG_OK;
}

static hg_err find_none(hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	(void)ctx, (void)found;
	return refuse(why, HG_ENOENT, "no parts in this test");
}

static hg_err find_silently(hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	(void)ctx, (void)found, (void)why;
	return HG_EPERM;
}

static hg_err find_too_long(hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	char name[300];

	(void)ctx, (void)why;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	backend_found(found, name);
	return HG_OK;
}

static hg_err find_no_memory(hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	(void)ctx, (void)found, (void)why;
	return HG_ENOMEM;
}

/* ----- what is told */

struct told {
	size_t calls, devices;
	hg_err rc;
	char reason[HG_ERROR_TEXT];
};

static void listen(void *user, const hg_discovery *found)
{
	struct told *t = user;

	t->calls++;
	t->devices = found->devices;
	t->rc = found->rc;
	(void)snprintf(t->reason, sizeof t->reason, "%s", found->reason);
}

static size_t devices_open(hg_ctx *ctx)
{
	size_t n = 0;

	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d))
		n++;
	return n;
}

static struct told look(hg_ctx *ctx, const struct backend *b)
{
	struct told t = {.rc = HG_EINTERNAL};
	hg_error why = {""};

	assert_ok(device_discover_with(ctx, b, listen, &t, &why), &why);
	assert_int_equal(t.calls, 1);
	return t;
}

static hg_ctx *context(void)
{
	hg_error why = {""};
	hg_ctx *ctx;

	assert_ok(hg_open(NULL, &ctx, &why), &why);
	return ctx;
}

static void test_found(void **state)
{
	struct backend b = backend_of(find_two);
	hg_device_info info = {.size = sizeof info};
	hg_ctx *ctx = context();
	struct told t = look(ctx, &b);
	hg_device *first = hg_device_next(ctx, NULL);

	(void)state;
	assert_int_equal(t.rc, HG_OK);
	assert_int_equal(t.devices, 2);
	assert_string_equal(t.reason, "");
	assert_int_equal(devices_open(ctx), 2);
	hg_device_get_info(first, &info);
	assert_string_equal(info.spec, "part:0");
	assert_string_equal(info.backend, "part");
	assert_int_equal(info.simulated, 0);
	hg_device_get_info(hg_device_next(ctx, first), &info);
	assert_string_equal(info.spec, "part:1");
	/* a second search opens nothing twice, and what was closed again */
	hg_device_close(first);
	t = look(ctx, &b);
	assert_int_equal(t.devices, 2);
	assert_int_equal(devices_open(ctx), 2);
	hg_close(ctx);
}

static void test_reasons(void **state)
{
	struct backend lost = backend_of(find_lost), empty = backend_of(find_none),
		       silent = backend_of(find_silently), too_long = backend_of(find_too_long);
	hg_ctx *ctx = context();
	struct told t = look(ctx, &lost);

	(void)state;
	/* one that cannot be opened takes no other with it */
	assert_int_equal(t.rc, HG_EDEVICE);
	assert_int_equal(t.devices, 2);
	assert_string_equal(t.reason, "part:lost: fell off the bus");
	assert_int_equal(devices_open(ctx), 2);
	t = look(ctx, &empty);
	assert_int_equal(t.rc, HG_ENOENT);
	assert_int_equal(t.devices, 0);
	assert_string_equal(t.reason, "no parts in this test");
	/* never without a reason */
	t = look(ctx, &silent);
	assert_int_equal(t.rc, HG_EPERM);
	assert_string_equal(t.reason, "not permitted");
	t = look(ctx, &too_long);
	assert_int_equal(t.rc, HG_ELIMIT);
	assert_int_equal(t.devices, 0);
	hg_close(ctx);
}

static void test_errors(void **state)
{
	struct backend unfit = backend_of(find_two), empty = backend_of(find_no_memory);
	struct told t = {.rc = HG_OK};
	hg_ctx *ctx = context();
	hg_error why;

	(void)state;
	unfit.abi = BACKEND_ABI + 1;
	t = look(ctx, &unfit);
	assert_int_equal(t.rc, HG_EVERSION);
	assert_int_equal(t.devices, 0);
	assert_non_null(strstr(t.reason, "ABI"));
	t.calls = 0;
	assert_int_equal(device_discover_with(ctx, &empty, listen, &t, &why), HG_ENOMEM);
	assert_int_equal(t.calls, 0);
	assert_int_equal(hg_discover(NULL, NULL, NULL, &why), HG_EINVAL);
	assert_non_null(strstr(why.text, "no context"));
	assert_int_equal(devices_open(ctx), 0);
	hg_close(ctx);
}

/* ----- a driver that hangs */

static sem_t search_on, open_on;
static pthread_barrier_t gone;

static void wait_for(sem_t *s)
{
	while (sem_wait(s))
		;
}

static hg_err hang_after_one(hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	(void)ctx;
	backend_found(found, "0");
	wait_for(&search_on);
	backend_found(found, "1"); /* too late */
	return refuse(why, HG_EPERM, "nobody hears this");
}

static hg_err hang_open(const struct backend_request *req, void **state, hg_error *why)
{
	if (!strcmp(req->rest, "1"))
		wait_for(&open_on);
	return part_open(req, state, why);
}

static void close_late(void *state)
{
	free(state);
	pthread_barrier_wait(&gone); /* what came too late is closed again */
}

static hg_ctx *impatient(void)
{
	hg_config config = {.size = sizeof config, .driver_timeout_ns = 100000000};
	hg_error why = {""};
	hg_ctx *ctx;

	assert_ok(hg_open(&config, &ctx, &why), &why);
	return ctx;
}

static void test_hang(void **state)
{
	static struct backend search, open;
	static struct device_hooks late;
	hg_ctx *ctx = impatient();
	struct told t;

	(void)state;
	search = backend_of(hang_after_one);
	open = backend_of(find_two);
	late = part_hooks;
	open.open = hang_open;
	open.device = &late;
	sem_init(&search_on, 0, 0);
	sem_init(&open_on, 0, 0);
	pthread_barrier_init(&gone, NULL, 2);
	t = look(ctx, &search);
	assert_int_equal(t.rc, HG_EDEVICE);
	assert_non_null(strstr(t.reason, "did not answer in 0.1 s"));
	assert_int_equal(t.devices, 1);
	assert_int_equal(devices_open(ctx), 1);
	hg_close(ctx); /* before the driver comes back */
	sem_post(&search_on);
	ctx = impatient();
	t = look(ctx, &open);
	assert_int_equal(t.devices, 1);
	assert_int_equal(devices_open(ctx), 1);
	hg_close(ctx);
	late.close = close_late;
	sem_post(&open_on);
	pthread_barrier_wait(&gone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
