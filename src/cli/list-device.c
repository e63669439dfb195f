/* What `list` says of the devices that are open. */
#include "list-device.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "table.h"

/* ----- the tree */

static hg_device_info info_of(const hg_device *d)
{
	hg_device_info info = {.size = sizeof info};

	hg_device_get_info(d, &info);
	return info;
}

static bool is_part(const hg_device *d, const hg_device *of)
{
	hg_device_info part = info_of(d), whole = info_of(of);

	return d != of && part.parent[0] && strcmp(part.parent, whole.uuid) == 0;
}

/** Whether the whole that a device is a part of is open too. */
static bool has_whole(hg_ctx *ctx, const hg_device *d)
{
	for (hg_device *o = hg_device_next(ctx, NULL); o; o = hg_device_next(ctx, o))
		if (is_part(d, o))
			return true;
	return false;
}

static bool is_listed(const struct list_tree *t, const hg_device *d)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->at[i] == d)
			return true;
	return false;
}

/** A device and behind it its parts; each once, so a circle ends. */
static void add(struct list_tree *t, hg_ctx *ctx, hg_device *d, unsigned depth)
{
	if (t->n == LIST_DEVICES || depth > LIST_DEPTH || is_listed(t, d))
		return;
	t->at[t->n] = d;
	t->depth[t->n++] = depth;
	for (hg_device *o = hg_device_next(ctx, NULL); o; o = hg_device_next(ctx, o))
		if (is_part(o, d))
			add(t, ctx, o, depth + 1);
}

hg_err list_tree_init(struct list_tree *t, hg_ctx *ctx)
{
	*t = (struct list_tree){.at = calloc(LIST_DEVICES + 1, sizeof(hg_device *)),
		.depth = calloc(LIST_DEVICES + 1, sizeof *t->depth)};
	if (!t->at || !t->depth)
		return HG_ENOMEM;
	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d))
		if (!has_whole(ctx, d))
			add(t, ctx, d, 0);
	/* what is in a circle is a part of nothing listed so far */
	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d))
		add(t, ctx, d, 0);
	return HG_OK;
}

void list_tree_finish(struct list_tree *t)
{
	free(t->at);
	free(t->depth);
	*t = (struct list_tree){0};
}

void list_tree_text(struct cli *cli, const struct list_tree *t)
{
	struct table table;

	table_init(&table, "ll");
	table.wrap = (size_t)cli->width;
	for (size_t i = 0; i < t->n; i++) {
		hg_device_info info = info_of(t->at[i]);

		table_cell(&table, "%*s%s", 2 + 2 * (int)t->depth[i], "", info.spec);
		table_cell(&table, "%s%s", info.title, info.simulated ? " (simulated)" : "");
	}
	table_print(&table, &cli->out, false);
	table_finish(&table);
	buf_addc(&cli->out, '\n');
}

/* ----- text */

/** Whether what is known of a sensor's lag and coverage matters: it counts energy. */
static bool is_counter(const hg_signal_info *s)
{
	return !s->absent && s->behaviour == HG_MONOTONE && strcmp(s->unit, "uJ") == 0;
}

/** What a calibration has found of a counter: "; lag 31 ms, coverage 100 %, trusted". */
static const char *found_text(const hg_device *d, const hg_sensors *known, char text[128])
{
	char lag[QUANTITY_TEXT];
	hg_sensor s;

	if (!sensors_of(known, d, &s))
		return "; lag and coverage: not calibrated";
	(void)snprintf(text, 128, "; lag %s, coverage %.0f %%, %s",
		quantity_format(QUANTITY_TIME, s.lag_s, lag),
		100 * (s.coverage > 0 ? s.coverage : 1), s.trusted ? "trusted" : "not trusted");
	return text;
}

static void signals_text(struct cli *cli, const hg_device *d, const hg_sensors *known)
{
	char found[128];
	char text[QUANTITY_TEXT];
	struct table t;

	table_init(&t, "lllrl");
	t.wrap = (size_t)cli->width;
	table_cell(&t, "  signal");
	table_cell(&t, "unit");
	table_cell(&t, "domain");
	table_cell(&t, "period");
	table_cell(&t, "%s", "");
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info s = {.size = sizeof s};
		double period_s;

		if (hg_device_signal(d, i, &s) != HG_OK)
			continue;
		period_s = (double)s.period_ns * 1e-9;
		table_cell(&t, "  %s", s.name);
		table_cell(&t, "%s", s.unit);
		table_cell(&t, "%s", s.domain);
		table_cell(&t, "%s",
			s.absent || s.period_ns <= 0
				? "-"
				: quantity_format(QUANTITY_TIME, period_s, text));
		table_cell(&t, "%s%s%s%s", s.absent ? "absent: " : "", s.absent ? s.absent : s.text,
			is_counter(&s) && s.stamped ? "; comes with its time" : "",
			is_counter(&s) ? found_text(d, known, found) : "");
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
}

/** A knob's value for people: "350 W", "1.98 GHz". */
static const char *value_text(const hg_knob_info *k, int64_t value, char text[QUANTITY_TEXT])
{
	double factor;
	enum quantity q = knob_quantity(k, &factor);

	if (k->flags & HG_KNOB_RANGE_UNKNOWN)
		return "?";
	return quantity_format(q, (double)value * factor, text);
}

static void knobs_text(struct cli *cli, const hg_device *d)
{
	char text[QUANTITY_TEXT];
	struct table t;

	table_init(&t, "lrrrrrl");
	t.wrap = (size_t)cli->width;
	table_cell(&t, "  knob");
	table_cell(&t, "min");
	table_cell(&t, "max");
	table_cell(&t, "step");
	table_cell(&t, "default");
	table_cell(&t, "now");
	table_cell(&t, "%s", "");
	for (size_t i = 0; i < hg_device_knobs(d); i++) {
		hg_knob_info k = {.size = sizeof k};

		if (hg_device_knob(d, i, &k) != HG_OK)
			continue;
		table_cell(&t, "  %s", k.name);
		table_cell(&t, "%s", value_text(&k, k.min, text));
		table_cell(&t, "%s", value_text(&k, k.max, text));
		table_cell(&t, "%s", value_text(&k, k.step, text));
		table_cell(&t, "%s", value_text(&k, k.default_value, text));
		table_cell(&t, "%s", value_text(&k, k.current, text));
		table_cell(&t, "%s%s", k.unsettable ? "cannot be set: " : "",
			k.unsettable ? k.unsettable : k.text);
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
}

void list_device_text(struct cli *cli, const hg_device *d, const hg_sensors *known)
{
	hg_device_info info = info_of(d);

	buf_addf(&cli->out, "%s: %s%s\n", info.spec, info.title,
		info.simulated ? " (simulated)" : "");
	signals_text(cli, d, known);
	knobs_text(cli, d);
	buf_addc(&cli->out, '\n');
}

/* ----- JSON */

static void signal_json(struct json_out *j, const hg_signal_info *s, const hg_sensor *known)
{
	json_open(j, '{', true);
	json_kv_string(j, "name", s->name);
	json_kv_string(j, "unit", s->unit);
	json_kv_string(j, "domain", s->domain);
	json_kv_string(j, "text", s->text);
	json_kv_bool(j, "monotone", s->behaviour == HG_MONOTONE);
	json_kv_number(j, "resolution", (double)s->resolution);
	json_kv_number(j, "period_s", (double)s->period_ns * 1e-9);
	if (is_counter(s)) {
		json_kv_bool(j, "stamped", s->stamped != 0);
		json_kv_number(j, "lag_s", known ? known->lag_s : (double)NAN);
		json_kv_number(j, "coverage",
			known && known->coverage > 0 ? known->coverage : (double)NAN);
		json_kv_string(j, "trust",
			!known           ? "not calibrated"
			: known->trusted ? "trusted"
					 : "not trusted");
	}
	json_kv_bool(j, "present", !s->absent);
	if (s->absent)
		json_kv_string(j, "absent", s->absent);
	json_close(j, '}');
}

/** A number of a knob, null where it is not known. */
static void knob_number(struct json_out *j, const hg_knob_info *k, const char *key, int64_t value)
{
	json_key(j, key);
	if (k->flags & HG_KNOB_RANGE_UNKNOWN)
		json_put_null(j);
	else
		json_put_int(j, value);
}

static void knob_json(struct json_out *j, const hg_knob_info *k)
{
	json_open(j, '{', true);
	json_kv_string(j, "name", k->name);
	json_kv_string(j, "unit", k->unit);
	json_kv_string(j, "text", k->text);
	knob_number(j, k, "min", k->min);
	knob_number(j, k, "max", k->max);
	knob_number(j, k, "step", k->step);
	knob_number(j, k, "default", k->default_value);
	knob_number(j, k, "current", k->current);
	json_kv_bool(j, "write_only", (k->flags & HG_KNOB_WRITE_ONLY) != 0);
	json_key(j, "ladder");
	json_open(j, '[', true);
	for (size_t v = 0; v < k->n_ladder; v++)
		json_put_int(j, k->ladder[v]);
	json_close(j, ']');
	json_kv_bool(j, "settable", !k->unsettable);
	if (k->unsettable)
		json_kv_string(j, "unsettable", k->unsettable);
	json_close(j, '}');
}

static void identity_json(struct json_out *j, const struct list_tree *t, size_t i)
{
	hg_device_info info = info_of(t->at[i]);

	json_kv_string(j, "spec", info.spec);
	json_kv_bool(j, "simulated", info.simulated != 0);
	json_kv_string(j, "backend", info.backend);
	json_kv_string(j, "vendor", info.vendor);
	json_kv_string(j, "model", info.model);
	json_kv_string(j, "title", info.title);
	json_kv_string(j, "uuid", info.uuid);
	json_kv_string(j, "pci", info.pci);
	json_kv_string(j, "parent", info.parent);
	json_kv_string(j, "wholes", info.wholes);
	json_kv_string(j, "driver", info.driver);
	json_key(j, "parts");
	json_open(j, '[', true);
	for (size_t k = 0; k < t->n; k++)
		if (is_part(t->at[k], t->at[i]))
			json_put_string(j, info_of(t->at[k]).spec);
	json_close(j, ']');
}

void list_device_json(
	struct json_out *j, const struct list_tree *t, size_t i, const hg_sensors *known)
{
	const hg_device *d = t->at[i];
	hg_sensor sensor;
	bool found = sensors_of(known, d, &sensor);

	json_open(j, '{', false);
	identity_json(j, t, i);
	json_key(j, "signals");
	json_open(j, '[', false);
	for (size_t k = 0; k < hg_device_signals(d); k++) {
		hg_signal_info s = {.size = sizeof s};

		if (hg_device_signal(d, k, &s) == HG_OK)
			signal_json(j, &s, found ? &sensor : NULL);
	}
	json_close(j, ']');
	json_key(j, "knobs");
	json_open(j, '[', false);
	for (size_t k = 0; k < hg_device_knobs(d); k++) {
		hg_knob_info info = {.size = sizeof info};

		if (hg_device_knob(d, k, &info) == HG_OK)
			knob_json(j, &info);
	}
	json_close(j, ']');
	json_close(j, '}');
}
