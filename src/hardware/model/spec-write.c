/* Writing device files: what was read or fitted, each number with its source. */
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"

#include "prior.h"

/* Which unit of its kind a number is written in. */
static const char *const preferred[] = {
	[KIND_NUMBER] = "1",
	[KIND_CLOCK] = "MHz",
	[KIND_POWER] = "W",
	[KIND_TIME] = "s",
	[KIND_FLOPS] = "TFLOP/s",
	[KIND_RATE] = "GB/s",
	[KIND_BYTES] = "MB",
	[KIND_CELSIUS] = "C",
	[KIND_RESISTANCE] = "K/W",
	[KIND_PER_KELVIN] = "1/K",
};

static const struct spec_unit *unit_of(enum spec_kind kind)
{
	const struct spec_unit *u = spec_units;

	while (u->kind != kind || strcmp(u->name, preferred[kind]) != 0)
		u++;
	return u;
}

static void number_write(struct json_out *j, const struct hg_model *m, size_t i)
{
	const struct spec_field *field = &spec_fields[i];
	const struct spec_unit *unit = unit_of(field->kind);
	const double *value = (const double *)(const void *)((const char *)&m->f + field->offset);

	json_key(j, field->key);
	json_open(j, '{', true);
	json_kv_number(j, "value", *value / unit->factor);
	json_kv_string(j, "unit", unit->name);
	json_kv_string(j, "source", m->source[i]);
	json_close(j, '}');
}

static void groups_write(struct json_out *j, const struct hg_model *m)
{
	const char *group = NULL;

	for (size_t i = 0; i < SPEC_FIELDS; i++) {
		if (!m->source[i])
			continue;
		if (!group || strcmp(group, spec_fields[i].group) != 0) {
			if (group)
				json_close(j, '}');
			group = spec_fields[i].group;
			json_key(j, group);
			json_open(j, '{', false);
		}
		number_write(j, m, i);
	}
	if (group)
		json_close(j, '}');
}

static void numbers_write(struct json_out *j, const char *key, const double *v, size_t n)
{
	json_key(j, key);
	json_open(j, '[', true);
	for (size_t i = 0; i < n; i++)
		json_put_number(j, v[i]);
	json_close(j, ']');
}

static void prior_write(struct json_out *j, const struct hg_model *m)
{
	double triangle[PRIOR_N * (PRIOR_N + 1) / 2];
	size_t n = 0;

	if (!m->prior)
		return;
	for (size_t i = 0; i < PRIOR_N; i++)
		for (size_t k = 0; k <= i; k++)
			triangle[n++] = m->prior->covariance[i][k];
	json_key(j, "prior");
	json_open(j, '{', false);
	json_kv_string(j, "source", m->prior_source);
	numbers_write(j, "mean", m->prior->mean, PRIOR_N);
	numbers_write(j, "covariance", triangle, n);
	numbers_write(j, "walk", m->prior->walk, 2);
	numbers_write(j, "noise", m->prior->noise, 2);
	numbers_write(j, "widen", &m->prior->widen[0][0], sizeof m->prior->widen / sizeof(double));
	json_close(j, '}');
}

hg_err hg_model_format(const hg_model *m, char **text, size_t *len, hg_error *why)
{
	struct json_out j;
	struct buf out;

	*text = NULL;
	buf_init(&out, MODEL_FILE_MAX);
	json_out_init(&j, &out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.device/1");
	json_kv_string(&j, "name", m->name);
	json_kv_string(&j, "title", m->title);
	json_kv_string(&j, "vendor", m->vendor);
	if (m->about && *m->about)
		json_kv_string(&j, "about", m->about);
	groups_write(&j, m);
	prior_write(&j, m);
	json_close(&j, '}');
	buf_addc(&out, '\n');
	*len = out.len;
	if (!out.failed)
		*text = buf_steal(&out);
	buf_finish(&out);
	return *text ? HG_OK : fail(why, HG_ENOMEM, "%s: out of memory", m->name);
}
