/*
 * Writing hourglass.frontier/1 as CSV: lines that begin with '#' say what the frontier says about
 * itself, then come a header and one record a point.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/csv.h"
#include "core/fail.h"
#include "core/json.h"
#include "core/number.h"

#include "formats.h"
#include "frontier.h"
#include "lookup.h"

/* Whether text can stand in a '#' line as it is; word: blanks would end it. */
static bool is_plain(const char *text, bool word)
{
	size_t len = strlen(text);

	if (len == 0 || *text == '"' || *text == ' ' || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f || (word && text[i] == ' '))
			return false;
	return true;
}

static hg_err put_text(struct buf *out, const char *text, bool word, hg_error *why)
{
	struct json_out o;

	if (!utf8_is_valid(text, strlen(text)))
		return fail(why, HG_EINVAL, "expected UTF-8 text, found other bytes");
	buf_addc(out, ' ');
	if (is_plain(text, word))
		return buf_adds(out, text);
	json_out_init(&o, out);
	json_put_string(&o, text);
	return out->failed;
}

static hg_err put_info_text(struct buf *out, const char *key, const char *text, hg_error *why)
{
	hg_err err;

	if (*text == '\0')
		return HG_OK;
	buf_addf(out, "# %s", key);
	err = put_text(out, text, false, why);
	buf_addc(out, '\n');
	return err;
}

static void put_number(struct buf *out, double v)
{
	char text[DOUBLE_TEXT];

	buf_add(out, text, double_format(v, text));
}

static void put_info_number(struct buf *out, const char *key, double v)
{
	if (!isfinite(v))
		return;
	buf_addf(out, "# %s ", key);
	put_number(out, v);
	buf_addc(out, '\n');
}

static hg_err put_info(struct buf *out, const hg_frontier_info *info, hg_error *why)
{
	hg_err err = put_info_text(out, "name", info->name, why);

	if (!err)
		err = put_info_text(out, "work_unit", info->work_unit, why);
	if (!err)
		err = put_info_text(out, "device", info->device, why);
	if (info->devices)
		put_info_number(out, "devices", info->devices);
	if (!err)
		err = put_info_text(out, "source", info->source, why);
	put_info_number(out, "static_power_w", info->static_power_w);
	put_info_number(out, "max_power_w", info->max_power_w);
	return err;
}

static hg_err put_knob(struct buf *out, const hg_knob_def *knob, hg_error *why)
{
	hg_err err;

	buf_adds(out, "# knob");
	err = put_text(out, knob->name, true, why);
	if (!err && *knob->unit)
		err = put_text(out, knob->unit, true, why);
	buf_addc(out, '\n');
	if (!knob->choices)
		return err;
	buf_adds(out, "# choices");
	if (!err)
		err = put_text(out, knob->name, true, why);
	for (size_t i = 0; i < knob->n_choices && !err; i++) {
		err = put_text(out, knob->choices[i], true, why);
		if (!err && knob->choices[i][0] == '\0')
			err = fail(why, HG_EUNSUPPORTED,
				"knob %s: CSV cannot tell its empty choice from an absent one",
				knob->name);
	}
	buf_addc(out, '\n');
	return err;
}

static hg_err put_cell(struct buf *out, const hg_knob_def *knob, double cell, hg_error *why)
{
	const char *word;

	if (isnan(cell))
		return HG_OK;
	if (!knob->choices) {
		put_number(out, cell);
		if (isfinite(cell))
			return HG_OK;
		return fail(why, HG_EINVAL, "knob %s: expected a finite number, found %g",
			knob->name, cell);
	}
	if (!(cell >= 0 && cell < (double)knob->n_choices))
		return fail(why, HG_EINVAL, "knob %s: expected one of %zu choices, found %g",
			knob->name, knob->n_choices, cell);
	word = knob->choices[(size_t)cell];
	csv_write_field(out, word, strlen(word));
	return HG_OK;
}

static void put_figure(struct buf *out, double v)
{
	if (!isnan(v))
		put_number(out, v);
	buf_addc(out, ',');
}

static void put_origin(struct buf *out, uint32_t origin)
{
	static const struct {
		uint32_t bit;
		const char *text;
	} known[] = {
#define ORIGIN_ROW(name, bit, text) {bit, text},
		HG_ORIGIN_LIST(ORIGIN_ROW)
#undef ORIGIN_ROW
	};
	bool first = true;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!(origin & known[i].bit))
			continue;
		if (!first)
			buf_addc(out, '+');
		buf_adds(out, known[i].text);
		first = false;
	}
}

static hg_err put_points(
	const hg_frontier *f, const hg_point *p, size_t n_points, struct buf *out, hg_error *why)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	hg_err err = HG_OK;

	for (size_t k = 0; k < n_points && !err; k++, p++) {
		const double *row = hg_frontier_setting(f, p->setting);

		put_figure(out, p->time_s);
		put_figure(out, p->energy_j);
		put_figure(out, p->time_rsd);
		put_figure(out, p->energy_rsd);
		put_origin(out, p->origin);
		for (size_t i = 0; i < n && !err; i++) {
			buf_addc(out, ',');
			if (row)
				err = put_cell(out, &knobs[i], row[i], why);
		}
		buf_addc(out, '\n');
		if (!err)
			err = out->failed;
	}
	return err;
}

static hg_err put_knobs(const hg_frontier *f, struct buf *out, hg_error *why)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	bool repeats;
	hg_err err = frontier_repeats_setting(f, &repeats);

	for (size_t i = 0; i < n && !err; i++)
		err = put_knob(out, &knobs[i], why);
	if (!err && repeats)
		buf_adds(out, "# repeated_settings\n");
	buf_adds(out, "time_s,energy_j,time_rsd,energy_rsd,origin");
	for (size_t i = 0; i < n; i++) {
		buf_addc(out, ',');
		csv_write_field(out, knobs[i].name, strlen(knobs[i].name));
	}
	buf_addc(out, '\n');
	return err;
}

static hg_err put_points_by_time(const hg_frontier *f, struct buf *out, hg_error *why)
{
	hg_err err = HG_OK;

	for (size_t k = 0; k < frontier_all(f) && !err; k++)
		err = put_points(f, &f->points[frontier_by_time(f, k)], 1, out, why);
	return err;
}

hg_err frontier_write_csv(const hg_frontier *f, struct buf *out, hg_error *why)
{
	hg_err err;

	buf_adds(out, "# " FRONTIER_SCHEMA "\n");
	err = put_info(out, &f->info, why);
	if (!err)
		err = put_knobs(f, out, why);
	if (!err)
		err = put_points_by_time(f, out, why);
	if (!err)
		err = put_points(f, f->dominated, f->n_dominated, out, why);
	return err ? err : out->failed;
}
