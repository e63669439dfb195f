/*
 * Importing the windows that Zeus's GlobalPowerLimitOptimizer writes: one row a power limit, with
 * the energy of each GPU in a column of its own (zeus/optimizer/power_limit.py and
 * zeus/monitor/energy.py of Zeus 0.16).
 */
#include <math.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"

#include "frontier.h"
#include "import.h"

#define WINDOW_PREFIX "__GlobalPowerLimitOptimizer_"

/* A column with one GPU's energy. */
struct gpu {
	size_t field;
	const char *name;
};

/* Where the figures are. */
struct zeus {
	struct import in;
	size_t window, elapsed;
	struct vec gpus; /* struct gpu */
	double max_limit_w;
};

static struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

/* "gpu0_energy", "gpu12_energy". */
static bool is_gpu_energy(struct slice name)
{
	const char *end = "_energy";
	size_t n = strlen(end);
	uint64_t index;

	return name.len > 3 + n && memcmp(name.text, "gpu", 3) == 0 &&
	       memcmp(name.text + name.len - n, end, n) == 0 &&
	       uint64_parse(name.text + 3, name.len - 3 - n, &index);
}

static hg_err add_gpu(struct zeus *z, struct slice name)
{
	struct gpu gpu;
	hg_err err = import_need(&z->in, name, &gpu.field);

	if (err)
		return err;
	gpu.name = arena_strndup(&z->in.arena, name.text, name.len);
	if (gpu.name && !vec_push(&z->gpus, &gpu))
		return HG_OK;
	return fail(z->in.why, HG_ENOMEM, "%s: out of memory", z->in.origin);
}

static hg_err read_header(struct zeus *z)
{
	struct import *in = &z->in;
	hg_err err = import_header(in);

	if (!err)
		err = import_need(in, slice_of("window_name"), &z->window);
	if (!err)
		err = import_need(in, slice_of("elapsed_time"), &z->elapsed);
	for (size_t i = 0; i < in->n_fields && !err; i++)
		if (is_gpu_energy(import_field(in, i)))
			err = add_gpu(z, import_field(in, i));
	if (!err && z->gpus.len == 0)
		err = fail(in->why, HG_EINVAL,
			"%s:%zu: column gpu0_energy: expected at least one gpuN_energy in the "
			"header, found none",
			in->origin, in->csv.line);
	return err;
}

static hg_err read_energy(struct zeus *z, double *energy_j)
{
	hg_err err = HG_OK;

	*energy_j = 0;
	for (size_t i = 0; i < z->gpus.len && !err; i++) {
		const struct gpu *gpu = vec_at(&z->gpus, i);
		double e;

		/* A counter that did not move in a whole window has not measured it. */
		err = import_number(&z->in, gpu->field, gpu->name, false, &e);
		if (!err)
			*energy_j += e;
	}
	return err;
}

static hg_err read_record(struct zeus *z)
{
	struct import *in = &z->in;
	struct slice window = import_field(in, z->window);
	size_t n = strlen(WINDOW_PREFIX);
	hg_point p = {.time_rsd = (double)NAN, .energy_rsd = (double)NAN};
	double limit_w;
	hg_err err;

	if (window.len < n || memcmp(window.text, WINDOW_PREFIX, n) != 0)
		return HG_OK;
	if (!double_parse(window.text + n, window.len - n, false, &limit_w) || !(limit_w > 0))
		return import_bad_field(in, z->window, "window_name",
			WINDOW_PREFIX "WATTS with a number of watts > 0");
	err = import_number(in, z->elapsed, "elapsed_time", false, &p.time_s);
	if (!err)
		err = read_energy(z, &p.energy_j);
	if (err)
		return err;
	if (!isfinite(p.energy_j))
		return fail(in->why, HG_EFORMAT,
			"%s:%zu: column gpuN_energy: expected a finite sum, found more", in->origin,
			in->csv.line);
	p.origin = HG_ORIGIN_MEASURED;
	z->max_limit_w = fmax(z->max_limit_w, limit_w);
	err = cloud_add_row(&in->cloud, &limit_w, in->csv.line, &p.setting);
	if (!err)
		err = cloud_add_point(&in->cloud, &p);
	return err ? columns_fail(in->why, err, in->origin, in->csv.line) : HG_OK;
}

static hg_err read_records(struct zeus *z)
{
	struct import *in = &z->in;
	bool more = true;
	hg_err err = columns_add(&in->cols, slice_of("power_limit_w"), slice_of("W"), false);

	if (err)
		return columns_fail(in->why, err, in->origin, in->csv.line);
	cloud_init(&in->cloud, 1);
	while (!err && more) {
		err = import_record(in, &more);
		if (!err && more)
			err = read_record(z);
	}
	if (!err && in->cloud.points.len == 0)
		err = fail(in->why, HG_EFORMAT,
			"%s:%zu: column window_name: expected windows named " WINDOW_PREFIX
			"WATTS, found none",
			in->origin, in->csv.next_line);
	return err;
}

/* The file's name without directory and ".csv". */
static struct slice base_name(const char *origin)
{
	const char *slash = strrchr(origin, '/');
	struct slice base = slice_of(slash ? slash + 1 : origin);

	if (base.len > 4 && memcmp(base.text + base.len - 4, ".csv", 4) == 0)
		base.len -= 4;
	return base;
}

/* The model in a name such as "A40+resnet18+gpu0"; nothing when it is of another shape. */
static struct slice model_in(struct slice base)
{
	const char *plus = base.len ? memchr(base.text, '+', base.len) : NULL;
	struct slice model = {base.text, plus ? (size_t)(plus - base.text) : 0};

	for (size_t i = 0; i < model.len; i++) {
		char c = model.text[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_' || c == '.'))
			return (struct slice){base.text, 0};
	}
	return model;
}

static hg_err complete_info(struct zeus *z)
{
	struct import *in = &z->in;
	struct slice base = base_name(in->origin);
	struct slice model = model_in(base);

	in->info.devices = (uint32_t)z->gpus.len;
	if (!(in->info.max_power_w > 0))
		in->info.max_power_w = z->max_limit_w * (double)z->gpus.len;
	if (*in->info.name == '\0' && utf8_is_valid(base.text, base.len))
		in->info.name = arena_strndup(&in->arena, base.text, base.len);
	if (*in->info.device == '\0' && model.len)
		in->info.device = arena_strndup(&in->arena, model.text, model.len);
	if (*in->info.work_unit == '\0')
		in->info.work_unit = "window";
	if (!in->info.name || !in->info.device)
		return fail(in->why, HG_ENOMEM, "%s: out of memory", in->origin);
	return HG_OK;
}

hg_err hg_frontier_import_zeus(const char *text, size_t len, const char *origin,
	const hg_frontier_info *info, hg_frontier **out, hg_error *why)
{
	struct zeus z = {0};
	hg_err err;

	if (why)
		why->text[0] = '\0';
	if (!text || !origin || !out)
		return fail(why, HG_EINVAL, "text, origin and out must not be NULL");
	*out = NULL;
	vec_init(&z.gpus, sizeof(struct gpu), CSV_MAX_FIELDS);
	err = import_init(&z.in, text, len, origin, info, why);
	if (!err)
		err = read_header(&z);
	if (!err)
		err = read_records(&z);
	if (!err)
		err = complete_info(&z);
	if (!err)
		err = import_build(&z.in, out);
	import_finish(&z.in);
	vec_finish(&z.gpus);
	return err;
}
