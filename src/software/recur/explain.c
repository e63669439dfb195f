/* Why this batch size, now: for people and as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/json.h"
#include "core/unit.h"
#include "explain.h"
#include "model.h"

#define TEXT_MAX ((size_t)1 << 20)

/* All that a text may speak of. */
struct story {
	struct view v;
	struct model m;
	hg_recur_decision d;
	hg_recur_belief b[HG_RECUR_MAX_SIZES];
	struct buf out;
};

static const char *joules(double value, char text[QUANTITY_TEXT])
{
	if (isnan(value))
		return "an unknown cost";
	return quantity_format(QUANTITY_ENERGY, value, text);
}

static void tell_lesson(struct story *s, const hg_recur_belief *best)
{
	const hg_recur_decision *d = &s->d;
	char one[QUANTITY_TEXT], two[QUANTITY_TEXT], three[QUANTITY_TEXT];

	if (isnan(d->best_j)) {
		buf_adds(&s->out, "for what it tells; no size's cost is known yet.");
		return;
	}
	buf_addf(&s->out,
		"for what it tells. Batch size %u is expected to cost least, %s a run; this run is "
		"expected to cost %s, and what it tells to save %s in each of the next %u runs.",
		best->batch_size, joules(d->best_j, one), joules(d->expected_j, two),
		d->gain_j > 0 ? joules(d->gain_j, three) : "nothing", s->v.job.horizon);
}

static void tell_reason(struct story *s)
{
	const hg_recur_decision *d = &s->d;
	const hg_recur_belief *b = &s->b[d->index];
	char one[QUANTITY_TEXT];

	buf_addf(&s->out, "Batch size %u: ", d->batch_size);
	switch (d->reason) {
	case HG_RECUR_FIRST:
		buf_adds(&s->out,
			"nothing is known of this job yet, so it begins with its default.");
		break;
	case HG_RECUR_BEST:
		buf_adds(&s->out, "of all sizes it is expected to cost least");
		if (!isnan(b->cost_j))
			buf_addf(&s->out, ", %s a run", joules(b->cost_j, one));
		buf_addf(&s->out,
			" (after %u run%s of its own, %.0f %% sure to be the cheapest), and no "
			"other is worth a try.",
			b->runs, b->runs == 1 ? "" : "s", 100 * b->p_best);
		break;
	case HG_RECUR_LEARNING:
		tell_lesson(s, &s->b[d->best_index]);
		break;
	case HG_RECUR_LAST:
		buf_addf(&s->out,
			"every size is thought to fail, and this one fails least (%.0f %%).",
			100 * b->p_fail);
		break;
	default:
		buf_addf(&s->out, "by the rule of the policy \"%s\"%s.",
			hg_recur_policy_name(s->v.job.policy),
			d->exhausted ? ", which has no size left" : "");
	}
}

static void tell_numbers(struct story *s)
{
	const hg_recur_belief *b = &s->b[s->d.index];
	char one[QUANTITY_TEXT];

	if (s->d.reason != HG_RECUR_FIRST)
		buf_addf(&s->out, " It needs %.3g epochs (%.3g to %.3g with 90 %%) at %s each%s.",
			b->epochs, b->epochs_lo, b->epochs_hi, joules(b->epoch_j, one),
			isnan(b->epoch_j) ? ", as none has been measured yet"
			: b->cost_known   ? ", which is known"
					  : ", which is a guess from other sizes");
	if (s->d.max_epochs < s->v.job.max_epochs)
		buf_addf(&s->out, " It is stopped after %u epochs: more would not pay.",
			s->d.max_epochs);
	if (s->d.regime > 0)
		buf_addf(&s->out, " The job has changed: trials before number %zu count little.",
			s->d.regime + 1);
	if (!isnan(s->m.alike_cost))
		buf_addf(&s->out,
			" What similar jobs say counts with %.0f %% for epochs and %.0f %% for costs.",
			100 * s->m.alike_epochs, 100 * s->m.alike_cost);
	if (s->d.dropped > 0) {
		buf_addf(&s->out,
			" Out, as they fail with at least %.0f %%:", 100 * s->v.job.confidence);
		for (size_t a = 0; a < s->m.n; a++)
			if (s->m.dropped[a])
				buf_addf(&s->out, " %u", s->v.job.batch_sizes[a]);
		buf_addc(&s->out, '.');
	}
	buf_addc(&s->out, '\n');
}

void recur_belief_json(struct json_out *j, const hg_recur_belief *b)
{
	json_open(j, '{', true);
	json_kv_int(j, "batch_size", b->batch_size);
	json_kv_int(j, "runs", b->runs);
	json_kv_int(j, "failures", b->failures);
	json_kv_bool(j, "dropped", b->dropped != 0);
	json_kv_number(j, "epochs", b->epochs);
	json_kv_number(j, "epochs_lo", b->epochs_lo);
	json_kv_number(j, "epochs_hi", b->epochs_hi);
	json_kv_bool(j, "cost_known", b->cost_known != 0);
	json_kv_number(j, "epoch_j", b->epoch_j);
	json_kv_number(j, "cost_j", b->cost_j);
	json_kv_number(j, "cost_lo_j", b->cost_lo_j);
	json_kv_number(j, "cost_hi_j", b->cost_hi_j);
	json_kv_number(j, "p_best", b->p_best);
	json_kv_number(j, "p_fail", b->p_fail);
	json_close(j, '}');
}

/* Of runs that are told to wait, what follows is what they would be now. */
static void tell_wait(struct story *s)
{
	size_t running = model_in_flight(&s->m), reached = s->m.reached;

	if (s->d.wait)
		buf_addf(&s->out,
			"A run would be told to wait: %zu run%s under way and %zu %s reached the "
			"target, which with %u pilots lets %zu run at once. If it began all the "
			"same: ",
			running, running == 1 ? " is" : "s are", reached,
			reached == 1 ? "has" : "have", s->v.job.pilots, s->v.job.pilots + reached);
}

static void put_decision(struct json_out *j, const struct story *s)
{
	const hg_recur_decision *d = &s->d;

	json_kv_string(j, "policy", hg_recur_policy_name(s->v.job.policy));
	json_kv_int(j, "batch_size", d->batch_size);
	json_kv_string(j, "reason", hg_recur_reason_name(d->reason));
	json_kv_int(j, "max_epochs", d->max_epochs);
	json_kv_number(j, "bound_j", d->bound_j);
	json_kv_number(j, "expected_j", d->expected_j);
	json_kv_int(j, "best_batch_size", s->v.job.batch_sizes[d->best_index]);
	json_kv_number(j, "best_j", d->best_j);
	json_kv_number(j, "gain_j", d->gain_j);
	json_kv_int(j, "horizon", s->v.job.horizon);
	json_kv_int(j, "trials", (int64_t)s->v.n);
	json_kv_int(j, "regime", (int64_t)d->regime);
	json_kv_bool(j, "exhausted", d->exhausted);
	json_kv_bool(j, "wait", d->wait != 0);
	json_kv_number(j, "scatter", s->m.noise);
	json_key(j, "similar");
	if (isnan(s->m.alike_cost)) {
		json_put_null(j);
		return;
	}
	json_open(j, '{', true);
	json_kv_number(j, "weight_epochs", s->m.alike_epochs);
	json_kv_number(j, "weight_cost", s->m.alike_cost);
	json_close(j, '}');
}

static void put_json(struct story *s)
{
	struct json_out j;

	json_out_init(&j, &s->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.recur-decision/1");
	put_decision(&j, s);
	json_key(&j, "beliefs");
	json_open(&j, '[', false);
	for (size_t a = 0; a < s->m.n; a++)
		recur_belief_json(&j, &s->b[a]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&s->out, '\n');
}

/* A baseline decides without a belief; the text has one all the same. */
static hg_err learn(struct story *s, uint64_t seed, hg_error *why)
{
	hg_err err = recur_decide(&s->v, seed, &s->m, &s->d, why);

	if (err == HG_OK && s->v.job.policy != HG_RECUR_LEARN)
		err = model_build(&s->m, &s->v, false, why);
	return err ? err : recur_believe(&s->v, &s->m, s->b, why);
}

hg_err hg_recur_explain(const hg_recur_job *job, const hg_recur_trial *trials, size_t n,
	uint64_t seed, hg_recur_form form, char **text, hg_error *why)
{
	struct story *s = calloc(1, sizeof *s);
	hg_err err;

	if (!s)
		return fail(why, HG_ENOMEM, "no memory for what is known of the job");
	buf_init(&s->out, TEXT_MAX);
	err = view_check(&s->v, job, trials, n, why);
	if (err == HG_OK && (!text || form > HG_RECUR_JSON))
		err = fail(why, HG_EINVAL, "text must not be NULL, nor the form unknown");
	if (err == HG_OK)
		err = learn(s, seed, why);
	if (err == HG_OK && form == HG_RECUR_JSON) {
		put_json(s);
	} else if (err == HG_OK) {
		tell_wait(s);
		tell_reason(s);
		tell_numbers(s);
	}
	if (err == HG_OK && s->out.failed)
		err = fail(why, s->out.failed, "no memory for the text");
	if (err == HG_OK)
		*text = buf_steal(&s->out);
	buf_finish(&s->out);
	free(s);
	return err;
}
