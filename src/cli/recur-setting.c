/* The setting that goes with a batch size, put in force on the devices that are measured. */
#include "recur-setting.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"
#include "keep.h"
#include "tune-knobs.h"

int recur_setting_open(struct cli *cli, const struct gauge *g, struct recur_setting *s)
{
	return keep_open(cli, g->ctx, &s->guard);
}

/* The knob that a frontier calls so: "power_limit_w". SIZE_MAX: the device has none. */
static size_t knob_called(const hg_device *d, struct slice name, hg_knob_info *info, double *factor)
{
	char column[KNOB_COLUMN];

	for (size_t i = 0; i < hg_device_knobs(d); i++) {
		*info = (hg_knob_info){.size = sizeof *info};
		if (hg_device_knob(d, i, info) != HG_OK)
			continue;
		(void)knob_column(info, column, factor);
		if (strlen(column) == name.len && memcmp(column, name.text, name.len) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* One knob of one device. */
static hg_err set_knob(struct recur_setting *s, hg_device *d, const char *spec, struct slice name,
	double value, bool *found, hg_error *why)
{
	hg_knob_info info;
	double factor;
	size_t knob = knob_called(d, name, &info, &factor);
	hg_err err;

	if (knob == SIZE_MAX)
		return HG_OK;
	*found = true;
	if (info.unsettable)
		return fail(why, HG_EPERM, "%.80s: %s", spec, info.unsettable);
	err = claims_add(&s->claims, d, why);
	if (err)
		return err;
	err = hg_guard_set(s->guard, d, knob, llround(value / factor), NULL, why);
	if (err)
		fail_prefix(why, "%.80s: ", spec);
	return err;
}

/* "power_limit_w=200" on all devices. */
static hg_err set_one(
	struct recur_setting *s, const struct gauge *g, struct slice word, hg_error *why)
{
	struct slice value = word, name = slice_cut(&value, '=');
	bool found = false;
	double number;
	hg_err err = HG_OK;

	if (!value.text || !double_parse(value.text, value.len, false, &number))
		return fail(why, HG_EINVAL, "'%.*s' is no knob with a number",
			word.len > 60 ? 60 : (int)word.len, word.text);
	for (size_t i = 0; err == HG_OK && i < g->n; i++)
		err = set_knob(s, g->devices[i], gauge_info(g, i).spec, name, number, &found, why);
	if (err == HG_OK && !found)
		err = fail(why, HG_ENOENT, "no device has a knob '%.*s'",
			name.len > 60 ? 60 : (int)name.len, name.text);
	return err;
}

static bool put_back(struct cli *cli, struct recur_setting *s)
{
	hg_error why = {""};

	if (hg_guard_held(s->guard) == 0 || hg_guard_release(s->guard, &why) == HG_OK)
		return true;
	cli_note(cli, "settings could not be put back: %s", why.text);
	return false;
}

bool recur_setting_apply(
	struct cli *cli, const struct gauge *g, const char *text, struct recur_setting *s)
{
	struct slice rest = {text, strlen(text)};
	hg_error why = {""};
	hg_err err = HG_OK;

	if (!s->guard)
		return false;
	(void)put_back(cli, s);
	while (err == HG_OK && rest.text) {
		struct slice word = slice_trim(slice_cut(&rest, ' '));

		if (word.len > 0)
			err = set_one(s, g, word, &why);
	}
	if (err == HG_OK)
		return text[0] != '\0';
	/* half a setting is one that nobody has measured */
	(void)put_back(cli, s);
	if (!s->refused)
		cli_note(cli, "setting %s is not in force: %s; the training runs at what is", text,
			why.text);
	s->refused = true;
	return false;
}

bool recur_setting_close(struct cli *cli, struct recur_setting *s)
{
	bool whole = !s->guard || put_back(cli, s);

	keep_close(s->guard);
	claims_finish(&s->claims);
	s->guard = NULL;
	return whole;
}
