/*
 * Tuning a job while it runs, against the sweep of every limit that Zeus makes: the public sweeps,
 * replayed as a live device. Prints "name value unit" lines.
 *
 *     bench-train [--data DIR] [--what rule|model|others|grid] [--goal eta|energy|slowdown]
 *                 [--each] [--seeds N] [--noise X] [--counter S]
 *
 * DIR has zeus/summary_power_GPU.csv and zeus/profile_data/GPU+NETWORK+gpuLIST.csv, any number.
 * What predicts settings that were not tried: "rule", the tuner's own rule of thumb; "others",
 * hg_fit() with a device and a prior learnt from the other families of jobs on the same GPU;
 * "model", hg_fit() with devices/GPU.json, whose prior was learnt from these sweeps. Without
 * --what: rule and others.
 *
 * "grid" needs no data: random jobs on all simulated devices, with clocks and power limits. There
 * the best of all settings of both knobs is what regret is against, regret_of_best is that of the
 * best that there is to choose from: of limits alone (grid_limits), one knob at a time
 * (grid_apart), both (grid), and both with the device's own model (grid_model), which here is what
 * the job was made with.
 *
 * Zeus: 10 steps to warm up and 40 measured at each limit, from the highest down, then the best by
 * what was measured. Both see the same noise: steps vary by NOISE (0.01), and the counter is off by
 * 5 ms worth of energy at any instant. --counter sets this for the tuner alone: our meter, which
 * knows the counter's edges, is off by 2 ms in windows of 0.2 s of a counter of 100 ms
 * (bench-measure), where reading it twice is off by 25. What is wasted is cost above that of the
 * best setting. The tuner counts as settled after the last step that was not within 1 % of the
 * best.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/tune.h>

#include "common/options.h"
#include "train/sweeps.h"

#define STEPS     4000.0
#define EPOCH     400.0
#define ZEUS_WARM 10
#define PROBES    4
#define NEAR      1.01
#define LATE      0.01
#define SEEDS_MAX 16
#define COUNTER_S 0.005
#define GRID_JOBS 1

/* ----- what settings truly cost */

struct truth {
	double cost[LIVE_SETTINGS]; /* of a step; one that misses the bound as the default at least
				     */
	double late[LIVE_SETTINGS]; /* time over the bound */
	double paid[LIVE_SETTINGS]; /* in the unit of the objective, whether it is met or not */
	double best;
};

static double cost_of(const hg_objective *o, double t, double e)
{
	return o->kind == HG_ETA ? o->value * e + (1 - o->value) * o->max_power_w * t : e;
}

static struct truth truth_of(const struct live *l, const hg_objective *o)
{
	struct truth r = {.best = HUGE_VAL};
	double fastest = HUGE_VAL;

	for (size_t i = 0; i < l->n; i++)
		fastest = fmin(fastest, l->time_s[i]);
	for (size_t i = 0; i < l->n; i++) {
		r.paid[i] = cost_of(o, l->time_s[i], l->power_w[i] * l->time_s[i]);
		r.cost[i] = r.paid[i];
		r.late[i] =
			o->kind == HG_MAX_SLOWDOWN ? l->time_s[i] / (o->value * fastest) - 1 : 0;
		/* a bound that is missed by less than can be measured is met */
		if (r.late[i] > LATE)
			r.cost[i] =
				(1 + r.late[i]) *
				fmax(r.paid[i], l->power_w[l->baseline] * l->time_s[l->baseline]);
		if (o->kind == HG_MAX_SLOWDOWN && l->time_s[i] > o->value * fastest)
			continue;
		r.best = fmin(r.best, r.cost[i]);
	}
	return r;
}

static struct truth truth_of_sweep(const struct power_sweep *s, const hg_objective *o)
{
	struct truth r = truth_of(&s->job, o);

	if (s->whole)
		r.best = truth_of(s->whole, o).best;
	return r;
}

/** What is asked for. */
struct order {
	const char *data;
	bool rule, model, others, grid, each;
	unsigned goals; /* bits; 0: all */
	unsigned seeds;
	double noise, counter_s;
};

/* ----- two ways to tune */

struct result {
	double steps;      /* until it stays within 1 % of the best */
	double seconds;    /* until then */
	double wasted;     /* cost above the best's until then */
	double regret;     /* of what it stays with */
	double at[PROBES]; /* regret of the best so far after so many probes */
	double probes, learning;
	double least;    /* regret of the best of all settings; -1: there are no others */
	double total[3]; /* cost of 1, 10, 100 epochs */
};

static const double epochs[] = {1, 10, 100};

/* Cost of a job of so many epochs that tunes for a while and then stays with one setting. */
static void totals(struct result *r, double steps, double spent, double per_step)
{
	for (size_t i = 0; i < 3; i++)
		r->total[i] = spent + fmax(0, epochs[i] * EPOCH - steps) * per_step;
}

/* Regret of the best of the settings that there are to choose from. */
static double least_of(const struct power_sweep *s, const hg_objective *o, const struct truth *t)
{
	return s->whole ? truth_of(&s->job, o).best / t->best - 1 : -1;
}

static struct result ours(const struct power_sweep *s, const hg_objective *o, uint64_t seed,
	const struct order *order)
{
	struct truth truth = truth_of_sweep(s, o);
	struct live job = s->job;
	struct result r = {.regret = NAN};
	hg_tune_opts opts;
	hg_tune_report report = {.size = sizeof report};
	hg_tune *t;
	hg_error why = {""};
	double spent = 0, wasted = 0, settled_spent = 0, settled_steps = 0;
	size_t probes = 0;

	rng_init(&job.rng, seed);
	job.gain = job.time_factor = job.power_factor = 1;
	job.noise = order->noise;
	job.counter_s = order->counter_s;
	job.setting = job.baseline;
	opts = live_opts(&job, o->kind, o->value);
	opts.objective.max_power_w = o->max_power_w;
	opts.devices = s->devices;
	opts.counter_s = order->counter_s;
	opts.settle_s = 0.05;
	opts.predict = s->model ? sweep_predict : NULL;
	opts.predict_user = (void *)(uintptr_t)s;
	need(hg_tune_create(&opts, &t, &why), why.text);
	for (size_t i = 0; i < PROBES; i++)
		r.at[i] = truth.cost[job.baseline] / truth.best - 1;
	for (double n = 1; n <= STEPS; n++) {
		size_t at = job.fresh ? job.was : job.setting;
		double before = job.now_s;

		live_drive(&job, t);
		spent += truth.paid[at];
		wasted += fmax(0, truth.paid[at] - truth.best);
		if (truth.cost[at] > truth.best * NEAR) {
			r.steps = n;
			r.wasted = wasted;
			r.seconds += job.now_s - before;
		}
		hg_tune_get_report(t, &report);
		for (; probes < report.probes; probes++)
			for (size_t i = probes; i < PROBES; i++)
				r.at[i] = truth.cost[report.best] / truth.best - 1;
		if (report.phase == HG_TUNE_LEARNING) {
			settled_spent = spent;
			settled_steps = n;
		}
	}
	r.probes = report.probes;
	r.learning = report.learning_steps;
	r.least = least_of(s, o, &truth);
	r.regret = truth.cost[report.best] / truth.best - 1;
	totals(&r, settled_steps, settled_spent, truth.paid[report.best]);
	hg_tune_destroy(t);
	return r;
}

static struct result zeus(
	const struct power_sweep *s, const hg_objective *o, uint64_t seed, double noise)
{
	struct truth truth = truth_of_sweep(s, o);
	const struct live *l = &s->job;
	struct result r = {.probes = (double)l->n};
	double measured_t[LIVE_SETTINGS], measured_e[LIVE_SETTINGS], least = HUGE_VAL, spent = 0;
	size_t pick = l->baseline;
	struct rng rng;

	rng_init(&rng, seed);
	for (size_t i = 0; i < l->n; i++) {
		double n = ZEUS_WARM + ZEUS_STEPS, time = l->time_s[i] * ZEUS_STEPS;

		measured_t[i] = time * (1 + noise / sqrt(ZEUS_STEPS) * rng_normal(&rng));
		measured_e[i] = l->power_w[i] * measured_t[i] +
				COUNTER_S * sqrt(2) * l->power_w[i] * rng_normal(&rng);
		r.steps += n;
		r.seconds += n * l->time_s[i];
		r.wasted += n * fmax(0, truth.paid[i] - truth.best);
		spent += n * truth.paid[i];
	}
	for (size_t i = 0; i < l->n; i++) {
		double cost = cost_of(o, measured_t[i], measured_e[i]);

		/* its rule for a bound: the lowest limit within it */
		if (o->kind == HG_MAX_SLOWDOWN)
			cost = measured_t[i] <= o->value * measured_t[l->baseline] ? l->watts[i]
										   : HUGE_VAL;
		if (cost < least) {
			least = cost;
			pick = i;
		}
	}
	r.regret = truth.cost[pick] / truth.best - 1;
	totals(&r, r.steps, spent, truth.paid[pick]);
	return r;
}

/* ----- the table */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct column {
	double at[MAX_SWEEPS * SEEDS_MAX];
	size_t n;
};

static void put(struct column *c, double v)
{
	if (c->n < sizeof c->at / sizeof *c->at)
		c->at[c->n++] = v;
}

static void print(
	const char *goal, const char *what, struct column *c, double factor, const char *unit)
{
	double sum = 0;

	if (c->n == 0)
		return;
	qsort(c->at, c->n, sizeof *c->at, compare);
	for (size_t i = 0; i < c->n; i++)
		sum += c->at[i];
	printf("train_%s_%s_mean %.4g %s\n", goal, what, factor * sum / (double)c->n, unit);
	printf("train_%s_%s_median %.4g %s\n", goal, what, factor * c->at[c->n / 2], unit);
	printf("train_%s_%s_p95 %.4g %s\n", goal, what, factor * c->at[c->n * 95 / 100], unit);
	printf("train_%s_%s_max %.4g %s\n", goal, what, factor * c->at[c->n - 1], unit);
}

struct columns {
	struct column steps, wasted, seconds, probes, learning, least, regret, theirs, at[PROBES],
		total[3];
	size_t all, held, near, too_many, too_dear;
};

static void one(struct columns *c, const struct result *a, const struct result *b)
{
	bool many = a->steps > b->steps / 5, dear = a->wasted > b->wasted / 5;

	put(&c->steps, a->steps / b->steps);
	put(&c->seconds, a->seconds / b->seconds);
	put(&c->wasted, b->wasted > 0 ? a->wasted / b->wasted : 0);
	put(&c->probes, a->probes);
	put(&c->learning, a->learning);
	if (a->least > -1)
		put(&c->least, a->least);
	put(&c->regret, a->regret);
	put(&c->theirs, b->regret);
	for (size_t i = 0; i < PROBES; i++)
		put(&c->at[i], a->at[i]);
	for (size_t i = 0; i < 3; i++)
		put(&c->total[i], a->total[i] / b->total[i]);
	c->all++;
	c->near += a->regret <= NEAR - 1;
	c->held += !many && !dear;
	c->too_many += many;
	c->too_dear += dear;
}

static void print_share(const char *goal, const char *what, size_t n, const struct columns *c)
{
	printf("train_%s_%s %.4g %%\n", goal, what, 100.0 * (double)n / (double)c->all);
}

static void print_columns(const char *goal, struct columns *c)
{
	static const char *const names[] = {"total_1_epoch", "total_10_epochs", "total_100_epochs"};

	printf("train_%s_sweeps %zu runs\n", goal, c->all);
	print_share(goal, "fifth_held", c->held, c);
	print_share(goal, "steps_above_fifth", c->too_many, c);
	print_share(goal, "wasted_above_fifth", c->too_dear, c);
	print_share(goal, "ends_within_1pc", c->near, c);
	print(goal, "probes", &c->probes, 1, "settings");
	print(goal, "learning", &c->learning, 1, "steps");
	print(goal, "steps_of_sweep", &c->steps, 100, "%");
	print(goal, "seconds_of_sweep", &c->seconds, 100, "%");
	print(goal, "wasted_of_sweep", &c->wasted, 100, "%");
	for (size_t i = 0; i < PROBES; i++) {
		char what[32];

		(void)snprintf(what, sizeof what, "regret_after_%zu", i + 1);
		print(goal, what, &c->at[i], 100, "%");
	}
	print(goal, "regret_of_best", &c->least, 100, "%");
	print(goal, "regret", &c->regret, 100, "%");
	print(goal, "regret_of_sweep", &c->theirs, 100, "%");
	for (size_t i = 0; i < 3; i++)
		print(goal, names[i], &c->total[i], 100, "%_of_sweep");
}

static void table(
	const struct power_sweeps *all, const char *goal, hg_objective o, const struct order *order)
{
	static struct columns c, gpu;
	char name[128];

	memset(&c, 0, sizeof c);
	memset(&gpu, 0, sizeof gpu);
	for (size_t i = 0; i < all->n; i++) {
		const struct power_sweep *s = &all->at[i];

		for (unsigned seed = 1; seed <= order->seeds; seed++) {
			struct result a, b;

			o.max_power_w = s->job.watts[s->job.baseline] * s->devices;
			a = ours(s, &o, seed, order);
			b = zeus(s, &o, seed, order->noise);
			one(&c, &a, &b);
			one(&gpu, &a, &b);
			if (order->each)
				printf("# %s %s: %zu limits, %g probes, %g of %g steps, wasted "
				       "%.3f of theirs, regret %.2f %% (theirs %.2f %%)\n",
					goal, s->name, s->job.n, a.probes, a.steps, b.steps,
					a.wasted / b.wasted, 100 * a.regret, 100 * b.regret);
		}
		/* summaries are in order of GPUs */
		if (strchr(s->family, '/') &&
			(i + 1 == all->n || strcmp(all->at[i + 1].gpu, s->gpu) != 0)) {
			(void)snprintf(name, sizeof name, "%s_%s", goal, s->gpu);
			print_share(name, "fifth_held", gpu.held, &gpu);
		}
		if (i + 1 < all->n && strcmp(all->at[i + 1].gpu, s->gpu) != 0)
			memset(&gpu, 0, sizeof gpu);
	}
	print_columns(goal, &c);
}

static void tables(const struct power_sweeps *all, const char *way, const struct order *order)
{
	static const struct {
		const char *name;
		hg_objective o;
	} goals[] = {
		{"eta", {.size = sizeof(hg_objective), .kind = HG_ETA, .value = 0.5}},
		{"energy", {.size = sizeof(hg_objective), .kind = HG_MIN_ENERGY}},
		{"slowdown", {.size = sizeof(hg_objective), .kind = HG_MAX_SLOWDOWN, .value = 1.1}},
	};

	for (size_t i = 0; i < sizeof goals / sizeof *goals; i++) {
		char name[64];

		if (order->goals && !(order->goals >> i & 1))
			continue;
		(void)snprintf(name, sizeof name, "%s%s", way, goals[i].name);
		table(all, name, goals[i].o, order);
	}
}

/* Clocks and power limits of the simulated devices, by what there is to choose from. */
static void grids(struct power_sweeps *all, const struct order *order)
{
	static const struct {
		const char *name;
		enum grid_kind kind;
		bool model;
	} ways[] = {
		{"grid_limits_", GRID_LIMITS, false},
		{"grid_apart_", GRID_APART, false},
		{"grid_", GRID_JOINT, false},
		{"grid_model_", GRID_JOINT, true},
	};

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		grids_make(all, ways[i].kind, GRID_JOBS);
		for (size_t k = 0; k < all->n; k++)
			all->at[k].model = ways[i].model ? all->at[k].model : NULL;
		tables(all, ways[i].name, order);
	}
}

static void read_order(int argc, char **argv, struct order *o)
{
	unsigned what = 0;
	double seeds = 3;
	const struct bench_option list[] = {
		{"--data", BENCH_TEXT, &o->data, "DIR", 0, 0, "where the measurements are"},
		{"--what", BENCH_WORD, &what, "rule|model|others|grid", 0, 0,
			"what the tuner knows beforehand; more than once"},
		{"--goal", BENCH_WORD, &o->goals, "eta|energy|slowdown", 0, 0,
			"what is asked of it; more than once"},
		{"--each", BENCH_FLAG, &o->each, NULL, 0, 0, "every sweep apart"},
		{"--seeds", BENCH_NUMBER, &seeds, "N", 1, SEEDS_MAX, "of each sweep"},
		{"--noise", BENCH_NUMBER, &o->noise, "X", 0, 1, "of a step's time"},
		{"--counter", BENCH_NUMBER, &o->counter_s, "S", 0, 1e3, "between its updates"},
		{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};

	*o = (struct order){
		.data = HG_BENCH_DIR "/../../shared/data", .noise = 0.01, .counter_s = COUNTER_S};
	(void)bench_options("bench-train", argc, argv, 0, list);
	o->seeds = (unsigned)seeds;
	o->rule = what == 0 || (what & 1);
	o->model = (what & 2) != 0;
	o->others = what == 0 || (what & 4);
	o->grid = (what & 8) != 0;
}

int main(int argc, char **argv)
{
	static struct power_sweeps all;
	struct order order;

	read_order(argc, argv, &order);
	if (order.grid)
		grids(&all, &order);
	if (!order.rule && !order.others && !order.model)
		return 0;
	sweeps_read(order.data, &all);
	if (all.n == 0) {
		(void)fprintf(stderr, "bench-train: no sweeps below %s/zeus\n", order.data);
		return 77;
	}
	if (order.rule)
		tables(&all, "", &order);
	if (order.others) {
		models_of_others(&all);
		tables(&all, "others_", &order);
	}
	if (order.model) {
		models_by_name(&all);
		tables(&all, "model_", &order);
	}
	return 0;
}
