/*
 * Replays of Zeus's own tables, where they are: what its paper and its simulator say comes out, and
 * what this engine claims over it holds.
 */
#include "near.h"

#include <stdlib.h>

#include "software/recur/campaign.h"

#include "data-file.h"

#define JOBS 6

/* A training, and what an independent replay found for the tables: section by section. */
static const struct known {
	struct sim_spec spec;
	uint32_t paper_default; /* of the paper's figures on saved energy */
	struct known_power {
		double saved;       /* by batch size and limit together, of the default's energy */
		uint32_t best_size; /* of least energy */
		double best_limit_w;
		uint32_t recurrences;
		double last5_energy, last5_time; /* Zeus, over the default at the highest limit */
		double excess;                   /* Zeus, over all recurrences */
	} power[2];
} known[JOBS] = {
	{{"cifar100/shufflenetv2/adadelta", 0.6, 100, 1024, 0.5}, 1024,
		{{0.747, 128, 100, 140, 0.256, 0.566, 0.069},
			{0.722, 128, 125, 180, 0.326, 0.456, 0.056}}},
	{{"imagenet/resnet50/adadelta", 0.65, 100, 256, 0.5}, 256,
		{{0.238, 360, 150, 70, 0.814, 1.083, 0.067},
			{0.194, 360, 200, 108, 0.855, 1.026, 0.046}}},
	{{"squad/bert_base_uncased/adamw", 84, 6, 32, 0.5}, 32,
		{{0.276, 8, 125, 98, 0.818, 1.030, 0.017},
			{0.214, 16, 200, 126, 0.828, 1.100, 0.025}}},
	{{"librispeech/deepspeech2/adamw", 40, 16, 256, 0.5}, 192,
		{{0.428, 32, 100, 210, 0.620, 0.771, 0.042},
			{0.663, 32, 175, 108, 0.337, 0.408, 0.077}}},
	{{"movielens-1m/ncf/adam", 0.41, 100, 1024, 0.5}, 1024,
		{{0.666, 16384, 150, 182, 0.345, 0.362, 0.082},
			{0.612, 16384, 100, 216, 0.387, 0.404, 0.064}}},
	{{"sentiment140/bert_base_uncased/adamw", 0.84, 10, 128, 0.5}, 128,
		{{0.264, 32, 125, 70, 0.791, 1.084, 0.024},
			{0.206, 128, 200, 50, 0.794, 1.112, 0.088}}},
};

static const char *const power_files[2] = {
	"zeus/summary_power_v100.csv", "zeus/summary_power_a40.csv"};

static bool load(struct sim_trace *t, size_t device)
{
	struct buf text;
	hg_error why;
	bool found;

	sim_trace_init(t);
	found = data_read("zeus/summary_train.csv", &text);
	if (found)
		assert_ok(sim_trace_read_train(t, text.data, text.len, "train", &why), &why);
	buf_finish(&text);
	if (!found)
		return false;
	found = data_read(power_files[device], &text);
	if (found)
		assert_ok(sim_trace_read_power(t, text.data, text.len, "power", &why), &why);
	buf_finish(&text);
	return found;
}

/* Least mean energy of any fixed size and limit, over that of the default at the highest limit. */
static double least_energy(const struct sim_job *s, uint32_t *size, double *limit_w)
{
	const struct sim_arm *d = &s->arms[s->default_arm];
	double least = INFINITY;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct sim_arm *a = &s->arms[i];
		size_t last = hg_frontier_count(a->frontier) - 1;
		const hg_point *p = &hg_frontier_points(a->frontier)[last];

		if (!a->sure || a->mean_epochs * p->energy_j >= least)
			continue;
		least = a->mean_epochs * p->energy_j;
		*size = a->batch_size;
		*limit_w = hg_frontier_setting(a->frontier, p->setting)[0];
	}
	return least / (d->mean_epochs * d->top_j);
}

static void test_paper(void **state)
{
	(void)state;
	for (size_t device = 0; device < 2; device++) {
		struct sim_trace t;

		if (!load(&t, device)) {
			sim_trace_finish(&t);
			skip();
		}
		for (size_t i = 0; i < JOBS; i++) {
			const struct known_power *want = &known[i].power[device];
			struct sim_job s;
			uint32_t size = 0;
			double limit_w = 0;
			hg_error why;

			assert_ok(sim_job_init(&s, &t, &known[i].spec, &why), &why);
			assert_int_equal(s.sizes[s.default_arm], known[i].paper_default);
			assert_near_abs(
				1 - least_energy(&s, &size, &limit_w), want->saved, 0, 0.0006);
			assert_int_equal(size, want->best_size);
			assert_near(limit_w, want->best_limit_w, 1e-12);
			sim_job_finish(&s);
		}
		sim_trace_finish(&t);
	}
}

static struct campaign_result play(const struct sim_job *s, uint32_t policy, uint32_t recurrences,
	uint32_t concurrent, uint32_t seeds)
{
	struct campaign c = {.jobs = s,
		.n_jobs = 1,
		.options = {.policy = policy, .recurrences = recurrences, .concurrent = concurrent},
		.seeds = seeds,
		.first_seed = 1,
		.threads = 2};
	struct campaign_result r;
	hg_error why;

	assert_ok(campaign_run(&c, &r, &why), &why);
	campaign_finish(&r, 1);
	return r;
}

/* Zeus as its own simulator would have it. */
static void test_zeus(void **state)
{
	(void)state;
	for (size_t device = 0; device < 2; device++) {
		struct sim_trace t;

		if (!load(&t, device)) {
			sim_trace_finish(&t);
			skip();
		}
		for (size_t i = 0; i < JOBS; i++) {
			const struct known_power *want = &known[i].power[device];
			struct campaign_result r;
			struct sim_job s;
			hg_error why;

			assert_ok(sim_job_init(&s, &t, &known[i].spec, &why), &why);
			r = play(&s, HG_RECUR_ZEUS, want->recurrences, 1, 100);
			assert_near_abs(r.last5_energy, want->last5_energy, 0, 0.02);
			assert_near_abs(r.last5_time, want->last5_time, 0, 0.02);
			assert_near_abs(r.all, want->excess, 0, 0.015);
			sim_job_finish(&s);
		}
		sim_trace_finish(&t);
	}
}

/* What is claimed: over all pairs, and no pair worse than Zeus. */
static void test_claims(void **state)
{
	double first20 = 0, first50 = 0, last10 = 0, pairs = 0;

	(void)state;
	for (size_t device = 0; device < 2; device++) {
		struct sim_trace t;

		if (!load(&t, device)) {
			sim_trace_finish(&t);
			skip();
		}
		for (size_t i = 0; i < JOBS; i++) {
			struct campaign_result ours, zeus;
			struct sim_job s;
			hg_error why;

			assert_ok(sim_job_init(&s, &t, &known[i].spec, &why), &why);
			ours = play(&s, HG_RECUR_LEARN, 60, 1, 8);
			zeus = play(&s, HG_RECUR_ZEUS, 60, 1, 40);
			assert_true(ours.first20 <= zeus.first20);
			assert_true(ours.first20 <= 0.18);
			assert_true(ours.wedged == 0 && ours.exhausted == 0);
			first20 += ours.first20;
			first50 += ours.first50;
			last10 += ours.last10;
			pairs++;
			sim_job_finish(&s);
		}
		sim_trace_finish(&t);
	}
	assert_true(first20 / pairs <= 0.075);
	assert_true(first50 / pairs <= 0.035);
	assert_true(last10 / pairs <= 0.005);
}

/* Eight in flight: far less than Zeus loses, and less where they do not all begin at once. */
static void test_concurrent(void **state)
{
	double all[2] = {0, 0}, zeus = 0, blind = 0;
	struct sim_trace t;

	(void)state;
	if (!load(&t, 0)) {
		sim_trace_finish(&t);
		skip();
	}
	for (size_t i = 0; i < JOBS; i++) {
		struct sim_job s;
		hg_error why;
		struct campaign_result r;
		struct campaign c = {.jobs = &s,
			.n_jobs = 1,
			.options = {.recurrences = 60, .concurrent = 8},
			.seeds = 2,
			.first_seed = 1,
			.threads = 2};

		assert_ok(sim_job_init(&s, &t, &known[i].spec, &why), &why);
		for (int k = 0; k < 4; k++) {
			double *sum = k < 2 ? &all[k] : k == 2 ? &blind : &zeus;

			c.options.arrivals = k == 1 ? SIM_STAGGERED : SIM_TOGETHER;
			c.options.blind = k == 2;
			c.options.policy = k == 3 ? HG_RECUR_ZEUS : HG_RECUR_LEARN;
			assert_ok(campaign_run(&c, &r, &why), &why);
			*sum += r.all / JOBS;
			assert_true(k == 3 || r.wedged == 0);
			campaign_finish(&r, 1);
		}
		sim_job_finish(&s);
	}
	sim_trace_finish(&t);
	assert_true(all[0] < 0.07);
	assert_true(all[1] < 0.055);
	assert_true(all[0] < 0.7 * blind);
	assert_true(all[0] < 0.3 * zeus);
}

/* Pilots: what eight in flight lose falls by a third and more, the last is over somewhat later, and
 * where the loss goes adds up. */
static void test_pilots(void **state)
{
	double all[2] = {0, 0}, span[2] = {0, 0};
	struct sim_trace t;

	(void)state;
	if (!load(&t, 0)) {
		sim_trace_finish(&t);
		skip();
	}
	for (size_t i = 0; i < JOBS; i++) {
		struct sim_job s;
		hg_error why;
		struct campaign c = {.jobs = &s,
			.n_jobs = 1,
			.options = {.recurrences = 60, .concurrent = 8},
			.seeds = 2,
			.first_seed = 1,
			.threads = 2};

		assert_ok(sim_job_init(&s, &t, &known[i].spec, &why), &why);
		for (int k = 0; k < 2; k++) {
			struct campaign_result r;
			double parts = 0;

			c.options.pilots = k == 0 ? 0 : 2;
			assert_ok(campaign_run(&c, &r, &why), &why);
			for (int p = 0; p < SIM_PARTS; p++)
				parts += r.part[p];
			assert_near_abs(parts, r.all, 0, 1e-9);
			assert_true((r.wait > 0) == (k == 1) && r.wedged == 0);
			all[k] += r.all / JOBS;
			span[k] += r.span;
			campaign_finish(&r, 1);
		}
		sim_job_finish(&s);
	}
	sim_trace_finish(&t);
	assert_true(all[1] < 0.75 * all[0]);
	assert_true(span[1] < 1.25 * span[0]);
}

/* Epochs double from the best size on at recurrence 50. */
static void test_drift(void **state)
{
	struct sim_trace t;
	double within = 0, mean = 0;

	(void)state;
	if (!load(&t, 0)) {
		sim_trace_finish(&t);
		skip();
	}
	for (size_t i = 0; i < JOBS; i++) {
		struct campaign_result r;
		struct sim_job s;
		hg_error why;
		struct campaign c = {.jobs = &s,
			.n_jobs = 1,
			.options = {.recurrences = 80,
				.concurrent = 1,
				.drift = {.factor = 2, .at = 50}},
			.seeds = 6,
			.first_seed = 1,
			.threads = 2};

		assert_ok(sim_job_init(&s, &t, &known[i].spec, &why), &why);
		assert_ok(campaign_run(&c, &r, &why), &why);
		within += r.back_within_10 / JOBS;
		mean += r.back / JOBS;
		assert_true(r.wedged == 0);
		campaign_finish(&r, 1);
		sim_job_finish(&s);
	}
	sim_trace_finish(&t);
	assert_true(within > 0.85);
	assert_true(mean < 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paper),
		cmocka_unit_test(test_zeus),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_pilots),
		cmocka_unit_test(test_drift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
