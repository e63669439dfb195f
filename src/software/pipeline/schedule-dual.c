/* DualPipe: two streams of microbatches from both ends (arXiv 2412.19437, and the eight steps of
 * deepseek-ai/DualPipe). */
#include "schedule.h"

/* A rank being written: its two stages, and how far each stream is. */
struct dual {
	hg_schedule *s;
	uint32_t stage[2];     /* s0 and s1 */
	uint32_t first[2];     /* first microbatch of the stream of s0 and s1 */
	uint32_t forwards[2];  /* done */
	uint32_t backwards[2]; /* done */
	struct vec waiting;    /* hg_schedule_op: input gradients whose weights are to come */
	size_t popped;
	hg_err err;
};

static void add(struct dual *d, hg_phase phase, unsigned which, uint32_t m)
{
	if (!d->err)
		d->err = schedule_add(d->s, phase, d->stage[which], m);
}

static void forward(struct dual *d, unsigned which)
{
	add(d, HG_PHASE_FORWARD, which, d->first[which] + d->forwards[which]++);
}

/* A full backward, or with zero_bubble its first half, whose second half waits. */
static void backward(struct dual *d, unsigned which, bool zero_bubble)
{
	hg_schedule_op later = {
		HG_PHASE_WEIGHT, d->stage[which], d->first[which] + d->backwards[which]++};

	add(d, zero_bubble ? HG_PHASE_INPUT : HG_PHASE_BACKWARD, which, later.microbatch);
	if (zero_bubble && !d->err)
		d->err = vec_push(&d->waiting, &later);
}

static void weight(struct dual *d)
{
	const hg_schedule_op *op;

	if (d->popped == d->waiting.len || d->err)
		return;
	op = vec_at(&d->waiting, d->popped++);
	d->err = schedule_add(d->s, op->phase, op->stage, op->microbatch);
}

static void first_half(struct dual *d, uint32_t h, uint32_t half_ranks, uint32_t half_microbatches)
{
	uint32_t to_go = half_ranks - h - 1;

	for (uint32_t i = 0; i < 2 * to_go; i++)
		forward(d, 0);
	for (uint32_t i = 0; i < h + 1; i++) {
		forward(d, 0);
		forward(d, 1);
	}
	for (uint32_t i = 0; i < to_go; i++) {
		backward(d, 1, true);
		weight(d);
		forward(d, 1);
	}
	for (uint32_t i = 0; i < half_microbatches - 2 * half_ranks + h + 1; i++) {
		forward(d, 0);
		backward(d, 1, false);
		forward(d, 1);
		backward(d, 0, false);
	}
}

static void second_half(struct dual *d, uint32_t h, uint32_t half_ranks)
{
	uint32_t to_go = half_ranks - h - 1;
	bool zero_bubble = false;

	for (uint32_t i = 0; i < to_go; i++) {
		backward(d, 1, false);
		forward(d, 1);
		backward(d, 0, false);
	}
	for (uint32_t i = 0; i < h + 1; i++) {
		if (i == (h + 1) / 2 && h % 2 == 1)
			zero_bubble = true;
		backward(d, 1, zero_bubble);
		if (i == (h + 1) / 2 && h % 2 == 0)
			zero_bubble = true;
		backward(d, 0, zero_bubble);
	}
	for (uint32_t i = 0; i < to_go; i++) {
		weight(d);
		backward(d, 0, zero_bubble);
	}
	for (uint32_t i = 0; i < h + 1; i++)
		weight(d);
}

hg_err schedule_dualpipe(hg_schedule *s)
{
	uint32_t half_ranks = s->ranks / 2, half = s->microbatches / 2;
	hg_err err = HG_OK;

	for (uint32_t r = 0; r < s->ranks && !err; r++) {
		uint32_t other = s->ranks - 1 - r, h = r < other ? r : other;
		unsigned forth = r >= half_ranks; /* which of s0, s1 is the forward stream's */
		struct dual d = {.s = s};

		vec_init(&d.waiting, sizeof(hg_schedule_op), s->microbatches);
		d.stage[forth] = r;
		d.stage[!forth] = other;
		d.first[!forth] = half;
		first_half(&d, h, half_ranks, half);
		second_half(&d, h, half_ranks);
		vec_finish(&d.waiting);
		err = d.err ? d.err : schedule_end_rank(s);
	}
	return err;
}
