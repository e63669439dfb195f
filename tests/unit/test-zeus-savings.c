/*
 * The savings that Zeus's paper found in its tables (NSDI'23, introduction), from the tables with
 * the library's own algebra: a frontier over power limits for each batch size, stretched to the
 * mean number of epochs that the batch size needs, and the union of all of them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hourglass/frontier.h>

#include "core/csv.h"
#include "core/number.h"

#include "data-file.h"

#define MAX_BATCHES 64

/* A saving in percent, rounded to a tenth, and where it is reached; limit or batch 0: any. */
struct saving {
	double percent, batch, limit_w;
};

struct job {
	const char *dataset, *network, *optimizer;
	double target, max_epochs, batch; /* batch: of the baseline */
	struct {
		struct saving joint, limit, batch;
	} expected[2]; /* V100, A40 */
};

static const struct job jobs[] = {
	{"cifar100", "shufflenetv2", "adadelta", 0.6, 100, 1024,
		{{{74.7, 128, 100}, {31.4, 1024, 100}, {63.2, 128, 250}},
			{{72.2, 128, 125}, {21.0, 1024, 175}, {65.7, 128, 300}}}},
	{"imagenet", "resnet50", "adadelta", 0.65, 100, 256,
		{{{23.8, 360, 150}, {22.5, 256, 150}, {3.0, 360, 250}},
			{{19.4, 360, 200}, {19.1, 256, 200}, {1.4, 360, 300}}}},
	{"squad", "bert_base_uncased", "adamw", 84, 6, 32,
		{{{27.6, 8, 125}, {17.8, 32, 150}, {6.7, 12, 250}},
			{{21.4, 16, 200}, {20.4, 32, 175}, {0.0, 32, 300}}}},
	{"librispeech", "deepspeech2", "adamw", 40, 16, 192,
		{{{42.8, 32, 100}, {16.2, 192, 100}, {18.0, 48, 250}},
			{{66.3, 32, 175}, {1.7, 192, 250}, {59.3, 32, 300}}}},
	{"movielens-1m", "ncf", "adam", 0.41, 100, 1024,
		{{{66.6, 16384, 150}, {3.0, 1024, 125}, {65.0, 16384, 250}},
			{{61.2, 16384, 100}, {6.3, 1024, 275}, {58.2, 16384, 300}}}},
	{"sentiment140", "bert_base_uncased", "adamw", 0.84, 10, 128,
		{{{26.4, 32, 125}, {21.2, 128, 150}, {3.4, 64, 250}},
			{{20.6, 128, 200}, {20.6, 128, 200}, {0.0, 128, 300}}}},
};

static const struct {
	const char *file;
	const char *max_limit; /* condition */
	double max_limit_w;
} gpus[] = {
	{"zeus/summary_power_v100.csv", "power_limit=250", 250},
	{"zeus/summary_power_a40.csv", "power_limit=300", 300},
};

/* How long a job trains with one batch size. */
struct training {
	double batch, epochs; /* epochs: sum, later mean, over runs */
	size_t runs;
	bool fails; /* a run did not reach the target in time */
};

struct tables {
	struct buf train, power[2];
};

static bool field_is(const struct csv *csv, size_t i, const char *text)
{
	struct csv_field f = csv_get(csv, i);

	return f.len == strlen(text) && memcmp(f.text, text, f.len) == 0;
}

static double number(const struct csv *csv, size_t i)
{
	struct csv_field f = csv_get(csv, i);
	double v = (double)NAN;

	(void)double_parse(f.text, f.len, true, &v);
	return v;
}

static struct training *find_batch(struct training *at, size_t *n, double batch)
{
	size_t i = 0;

	while (i < *n && (at[i].batch < batch || at[i].batch > batch))
		i++;
	if (i == *n) {
		assert_true(i < MAX_BATCHES);
		at[(*n)++] = (struct training){.batch = batch};
	}
	return &at[i];
}

static void add_run(const struct job *job, const struct csv *csv, struct training *at, size_t *n)
{
	struct training *t;
	double epochs = number(csv, 7);

	if (!field_is(csv, 0, job->dataset) || !field_is(csv, 1, job->network) ||
		!field_is(csv, 3, job->optimizer) || fabs(number(csv, 6) - job->target) > 1e-9)
		return;
	t = find_batch(at, n, number(csv, 2));
	t->runs++;
	t->epochs += epochs;
	t->fails = t->fails || !(epochs <= job->max_epochs);
}

/* The batch sizes all of whose runs reach the target, with their mean number of epochs. */
static size_t read_training(const struct job *job, const struct buf *text, struct training *at)
{
	struct csv csv;
	bool more = true;
	size_t n = 0, kept = 0;

	csv_init(&csv, text->data, text->len, "train");
	assert_int_equal(csv_next(&csv, &more, NULL), HG_OK);
	while (csv_next(&csv, &more, NULL) == HG_OK && more)
		add_run(job, &csv, at, &n);
	csv_finish(&csv);
	for (size_t i = 0; i < n; i++) {
		if (at[i].fails)
			continue;
		at[kept] = at[i];
		at[kept++].epochs /= (double)at[i].runs;
	}
	return kept;
}

/* The frontier of a job with one batch size, over limits (or at one), to the target. NULL: the
 * power table does not have the batch size. */
static hg_frontier *import(
	const struct job *job, const struct buf *power, const struct training *t, const char *limit)
{
	static const char *const knobs[] = {"batch_size", "power_limit=power_limit_w:W"};
	char dataset[64], network[64], optimizer[64], batch[64];
	const char *where[] = {dataset, network, optimizer, batch, limit};
	hg_csv_import opts = {.size = sizeof opts, .time = "time_per_epoch"};
	hg_frontier *f, *whole;
	hg_error why;
	hg_err err;

	(void)snprintf(dataset, sizeof dataset, "dataset=%s", job->dataset);
	(void)snprintf(network, sizeof network, "network=%s", job->network);
	(void)snprintf(optimizer, sizeof optimizer, "optimizer=%s", job->optimizer);
	(void)snprintf(batch, sizeof batch, "batch_size=%g", t->batch);
	opts.power = "average_power";
	opts.knobs = knobs;
	opts.n_knobs = 2;
	opts.where = where;
	opts.n_where = limit ? 5 : 4;
	err = hg_frontier_import_csv(power->data, power->len, "power.csv", &opts, &f, &why);
	if (err == HG_EINVAL && strstr(why.text, "row"))
		return NULL;
	if (err)
		print_error("%s\n", why.text);
	assert_int_equal(err, HG_OK);
	assert_int_equal(hg_frontier_scale(f, t->epochs, t->epochs, &whole, NULL), HG_OK);
	hg_frontier_destroy(f);
	return whole;
}

/* Keeps the setting that a leaf has at its point. */
static int keep_setting(void *user, const hg_frontier *leaf, size_t point, uint64_t count)
{
	const double *row = hg_frontier_setting(leaf, hg_frontier_points(leaf)[point].setting);

	(void)count;
	memcpy(user, row, 2 * sizeof *row);
	return 0;
}

/* The least energy among batch sizes, and its setting {batch, limit}. only: this batch size */
static double least_energy(const struct job *job, const struct buf *power,
	const struct training *at, size_t n, double only, const char *limit, double *setting)
{
	hg_objective objective = {.size = sizeof objective, .kind = HG_MIN_ENERGY};
	hg_pick pick = {.size = sizeof pick};
	hg_frontier *children[MAX_BATCHES], *all;
	size_t n_children = 0;

	for (size_t i = 0; i < n; i++) {
		if (only > 0 && (at[i].batch < only || at[i].batch > only))
			continue;
		children[n_children] = import(job, power, &at[i], limit);
		n_children += children[n_children] != NULL;
	}
	assert_true(n_children > 0);
	assert_int_equal(hg_frontier_union(children, n_children, &all, NULL), HG_OK);
	assert_int_equal(hg_frontier_pick(all, &objective, &pick, NULL), HG_OK);
	assert_int_equal(hg_frontier_realise(all, pick.index, keep_setting, setting), HG_OK);
	hg_frontier_destroy(all);
	for (size_t i = 0; i < n_children; i++)
		hg_frontier_destroy(children[i]);
	return pick.point.energy_j;
}

static void check_saving(const struct job *job, const char *what, double ratio,
	const double *setting, const struct saving *expected)
{
	double percent = round(1000 * (1 - ratio)) / 10;
	bool same = fabs(percent - expected->percent) < 0.01 &&
		    fabs(setting[0] - expected->batch) < 0.5 &&
		    fabs(setting[1] - expected->limit_w) < 0.5;

	if (!same)
		print_error("%s, %s: expected %.1f %% at (%g, %g W), found %.1f %% at (%g, %g W)\n",
			job->dataset, what, expected->percent, expected->batch, expected->limit_w,
			percent, setting[0], setting[1]);
	assert_true(same);
}

static void check_job(const struct tables *tables, const struct job *job, size_t gpu)
{
	const struct buf *power = &tables->power[gpu];
	struct training at[MAX_BATCHES];
	size_t n = read_training(job, &tables->train, at);
	double setting[2], base, energy;

	base = least_energy(job, power, at, n, job->batch, gpus[gpu].max_limit, setting);
	assert_true(fabs(setting[1] - gpus[gpu].max_limit_w) < 0.5);
	energy = least_energy(job, power, at, n, 0, NULL, setting);
	check_saving(job, "both", energy / base, setting, &job->expected[gpu].joint);
	energy = least_energy(job, power, at, n, job->batch, NULL, setting);
	check_saving(job, "limit only", energy / base, setting, &job->expected[gpu].limit);
	energy = least_energy(job, power, at, n, 0, gpus[gpu].max_limit, setting);
	check_saving(job, "batch size only", energy / base, setting, &job->expected[gpu].batch);
}

static void test_savings(void **state)
{
	struct tables *tables = *state;

	for (size_t gpu = 0; gpu < 2; gpu++) {
		double joint[2] = {HUGE_VAL, 0}, limit[2] = {HUGE_VAL, 0};

		for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
			check_job(tables, &jobs[i], gpu);
			joint[0] = fmin(joint[0], jobs[i].expected[gpu].joint.percent);
			joint[1] = fmax(joint[1], jobs[i].expected[gpu].joint.percent);
			limit[0] = fmin(limit[0], jobs[i].expected[gpu].limit.percent);
			limit[1] = fmax(limit[1], jobs[i].expected[gpu].limit.percent);
		}
		print_message("%s: both %.1f %% to %.1f %%, limit only %.1f %% to %.1f %%\n",
			gpus[gpu].file, joint[0], joint[1], limit[0], limit[1]);
	}
}

static bool read_tables(struct tables *tables)
{
	bool found = data_read("zeus/summary_train.csv", &tables->train);

	for (size_t gpu = 0; gpu < 2; gpu++)
		found = data_read(gpus[gpu].file, &tables->power[gpu]) && found;
	return found;
}

int main(void)
{
	struct tables tables;
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_savings, &tables)};
	int failed = 77;

	if (read_tables(&tables))
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	buf_finish(&tables.train);
	buf_finish(&tables.power[0]);
	buf_finish(&tables.power[1]);
	return failed;
}
