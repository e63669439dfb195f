/* What a device of a scenario does over time: watts, or work whose watts the physics model knows.
 */
#include <string.h>

#include "core/fail.h"

#include "scenario.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/** Longest phase, and most watts. */
#define PHASE_MAX_S 1e9
#define POWER_MAX_W 1e6

static const char *const phase_keys[] = {"duration_s", "power_w", "workload"};

static hg_err work_load(const struct json_doc *doc, uint32_t line, const struct fake_spec *d,
	const char *name, hg_predictor **out, hg_error *why)
{
	hg_workload *w = NULL;
	hg_err rc;

	if (!d->model)
		return fail(why, HG_EFORMAT, "%s:%u: workload: the device needs a model too",
			doc->origin, line);
	rc = hg_workload_load(name, NULL, &w, why);
	rc = rc ? rc : hg_predictor_create(d->model, w, out, why);
	hg_workload_destroy(w);
	if (rc)
		fail_prefix(why, "%s:%u: workload: ", doc->origin, line);
	return rc;
}

/* A number of watts, or pairs [from_s, watts] in order of time. */
static hg_err watts_read(
	const struct json_doc *doc, const struct json *v, struct fake_spec *d, hg_error *why)
{
	double before = -1.0;

	if (v->type == JSON_NUMBER && v->number >= 0.0 && v->number < POWER_MAX_W) {
		d->phases[0].power_w = v->number;
		return HG_OK;
	}
	if (v->type != JSON_ARRAY || v->len == 0 || v->len > FAKE_PHASES)
		return fail(why, HG_EFORMAT,
			"%s:%u: power_w: expected watts, or 1 to %d pairs [seconds, watts]",
			doc->origin, v->line, FAKE_PHASES);
	d->n_phases = 0;
	for (const struct json *e = v->first; e; e = e->next) {
		const struct json *at = e->type == JSON_ARRAY && e->len == 2 ? e->first : NULL;

		if (!at || at->type != JSON_NUMBER || at->next->type != JSON_NUMBER ||
			!(at->number > before) || !(at->next->number >= 0.0) ||
			!(at->next->number < POWER_MAX_W))
			return fail(why, HG_EFORMAT,
				"%s:%u: power_w: expected pairs [seconds, watts], later and later",
				doc->origin, e->line);
		before = at->number;
		d->phases[d->n_phases++] = (struct fake_phase){at->number, at->next->number, NULL};
	}
	d->phases[0].from_s = 0.0;
	return HG_OK;
}

/* One phase that begins at *from_s. */
static hg_err phase_read(const struct json_doc *doc, const struct json *v, struct fake_spec *d,
	double *from_s, hg_error *why)
{
	struct fake_phase *p = &d->phases[d->n_phases++];
	const char *workload = NULL;
	double duration_s = 0.0;
	hg_err rc = fake_keys_check(doc, v, phase_keys, COUNT(phase_keys), why);

	*p = (struct fake_phase){*from_s, -1.0, NULL};
	rc = rc ? rc : json_need_number(doc, v, "duration_s", 1e-6, PHASE_MAX_S, &duration_s, why);
	rc = rc ? rc : json_number_or(doc, v, "power_w", 0.0, POWER_MAX_W, &p->power_w, why);
	rc = rc ? rc : json_string_or(doc, v, "workload", &workload, why);
	if (rc)
		return rc;
	*from_s += duration_s;
	if ((p->power_w < 0.0) == !workload)
		return fail(why, HG_EFORMAT, "%s:%u: expected either power_w or workload",
			doc->origin, v->line);
	return workload ? work_load(doc, v->line, d, workload, &p->work, why) : HG_OK;
}

static hg_err phases_read(
	const struct json_doc *doc, const struct json *obj, struct fake_spec *d, hg_error *why)
{
	const struct json *list;
	double end_s = 0.0;
	bool repeat = false;
	hg_err rc = fake_array_or(doc, obj, "phases", FAKE_PHASES, &list, why);

	rc = rc ? rc : fake_bool_or(doc, obj, "repeat", &repeat, why);
	if (rc || !list)
		return rc;
	if (!list->len)
		return fail(why, HG_EFORMAT, "%s:%u: phases: expected at least one", doc->origin,
			list->line);
	d->n_phases = 0;
	for (const struct json *v = list->first; !rc && v; v = v->next)
		rc = phase_read(doc, v, d, &end_s, why);
	d->repeat_s = repeat ? end_s : 0.0;
	return rc;
}

hg_err fake_power_read(
	const struct json_doc *doc, const struct json *obj, struct fake_spec *d, hg_error *why)
{
	const struct json *watts = json_get(obj, "power_w"), *phases = json_get(obj, "phases");
	const struct json *work = json_get(obj, "workload");
	const char *name = NULL;
	hg_err rc;

	d->phases[0] = (struct fake_phase){0.0, 300.0, NULL};
	d->n_phases = 1;
	if ((watts != NULL) + (phases != NULL) + (work != NULL) > 1)
		return fail(why, HG_EFORMAT,
			"%s:%u: expected one of power_w, phases and workload, not several",
			doc->origin, obj->line);
	if (watts)
		return watts_read(doc, watts, d, why);
	rc = json_string_or(doc, obj, "workload", &name, why);
	if (!rc && name)
		return work_load(doc, work->line, d, name, &d->phases[0].work, why);
	return rc ? rc : phases_read(doc, obj, d, why);
}

void fake_power_finish(struct fake_spec *d)
{
	for (size_t i = 0; i < d->n_phases; i++)
		hg_predictor_destroy(d->phases[i].work);
	hg_model_destroy(d->model);
	d->n_phases = 0;
	d->model = NULL;
}
