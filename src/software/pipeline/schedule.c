/* The schedules that can be made, each as the order of every rank; pipeline.h names the sources. */
#include "schedule.h"

#include <stdlib.h>

#include "core/fail.h"
#include "core/size.h"

hg_schedule *schedule_new(hg_schedule_kind kind, uint32_t ranks)
{
	hg_schedule *s = calloc(1, sizeof *s);
	size_t zero = 0;

	if (!s)
		return NULL;
	vec_init(&s->ops, sizeof(hg_schedule_op), SCHEDULE_OPS);
	vec_init(&s->begins, sizeof(size_t), (size_t)SCHEDULE_RANKS + 1);
	s->kind = kind;
	s->ranks = ranks;
	if (vec_push(&s->begins, &zero)) {
		hg_schedule_destroy(s);
		return NULL;
	}
	return s;
}

void hg_schedule_destroy(hg_schedule *s)
{
	if (!s)
		return;
	vec_finish(&s->ops);
	vec_finish(&s->begins);
	free(s->index);
	free(s->rank_of);
	free(s);
}

hg_err schedule_add(hg_schedule *s, hg_phase phase, uint32_t stage, uint32_t microbatch)
{
	hg_schedule_op op = {phase, stage, microbatch};

	return vec_push(&s->ops, &op);
}

hg_err schedule_end_rank(hg_schedule *s)
{
	return vec_push(&s->begins, &s->ops.len);
}

char phase_letter(hg_phase phase)
{
	static const char letters[] = {
#define LETTER(name, letter, text) [name] = (letter),
		HG_PHASE_LIST(LETTER)
#undef LETTER
	};

	return letters[phase];
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static hg_err gpipe(hg_schedule *s, uint32_t r)
{
	hg_err err = HG_OK;

	for (uint32_t m = 0; m < s->microbatches && !err; m++)
		err = schedule_add(s, HG_PHASE_FORWARD, r, m);
	for (uint32_t m = 0; m < s->microbatches && !err; m++)
		err = schedule_add(s, HG_PHASE_BACKWARD, r, m);
	return err;
}

/* What comes after forward w + k in 1F1B and what is made of it. */
static hg_err backward_of(hg_schedule *s, uint32_t r, uint32_t k)
{
	hg_err err = HG_OK;

	if (s->kind == HG_SCHEDULE_ZB_H1) {
		err = schedule_add(s, HG_PHASE_INPUT, r, k);
		if (!err && k >= r)
			err = schedule_add(s, HG_PHASE_WEIGHT, r, k - r);
		return err;
	}
	if (s->kind == HG_SCHEDULE_RECOMPUTE && r + 1 < s->ranks)
		err = schedule_add(s, HG_PHASE_RECOMPUTE, r, k);
	return err ? err : schedule_add(s, HG_PHASE_BACKWARD, r, k);
}

static hg_err one_f_one_b(hg_schedule *s, uint32_t r)
{
	uint32_t m = s->microbatches, warm_up = smaller(m, s->ranks - 1 - r);
	hg_err err = HG_OK;

	for (uint32_t k = 0; k < warm_up && !err; k++)
		err = schedule_add(s, HG_PHASE_FORWARD, r, k);
	for (uint32_t k = 0; k < m && !err; k++) {
		if (warm_up + k < m)
			err = schedule_add(s, HG_PHASE_FORWARD, r, warm_up + k);
		if (!err)
			err = backward_of(s, r, k);
	}
	if (s->kind == HG_SCHEDULE_ZB_H1)
		for (uint32_t k = m > r ? m - r : 0; k < m && !err; k++)
			err = schedule_add(s, HG_PHASE_WEIGHT, r, k);
	return err;
}

/* Entry `at` of Megatron's table: chunk and microbatch of a virtual microbatch. */
static void virtual_microbatch(
	const hg_schedule *s, uint32_t at, uint32_t *chunk, uint32_t *microbatch)
{
	uint32_t first = at / (s->group * s->chunks) * s->group;
	uint32_t size = smaller(s->group, s->microbatches - first);
	uint32_t rest = at - first * s->chunks;

	*chunk = rest / size;
	*microbatch = first + rest % size;
}

static hg_err interleaved(hg_schedule *s, uint32_t r)
{
	uint32_t total = s->microbatches * s->chunks, chunk, m;
	uint32_t warm_up = smaller(total, 2 * (s->ranks - 1 - r) + (s->chunks - 1) * s->group);
	hg_err err = HG_OK;

	for (uint32_t k = 0; k < total + warm_up && !err; k++) {
		if (k < total) {
			virtual_microbatch(s, k, &chunk, &m);
			err = schedule_add(s, HG_PHASE_FORWARD, chunk * s->ranks + r, m);
		}
		if (k >= warm_up && !err) {
			virtual_microbatch(s, k - warm_up, &chunk, &m);
			err = schedule_add(
				s, HG_PHASE_BACKWARD, (s->chunks - 1 - chunk) * s->ranks + r, m);
		}
	}
	return err;
}

static hg_err make(hg_schedule *s)
{
	hg_err err = HG_OK;

	if (s->kind == HG_SCHEDULE_DUALPIPE)
		return schedule_dualpipe(s);
	for (uint32_t r = 0; r < s->ranks && !err; r++) {
		if (s->kind == HG_SCHEDULE_GPIPE)
			err = gpipe(s, r);
		else if (s->kind == HG_SCHEDULE_INTERLEAVED)
			err = interleaved(s, r);
		else
			err = one_f_one_b(s, r);
		if (!err)
			err = schedule_end_rank(s);
	}
	return err;
}

static hg_err check_opts(const hg_schedule_opts *o, hg_error *why)
{
	uint64_t ops;

	if ((unsigned)o->kind >= HG_SCHEDULE_FILE)
		return fail(why, HG_EINVAL, "schedule: expected a kind that can be made");
	if (o->ranks < 1 || o->ranks > SCHEDULE_RANKS)
		return fail(why, HG_EINVAL, "schedule: expected 1 to %u ranks, found %u",
			SCHEDULE_RANKS, o->ranks);
	if (o->microbatches < 1 || o->microbatches > SCHEDULE_MICROBATCHES)
		return fail(why, HG_EINVAL, "schedule: expected 1 to %u microbatches, found %u",
			SCHEDULE_MICROBATCHES, o->microbatches);
	if (o->chunks > 1 && o->kind != HG_SCHEDULE_INTERLEAVED)
		return fail(why, HG_EINVAL, "schedule: only interleaved has chunks, found %u",
			o->chunks);
	if (o->chunks > SCHEDULE_RANKS / o->ranks)
		return fail(why, HG_EINVAL, "schedule: expected at most %u stages, found %u x %u",
			SCHEDULE_RANKS, o->ranks, o->chunks);
	if (o->group && (o->group < o->ranks || o->group > o->microbatches))
		return fail(why, HG_EINVAL,
			"schedule: expected a group of %u (ranks) to %u (microbatches), found %u",
			o->ranks, o->microbatches, o->group);
	if (o->kind == HG_SCHEDULE_DUALPIPE &&
		(o->ranks % 2 || o->microbatches % 2 || o->microbatches < 2 * o->ranks))
		return fail(why, HG_EINVAL,
			"dualpipe: expected an even number of ranks and of microbatches, at least "
			"twice as many, found %u and %u",
			o->ranks, o->microbatches);
	ops = (uint64_t)o->ranks * o->microbatches * (o->chunks ? o->chunks : 1) * 3;
	if (ops > SCHEDULE_OPS)
		return fail(why, HG_ELIMIT, "schedule: expected at most %zu steps, found %llu",
			SCHEDULE_OPS, (unsigned long long)ops);
	return HG_OK;
}

hg_err hg_schedule_create(const hg_schedule_opts *opts, hg_schedule **out, hg_error *why)
{
	hg_schedule_opts o;
	hg_schedule *s;
	hg_err err;

	*out = NULL;
	if (size_read(&o, sizeof o, opts))
		return fail(why, HG_EINVAL, "schedule: size is not set");
	err = check_opts(&o, why);
	if (err)
		return err;
	s = schedule_new(o.kind, o.ranks);
	if (!s)
		return fail(why, HG_ENOMEM, "schedule: out of memory");
	s->microbatches = o.microbatches;
	s->chunks = o.chunks ? o.chunks : 1;
	s->stages = o.ranks * s->chunks;
	s->group = o.group ? o.group : o.ranks;
	err = make(s);
	if (err)
		(void)fail(why, err, "schedule: %s", hg_err_text(err));
	else
		err = schedule_check(s, "schedule", why);
	if (err)
		hg_schedule_destroy(s);
	else
		*out = s;
	return err;
}

void hg_schedule_get_info(const hg_schedule *s, hg_schedule_info *info)
{
	hg_schedule_info mine = {
		.kind = s->kind,
		.ranks = s->ranks,
		.stages = s->stages,
		.microbatches = s->microbatches,
		.chunks = s->chunks,
		.ops = s->ops.len,
	};

	size_write(info, &mine, sizeof mine);
}

const hg_schedule_op *hg_schedule_ops(const hg_schedule *s, uint32_t rank, size_t *n)
{
	const size_t *begins = s->begins.data;

	*n = 0;
	if (rank >= s->ranks)
		return NULL;
	*n = begins[rank + 1] - begins[rank];
	return *n ? vec_at(&s->ops, begins[rank]) : NULL;
}
