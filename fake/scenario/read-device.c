/* A device of a scenario. */
#include <assert.h>
#include <string.h>

#include "core/fail.h"

#include "scenario.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const keys[] = {"vendor", "name", "uuid", "pci", "model", "power_limit_min_w",
	"power_limit_max_w", "power_limit_default_w", "power_limit_step_w", "sm_clocks_mhz",
	"memory_clocks_mhz", "power_w", "phases", "repeat", "workload", "energy_start_j",
	"counter_modulus_j", "counter_period_s", "counter_lag_s", "counter_coverage",
	"counter_gain", "counter_noise", "memory_power_w", "module_w", "temperature_c",
	"utilisation", "set_latency_s", "set_ignored", "persistent", "lost_after_s", "events",
	"processes", "mig", "power_profiles"};
static const char *const event_keys[] = {"at_s", "what", "by_j"};
static const char *const process_keys[] = {"pid", "memory_bytes", "from_s", "to_s", "mig"};
static const char *const vendors[] = {
	"nvidia", "amd", "habana", "intel", "cpu", "aws", "grace", "jetson"};

/* An array of numbers, or the default if there is none. */
static hg_err numbers_read(const struct json_doc *doc, const struct json *obj, const char *key,
	double *out, size_t room, size_t *n, hg_error *why)
{
	const struct json *v;
	hg_err rc = fake_array_or(doc, obj, key, room, &v, why);

	if (rc || !v)
		return rc;
	*n = 0;
	for (const struct json *e = v->first; e; e = e->next) {
		if (e->type != JSON_NUMBER || !(e->number >= 0.0 && e->number < 1e6))
			return fail(why, HG_EFORMAT, "%s:%u: %s: expected numbers from 0",
				doc->origin, e->line, key);
		out[(*n)++] = e->number;
	}
	return HG_OK;
}

static hg_err event_add(const struct json_doc *doc, uint32_t line, struct fake_spec *d,
	struct fake_event event, hg_error *why)
{
	if (d->n_events == FAKE_EVENTS)
		return fail(why, HG_EFORMAT, "%s:%u: more than %d events", doc->origin, line,
			FAKE_EVENTS);
	if (d->n_events && d->events[d->n_events - 1].at_s > event.at_s)
		return fail(why, HG_EFORMAT, "%s:%u: events: expected later and later at_s",
			doc->origin, line);
	d->events[d->n_events++] = event;
	return HG_OK;
}

static hg_err event_read(
	const struct json_doc *doc, const struct json *v, struct fake_spec *d, hg_error *why)
{
	static const char *const names[] = {[FAKE_RESET] = "reset",
		[FAKE_STEP] = "step",
		[FAKE_FREEZE] = "freeze",
		[FAKE_THAW] = "thaw",
		[FAKE_LOSE] = "lose",
		[FAKE_RETURN] = "return"};
	struct fake_event event = {.at_s = 0.0};
	const char *what = "";
	size_t kind = 0;
	hg_err rc = fake_keys_check(doc, v, event_keys, COUNT(event_keys), why);

	rc = rc ? rc : json_need_number(doc, v, "at_s", 0.0, 1e9, &event.at_s, why);
	rc = rc ? rc : json_need_string(doc, v, "what", &what, why);
	rc = rc ? rc : json_number_or(doc, v, "by_j", -1e15, 1e15, &event.by_j, why);
	if (rc)
		return rc;
	while (kind < COUNT(names) && strcmp(names[kind], what) != 0)
		kind++;
	if (kind == COUNT(names))
		return fail(why, HG_EFORMAT,
			"%s:%u: what: expected reset, step, freeze, thaw, lose or return, found "
			"\"%.32s\"",
			doc->origin, v->line, what);
	event.kind = (enum fake_event_kind)kind;
	return event_add(doc, v->line, d, event, why);
}

static hg_err events_read(
	const struct json_doc *doc, const struct json *obj, struct fake_spec *d, hg_error *why)
{
	struct fake_event lost = {.kind = FAKE_LOSE, .at_s = -1.0};
	const struct json *list;
	hg_err rc = fake_array_or(doc, obj, "events", FAKE_EVENTS, &list, why);

	for (const struct json *v = rc || !list ? NULL : list->first; !rc && v; v = v->next)
		rc = event_read(doc, v, d, why);
	rc = rc ? rc : json_number_or(doc, obj, "lost_after_s", 0.0, 1e9, &lost.at_s, why);
	return rc || lost.at_s < 0.0 ? rc : event_add(doc, obj->line, d, lost, why);
}

static hg_err processes_read(
	const struct json_doc *doc, const struct json *obj, struct fake_spec *d, hg_error *why)
{
	const struct json *list;
	hg_err rc = fake_array_or(doc, obj, "processes", FAKE_PROCESSES, &list, why);

	for (const struct json *v = rc || !list ? NULL : list->first; !rc && v; v = v->next) {
		struct fake_process *p = &d->processes[d->n_processes++];

		*p = (struct fake_process){.to_s = 1e12, .mig = -1.0};
		rc = fake_keys_check(doc, v, process_keys, COUNT(process_keys), why);
		rc = rc ? rc : json_need_number(doc, v, "pid", 1.0, 4194304.0, &p->pid, why);
		rc = rc ? rc
			: json_number_or(doc, v, "memory_bytes", 0.0, 1e15, &p->memory_bytes, why);
		rc = rc ? rc : json_number_or(doc, v, "from_s", 0.0, 1e9, &p->from_s, why);
		rc = rc ? rc : json_number_or(doc, v, "to_s", 0.0, 1e9, &p->to_s, why);
		rc = rc ? rc : json_number_or(doc, v, "mig", 0.0, FAKE_MIGS - 1, &p->mig, why);
	}
	return rc;
}

static hg_err migs_read(
	const struct json_doc *doc, const struct json *obj, struct fake_spec *d, hg_error *why)
{
	const struct json *v;
	hg_err rc = fake_array_or(doc, obj, "mig", FAKE_MIGS, &v, why);

	for (const struct json *e = rc || !v ? NULL : v->first; e; e = e->next) {
		if (e->type != JSON_STRING && e->type != JSON_NULL)
			return fail(why, HG_EFORMAT,
				"%s:%u: mig: expected UUIDs, or null for a gap", doc->origin,
				e->line);
		d->migs[d->n_migs++] = e->type == JSON_STRING ? e->string : NULL;
	}
	return rc;
}

static void defaults(struct fake_spec *d, size_t i)
{
	static const char *const uuids[] = {"GPU-fa4e0000-0000-4000-8000-000000000000",
		"GPU-fa4e0000-0000-4000-8000-000000000001",
		"GPU-fa4e0000-0000-4000-8000-000000000002",
		"GPU-fa4e0000-0000-4000-8000-000000000003"};
	static const char *const pcis[] = {
		"00000000:17:00.0", "00000000:2A:00.0", "00000000:3D:00.0", "00000000:5F:00.0"};

	*d = (struct fake_spec){.vendor = "nvidia",
		.uuid = i < COUNT(uuids) ? uuids[i] : NULL,
		.pci = i < COUNT(pcis) ? pcis[i] : NULL,
		.limit_min_w = 200.0,
		.limit_max_w = 700.0,
		.limit_default_w = 700.0,
		.n_memory = 2,
		.memory_mhz = {2619.0, 1593.0},
		.counter_period_s = 0.1,
		.counter_coverage = 1.0,
		.counter_gain = 1.0,
		.module_w = -1.0,
		.temperature_c = 45.0,
		.utilisation = 1.0,
		.persistent = true};
	for (double mhz = 1980.0; mhz >= 345.0; mhz -= 15.0)
		d->sm_mhz[d->n_sm++] = mhz;
}

/* The ladder of a model; the steps are wider where it has more than there is room for. */
static void ladder_of_model(struct fake_spec *d, const hg_model_info *m)
{
	double step = m->clock_step_hz;

	while ((m->clock_max_hz - m->clock_min_hz) / step > FAKE_LADDER - 2)
		step *= 2.0;
	d->n_sm = 0;
	for (size_t i = 0; i < FAKE_LADDER; i++) {
		double hz = m->clock_max_hz - (double)i * step;

		if (hz < m->clock_min_hz * (1.0 - 1e-9))
			break;
		d->sm_mhz[d->n_sm++] = hz * 1e-6;
	}
}

static hg_err model_read(
	const struct json_doc *doc, const struct json *v, struct fake_spec *d, hg_error *why)
{
	hg_model_info info = {.size = sizeof info};
	const char *name = NULL;
	hg_err rc = json_string_or(doc, v, "model", &name, why);

	if (rc || !name)
		return rc;
	rc = hg_model_load(name, NULL, &d->model, why);
	if (rc) {
		fail_prefix(why, "%s:%u: model: ", doc->origin, v->line);
		return rc;
	}
	hg_model_get_info(d->model, &info);
	d->name = info.title;
	d->limit_min_w = info.cap_min_w;
	d->limit_max_w = info.cap_max_w;
	d->limit_default_w = info.cap_default_w;
	ladder_of_model(d, &info);
	return HG_OK;
}

static hg_err numbers_of_device(
	const struct json_doc *doc, const struct json *v, struct fake_spec *d, hg_error *why)
{
	const struct {
		const char *key;
		double min, max, *out;
	} numbers[] = {
		{"power_limit_min_w", 0.0, 1e5, &d->limit_min_w},
		{"power_limit_max_w", 0.0, 1e16, &d->limit_max_w},
		{"power_limit_default_w", 0.0, 1e5, &d->limit_default_w},
		{"power_limit_step_w", 0.0, 1e5, &d->limit_step_w},
		{"energy_start_j", 0.0, 1e15, &d->energy_start_j},
		{"counter_modulus_j", 0.0, 1e15, &d->counter_modulus_j},
		{"counter_period_s", 0.0, 1e3, &d->counter_period_s},
		{"counter_lag_s", 0.0, 1e3, &d->counter_lag_s},
		{"counter_coverage", 0.01, 1.0, &d->counter_coverage},
		{"counter_gain", 0.0, 10.0, &d->counter_gain},
		{"counter_noise", 0.0, 1.0, &d->counter_noise},
		{"memory_power_w", 0.0, 1e5, &d->memory_power_w},
		{"module_w", 0.0, 1e5, &d->module_w},
		{"temperature_c", 0.0, 200.0, &d->temperature_c},
		{"utilisation", 0.0, 1.0, &d->utilisation},
		{"set_latency_s", 0.0, 60.0, &d->set_latency_s},
	};
	hg_err rc = HG_OK;

	for (size_t i = 0; !rc && i < COUNT(numbers); i++)
		rc = json_number_or(doc, v, numbers[i].key, numbers[i].min, numbers[i].max,
			numbers[i].out, why);
	if (rc)
		return rc;
	if (d->counter_period_s > 0.0 && d->counter_period_s < 1e-3)
		return fail(why, HG_EFORMAT,
			"%s:%u: counter_period_s: expected 0, or 0.001 to 1000", doc->origin,
			v->line);
	if (d->counter_lag_s > 0.0 && d->counter_lag_s >= d->counter_period_s)
		return fail(why, HG_EFORMAT,
			"%s:%u: counter_lag_s: expected less than counter_period_s", doc->origin,
			v->line);
	return HG_OK;
}

static hg_err vendor_check(
	const struct json_doc *doc, const struct json *v, struct fake_spec *d, hg_error *why)
{
	for (size_t i = 0; i < COUNT(vendors); i++)
		if (!strcmp(vendors[i], d->vendor)) {
			static const char *const names[] = {"Fake H100", "Fake MI300X",
				"Fake Gaudi 2", "Fake Max 1550", "Fake Xeon", "Fake Trainium",
				"Fake Grace", "Fake Orin"};

			static_assert(COUNT(names) == COUNT(vendors), "a name for each");

			d->name = d->name ? d->name : names[i];
			/* a counter that reads 0 at first is taken for a dead one */
			d->energy_start_j = strcmp(d->vendor, "amd") != 0 ? 0.0 : 1000.0;
			return HG_OK;
		}
	return fail(why, HG_EFORMAT,
		"%s:%u: vendor: expected nvidia, amd, habana, intel, cpu, aws, grace or jetson, found \"%.32s\"",
		doc->origin, v->line, d->vendor);
}

hg_err fake_device_read(const struct json_doc *doc, const struct json *v, size_t i,
	struct fake_spec *d, hg_error *why)
{
	hg_err rc;

	defaults(d, i);
	rc = fake_keys_check(doc, v, keys, COUNT(keys), why);
	rc = rc ? rc : json_string_or(doc, v, "vendor", &d->vendor, why);
	rc = rc ? rc : model_read(doc, v, d, why);
	rc = rc ? rc : vendor_check(doc, v, d, why);
	rc = rc ? rc : json_string_or(doc, v, "name", &d->name, why);
	rc = rc ? rc : json_string_or(doc, v, "uuid", &d->uuid, why);
	rc = rc ? rc : json_string_or(doc, v, "pci", &d->pci, why);
	rc = rc ? rc : numbers_of_device(doc, v, d, why);
	rc = rc ? rc : numbers_read(doc, v, "sm_clocks_mhz", d->sm_mhz, FAKE_LADDER, &d->n_sm, why);
	rc = rc ? rc
		: numbers_read(doc, v, "memory_clocks_mhz", d->memory_mhz, FAKE_LADDER,
			  &d->n_memory, why);
	rc = rc ? rc
		: numbers_read(doc, v, "power_profiles", d->profiles, FAKE_PROFILES, &d->n_profiles,
			  why);
	rc = rc ? rc : fake_bool_or(doc, v, "set_ignored", &d->set_ignored, why);
	rc = rc ? rc : fake_bool_or(doc, v, "persistent", &d->persistent, why);
	rc = rc ? rc : fake_power_read(doc, v, d, why);
	rc = rc ? rc : events_read(doc, v, d, why);
	rc = rc ? rc : processes_read(doc, v, d, why);
	rc = rc ? rc : migs_read(doc, v, d, why);
	if (!rc && (!d->uuid || !d->pci))
		return fail(why, HG_EFORMAT, "%s:%u: the fifth device and later need uuid and pci",
			doc->origin, v->line);
	return rc;
}
