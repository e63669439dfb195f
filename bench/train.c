/*
 * Tuning a job while it runs, against the sweep of every limit that Zeus makes: the public sweeps,
 * replayed as a live device. Prints "name value unit" lines.
 *
 *     bench-train [DATA [WHAT [SEEDS [NOISE]]]]
 *         DATA: directory with zeus/. WHAT: rule (the tuner alone), each (a line for every sweep
 *         too), or model (predictions of hg_fit(), whose priors were learnt from these sweeps)
 *
 * Zeus: 10 steps to warm up and 40 measured at each limit, from the highest down, then the best by
 * what was measured. Both see the same noise: steps vary by NOISE (0.01), and the counter is off by
 * 5 ms worth of energy at any instant. What is wasted is cost above that of the best setting.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/fit.h>
#include <hourglass/tune.h>

#include "core/csv.h"
#include "core/file.h"
#include "live-job.h"

#define MAX_SWEEPS 256
#define NAME_ROOM  96
#define NOISE_VAR  (0.004 * 0.004)
#define STEPS      4000.0
#define EPOCH      400.0
#define ZEUS_WARM  10
#define ZEUS_STEPS 40
#define PROBES     4
#define NEAR       1.01
#define LATE       0.01

static const char *const profiles[] = {"A40+bert-base-uncased+gpu0", "A40+resnet18+gpu0,1,2,3",
	"A40+resnet18+gpu0", "A40+resnet50+gpu0", "V100+resnet18+gpu0", "V100+resnet50+gpu0,1",
	"V100+resnet50+gpu0", "V100+shufflenetv2+gpu0"};

struct sweep {
	char name[NAME_ROOM];
	struct live job;
	uint32_t devices;
	const hg_model *model; /* NULL: the tuner's own rule */
};

struct sweeps {
	struct sweep at[MAX_SWEEPS];
	size_t n;
};

static void need(hg_err rc, const hg_error *why)
{
	if (rc == HG_OK)
		return;
	(void)fprintf(stderr, "bench-train: %s\n", why->text);
	exit(1);
}

/* ----- the sweeps */

static void add_point(struct sweep *s, double watts, double time_s, double power_w)
{
	struct live *l = &s->job;

	if (l->n == LIVE_SETTINGS)
		return;
	l->watts[l->n] = watts;
	l->time_s[l->n] = time_s;
	l->power_w[l->n] = power_w;
	l->n++;
	for (size_t i = 0; i < l->n; i++)
		if (l->watts[i] > l->watts[l->baseline])
			l->baseline = i;
}

static bool open_csv(const char *data, const char *file, struct buf *text, struct csv *c)
{
	char path[512];
	hg_error why = {""};
	bool more;

	(void)snprintf(path, sizeof path, "%s/zeus/%s", data, file);
	if (file_read(path, FILE_MAX, text, &why) != HG_OK)
		return false;
	csv_init(c, text->data, text->len, file);
	need(csv_next(c, &more, &why), &why);
	return true;
}

static double field_number(const struct csv *c, size_t i)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%.*s", (int)csv_get(c, i).len, csv_get(c, i).text);
	return strtod(text, NULL);
}

static void read_profile(const char *data, const char *name, struct sweeps *all)
{
	struct sweep *s = &all->at[all->n];
	struct buf text = {0};
	struct csv c = {0};
	char file[128];
	bool more = true;

	(void)snprintf(file, sizeof file, "profile_data/%s.csv", name);
	if (all->n == MAX_SWEEPS || !open_csv(data, file, &text, &c))
		return;
	memset(s, 0, sizeof *s);
	(void)snprintf(s->name, sizeof s->name, "%s", name);
	s->devices = (uint32_t)csv_count(&c) - 3;
	while (csv_next(&c, &more, NULL) == HG_OK && more) {
		char window[64];
		double energy = 0, time = field_number(&c, 2);

		(void)snprintf(window, sizeof window, "%.*s", (int)csv_get(&c, 1).len,
			csv_get(&c, 1).text);
		for (size_t i = 3; i < csv_count(&c); i++)
			energy += field_number(&c, i);
		if (strrchr(window, '_'))
			add_point(s, strtod(strrchr(window, '_') + 1, NULL), time / ZEUS_STEPS,
				energy / time);
	}
	all->n += s->job.n > 1;
	csv_finish(&c);
	buf_finish(&text);
}

/* Seconds of a step: an epoch has as many as samples over batch size, whatever that is; what
 * matters is how many fit the counter. */
static double steps_of(double batch)
{
	return 50000 / batch;
}

static void name_row(const struct csv *c, const char *gpu, char name[NAME_ROOM])
{
	struct buf text = {0};

	buf_init(&text, 4096);
	buf_adds(&text, gpu);
	for (size_t i = 0; i < 4; i++) {
		buf_addc(&text, '/');
		buf_add(&text, csv_get(c, i).text, csv_get(c, i).len);
	}
	(void)snprintf(name, NAME_ROOM, "%s", text.data ? text.data : "");
	buf_finish(&text);
}

static void read_summary(const char *data, const char *gpu, struct sweeps *all)
{
	struct buf text = {0};
	struct csv c = {0};
	size_t first = all->n;
	char file[64];
	bool more = true;

	(void)snprintf(file, sizeof file, "summary_power_%s.csv", gpu);
	if (!open_csv(data, file, &text, &c))
		return;
	while (csv_next(&c, &more, NULL) == HG_OK && more) {
		char name[NAME_ROOM];
		size_t i = first;

		name_row(&c, gpu, name);
		while (i < all->n && strcmp(all->at[i].name, name) != 0)
			i++;
		if (i == MAX_SWEEPS)
			continue;
		if (i == all->n) {
			memset(&all->at[i], 0, sizeof all->at[i]);
			(void)snprintf(all->at[i].name, sizeof all->at[i].name, "%s", name);
			all->at[i].devices = 1;
			all->n++;
		}
		add_point(&all->at[i], field_number(&c, 4),
			field_number(&c, 5) / steps_of(field_number(&c, 2)), field_number(&c, 6));
	}
	csv_finish(&c);
	buf_finish(&text);
}

/* ----- predictions */

/* An hg_tune_predict_fn; user is the sweep. As the command does it, without the noise. */
static hg_err predict(void *user, const hg_point *seen, size_t n, hg_point *out, size_t n_settings)
{
	const struct sweep *s = user;
	hg_obs obs[LIVE_SETTINGS];
	double time = HUGE_VAL, energy = HUGE_VAL;
	hg_fit *fit = NULL;
	hg_err rc;

	for (size_t i = 0; i < n; i++)
		obs[i] = (hg_obs){.setting = {0, s->job.watts[seen[i].setting]},
			.time_s = seen[i].time_s,
			.energy_j = seen[i].energy_j / s->devices,
			.time_rsd = seen[i].time_rsd,
			.energy_rsd = seen[i].energy_rsd};
	rc = hg_fit_create(s->model, obs, n, NULL, &fit, NULL);
	for (size_t i = 0; rc == HG_OK && i < n_settings; i++) {
		const hg_knobs k = {0, s->job.watts[i]};
		hg_forecast f = {.size = sizeof f};

		rc = hg_fit_predict(fit, &k, &f);
		out[i] = (hg_point){.time_s = f.time_s,
			.energy_j = f.energy_j * s->devices,
			.time_rsd = f.time_rsd,
			.energy_rsd = f.energy_rsd};
		time = fmin(time, f.time_rsd);
		energy = fmin(energy, f.energy_rsd);
	}
	for (size_t i = 0; rc == HG_OK && i < n_settings; i++) {
		out[i].time_rsd =
			sqrt(fmax(pow(out[i].time_rsd, 2) - 0.5 * time * time, NOISE_VAR));
		out[i].energy_rsd =
			sqrt(fmax(pow(out[i].energy_rsd, 2) - 0.5 * energy * energy, NOISE_VAR));
	}
	hg_fit_destroy(fit);
	return rc;
}

static void use_models(struct sweeps *all)
{
	hg_model *v100 = NULL, *a40 = NULL;
	hg_error why = {""};

	need(hg_model_load("v100", NULL, &v100, &why), &why);
	need(hg_model_load("a40", NULL, &a40, &why), &why);
	for (size_t i = 0; i < all->n; i++)
		all->at[i].model =
			all->at[i].name[0] == 'v' || all->at[i].name[0] == 'V' ? v100 : a40;
}

/* ----- what settings truly cost */

struct truth {
	hg_objective o;
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
	struct truth r = {.o = *o, .best = HUGE_VAL};
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

/* ----- two ways to tune */

struct result {
	double steps;      /* until it stays within 1 % of the best */
	double seconds;    /* until then */
	double wasted;     /* cost above the best's until then */
	double regret;     /* of what it stays with */
	double at[PROBES]; /* regret of the best so far after so many probes */
	double probes;
	double total[3]; /* cost of 1, 10, 100 epochs */
};

static const double epochs[] = {1, 10, 100};

/* Cost of a job of so many epochs that tunes for a while and then stays with one setting. */
static void totals(struct result *r, double steps, double spent, double per_step)
{
	for (size_t i = 0; i < 3; i++)
		r->total[i] = spent + fmax(0, epochs[i] * EPOCH - steps) * per_step;
}

static struct result ours(const struct sweep *s, const hg_objective *o, uint64_t seed, double noise)
{
	struct truth truth = truth_of(&s->job, o);
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
	job.noise = noise;
	job.counter_s = 0.005;
	job.setting = job.baseline;
	opts = live_opts(&job, o->kind, o->value);
	opts.objective.max_power_w = o->max_power_w;
	opts.devices = s->devices;
	opts.counter_s = 0.005;
	opts.settle_s = 0.05;
	opts.predict = s->model ? predict : NULL;
	opts.predict_user = (void *)(uintptr_t)s;
	need(hg_tune_create(&opts, &t, &why), &why);
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
	r.regret = truth.cost[report.best] / truth.best - 1;
	totals(&r, settled_steps, settled_spent, truth.paid[report.best]);
	hg_tune_destroy(t);
	return r;
}

static struct result zeus(const struct sweep *s, const hg_objective *o, uint64_t seed, double noise)
{
	struct truth truth = truth_of(&s->job, o);
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
				0.005 * sqrt(2) * l->power_w[i] * rng_normal(&rng);
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
	double at[MAX_SWEEPS * 16];
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
	struct column steps, wasted, seconds, probes, regret, theirs, at[PROBES], total[3];
	size_t all, held, near;
};

static void one(struct columns *c, const struct result *a, const struct result *b)
{
	put(&c->steps, a->steps / b->steps);
	put(&c->seconds, a->seconds / b->seconds);
	put(&c->wasted, b->wasted > 0 ? a->wasted / b->wasted : 0);
	put(&c->probes, a->probes);
	put(&c->regret, a->regret);
	put(&c->theirs, b->regret);
	for (size_t i = 0; i < PROBES; i++)
		put(&c->at[i], a->at[i]);
	for (size_t i = 0; i < 3; i++)
		put(&c->total[i], a->total[i] / b->total[i]);
	c->all++;
	c->near += a->regret <= NEAR - 1;
	c->held += a->steps <= b->steps / 5 && a->wasted <= b->wasted / 5;
}

static void table(const struct sweeps *all, const char *goal, hg_objective o, bool each,
	unsigned seeds, double noise)
{
	static struct columns c;
	static const char *const names[] = {"total_1_epoch", "total_10_epochs", "total_100_epochs"};

	memset(&c, 0, sizeof c);
	for (size_t i = 0; i < all->n; i++)
		for (unsigned seed = 1; seed <= seeds; seed++) {
			const struct sweep *s = &all->at[i];
			struct result a, b;

			o.max_power_w = s->job.watts[s->job.baseline] * s->devices;
			a = ours(s, &o, seed, noise);
			b = zeus(s, &o, seed, noise);
			one(&c, &a, &b);
			if (each)
				printf("# %s %s: %zu limits, %g probes, %g of %g steps, wasted "
				       "%.3f of theirs, regret %.2f %% (theirs %.2f %%)\n",
					goal, s->name, s->job.n, a.probes, a.steps, b.steps,
					a.wasted / b.wasted, 100 * a.regret, 100 * b.regret);
		}
	printf("train_%s_sweeps %zu runs\n", goal, c.all);
	printf("train_%s_fifth_held %.4g %%\n", goal, 100.0 * (double)c.held / (double)c.all);
	printf("train_%s_ends_within_1pc %.4g %%\n", goal, 100.0 * (double)c.near / (double)c.all);
	print(goal, "probes", &c.probes, 1, "settings");
	print(goal, "steps_of_sweep", &c.steps, 100, "%");
	print(goal, "seconds_of_sweep", &c.seconds, 100, "%");
	print(goal, "wasted_of_sweep", &c.wasted, 100, "%");
	for (size_t i = 0; i < PROBES; i++) {
		char what[32];

		(void)snprintf(what, sizeof what, "regret_after_%zu", i + 1);
		print(goal, what, &c.at[i], 100, "%");
	}
	print(goal, "regret", &c.regret, 100, "%");
	print(goal, "regret_of_sweep", &c.theirs, 100, "%");
	for (size_t i = 0; i < 3; i++)
		print(goal, names[i], &c.total[i], 100, "%_of_sweep");
}

int main(int argc, char **argv)
{
	static struct sweeps all;
	const char *data = argc > 1 ? argv[1] : HG_BENCH_DIR "/../../shared/data";
	bool each = argc > 2 && strcmp(argv[2], "each") == 0;
	unsigned seeds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 3;
	double noise = argc > 4 ? strtod(argv[4], NULL) : 0.01;
	hg_objective o = {.size = sizeof o, .kind = HG_ETA, .value = 0.5};

	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
		read_profile(data, profiles[i], &all);
	read_summary(data, "v100", &all);
	read_summary(data, "a40", &all);
	if (argc > 2 && strcmp(argv[2], "model") == 0)
		use_models(&all);
	if (all.n == 0) {
		(void)fprintf(stderr, "bench-train: no sweeps below %s/zeus\n", data);
		return 77;
	}
	seeds = seeds < 1 ? 1 : seeds > 16 ? 16 : seeds;
	table(&all, "eta", o, each, seeds, noise);
	o = (hg_objective){.size = sizeof o, .kind = HG_MIN_ENERGY};
	table(&all, "energy", o, each, seeds, noise);
	o = (hg_objective){.size = sizeof o, .kind = HG_MAX_SLOWDOWN, .value = 1.1};
	table(&all, "slowdown", o, each, seeds, noise);
	return 0;
}
