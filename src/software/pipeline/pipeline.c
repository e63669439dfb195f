/* The graph of one training iteration. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/fail.h"
#include "core/size.h"

#include "profile.h"
#include "schedule.h"

/* Most devices of a rank with its copies, and most of their static power together. */
#define DEVICES_MAX 1048576.0
#define WATTS_MAX   1e11

/* One kind of work: an instruction of a stage, in part or whole. */
struct kind {
	uint32_t instruction, work;
	double share;
};

struct hg_pipeline {
	hg_dag *dag;
	hg_pipeline_opts opts;
	struct kind *kinds; /* of (phase, stage of the model) */
	hg_pipeline_step *steps;
	size_t n_steps;
	const char **settings; /* as written, by value */
	double *values;        /* ascending */
	size_t n_settings;
	uint32_t *chunks;      /* which of its rank's stages each stage of the model is */
	double copies;         /* of the profile's energy in a rank and its replicas */
	double devices_a_rank; /* that wait at the static power */
};

static int by_value(const void *left, const void *right)
{
	const hg_stage_option *const *a = left, *const *b = right;

	if ((*a)->setting < (*b)->setting)
		return -1;
	return (*a)->setting > (*b)->setting;
}

/* Numbers the settings of the profile by their value. */
static hg_err number_settings(hg_pipeline *p)
{
	const struct vec *all = &p->opts.profile->options;
	const hg_stage_option **sorted = malloc((all->len + 1) * sizeof *sorted);

	p->settings = malloc((all->len + 1) * sizeof *p->settings);
	p->values = malloc((all->len + 1) * sizeof *p->values);
	if (!sorted || !p->settings || !p->values) {
		free(sorted);
		return HG_ENOMEM;
	}
	for (size_t i = 0; i < all->len; i++)
		sorted[i] = vec_at(all, i);
	qsort(sorted, all->len, sizeof *sorted, by_value);
	for (size_t i = 0; i < all->len; i++) {
		if (p->n_settings && sorted[i]->setting <= p->values[p->n_settings - 1])
			continue;
		p->settings[p->n_settings] = sorted[i]->written;
		p->values[p->n_settings++] = sorted[i]->setting;
	}
	free(sorted);
	return HG_OK;
}

static hg_setting setting_of(const hg_pipeline *p, double value)
{
	size_t lo = 0, hi = p->n_settings;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->values[mid] <= value)
			lo = mid;
		else
			hi = mid;
	}
	return (hg_setting)lo;
}

/* Rank that a stage of the model lies on, for profiles with one stage a rank. */
static uint32_t home_of(const hg_pipeline *p, uint32_t stage)
{
	const hg_schedule *s = p->opts.schedule;

	if (s->kind != HG_SCHEDULE_FILE)
		return stage % s->ranks;
	return s->rank_of[schedule_find(s, HG_PHASE_FORWARD, stage, 0)];
}

static uint32_t profile_stage(const hg_pipeline *p, uint32_t stage)
{
	return p->opts.profile->stages == p->opts.schedule->stages ? stage : home_of(p, stage);
}

/* The instruction that a phase takes, and which share of it. */
static uint32_t instruction_of(const hg_pipeline *p, hg_phase phase, double *share)
{
	uint32_t found = profile_phase(p->opts.profile, phase);

	*share = 1;
	if (found != PROFILE_NONE)
		return found;
	if (phase == HG_PHASE_RECOMPUTE)
		return profile_phase(p->opts.profile, HG_PHASE_FORWARD);
	if (phase == HG_PHASE_INPUT || phase == HG_PHASE_WEIGHT) {
		*share = 0.5;
		return profile_phase(p->opts.profile, HG_PHASE_BACKWARD);
	}
	return PROFILE_NONE;
}

static hg_err add_work(hg_pipeline *p, hg_phase phase, uint32_t stage, hg_error *why)
{
	static const char *const names[] = {
		"forward", "backward", "backward_input", "backward_weight", "recompute"};
	struct kind *kind = &p->kinds[(size_t)phase * p->opts.schedule->stages + stage];
	uint32_t from = profile_stage(p, stage);
	const hg_stage_option *options;
	hg_option *mine;
	size_t n;
	char name[96];
	hg_err err;

	kind->instruction = instruction_of(p, phase, &kind->share);
	options = hg_stage_profile_options(p->opts.profile, from, kind->instruction, &n);
	if (n == 0)
		return fail(why, HG_EINVAL,
			"profile: stage %u: expected options of instruction %s, found none", from,
			names[phase]);
	if (p->opts.profile->stages != p->opts.schedule->stages)
		kind->share /= p->opts.schedule->chunks;
	mine = malloc(n * sizeof *mine);
	if (!mine)
		return fail(why, HG_ENOMEM, "pipeline: out of memory");
	for (size_t i = 0; i < n; i++)
		mine[i] = (hg_option){options[i].time_s * kind->share,
			options[i].energy_j * (kind->share * p->copies),
			setting_of(p, options[i].setting)};
	(void)snprintf(name, sizeof name, "stage %u %s", stage, names[phase]);
	err = hg_dag_add_options(p->dag, mine, n, name, &kind->work, why);
	free(mine);
	return err;
}

/* Adds what the schedule uses; names are the library's own and need no cleaning. */
static hg_err add_works(hg_pipeline *p, hg_error *why)
{
	const hg_schedule *s = p->opts.schedule;
	hg_err err = HG_OK;

	p->kinds = calloc((size_t)PHASES * s->stages, sizeof *p->kinds);
	if (!p->kinds)
		return fail(why, HG_ENOMEM, "pipeline: out of memory");
	for (unsigned phase = 0; phase < PHASES && !err; phase++)
		for (uint32_t k = 0; k < s->stages && !err; k++) {
			bool used = false;

			for (uint32_t m = 0; m < s->microbatches && !used; m++)
				used = schedule_find(s, (hg_phase)phase, k, m) != SCHEDULE_NONE;
			if (used)
				err = add_work(p, (hg_phase)phase, k, why);
		}
	return err;
}

static hg_err add_devices(hg_pipeline *p, hg_error *why)
{
	hg_err err = HG_OK;

	for (uint32_t r = 0; r < p->opts.schedule->ranks && !err; r++) {
		double watts = p->opts.static_power_w[p->opts.n_static_power == 1 ? 0 : r];
		uint32_t device;
		char name[32];

		(void)snprintf(name, sizeof name, "rank %u", r);
		err = hg_dag_add_device(p->dag, name, watts * p->devices_a_rank, &device, why);
	}
	return err;
}

/* Numbers the stages of each rank. */
static hg_err number_chunks(hg_pipeline *p, hg_error *why)
{
	const hg_schedule *s = p->opts.schedule;
	uint32_t *held = calloc(s->ranks, sizeof *held);

	p->chunks = calloc(s->stages, sizeof *p->chunks);
	for (uint32_t k = 0; held && p->chunks && k < s->stages; k++)
		p->chunks[k] = held[home_of(p, k)]++;
	free(held);
	return held && p->chunks ? HG_OK : fail(why, HG_ENOMEM, "pipeline: out of memory");
}

static uint32_t chunk_of(const hg_pipeline *p, const hg_schedule_op *op, uint32_t rank)
{
	if (p->opts.schedule->kind == HG_SCHEDULE_DUALPIPE)
		return op->stage != rank;
	return p->chunks[op->stage];
}

/* First step of a rank that is a backward, and last that is a forward, plus one. */
struct ramp {
	size_t first_backward, after_last_forward;
};

static struct ramp ramp_of(const hg_schedule *s, uint32_t rank)
{
	const size_t *begins = s->begins.data;
	const hg_schedule_op *ops = s->ops.data;
	struct ramp ramp = {begins[rank + 1], begins[rank]};

	for (size_t i = begins[rank]; i < begins[rank + 1]; i++) {
		if (ops[i].phase == HG_PHASE_FORWARD)
			ramp.after_last_forward = i + 1;
		else if (i < ramp.first_backward)
			ramp.first_backward = i;
	}
	return ramp;
}

/*
 * Whether a step belongs to the warm-up or the cool-down of its rank. In 1F1B and what is like it
 * that shows in the order: forwards before the first backward, backwards after the last forward.
 * In GPipe every forward comes before every backward, so there the same numbers of microbatches
 * are taken as in 1F1B.
 */
static bool is_ramp(const hg_schedule *s, uint32_t rank, size_t at, struct ramp ramp)
{
	const hg_schedule_op *op = (const hg_schedule_op *)s->ops.data + at;
	uint32_t warm_up = s->ranks - 1 - rank;

	if (s->kind == HG_SCHEDULE_GPIPE)
		return op->phase == HG_PHASE_FORWARD
			       ? op->microbatch <= warm_up
			       : (uint64_t)op->microbatch + warm_up + 1 >= s->microbatches;
	if (op->phase == HG_PHASE_FORWARD)
		return at < ramp.first_backward;
	return at >= ramp.after_last_forward;
}

static hg_err add_step(hg_pipeline *p, uint32_t rank, size_t at, struct ramp ramp, hg_error *why)
{
	const hg_schedule *s = p->opts.schedule;
	const hg_schedule_op *op = (const hg_schedule_op *)s->ops.data + at;
	uint32_t family = (uint32_t)op->phase * s->stages + op->stage, id;
	const struct kind *kind = &p->kinds[family];
	char name[48];
	hg_node node = {.size = sizeof node,
		.work = kind->work,
		.device = rank,
		.group = HG_DAG_NO_GROUP,
		.family = family,
		.flags = is_ramp(s, rank, at, ramp) ? HG_NODE_RAMP : 0,
		.name = name};

	(void)snprintf(
		name, sizeof name, "%u%c%u", op->stage, phase_letter(op->phase), op->microbatch);
	p->steps[at] = (hg_pipeline_step){.rank = rank,
		.stage = profile_stage(p, op->stage),
		.chunk = chunk_of(p, op, rank),
		.microbatch = op->microbatch,
		.instruction = kind->instruction,
		.phase = op->phase,
		.share = kind->share,
		.energy_share = kind->share * p->copies};
	return hg_dag_add_node(p->dag, &node, &id, why);
}

/* Constant work at the end of a rank. */
static hg_err add_end(hg_pipeline *p, uint32_t rank, hg_error *why)
{
	const size_t *begins = p->opts.schedule->begins.data;
	double watts = p->opts.static_power_w[p->opts.n_static_power == 1 ? 0 : rank];
	size_t n_ops = p->opts.schedule->ops.len;
	hg_node node = {.size = sizeof node,
		.device = rank,
		.group = HG_DAG_NO_GROUP,
		.family = HG_DAG_NO_GROUP,
		.name = "step"};
	uint32_t id;
	hg_err err = hg_dag_add_fixed(p->dag, p->opts.step_s,
		watts * p->opts.step_s * p->devices_a_rank, "step", &node.work, why);

	if (!err)
		err = hg_dag_add_node(p->dag, &node, &id, why);
	if (err)
		return err;
	p->steps[n_ops + rank] = (hg_pipeline_step){
		.rank = rank, .stage = rank, .instruction = HG_INSTRUCTION_NONE, .share = 1};
	if (begins[rank + 1] == begins[rank])
		return HG_OK;
	return hg_dag_add_edge(p->dag, (uint32_t)begins[rank + 1] - 1, id, 0, why);
}

static hg_err add_edges(hg_pipeline *p, uint32_t op, hg_error *why)
{
	const hg_schedule *s = p->opts.schedule;
	uint32_t before[SCHEDULE_BEFORE];
	unsigned n = schedule_before(s, op, before);
	hg_err err = HG_OK;

	for (unsigned i = 0; i < n && !err; i++)
		err = hg_dag_add_edge(p->dag, before[i], op,
			s->rank_of[before[i]] != s->rank_of[op] ? p->opts.lag_s : 0, why);
	return err;
}

static hg_err add_nodes(hg_pipeline *p, hg_error *why)
{
	const hg_schedule *s = p->opts.schedule;
	const size_t *begins = s->begins.data;
	hg_err err = HG_OK;

	p->n_steps = s->ops.len + (p->opts.step_s > 0 ? s->ranks : 0);
	p->steps = calloc(p->n_steps, sizeof *p->steps);
	if (!p->steps)
		return fail(why, HG_ENOMEM, "pipeline: out of memory");
	for (uint32_t r = 0; r < s->ranks && !err; r++) {
		struct ramp ramp = ramp_of(s, r);

		for (size_t i = begins[r]; i < begins[r + 1] && !err; i++)
			err = add_step(p, r, i, ramp, why);
	}
	for (uint32_t i = 0; i < s->ops.len && !err; i++)
		err = add_edges(p, i, why);
	for (uint32_t r = 0; r < s->ranks && p->opts.step_s > 0 && !err; r++)
		err = add_end(p, r, why);
	return err ? err : hg_dag_finish(p->dag, why);
}

static hg_err check_figures(const hg_pipeline_opts *o, hg_error *why)
{
	if (o->n_static_power != 1 && o->n_static_power != o->schedule->ranks)
		return fail(why, HG_EINVAL,
			"static power: expected one figure, or one for each of %u ranks, found %zu",
			o->schedule->ranks, o->n_static_power);
	for (size_t i = 0; i < o->n_static_power; i++)
		if (!(o->static_power_w[i] >= 0 && o->static_power_w[i] <= 1e9))
			return fail(why, HG_EINVAL,
				"static power: expected W >= 0, found %g for rank %zu",
				o->static_power_w[i], i);
	if (!(o->lag_s >= 0 && o->lag_s <= 1e6) || !(o->step_s >= 0 && o->step_s <= 1e6))
		return fail(why, HG_EINVAL, "transfer and step time: expected seconds >= 0");
	return HG_OK;
}

/* Flows are whole uW in 64 bits. */
static hg_err check_devices(const hg_pipeline_opts *o, hg_error *why)
{
	double devices = (o->replicas ? o->replicas : 1.0) * (o->group_size ? o->group_size : 1.0);
	double watts = 0;

	for (uint32_t r = 0; r < o->schedule->ranks; r++)
		watts += devices * o->static_power_w[o->n_static_power == 1 ? 0 : r];
	if (devices > DEVICES_MAX)
		return fail(why, HG_EINVAL,
			"pipeline: expected at most %g devices a rank with its copies, found %g",
			DEVICES_MAX, devices);
	if (watts > WATTS_MAX)
		return fail(why, HG_EINVAL,
			"static power: expected at most %g W of all devices together, found %g",
			WATTS_MAX, watts);
	return HG_OK;
}

static hg_err check_opts(const hg_pipeline_opts *o, hg_error *why)
{
	const hg_schedule *s;
	hg_err rc;

	if (!o->profile || !o->schedule || !o->static_power_w)
		return fail(why, HG_EINVAL,
			"pipeline: expected a profile, a schedule and static power");
	s = o->schedule;
	if (o->profile->stages != s->ranks && o->profile->stages != s->stages)
		return fail(why, HG_EINVAL,
			"pipeline: expected a profile of %u stages (one a rank)%s, found %u",
			s->ranks, s->stages != s->ranks ? " or of all the model's" : "",
			o->profile->stages);
	if (o->group_size > 1 && o->profile->group_ranks > 1)
		return fail(why, HG_EINVAL,
			"pipeline: the profile lists %u ranks of a tensor-parallel group already: "
			"expected no group size, found %u",
			o->profile->group_ranks, o->group_size);
	if (o->group_size > 65536 || o->replicas > 1048576)
		return fail(why, HG_EINVAL,
			"pipeline: expected a group of at most 65536 devices and 1048576 replicas");
	rc = check_figures(o, why);
	return rc ? rc : check_devices(o, why);
}

hg_err hg_pipeline_create(const hg_pipeline_opts *opts, hg_pipeline **out, hg_error *why)
{
	hg_pipeline *p = calloc(1, sizeof *p);
	hg_err err;

	*out = NULL;
	if (!p)
		return fail(why, HG_ENOMEM, "pipeline: out of memory");
	if (size_read(&p->opts, sizeof p->opts, opts))
		err = fail(why, HG_EINVAL, "pipeline: size is not set");
	else
		err = check_opts(&p->opts, why);
	if (err)
		goto out;
	p->copies = p->opts.replicas ? p->opts.replicas : 1;
	p->devices_a_rank = p->copies * p->opts.profile->group_ranks;
	if (p->opts.group_size > 1) {
		p->copies *= p->opts.group_size;
		p->devices_a_rank = p->copies;
	}
	if (number_settings(p))
		err = fail(why, HG_ENOMEM, "pipeline: out of memory");
	if (!err)
		err = hg_dag_create(&p->dag, why);
	if (!err)
		err = number_chunks(p, why);
	if (!err)
		err = add_devices(p, why);
	if (!err)
		err = add_works(p, why);
	if (!err)
		err = add_nodes(p, why);
out:
	if (err)
		hg_pipeline_destroy(p);
	else
		*out = p;
	return err;
}

void hg_pipeline_destroy(hg_pipeline *p)
{
	if (!p)
		return;
	hg_dag_destroy(p->dag);
	free(p->kinds);
	free(p->steps);
	free(p->chunks);
	free(p->settings);
	free(p->values);
	free(p);
}

hg_dag *hg_pipeline_dag(const hg_pipeline *p)
{
	return p->dag;
}

const hg_pipeline_step *hg_pipeline_steps(const hg_pipeline *p, size_t *n)
{
	*n = p->n_steps;
	return p->steps;
}

const char *hg_pipeline_setting(const hg_pipeline *p, hg_setting setting)
{
	return setting < p->n_settings ? p->settings[setting] : NULL;
}
