/*
 * Two contexts on two threads, each with a simulated device of its own that runs work, is throttled
 * and read. Neither sees the other: both get what a single thread gets, and ThreadSanitizer must
 * see no race.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <hourglass/hourglass.h>

#define THREADS 2
#define ROUNDS  50

struct result {
	const char *spec;
	int64_t now_ns;
	int64_t energy_uj;
	double truth_j;
	hg_err rc;
	hg_error why;
};

static hg_err lower_cap(hg_device *d, hg_error *why)
{
	hg_knob_info info = {.size = sizeof info};
	hg_effect effect;
	size_t knob = hg_device_knob_index(d, "power_limit");
	hg_err rc = hg_device_knob(d, knob, &info);

	return rc != HG_OK
		       ? rc
		       : hg_device_set(d, knob, info.max - (info.max - info.min) / 4, &effect, why);
}

static hg_err use(hg_device *d, const hg_workload *w, struct result *r)
{
	size_t energy = hg_device_signal_index(d, "energy");
	hg_reading reading;
	hg_err rc = HG_OK;

	for (unsigned i = 0; rc == HG_OK && i < ROUNDS; i++) {
		hg_sim_truth truth = {.size = sizeof truth};

		if (i == ROUNDS / 2)
			rc = lower_cap(d, &r->why);
		if (rc == HG_OK)
			rc = hg_sim_run(d, w, 3, &truth, &r->why);
		if (rc == HG_OK)
			rc = hg_sim_idle(d, 0.01, NULL, &r->why);
		r->truth_j += truth.energy_j;
	}
	if (rc == HG_OK)
		rc = hg_device_read(d, &energy, 1, &reading);
	if (rc == HG_OK)
		rc = reading.rc;
	r->energy_uj = rc == HG_OK ? reading.value : 0;
	r->now_ns = hg_device_now(d);
	return rc;
}

static void *live(void *user)
{
	struct result *r = user;
	hg_ctx *ctx = NULL;
	hg_device *d = NULL;
	hg_workload *w = NULL;

	r->rc = hg_open(NULL, &ctx, &r->why);
	if (r->rc == HG_OK)
		r->rc = hg_workload_load("resnet50-training", NULL, &w, &r->why);
	if (r->rc == HG_OK)
		r->rc = hg_device_open(ctx, r->spec, &d, &r->why);
	if (r->rc == HG_OK)
		r->rc = use(d, w, r);
	if (r->rc == HG_OK && (hg_device_next(ctx, NULL) != d || hg_device_next(ctx, d)))
		r->rc = HG_EINTERNAL; /* a device of the other context */
	hg_workload_destroy(w);
	hg_close(ctx);
	return NULL;
}

static int same(const struct result *a, const struct result *b)
{
	return a->rc == HG_OK && b->rc == HG_OK && a->now_ns == b->now_ns &&
	       a->energy_uj == b->energy_uj && a->truth_j == b->truth_j && a->truth_j > 0;
}

int main(void)
{
	static const char *const specs[THREADS] = {
		"sim:h100,seed=7,noise=1%", "sim:a40,seed=8,noise=2%"};
	struct result alone[THREADS], together[THREADS];
	pthread_t threads[THREADS];
	int bad = 0;

	memset(alone, 0, sizeof alone);
	for (unsigned i = 0; i < THREADS; i++)
		alone[i].spec = specs[i];
	memcpy(together, alone, sizeof together);
	for (unsigned i = 0; i < THREADS; i++)
		live(&alone[i]);
	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, live, &together[i]) != 0)
			return 1;
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		printf("%s: %.3f J alone, %.3f J beside another (simulated device) %s %s\n",
			specs[i], alone[i].truth_j, together[i].truth_j,
			hg_err_name(together[i].rc), together[i].why.text);
		bad |= !same(&alone[i], &together[i]);
	}
	return bad;
}
