/*
 * Recurring jobs: what the engine and Zeus cost on recorded trainings, and how fast they are.
 *
 * usage: bench-recur [--data DIR] [--seeds K] [--first-seed N] [--peer PYTHON] [--priors yes]
 *                    [--only flight|learn]
 *
 * DIR holds summary_train.csv and summary_power_*.csv. --peer runs Zeus's own simulator, where that
 * Python has it, beside ours. Excess is over the best fixed batch size and power limit. --priors
 * only looks up what the engine takes for granted, with each training left out in turn: what it
 * believes beforehand should not hang on any one of them. --only flight replays only several in
 * flight, and says where what they cost beyond the best goes; --only learn replays the engine
 * alone.
 */
#define _DEFAULT_SOURCE /* getrusage */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/options.h"
#include "core/file.h"
#include "peer/zeus.h"
#include "software/recur/campaign.h"

#define JOBS    6
#define DEVICES 2
#define STEPS   60
#define FLIGHT  8
#define PILOTS  2

static const struct sim_spec specs[JOBS] = {
	{"cifar100/shufflenetv2/adadelta", 0.6, 100, 1024, 0.5},
	{"imagenet/resnet50/adadelta", 0.65, 100, 256, 0.5},
	{"librispeech/deepspeech2/adamw", 40, 16, 256, 0.5},
	{"movielens-1m/ncf/adam", 0.41, 100, 1024, 0.5},
	{"squad/bert_base_uncased/adamw", 84, 6, 32, 0.5},
	{"sentiment140/bert_base_uncased/adamw", 0.84, 10, 128, 0.5},
};
static const char *const devices[DEVICES] = {"v100", "a40"};

/* Other targets of the same trainings: jobs that are alike. */
static const double other_targets[JOBS] = {0.5, 0.6, 45, 0.4, 83.5, 0.83};

struct bench {
	const char *data, *peer;
	uint32_t seeds, first_seed;
	struct sim_trace traces[DEVICES];
	struct sim_job jobs[DEVICES][JOBS];
};

static double cpu_s(void)
{
	struct rusage r;

	(void)getrusage(RUSAGE_SELF, &r);
	return (double)r.ru_utime.tv_sec + (double)r.ru_utime.tv_usec * 1e-6;
}

static int read_file(const char *folder, const char *name, struct buf *text)
{
	char path[1024];
	hg_error why;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	if (file_read(path, FILE_MAX, text, &why) == HG_OK)
		return 0;
	fprintf(stderr, "bench-recur: %s\n", why.text);
	return 1;
}

static int load(struct bench *b, int device)
{
	struct sim_trace *t = &b->traces[device];
	struct buf train = {0}, power = {0};
	char name[64];
	hg_error why = {""};
	int bad;

	sim_trace_init(t);
	(void)snprintf(name, sizeof name, "summary_power_%s.csv", devices[device]);
	bad = read_file(b->data, "summary_train.csv", &train) || read_file(b->data, name, &power) ||
	      sim_trace_read_train(t, train.data, train.len, "train", &why) ||
	      sim_trace_read_power(t, power.data, power.len, "power", &why);
	for (int i = 0; !bad && i < JOBS; i++)
		bad = sim_job_init(&b->jobs[device][i], t, &specs[i], &why) != HG_OK;
	if (why.text[0])
		fprintf(stderr, "bench-recur: %s\n", why.text);
	buf_finish(&train);
	buf_finish(&power);
	return bad;
}

static struct campaign_result play(
	const struct bench *b, const struct sim_job *s, struct sim_options o, uint32_t seeds)
{
	struct campaign c = {.jobs = s,
		.n_jobs = 1,
		.options = o,
		.seeds = seeds,
		.first_seed = b->first_seed,
		.threads = 2};
	struct campaign_result r;
	hg_error why = {""};

	if (campaign_run(&c, &r, &why)) {
		fprintf(stderr, "bench-recur: %s\n", why.text);
		exit(1);
	}
	campaign_finish(&r, 1);
	return r;
}

static int short_name(const struct sim_job *s)
{
	return (int)strcspn(s->name, "/");
}

/* The table of goals for one way to choose. */
static double table(const struct bench *b, const char *name, struct sim_options o, bool pairs)
{
	double first20 = 0, first50 = 0, last10 = 0, all = 0, worst = 0, stuck = 0;

	for (int d = 0; d < DEVICES; d++)
		for (int i = 0; i < JOBS; i++) {
			const struct sim_job *s = &b->jobs[d][i];
			struct campaign_result r = play(b, s, o, b->seeds);

			if (pairs)
				printf("%s_%s_%.*s_first20 %.2f %%\n", name, devices[d],
					short_name(s), s->name, 100 * r.first20);
			first20 += r.first20 / (DEVICES * JOBS);
			first50 += r.first50 / (DEVICES * JOBS);
			last10 += r.last10 / (DEVICES * JOBS);
			all += r.all / (DEVICES * JOBS);
			worst = fmax(worst, r.first20);
			stuck += r.wedged + r.exhausted;
		}
	printf("%s_first20 %.2f %%\n%s_first50 %.2f %%\n%s_last10 %.2f %%\n", name, 100 * first20,
		name, 100 * first50, name, 100 * last10);
	printf("%s_worst_first20 %.2f %%\n%s_regret_per_run %.2f %%\n%s_stuck_replays %g 1\n", name,
		100 * worst, name, 100 * all, name, stuck);
	return all;
}

static void tables(const struct bench *b)
{
	struct sim_options o = {.recurrences = STEPS, .concurrent = 1};

	(void)table(b, "learn", o, true);
	o.blind = true;
	(void)table(b, "learn_blind", o, false);
	o.blind = false;
	o.known_costs = true;
	(void)table(b, "learn_known_costs", o, false);
	o.known_costs = false;
	o.policy = HG_RECUR_ZEUS;
	(void)table(b, "zeus", o, true);
}

/* ----- several in flight */

/* Mean excess of all recurrences over the pairs; span: until all are over, in runs of the best
 * choice. */
static double regret(const struct bench *b, struct sim_options o, double *span)
{
	double all = 0;

	*span = 0;
	for (int d = 0; d < DEVICES; d++)
		for (int i = 0; i < JOBS; i++) {
			struct campaign_result r = play(b, &b->jobs[d][i], o, b->seeds);

			all += r.all / (DEVICES * JOBS);
			*span += r.span / (DEVICES * JOBS);
		}
	return all;
}

/* The arm nearest to so many octaves from the default; NULL: there is none so far out. */
static const struct sim_arm *arm_at(const struct sim_job *s, double octaves)
{
	const struct sim_arm *best = NULL;
	double least = 0.51;

	for (uint32_t a = 0; a < s->n; a++) {
		double off = fabs(log2((double)s->sizes[a] / s->sizes[s->default_arm]) - octaves);

		if (off < least) {
			least = off;
			best = &s->arms[a];
		}
	}
	return best;
}

/*
 * What so many runs cost beyond the best choice that begin before anything is known, all of them
 * that far from the default, if everything is known once one of them has told what it can. Told:
 * after its first epoch, and then each goes on or begins anew; else by runs that are over. A size
 * that does not reach its target fails after max_epochs, and begins anew.
 */
static double bound_of(const struct sim_job *s, double octaves, bool told)
{
	const struct sim_arm *a = arm_at(s, octaves), *best = &s->arms[s->best_arm];
	double least = best->mean_epochs * best->cost_j, whole, anew;

	if (!a)
		return INFINITY;
	anew = a->cost_j * (told ? 1 : s->max_epochs) + least;
	whole = a->sure ? a->mean_epochs * a->cost_j : anew;
	return fmin(whole, told ? anew : whole) / least - 1;
}

/* The same, as a mean over the pairs. Where a job has no such size it takes its default. */
static double bound_at(const struct bench *b, int octaves, bool told)
{
	double sum = 0;

	for (int d = 0; d < DEVICES; d++)
		for (int i = 0; i < JOBS; i++) {
			double x = bound_of(&b->jobs[d][i], octaves, told);

			if (!(x < INFINITY))
				x = bound_of(&b->jobs[d][i], 0, told);
			sum += x / (DEVICES * JOBS);
		}
	return sum;
}

/* The least of it for any number of octaves: no policy can know which. */
static double bound(const struct bench *b, bool told)
{
	double least = INFINITY;

	for (int octaves = -4; octaves <= 4; octaves++)
		least = fmin(least, bound_at(b, octaves, told));
	return least;
}

/* Eight in flight against one: together or staggered, and with pilots, which makes some wait. */
static void concurrent(const struct bench *b, uint32_t policy, uint32_t recurrences)
{
	static const char *const names[] = {
		"together", "staggered", "together_pilots", "staggered_pilots"};
	int ways = policy == HG_RECUR_LEARN ? 4 : 2;
	struct sim_options o = {.policy = policy, .recurrences = recurrences, .concurrent = 1};
	const char *name = hg_recur_policy_name(policy);
	double span, spans[4], alone = regret(b, o, &span), one;

	printf("%s_regret_per_run_of_%u %.2f %%\n", name, recurrences, 100 * alone);
	o.concurrent = FLIGHT;
	for (int k = 0; k < ways; k++) {
		o.arrivals = k % 2 == 0 ? SIM_TOGETHER : SIM_STAGGERED;
		o.pilots = k < 2 ? 0 : PILOTS;
		one = regret(b, o, &spans[k]);
		printf("%s_%d_%s_regret_per_run_of_%u %.2f %%\n", name, FLIGHT, names[k],
			recurrences, 100 * one);
		printf("%s_%d_%s_over_alone_of_%u %.2f x\n", name, FLIGHT, names[k], recurrences,
			one / alone);
		if (k >= 2)
			printf("%s_%d_%s_later_of_%u %.1f %%\n", name, FLIGHT, names[k],
				recurrences, 100 * (spans[k] / spans[k - 2] - 1));
	}
}

static void all_concurrent(const struct bench *b)
{
	struct sim_options o = {.recurrences = STEPS, .concurrent = FLIGHT, .blind = true};
	double span;

	printf("learn_blind_%d_together_regret_per_run_of_%d %.2f %%\n", FLIGHT, STEPS,
		100 * regret(b, o, &span));
	for (int k = 0; k < 3; k++)
		concurrent(b, HG_RECUR_LEARN, k == 0 ? 50 : k == 1 ? STEPS : 100);
	concurrent(b, HG_RECUR_ZEUS, STEPS);
	printf("bound_%d_together_blind_regret_per_run_of_%d %.2f %%\n", FLIGHT, STEPS,
		100 * FLIGHT * bound(b, false) / STEPS);
	printf("bound_%d_together_regret_per_run_of_%d %.2f %%\n", FLIGHT, STEPS,
		100 * FLIGHT * bound(b, true) / STEPS);
	printf("bound_%d_together_at_default_regret_per_run_of_%d %.2f %%\n", FLIGHT, STEPS,
		100 * FLIGHT * bound_at(b, 0, true) / STEPS);
}

/* What several in flight are measured by, and where the excess goes. */
struct tally {
	double all, wait, span, part[SIM_PARTS];
};

static void tally_add(struct tally *t, const struct campaign_result *r, double weight)
{
	t->all += weight * r->all;
	t->wait += weight * r->wait;
	t->span += weight * r->span;
	for (int k = 0; k < SIM_PARTS; k++)
		t->part[k] += weight * r->part[k];
}

/* Parts in points, which add up; waits and spans in runs of the best choice. */
static void tally_print(const struct tally *t)
{
	static const char *const parts[] = {
#define PART(name, text) text,
		SIM_PART_LIST(PART)
#undef PART
	};

	printf(" %.2f %%:", 100 * t->all);
	for (int k = 0; k < SIM_PARTS; k++)
		printf(" %s %.2f", parts[k], 100 * t->part[k]);
	printf("; wait %.3f, span %.2f runs\n", t->wait, t->span);
}

static void account(const struct bench *b, const char *name, struct sim_options o)
{
	struct tally sum = {0};

	for (int d = 0; d < DEVICES; d++)
		for (int i = 0; i < JOBS; i++) {
			const struct sim_job *s = &b->jobs[d][i];
			struct campaign_result r = play(b, s, o, b->seeds);
			struct tally one = {0};

			tally_add(&one, &r, 1);
			tally_add(&sum, &r, 1.0 / (DEVICES * JOBS));
			printf("account_%s_%s_%.*s", name, devices[d], short_name(s), s->name);
			tally_print(&one);
		}
	printf("account_%s", name);
	tally_print(&sum);
}

static void flight(const struct bench *b)
{
	struct sim_options o = {.recurrences = STEPS, .concurrent = 1};

	printf("bound_%d_together_at_default_regret_per_run_of_%d %.2f %%\n", FLIGHT, STEPS,
		100 * FLIGHT * bound_at(b, 0, true) / STEPS);
	account(b, "alone", o);
	o.concurrent = FLIGHT;
	account(b, "together", o);
	o.pilots = PILOTS;
	account(b, "together_pilots", o);
	o.arrivals = SIM_STAGGERED;
	account(b, "staggered_pilots", o);
	o.pilots = 0;
	account(b, "staggered", o);
}

static void drift(const struct bench *b, uint32_t policy)
{
	struct sim_options o = {.policy = policy,
		.recurrences = 100,
		.concurrent = 1,
		.drift = {.factor = 2, .at = 50}};
	const char *name = hg_recur_policy_name(policy);
	double back = 0, within = 0, slowest = 0;

	for (int d = 0; d < DEVICES; d++)
		for (int i = 0; i < JOBS; i++) {
			struct campaign_result r;

			/* Where no size would still reach the target in time there is nothing to
			 * find. */
			if (!isfinite(sim_best(&b->jobs[d][i], &o, true)))
				continue;
			r = play(b, &b->jobs[d][i], o, b->seeds);
			back += r.back / (DEVICES * JOBS);
			within += r.back_within_10 / (DEVICES * JOBS);
			slowest = fmax(slowest, r.back);
		}
	printf("%s_drift_back_after %.2f recurrences\n%s_drift_slowest_pair %.2f recurrences\n",
		name, back, name, slowest);
	printf("%s_drift_back_within_10 %.1f %%\n", name, 100 * within);
}

/* ----- similar jobs */

/* Two runs of each size of a job, as trials of a similar one. */
static size_t give(const struct sim_job *s, hg_recur_trial *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < 2 * s->n; i++) {
		const struct sim_arm *a = &s->arms[i / 2];
		double epochs = a->epochs[i % 2 % a->runs];
		bool reached = epochs <= s->max_epochs;

		epochs = reached ? epochs : s->max_epochs;
		out[n++] = (hg_recur_trial){.batch_size = a->batch_size,
			.kin = HG_RECUR_SIMILAR_JOB,
			.state = reached ? HG_RECUR_REACHED : HG_RECUR_EXHAUSTED,
			.epochs = epochs,
			.energy_j = epochs * a->energy_j,
			.time_s = epochs * a->time_s};
	}
	return n;
}

/* Excess of the first 20 runs of a job that begins with what another one was like. */
static double first20_after(
	const struct bench *b, const struct sim_job *s, const struct sim_job *other, double *worst)
{
	hg_recur_trial kin[2 * HG_RECUR_MAX_SIZES];
	struct sim_options o = {.recurrences = 20, .concurrent = 1, .known = kin};
	double x;

	o.n_known = give(other, kin);
	x = play(b, s, o, b->seeds).first20;
	*worst = fmax(*worst, x);
	return x;
}

/* The same training with another target, and each of the other trainings. */
static void similar(const struct bench *b)
{
	double alike = 0, unlike = 0, worst_alike = 0, worst_unlike = 0;

	for (int d = 0; d < DEVICES; d++)
		for (int i = 0; i < JOBS; i++) {
			struct sim_spec spec = specs[i];
			struct sim_job other;

			spec.target = other_targets[i];
			if (sim_job_init(&other, &b->traces[d], &spec, NULL))
				exit(1);
			alike += first20_after(b, &b->jobs[d][i], &other, &worst_alike) /
				 (DEVICES * JOBS);
			sim_job_finish(&other);
			for (int k = 0; k < JOBS; k++)
				if (k != i)
					unlike += first20_after(b, &b->jobs[d][i], &b->jobs[d][k],
							  &worst_unlike) /
						  (DEVICES * JOBS * (JOBS - 1));
		}
	printf("after_similar_first20 %.2f %%\nafter_similar_worst_first20 %.2f %%\n", 100 * alike,
		100 * worst_alike);
	printf("after_dissimilar_first20 %.2f %%\nafter_dissimilar_worst_first20 %.2f %%\n",
		100 * unlike, 100 * worst_unlike);
}

/* Replays that end without a usable size, of 10^4. */
static void stuck(const struct bench *b)
{
	struct sim_options o = {.recurrences = 20, .concurrent = 1};
	double n = 0;

	for (int d = 0; d < DEVICES; d++)
		for (int i = 0; i < JOBS; i++) {
			struct campaign_result r = play(b, &b->jobs[d][i], o, 840);

			n += r.wedged + r.exhausted;
		}
	printf("stuck_of_10080 %g 1\n", n);
}

static void decisions(void)
{
	static const uint32_t sizes[16] = {
		1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
	static hg_recur_trial trials[1000];
	hg_recur_job job = {.size = sizeof job,
		.n_sizes = 16,
		.default_size = 256,
		.batch_sizes = sizes,
		.eta = 0.5,
		.max_power_w = 300,
		.max_epochs = 100};
	hg_recur_decision d = {.size = sizeof d};
	double from;

	for (size_t i = 0; i < 1000; i++)
		trials[i] = (hg_recur_trial){.batch_size = sizes[(i * i + i / 7) % 16],
			.state = i % 5 ? HG_RECUR_REACHED : HG_RECUR_STOPPED,
			.epochs = 20 + (double)(i % 4),
			.energy_j = 1000,
			.time_s = 10};
	from = cpu_s();
	for (int i = 0; i < 500; i++)
		if (hg_recur_next(&job, trials, 1000, 0, &d, NULL))
			return;
	printf("decision_1000_trials_16_sizes %.3f ms\n", (cpu_s() - from) * 2);
}

static double replay_s(const struct bench *b, uint32_t policy)
{
	struct sim_options o = {.policy = policy, .recurrences = STEPS, .concurrent = 1};
	double from = cpu_s();

	for (int i = 0; i < JOBS; i++)
		(void)play(b, &b->jobs[0][i], o, b->seeds);
	return (cpu_s() - from) / (STEPS * JOBS * (double)b->seeds);
}

static int peer(const struct bench *b)
{
	double ours = replay_s(b, HG_RECUR_LEARN), zeus = replay_s(b, HG_RECUR_ZEUS), theirs;

	printf("replay_learn %.2f us/recurrence\nreplay_zeus %.2f us/recurrence\n", 1e6 * ours,
		1e6 * zeus);
	if (!b->peer)
		return 0;
	theirs = peer_zeus(b->peer, b->data, "summary_power_v100.csv", STEPS, 2);
	if (!(theirs > 0))
		return 1;
	printf("peer_zeus_simulator %.2f us/recurrence\n", 1e6 * theirs);
	printf("peer_over_replay_zeus %.0f x\npeer_over_replay_learn %.0f x\n", theirs / zeus,
		theirs / ours);
	return 0;
}

/* ----- what trainings are like */

/* Sums of squares and of values. */
struct spread {
	double n, sum, squares;
};

static void spread_add(struct spread *s, double x)
{
	s->n++;
	s->sum += x;
	s->squares += x * x;
}

static double spread_mean(const struct spread *s)
{
	return s->n > 0 ? s->sum / s->n : (double)NAN;
}

static double spread_sd(const struct spread *s)
{
	double mean = spread_mean(s);

	return sqrt(fmax(0, s->squares / s->n - mean * mean));
}

/* What is looked up, of all trainings but one. */
struct lookup {
	struct spread up, down;           /* growth of log epochs an octave, off the default */
	struct spread cost_up, cost_down; /* of the log cost of an epoch */
	struct spread alike;              /* log of what is left, over its mean at that level */
};

static void look_at_sizes(const struct sim_job *s, struct lookup *l)
{
	const struct sim_arm *d = &s->arms[s->default_arm];

	for (uint32_t i = 0; i < s->n; i++) {
		const struct sim_arm *a = &s->arms[i];
		double x = log2((double)a->batch_size / d->batch_size);

		if (fabs(x) < 0.25)
			continue;
		spread_add(x > 0 ? &l->cost_up : &l->cost_down, log(a->cost_j / d->cost_j) / x);
		if (isfinite(a->mean_epochs))
			spread_add(x > 0 ? &l->up : &l->down,
				log(a->mean_epochs / d->mean_epochs) / x);
	}
}

/* Log of what was left when a run came to a level; NAN: it did not, or not to its target. */
static double left_at(const struct sim_arm *a, uint32_t run, double level)
{
	for (uint32_t i = 0; i < a->curves[run].n; i++)
		if (a->curves[run].sights[i].metric == level && isfinite(a->epochs[run]))
			return log(a->epochs[run] / a->curves[run].sights[i].epochs);
	return (double)NAN;
}

static double mean_left(const struct sim_arm *a, double level)
{
	struct spread left = {.n = 0};

	for (uint32_t run = 0; run < a->runs; run++)
		if (isfinite(left_at(a, run, level)))
			spread_add(&left, left_at(a, run, level));
	return spread_mean(&left);
}

/* Between sizes, at each level that the default's first run came to. */
static void look_at_curves(const struct sim_job *s, struct lookup *l)
{
	const struct sim_curve *c = &s->arms[s->default_arm].curves[0];

	for (uint32_t i = 0; i + 1 < c->n; i++) {
		struct spread left = {.n = 0};

		for (uint32_t a = 0; a < s->n; a++)
			if (isfinite(mean_left(&s->arms[a], c->sights[i].metric)))
				spread_add(&left, mean_left(&s->arms[a], c->sights[i].metric));
		if (left.n >= 2 && spread_mean(&left) > 0.3)
			spread_add(&l->alike, spread_sd(&left) / spread_mean(&left));
	}
}

static void priors(const struct bench *b)
{
	for (int out = -1; out < JOBS; out++) {
		struct lookup l = {.up = {.n = 0}};
		int len = out < 0 ? 7 : short_name(&b->jobs[0][out]);
		const char *name = out < 0 ? "nothing" : b->jobs[0][out].name;

		for (int i = 0; i < JOBS; i++) {
			if (i == out)
				continue;
			for (int d = 0; d < DEVICES; d++)
				look_at_sizes(&b->jobs[d][i], &l);
			look_at_curves(&b->jobs[0][i], &l);
		}
		printf("epochs_up_without_%.*s %.3f 1/octave\n", len, name, spread_mean(&l.up));
		printf("epochs_down_without_%.*s %.3f 1/octave\n", len, name, spread_mean(&l.down));
		printf("epochs_tilt_without_%.*s %.3f 1/octave\n", len, name,
			fmax(spread_sd(&l.up), spread_sd(&l.down)));
		printf("cost_up_without_%.*s %.3f 1/octave\n", len, name, spread_mean(&l.cost_up));
		printf("cost_down_without_%.*s %.3f 1/octave\n", len, name,
			spread_mean(&l.cost_down));
		printf("alike_without_%.*s %.3f 1\n", len, name, spread_mean(&l.alike));
	}
}

static int replays(const struct bench *b)
{
	tables(b);
	all_concurrent(b);
	drift(b, HG_RECUR_LEARN);
	drift(b, HG_RECUR_ZEUS);
	similar(b);
	stuck(b);
	return peer(b);
}

int main(int argc, char **argv)
{
	static struct bench b = {.data = HG_BENCH_DIR "/../../shared/data/zeus", .seeds = 100};
	double seeds = b.seeds, first_seed = 1;
	unsigned priors_wanted = 0, only = 0;
	const struct bench_option list[] = {
		{"--data", BENCH_TEXT, &b.data, "DIR", 0, 0, "where Zeus's tables are"},
		{"--peer", BENCH_TEXT, &b.peer, "PYTHON", 0, 0, "a Python that has Zeus"},
		{"--seeds", BENCH_NUMBER, &seeds, "K", 1, 1e6, "of each replay"},
		{"--first-seed", BENCH_NUMBER, &first_seed, "N", 1, 1e9, "of each replay"},
		{"--priors", BENCH_WORD, &priors_wanted, "yes", 0, 0, "only what tables teach"},
		{"--only", BENCH_WORD, &only, "flight|learn", 0, 0,
			"only where eight in flight lose, or only the engine one at a time"},
		{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};
	int bad = 0;

	(void)bench_options("bench-recur", argc, argv, 0, list);
	b.seeds = (uint32_t)seeds;
	b.first_seed = (uint32_t)first_seed;
	if (!only && !priors_wanted)
		decisions();
	for (int d = 0; !bad && d < DEVICES; d++)
		bad = load(&b, d);
	if (bad)
		return 1;
	if (priors_wanted)
		priors(&b);
	if (only & 1u)
		flight(&b);
	if (only & 2u)
		(void)table(&b, "learn",
			(struct sim_options){.recurrences = STEPS, .concurrent = 1}, true);
	if (!only && !priors_wanted)
		bad = replays(&b);
	for (int d = 0; d < DEVICES; d++) {
		for (int i = 0; i < JOBS; i++)
			sim_job_finish(&b.jobs[d][i]);
		sim_trace_finish(&b.traces[d]);
	}
	return bad;
}
