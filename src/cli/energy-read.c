/* Reading hourglass.energy/1: the runs of a report as series. */
#include <math.h>
#include <string.h>

#include "core/fail.h"
#include "core/file.h"
#include "energy-report.h"

#define TEXT_MAX ((size_t)1 << 28)
#define TREE_MAX ((size_t)1 << 31)
#define BIG      1e18

/** A number, or NAN for null or nothing. */
static hg_err number_of(const struct json_doc *doc, const struct json *obj, const char *key,
	double min, double *out, hg_error *why)
{
	const struct json *v = json_get(obj, key);

	*out = (double)NAN;
	if (!v || v->type == JSON_NULL)
		return HG_OK;
	return json_need_number(doc, obj, key, min, BIG, out, why);
}

/** Adds one run to a series: `obj` holds energy_j and sigma_j. */
static hg_err add_run(const struct json_doc *doc, const struct json *obj, double time_s, size_t run,
	struct energy_series *s, hg_error *why)
{
	double energy_j, sigma_j;
	/* with idle taken off a figure may be below 0 */
	hg_err rc = number_of(doc, obj, "energy_j", -BIG, &energy_j, why);

	if (rc == HG_OK)
		rc = number_of(doc, obj, "sigma_j", 0, &sigma_j, why);
	if (rc == HG_OK)
		rc = json_string_or(doc, obj, "reason", &s->why, why);
	if (rc != HG_OK)
		return rc;
	stat_add(&s->time, time_s);
	/* every run or none: a mean over some would compare unlike things */
	if (isnan(energy_j) || s->energy.n != run)
		return HG_OK;
	stat_add(&s->energy, energy_j);
	if (time_s > 0)
		stat_add(&s->power, energy_j / time_s);
	s->sigma_j += (sigma_j - s->sigma_j) / (double)s->energy.n;
	return HG_OK;
}

static hg_err read_run(const struct json *obj, size_t run, struct energy_summary *s, hg_error *why)
{
	const struct json_doc *doc = &s->doc;
	const struct json *devices, *total;
	double time_s;
	size_t i = 0;
	hg_err rc;

	if (obj->type != JSON_OBJECT)
		return fail(why, HG_EFORMAT, "%s:%u: a run must be an object, not %s", doc->origin,
			(unsigned)obj->line, json_type_text(obj));
	rc = json_need_number(doc, obj, "time_s", 0, BIG, &time_s, why);
	if (rc == HG_OK)
		rc = json_need(doc, obj, "devices", JSON_ARRAY, &devices, why);
	if (rc == HG_OK)
		rc = json_need(doc, obj, "total", JSON_OBJECT, &total, why);
	if (rc != HG_OK)
		return rc;
	if (devices->len != s->n - 1)
		return fail(why, HG_EFORMAT,
			"%s:%u: \"devices\" of a run: expected %zu as above, "
			"found %u",
			doc->origin, (unsigned)devices->line, s->n - 1, (unsigned)devices->len);
	for (const struct json *d = devices->first; rc == HG_OK && d; d = d->next, i++) {
		if (d->type != JSON_OBJECT)
			return fail(why, HG_EFORMAT, "%s:%u: a device must be an object, not %s",
				doc->origin, (unsigned)d->line, json_type_text(d));
		rc = add_run(doc, d, time_s, run, &s->series[i], why);
	}
	return rc == HG_OK ? add_run(doc, total, time_s, run, &s->series[s->n - 1], why) : rc;
}

static hg_err read_devices(const struct json *devices, struct energy_summary *s, hg_error *why)
{
	size_t i = 0;
	hg_err rc = HG_OK;

	s->n = (size_t)devices->len + 1;
	s->series = arena_alloc(&s->doc.arena, s->n * sizeof *s->series);
	if (!s->series)
		return HG_ENOMEM;
	memset(s->series, 0, s->n * sizeof *s->series);
	for (const struct json *d = devices->first; rc == HG_OK && d; d = d->next, i++) {
		if (d->type != JSON_OBJECT)
			return fail(why, HG_EFORMAT, "%s:%u: a device must be an object, not %s",
				s->doc.origin, (unsigned)d->line, json_type_text(d));
		s->series[i].uuid = "";
		rc = json_need_string(&s->doc, d, "id", &s->series[i].name, why);
		if (rc == HG_OK)
			rc = json_string_or(&s->doc, d, "uuid", &s->series[i].uuid, why);
	}
	s->series[s->n - 1].name = "total";
	s->series[s->n - 1].uuid = "";
	return rc;
}

static hg_err read_report(struct energy_summary *s, hg_error *why)
{
	const struct json *root = s->doc.root, *devices, *runs, *command, *flag;
	size_t run = 0;
	hg_err rc = json_check_schema(&s->doc, "hourglass.energy", 1, why);

	if (rc == HG_OK)
		rc = json_need(&s->doc, root, "devices", JSON_ARRAY, &devices, why);
	if (rc == HG_OK)
		rc = json_need(&s->doc, root, "runs", JSON_ARRAY, &runs, why);
	if (rc == HG_OK)
		rc = read_devices(devices, s, why);
	for (const struct json *r = rc == HG_OK ? runs->first : NULL; rc == HG_OK && r; r = r->next)
		rc = read_run(r, run++, s, why);
	if (rc == HG_OK && run == 0)
		return fail(why, HG_EFORMAT, "%s:%u: \"runs\" is empty", s->doc.origin,
			(unsigned)runs->line);
	for (size_t i = 0; rc == HG_OK && i < s->n; i++)
		if (s->series[i].energy.n != run)
			s->series[i].energy = s->series[i].power = (struct stat){0};
	flag = json_get(root, "simulated");
	s->simulated = flag && flag->type == JSON_TRUE;
	flag = json_get(root, "estimated");
	s->estimated = flag && flag->type == JSON_TRUE;
	command = json_get(root, "command");
	s->command = command && command->type == JSON_ARRAY && command->first &&
				     command->first->type == JSON_STRING
			     ? command->first->string
			     : "";
	return rc;
}

hg_err energy_parse(
	const char *text, size_t len, const char *origin, struct energy_summary *s, hg_error *why)
{
	hg_err rc = json_parse(&s->doc, text, len, origin, TREE_MAX, why);

	return rc == HG_OK ? read_report(s, why) : rc;
}

hg_err energy_read(const char *path, struct energy_summary *s, hg_error *why)
{
	hg_err rc;

	memset(s, 0, sizeof *s);
	rc = file_read(path, TEXT_MAX, &s->text, why);
	return rc == HG_OK
		       ? energy_parse(s->text.data ? s->text.data : "", s->text.len, path, s, why)
		       : rc;
}

void energy_summary_finish(struct energy_summary *s)
{
	json_finish(&s->doc);
	buf_finish(&s->text);
}
