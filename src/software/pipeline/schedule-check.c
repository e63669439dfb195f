/* Who waits for whom in a schedule, and whether it goes through. */
#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#include "core/fail.h"

static const hg_schedule_op *op_at(const hg_schedule *s, uint32_t op)
{
	return (const hg_schedule_op *)s->ops.data + op;
}

static size_t slot(const hg_schedule *s, hg_phase phase, uint32_t stage, uint32_t microbatch)
{
	return ((size_t)phase * s->stages + stage) * s->microbatches + microbatch;
}

uint32_t schedule_find(const hg_schedule *s, hg_phase phase, uint32_t stage, uint32_t microbatch)
{
	if (stage >= s->stages || microbatch >= s->microbatches)
		return SCHEDULE_NONE;
	return s->index[slot(s, phase, stage, microbatch)];
}

/* The step that makes the gradient of a stage's input. */
static uint32_t find_gradient(const hg_schedule *s, uint32_t stage, uint32_t microbatch)
{
	uint32_t op = schedule_find(s, HG_PHASE_BACKWARD, stage, microbatch);

	return op != SCHEDULE_NONE ? op : schedule_find(s, HG_PHASE_INPUT, stage, microbatch);
}

unsigned schedule_before(const hg_schedule *s, uint32_t op, uint32_t before[SCHEDULE_BEFORE])
{
	const hg_schedule_op *o = op_at(s, op);
	const size_t *begins = s->begins.data;
	unsigned n = 0;

	if (op > begins[s->rank_of[op]])
		before[n++] = op - 1;
	switch (o->phase) {
	case HG_PHASE_FORWARD:
		if (o->stage > 0)
			before[n++] =
				schedule_find(s, HG_PHASE_FORWARD, o->stage - 1, o->microbatch);
		break;
	case HG_PHASE_BACKWARD:
	case HG_PHASE_INPUT:
		if (o->stage + 1 < s->stages)
			before[n++] = find_gradient(s, o->stage + 1, o->microbatch);
		else
			before[n++] = schedule_find(s, HG_PHASE_FORWARD, o->stage, o->microbatch);
		before[n] = schedule_find(s, HG_PHASE_RECOMPUTE, o->stage, o->microbatch);
		n += before[n] != SCHEDULE_NONE;
		break;
	case HG_PHASE_WEIGHT:
		before[n++] = schedule_find(s, HG_PHASE_INPUT, o->stage, o->microbatch);
		break;
	case HG_PHASE_RECOMPUTE:
		break;
	}
	return n;
}

static hg_err make_index(hg_schedule *s, const char *origin, hg_error *why)
{
	size_t slots = (size_t)PHASES * s->stages * s->microbatches;
	const size_t *begins = s->begins.data;

	s->index = malloc(slots * sizeof *s->index);
	s->rank_of = malloc((s->ops.len + 1) * sizeof *s->rank_of);
	if (!s->index || !s->rank_of)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	memset(s->index, 0xff, slots * sizeof *s->index);
	for (uint32_t r = 0; r < s->ranks; r++) {
		for (size_t i = begins[r]; i < begins[r + 1]; i++) {
			const hg_schedule_op *o = op_at(s, (uint32_t)i);
			uint32_t *at = &s->index[slot(s, o->phase, o->stage, o->microbatch)];

			if (*at != SCHEDULE_NONE)
				return fail(why, HG_EINVAL,
					"%s: %u%c%u: expected once, found on rank %u and on rank %u",
					origin, o->stage, phase_letter(o->phase), o->microbatch,
					s->rank_of[*at], r);
			*at = (uint32_t)i;
			s->rank_of[i] = r;
		}
	}
	return HG_OK;
}

/* Checks that `later` comes after `sooner` on one rank; both may be absent, `sooner` too if it is
 * not needed. */
static hg_err check_order(const hg_schedule *s, const char *origin, uint32_t sooner, uint32_t later,
	hg_phase needed, hg_error *why)
{
	const hg_schedule_op *o;

	if (later == SCHEDULE_NONE)
		return HG_OK;
	o = op_at(s, later);
	if (sooner == SCHEDULE_NONE)
		return fail(why, HG_EINVAL, "%s: %u%c%u: expected %u%c%u before it, found none",
			origin, o->stage, phase_letter(o->phase), o->microbatch, o->stage,
			phase_letter(needed), o->microbatch);
	if (s->rank_of[sooner] != s->rank_of[later] || sooner > later)
		return fail(why, HG_EINVAL,
			"%s: %u%c%u: expected after %u%c%u on the same rank, found it %s", origin,
			o->stage, phase_letter(o->phase), o->microbatch, o->stage,
			phase_letter(needed), o->microbatch,
			sooner > later && s->rank_of[sooner] == s->rank_of[later]
				? "before"
				: "on another rank");
	return HG_OK;
}

static hg_err check_one(
	const hg_schedule *s, const char *origin, uint32_t stage, uint32_t m, hg_error *why)
{
	uint32_t forward = schedule_find(s, HG_PHASE_FORWARD, stage, m);
	uint32_t full = schedule_find(s, HG_PHASE_BACKWARD, stage, m);
	uint32_t input = schedule_find(s, HG_PHASE_INPUT, stage, m);
	uint32_t weight = schedule_find(s, HG_PHASE_WEIGHT, stage, m);
	uint32_t again = schedule_find(s, HG_PHASE_RECOMPUTE, stage, m);
	hg_err err;

	if (forward == SCHEDULE_NONE)
		return fail(why, HG_EINVAL, "%s: %uF%u: expected once, found nowhere", origin,
			stage, m);
	if (full == SCHEDULE_NONE && input == SCHEDULE_NONE)
		return fail(why, HG_EINVAL,
			"%s: %uB%u: expected once (or %uI%u and %uW%u), found nowhere", origin,
			stage, m, stage, m, stage, m);
	if (full != SCHEDULE_NONE && (input != SCHEDULE_NONE || weight != SCHEDULE_NONE))
		return fail(why, HG_EINVAL,
			"%s: %uB%u: expected either it or %uI%u and %uW%u, found both", origin,
			stage, m, stage, m, stage, m);
	if (input != SCHEDULE_NONE && weight == SCHEDULE_NONE)
		return fail(why, HG_EINVAL, "%s: %uW%u: expected with %uI%u, found nowhere", origin,
			stage, m, stage, m);
	err = check_order(s, origin, forward, full, HG_PHASE_FORWARD, why);
	if (!err)
		err = check_order(s, origin, forward, input, HG_PHASE_FORWARD, why);
	if (!err)
		err = check_order(s, origin, input, weight, HG_PHASE_INPUT, why);
	if (!err)
		err = check_order(s, origin, forward, again, HG_PHASE_FORWARD, why);
	if (!err && again != SCHEDULE_NONE)
		err = check_order(s, origin, again, full != SCHEDULE_NONE ? full : input,
			HG_PHASE_RECOMPUTE, why);
	return err;
}

/* Does as many steps of a rank as can be done. @return how many */
static size_t advance(const hg_schedule *s, uint32_t r, size_t *next)
{
	const size_t *begins = s->begins.data;
	size_t from = next[r];

	for (; next[r] < begins[r + 1]; next[r]++) {
		uint32_t before[SCHEDULE_BEFORE];
		unsigned n = schedule_before(s, (uint32_t)next[r], before);

		for (unsigned i = 0; i < n; i++)
			if (before[i] >= next[s->rank_of[before[i]]])
				return next[r] - from;
	}
	return next[r] - from;
}

/* Runs the ranks, forth and back like the data, until none can go on; then all must be done. */
static hg_err check_goes(const hg_schedule *s, const char *origin, hg_error *why)
{
	const size_t *begins = s->begins.data;
	size_t *next = malloc(((size_t)s->ranks + 1) * sizeof *next), moved;
	hg_err err = HG_OK;

	if (!next)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	memcpy(next, begins, ((size_t)s->ranks + 1) * sizeof *next);
	do {
		moved = 0;
		for (uint32_t r = 0; r < s->ranks; r++)
			moved += advance(s, r, next);
		for (uint32_t r = s->ranks; r-- > 0;)
			moved += advance(s, r, next);
	} while (moved);
	for (uint32_t r = 0; r < s->ranks && !err; r++) {
		const hg_schedule_op *o = op_at(s, (uint32_t)next[r]);

		if (next[r] < begins[r + 1])
			err = fail(why, HG_EINVAL,
				"%s: ranks wait for each other in a circle: rank %u never gets to "
				"%u%c%u",
				origin, r, o->stage, phase_letter(o->phase), o->microbatch);
	}
	free(next);
	return err;
}

hg_err schedule_check(hg_schedule *s, const char *origin, hg_error *why)
{
	hg_err err = make_index(s, origin, why);

	for (uint32_t k = 0; k < s->stages && !err; k++)
		for (uint32_t m = 0; m < s->microbatches && !err; m++)
			err = check_one(s, origin, k, m, why);
	return err ? err : check_goes(s, origin, why);
}
