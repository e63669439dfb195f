/* "MODEL[,KEY=VALUE...]": one table says which keys there are and what they may be. */
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"
#include "core/unit.h"

#include "sim.h"

/** Longest value of an option. */
#define VALUE_MAX 64

struct option {
	const char *key;
	enum quantity quantity;
	double min, max;
	size_t offset; /* of a double in struct sim_options; SIZE_MAX: not a double */
	const char *range;
};

static const struct option options[] = {
	{"seed", QUANTITY_NUMBER, 0, 0, SIZE_MAX, "a whole number from 0 to 18446744073709551615"},
	{"noise", QUANTITY_RATIO, 0.0, 0.5, offsetof(struct sim_options, noise), "0% to 50%"},
	{"tick", QUANTITY_TIME, 0.0, 60.0, offsetof(struct sim_options, tick_s), "0 s to 60 s"},
	{"lag", QUANTITY_TIME, 0.0, 60.0, offsetof(struct sim_options, lag_s), "0 s to 60 s"},
	{"latency", QUANTITY_TIME, 0.0, 60.0, offsetof(struct sim_options, latency_s),
		"0 s to 60 s"},
	{"gain", QUANTITY_RATIO, 0.1, 10.0, offsetof(struct sim_options, gain), "0.1 to 10"},
	{"realtime", QUANTITY_NUMBER, 0, 0, SIZE_MAX, "0 or 1"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static hg_err unknown_key(const char *spec, struct slice key, hg_error *why)
{
	const char *names[COUNT(options)];
	char wrong[VALUE_MAX];
	const char *near;

	for (size_t i = 0; i < COUNT(options); i++)
		names[i] = options[i].key;
	key.len = key.len < sizeof wrong ? key.len : sizeof wrong - 1;
	memcpy(wrong, key.text, key.len);
	wrong[key.len] = '\0';
	near = nearest_word(wrong, names, COUNT(names));
	if (near)
		return fail(why, HG_EINVAL, "%.64s: no option \"%s\"; did you mean \"%s\"?", spec,
			wrong, near);
	return fail(why, HG_EINVAL,
		"%.64s: no option \"%s\"; there is: seed, noise, tick, lag, latency, gain, realtime",
		spec, wrong);
}

static hg_err bad_value(
	const char *spec, const struct option *opt, const char *value, hg_error *why)
{
	return fail(why, HG_EINVAL, "%.64s: %s: expected %s, found \"%s\"", spec, opt->key,
		opt->range, value);
}

static hg_err option_set(const char *spec, const struct option *opt, const char *value,
	struct sim_options *o, hg_error *why)
{
	double number;

	if (!strcmp(opt->key, "seed"))
		return uint64_parse(value, strlen(value), &o->seed)
			       ? HG_OK
			       : bad_value(spec, opt, value, why);
	if (!strcmp(opt->key, "realtime")) {
		if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
			return bad_value(spec, opt, value, why);
		o->realtime = value[0] == '1';
		return HG_OK;
	}
	if (quantity_parse(opt->quantity, value, opt->key, &number, NULL) ||
		!(number >= opt->min && number <= opt->max))
		return bad_value(spec, opt, value, why);
	memcpy((char *)o + opt->offset, &number, sizeof number);
	return HG_OK;
}

static hg_err option_parse(
	const char *spec, struct slice text, unsigned *seen, struct sim_options *o, hg_error *why)
{
	struct slice rest = text;
	struct slice key = slice_trim(slice_cut(&rest, '='));
	struct slice value = slice_trim(rest.text ? rest : (struct slice){"", 0});
	char copy[VALUE_MAX];

	for (size_t i = 0; i < COUNT(options); i++) {
		if (!slice_is(key, options[i].key))
			continue;
		if (*seen & 1u << i)
			return fail(why, HG_EINVAL, "%.64s: %s: given twice", spec, options[i].key);
		*seen |= 1u << i;
		if (value.len == 0 || value.len >= sizeof copy)
			return bad_value(spec, &options[i], value.len ? "..." : "", why);
		memcpy(copy, value.text, value.len);
		copy[value.len] = '\0';
		return option_set(spec, &options[i], copy, o, why);
	}
	return unknown_key(spec, key, why);
}

hg_err sim_options_parse(
	const char *spec, const char *text, struct sim_options *o, char **model, hg_error *why)
{
	struct slice rest = {text, strlen(text)};
	struct slice name = slice_trim(slice_cut(&rest, ','));
	unsigned seen = 0;

	*model = NULL;
	*o = (struct sim_options){.seed = 1, .tick_s = 0.1, .latency_s = 0.01, .gain = 1.0};
	while (rest.text) {
		hg_err rc = option_parse(spec, slice_cut(&rest, ','), &seen, o, why);

		if (rc)
			return rc;
	}
	if (o->lag_s > 0.0 && o->lag_s > o->tick_s * SIM_LAG_TICKS)
		return fail(why, HG_EINVAL, "%.64s: lag: expected at most %d ticks", spec,
			SIM_LAG_TICKS);
	*model = calloc(1, name.len + 1);
	if (!*model)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", spec);
	memcpy(*model, name.text, name.len);
	return HG_OK;
}
