#include "simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/fail.h"
#include "core/rng.h"

/* A run is judged after each of its first epochs, then whenever so many times as many are over:
 * between, little is new. */
#define REPORT_EVERY 1.25

/* A recurrence in flight, and its attempt that is running. */
struct slot {
	bool busy;
	bool waits;   /* it was told to begin later */
	double due_s; /* when it would have begun */
	uint32_t recurrence;
	uint32_t attempts;
	size_t arm;
	double begun_s;         /* of the attempt */
	double target;          /* epochs that it needs; NAN: never */
	double upto;            /* epochs after which it ends */
	double reported;        /* epochs of its last report */
	struct sim_curve curve; /* how its metric comes along */
	bool first;             /* its first epoch looks for the power limit */
	bool blind;             /* nothing was known when it began */
};

/* One replay. */
struct sim {
	const struct sim_job *s;
	const struct sim_options *o;
	hg_recur_job job;
	struct rng rng;
	uint64_t seed;
	struct slot *slots;
	struct arena curves; /* those of a job that has changed */
	struct vec trials;   /* hg_recur_trial: ended ones in order, then the running ones */
	size_t ended;        /* what was known beforehand among them */
	bool seen[HG_RECUR_MAX_SIZES]; /* its power limit is known */
	uint32_t next;                 /* recurrence to begin */
	double now_s;
	struct sim_step *steps;
	struct sim_counts *counts;
};

static uint32_t drift_from(const struct sim_job *s, const struct sim_drift *d)
{
	return d->from > 0 ? d->from : s->arms[s->best_arm].batch_size;
}

/* Epochs by which a recorded number is multiplied. */
static double stretch(
	const struct sim_job *s, const struct sim_options *o, size_t arm, bool drifted)
{
	bool hit = drifted && o->drift.factor > 0 &&
		   s->arms[arm].batch_size >= drift_from(s, &o->drift);

	return hit ? o->drift.factor : 1;
}

static bool drifted(const struct sim_options *o, uint32_t recurrence)
{
	return o->drift.factor > 0 && recurrence >= o->drift.at;
}

/* Mean cost of fixing a size; INFINITY where a run would not reach the target in time. */
static double fixed_cost(
	const struct sim_job *s, const struct sim_options *o, size_t arm, bool after)
{
	const struct sim_arm *a = &s->arms[arm];
	double factor = stretch(s, o, arm, after);

	for (uint32_t r = 0; r < a->runs; r++)
		if (!(ceil(a->epochs[r] * factor) <= s->max_epochs))
			return INFINITY;
	return a->mean_epochs * factor * a->cost_j;
}

double sim_best(const struct sim_job *s, const struct sim_options *o, bool after)
{
	double least = INFINITY;

	for (size_t a = 0; a < s->n; a++)
		least = fmin(least, fixed_cost(s, o, a, after));
	return least;
}

/* Seconds and joules of an attempt's first `epochs` epochs. */
static double attempt_time(const struct sim_arm *a, const struct slot *slot, double epochs)
{
	if (epochs <= 0)
		return 0;
	return epochs * a->time_s + (slot->first ? a->first_s - a->time_s : 0);
}

static double attempt_energy(const struct sim_arm *a, const struct slot *slot, double epochs)
{
	if (epochs <= 0)
		return 0;
	return epochs * a->energy_j + (slot->first ? a->first_j - a->energy_j : 0);
}

/* Whole epochs of a running attempt that are over. */
static double done_epochs(const struct sim *sim, const struct slot *slot)
{
	const struct sim_arm *a = &sim->s->arms[slot->arm];
	double t = sim->now_s - slot->begun_s - (slot->first ? a->first_s - a->time_s : 0);

	return fmin(slot->upto, fmax(0, floor(t / a->time_s * (1 + 1e-9))));
}

static hg_recur_trial trial_of(const struct sim *sim, const struct slot *slot, double epochs)
{
	const struct sim_arm *a = &sim->s->arms[slot->arm];
	bool reached = slot->target <= epochs;
	/* A try that was not worth one epoch has told what an epoch costs all the same. */
	hg_recur_trial t = {.batch_size = a->batch_size,
		.epochs = epochs,
		.energy_j = attempt_energy(a, slot, epochs),
		.time_s = attempt_time(a, slot, epochs),
		.epoch_energy_j = a->energy_j,
		.epoch_time_s = a->time_s};

	t.sights = slot->curve.sights;
	while (t.n_sights < slot->curve.n && t.sights[t.n_sights].epochs <= epochs)
		t.n_sights++;
	if (reached)
		t.state = HG_RECUR_REACHED;
	else
		t.state = epochs >= sim->s->max_epochs ? HG_RECUR_EXHAUSTED : HG_RECUR_STOPPED;
	return t;
}

/* Puts what is running behind what has ended. */
static hg_err list_running(struct sim *sim, size_t *index_of)
{
	sim->trials.len = sim->ended;
	for (uint32_t i = 0; i < sim->o->concurrent; i++) {
		const struct slot *slot = &sim->slots[i];
		hg_recur_trial t;
		hg_err err;

		if (!slot->busy)
			continue;
		t = trial_of(sim, slot, done_epochs(sim, slot));
		t.state = HG_RECUR_RUNNING;
		if (t.epochs < 1)
			t.epoch_energy_j = t.epoch_time_s = 0;
		if (index_of)
			index_of[i] = sim->trials.len;
		err = vec_push(&sim->trials, &t);
		if (err)
			return err;
	}
	return HG_OK;
}

/* Epochs that a bound allows, now that the cost of an epoch is known. */
static double bounded(const struct sim *sim, size_t arm, double bound_j)
{
	double fit = floor(bound_j / sim->s->arms[arm].cost_j * (1 + 1e-9));
	double least = sim->o->policy == HG_RECUR_ZEUS ? 0 : 1;

	return fmin(sim->s->max_epochs, fmax(least, fit));
}

/* Draws a run, and stretches it if the job has changed. */
static hg_err draw_run(struct sim *sim, struct slot *slot)
{
	const struct sim_arm *a = &sim->s->arms[slot->arm];
	uint32_t run = (uint32_t)rng_below(&sim->rng, a->runs);
	double factor = stretch(sim->s, sim->o, slot->arm, drifted(sim->o, slot->recurrence));
	hg_recur_sight *sights;

	slot->target = ceil(a->epochs[run] * factor - 1e-9);
	slot->curve = a->curves[run];
	if (sim->o->blind)
		slot->curve.n = 0;
	if (factor == 1 || slot->curve.n == 0)
		return HG_OK;
	sights = arena_alloc(&sim->curves, slot->curve.n * sizeof *sights);
	if (!sights)
		return HG_ENOMEM;
	for (uint32_t i = 0; i < slot->curve.n; i++) {
		sights[i] = slot->curve.sights[i];
		sights[i].epochs = ceil(sights[i].epochs * factor - 1e-9);
	}
	slot->curve.sights = sights;
	return HG_OK;
}

/* Whether no epoch of any own run is over. */
static bool knows_nothing(const struct sim *sim)
{
	for (size_t i = 0; i < sim->trials.len; i++) {
		const hg_recur_trial *t = vec_at(&sim->trials, i);

		if (t->kin == HG_RECUR_OWN && t->epochs >= 1)
			return false;
	}
	return true;
}

/* Draws a recorded run, after the policy has said which size. */
static hg_err begin_attempt(struct sim *sim, struct slot *slot, hg_error *why)
{
	hg_recur_decision d = {.size = sizeof d};
	hg_err err;

	slot->busy = false;
	if (!slot->waits)
		slot->due_s = sim->now_s;
	err = list_running(sim, NULL);
	if (err == HG_OK)
		err = hg_recur_next(
			&sim->job, sim->trials.data, sim->trials.len, sim->seed, &d, why);
	if (err)
		return err;
	slot->waits = d.wait != 0;
	if (slot->waits)
		return HG_OK;
	sim->steps[slot->recurrence].wait_s += sim->now_s - slot->due_s;
	sim->counts->exhausted += d.exhausted;
	slot->busy = true;
	slot->arm = d.index;
	slot->begun_s = sim->now_s;
	slot->reported = 0;
	slot->attempts++;
	slot->blind = knows_nothing(sim);
	err = draw_run(sim, slot);
	slot->upto = bounded(sim, d.index, d.bound_j);
	if (slot->target <= slot->upto)
		slot->upto = slot->target;
	slot->first = !sim->seen[d.index];
	if (slot->upto > 0)
		sim->seen[d.index] = true;
	return err;
}

/* When the next recurrence is due; INFINITY: there is none. */
static double arrival(const struct sim *sim)
{
	const struct sim_arm *best = &sim->s->arms[sim->s->best_arm];

	if (sim->next == sim->o->recurrences)
		return INFINITY;
	return sim->o->arrivals == SIM_TOGETHER
		       ? 0
		       : sim->next * best->mean_epochs * best->time_s / sim->o->concurrent;
}

static struct slot *free_slot(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->o->concurrent; i++)
		if (!sim->slots[i].busy && !sim->slots[i].waits)
			return &sim->slots[i];
	return NULL;
}

static hg_err begin_recurrence(struct sim *sim, struct slot *slot, hg_error *why)
{
	sim->now_s = fmax(sim->now_s, arrival(sim));
	slot->recurrence = sim->next++;
	slot->attempts = 0;
	return begin_attempt(sim, slot, why);
}

/* Where what an attempt cost beyond the best choice went. */
static void account(struct sim *sim, const struct slot *slot, double cost, bool reached)
{
	const struct sim_arm *a = &sim->s->arms[slot->arm];
	struct sim_step *step = &sim->steps[slot->recurrence];
	double settled = slot->upto * a->cost_j, fair;

	step->part_j[SIM_LIMITS] += cost - settled;
	if (!reached) {
		step->part_j[slot->blind ? SIM_BLIND_LEFT : SIM_LATER_LEFT] += settled;
		return;
	}
	fair = a->cost_j * a->mean_epochs *
	       stretch(sim->s, sim->o, slot->arm, drifted(sim->o, slot->recurrence));
	step->part_j[slot->blind ? SIM_BLIND_DEAR : SIM_LATER_DEAR] += fair - step->best_j;
	step->part_j[SIM_LUCK] += settled - fair;
}

/* Enters an attempt that has ended. @return whether the recurrence is over */
static bool book(struct sim *sim, const struct slot *slot, const hg_recur_trial *t)
{
	const struct sim_arm *a = &sim->s->arms[slot->arm];
	struct sim_step *step = &sim->steps[slot->recurrence];
	double cost =
		sim->s->eta * t->energy_j + (1 - sim->s->eta) * sim->s->max_power_w * t->time_s;
	bool over = t->state == HG_RECUR_REACHED;

	step->cost_j += cost;
	step->fair_j += cost;
	step->energy_j += t->energy_j;
	step->time_s += t->time_s;
	step->batch_size = t->batch_size;
	account(sim, slot, cost, over);
	if (over)
		step->fair_j +=
			a->cost_j * (a->mean_epochs * stretch(sim->s, sim->o, slot->arm,
							      drifted(sim->o, slot->recurrence)) -
					    t->epochs);
	else
		step->failed++;
	if (!over && slot->attempts == SIM_ATTEMPTS) {
		sim->counts->wedged++;
		over = true;
	}
	return over;
}

/* Whether anything said while a run goes on can change when it ends. */
static bool watched(const struct sim *sim)
{
	return sim->o->concurrent > 1 || (sim->o->policy == HG_RECUR_LEARN && !sim->o->blind);
}

/* Whole epochs after which an attempt reports next, or ends. */
static double next_report(const struct sim *sim, const struct slot *slot)
{
	double next = fmax(slot->reported + 1, floor(slot->reported * REPORT_EVERY));

	return watched(sim) ? fmin(slot->upto, next) : slot->upto;
}

static double next_time(const struct sim *sim, const struct slot *slot)
{
	return slot->begun_s + attempt_time(&sim->s->arms[slot->arm], slot, next_report(sim, slot));
}

static struct slot *next_to_report(struct sim *sim)
{
	struct slot *first = NULL;

	for (uint32_t i = 0; i < sim->o->concurrent; i++)
		if (sim->slots[i].busy &&
			(!first || next_time(sim, &sim->slots[i]) < next_time(sim, first)))
			first = &sim->slots[i];
	return first;
}

static hg_err end_attempt(struct sim *sim, struct slot *slot, hg_error *why)
{
	hg_recur_trial t = trial_of(sim, slot, slot->upto);
	bool over;
	hg_err err;

	slot->busy = false;
	sim->trials.len = sim->ended;
	err = vec_push(&sim->trials, &t);
	if (err)
		return err;
	sim->ended++;
	over = book(sim, slot, &t);
	sim->steps[slot->recurrence].end_s = sim->now_s;
	return over ? HG_OK : begin_attempt(sim, slot, why);
}

/* An epoch of an attempt is over. With what others have told since it began, it may have to end,
 * or may go on for longer. */
static hg_err report(struct sim *sim, struct slot *slot, hg_error *why)
{
	hg_recur_check_result r = {.size = sizeof r};
	size_t at[HG_RECUR_MAX_SIZES];
	double upto;
	hg_err err;

	slot->reported = next_report(sim, slot);
	sim->now_s = slot->begun_s + attempt_time(&sim->s->arms[slot->arm], slot, slot->reported);
	if (slot->reported >= slot->target || slot->reported >= sim->s->max_epochs || !watched(sim))
		return end_attempt(sim, slot, why);
	err = list_running(sim, at);
	if (err == HG_OK)
		err = hg_recur_check(&sim->job, sim->trials.data, sim->trials.len,
			at[slot - sim->slots], &r, why);
	if (err)
		return err;
	upto = fmax(bounded(sim, slot->arm, r.bound_j), slot->reported);
	slot->upto = slot->target <= upto ? slot->target : upto;
	return slot->upto > slot->reported ? HG_OK : end_attempt(sim, slot, why);
}

static hg_err sim_init(struct sim *sim, uint64_t seed)
{
	hg_err err = HG_OK;
	const struct sim_job *s = sim->s;

	sim->job = (hg_recur_job){.size = sizeof sim->job,
		.policy = sim->o->policy,
		.n_sizes = s->n,
		.default_size = s->sizes[s->default_arm],
		.batch_sizes = s->sizes,
		.frontiers = sim->o->known_costs ? s->frontiers : NULL,
		.eta = s->eta,
		.max_power_w = s->max_power_w,
		.target = s->target,
		.lower_is_better = s->lower_is_better,
		.max_epochs = s->max_epochs,
		.beta = sim->o->beta,
		.horizon = sim->o->horizon,
		.watched = !sim->o->blind,
		.pilots = sim->o->pilots};
	sim->seed = seed;
	rng_init(&sim->rng, seed);
	arena_init(&sim->curves, (size_t)1 << 28);
	vec_init(&sim->trials, sizeof(hg_recur_trial), (size_t)1 << 24);
	for (uint32_t i = 0; i < sim->o->recurrences; i++) {
		sim->steps[i] = (struct sim_step){0};
		sim->steps[i].best_j = sim_best(s, sim->o, drifted(sim->o, i));
	}
	*sim->counts = (struct sim_counts){0};
	for (size_t i = 0; err == HG_OK && i < sim->o->n_known; i++)
		err = vec_push(&sim->trials, &sim->o->known[i]);
	sim->ended = sim->trials.len;
	return err;
}

/* Something was reported: those that were told to wait ask again. */
static hg_err ask_again(struct sim *sim, hg_error *why)
{
	hg_err err = HG_OK;

	for (uint32_t i = 0; err == HG_OK && i < sim->o->concurrent; i++)
		if (sim->slots[i].waits)
			err = begin_attempt(sim, &sim->slots[i], why);
	return err;
}

/* Whatever comes first: a recurrence begins, or an attempt reports. */
static hg_err play(struct sim *sim, hg_error *why)
{
	hg_err err = HG_OK;

	while (err == HG_OK) {
		struct slot *idle = free_slot(sim), *busy = next_to_report(sim);
		double due = idle ? arrival(sim) : INFINITY;

		if (busy && next_time(sim, busy) < due) {
			err = report(sim, busy, why);
			if (err == HG_OK)
				err = ask_again(sim, why);
		} else if (idle && due < INFINITY)
			err = begin_recurrence(sim, idle, why);
		else
			break;
	}
	return err;
}

hg_err sim_run(const struct sim_job *s, const struct sim_options *o, uint64_t seed,
	struct sim_step *steps, struct sim_counts *counts, hg_error *why)
{
	struct sim sim = {.s = s, .o = o, .steps = steps, .counts = counts};
	hg_err err = HG_OK;

	if (o->concurrent < 1 || o->concurrent > HG_RECUR_MAX_SIZES)
		return fail(why, HG_EINVAL, "concurrent: expected 1 to %d, found %u",
			HG_RECUR_MAX_SIZES, o->concurrent);
	sim.slots = calloc(o->concurrent, sizeof *sim.slots);
	if (!sim.slots)
		return fail(why, HG_ENOMEM, "no memory for runs in flight");
	err = sim_init(&sim, seed);
	if (err == HG_OK)
		err = play(&sim, why);
	vec_finish(&sim.trials);
	arena_finish(&sim.curves);
	free(sim.slots);
	return err;
}
