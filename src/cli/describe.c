/* Points and settings of frontiers, for people and for JSON. */
#include "describe.h"

#include "core/number.h"

#define LEAVES_MAX  (1u << 26)
#define LEAVES_SHOW 4

static int leaf_add(void *user, const hg_frontier *leaf, size_t point, uint64_t count)
{
	struct vec *leaves = user;
	struct leaf item = {leaf, point, count};

	if (leaves->len > 0) {
		struct leaf *last = vec_at(leaves, leaves->len - 1);

		if (last->frontier == leaf && last->point == point &&
			last->count <= UINT64_MAX - count) {
			last->count += count;
			return 0;
		}
	}
	return vec_push(leaves, &item) != HG_OK;
}

hg_err leaves_of(const hg_frontier *f, size_t point, struct vec *leaves)
{
	hg_err rc;

	vec_init(leaves, sizeof(struct leaf), LEAVES_MAX);
	rc = hg_frontier_realise(f, point, leaf_add, leaves);
	return rc == HG_EABORTED ? HG_ENOMEM : rc;
}

static void cell_text(struct buf *out, const hg_knob_def *knob, double cell)
{
	char number[DOUBLE_TEXT];

	if (knob->choices && cell >= 0 && cell < (double)knob->n_choices) {
		buf_adds(out, knob->choices[(size_t)cell]);
		return;
	}
	double_format(cell, number);
	buf_adds(out, number);
}

void setting_text(struct buf *out, const hg_frontier *f, hg_setting row)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	const double *cells = row == HG_SETTING_NONE ? NULL : hg_frontier_setting(f, row);
	bool any = false;

	for (size_t i = 0; cells && i < n; i++) {
		if (isnan(cells[i]))
			continue;
		buf_addf(out, "%s%s=", any ? " " : "", knobs[i].name);
		cell_text(out, &knobs[i], cells[i]);
		any = true;
	}
	if (!any)
		buf_addc(out, '-');
}

void setting_label(struct buf *out, const hg_frontier *f, hg_setting row)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	const double *cells = row == HG_SETTING_NONE ? NULL : hg_frontier_setting(f, row);
	bool any = false;

	for (size_t i = 0; cells && i < n; i++) {
		if (isnan(cells[i]))
			continue;
		buf_adds(out, any ? ", " : "");
		cell_text(out, &knobs[i], cells[i]);
		if (knobs[i].unit[0])
			buf_addf(out, " %s", knobs[i].unit);
		any = true;
	}
}

void setting_json(struct json_out *j, const hg_frontier *f, hg_setting row)
{
	size_t n;
	const hg_knob_def *knobs = hg_frontier_knobs(f, &n);
	const double *cells = row == HG_SETTING_NONE ? NULL : hg_frontier_setting(f, row);

	if (!cells) {
		json_put_null(j);
		return;
	}
	json_open(j, '{', true);
	for (size_t i = 0; i < n; i++) {
		if (isnan(cells[i]))
			continue;
		if (knobs[i].choices && cells[i] >= 0 && cells[i] < (double)knobs[i].n_choices)
			json_kv_string(j, knobs[i].name, knobs[i].choices[(size_t)cells[i]]);
		else
			json_kv_number(j, knobs[i].name, cells[i]);
	}
	json_close(j, '}');
}

size_t dominated_count(const hg_frontier *f)
{
	size_t waiting, others;

	hg_frontier_waiting(f, &waiting);
	hg_frontier_dominated(f, &others);
	return waiting + others;
}

const hg_point *dominated_at(const hg_frontier *f, size_t i)
{
	size_t n_waiting, n_others;
	const hg_point *waiting = hg_frontier_waiting(f, &n_waiting);
	const hg_point *others = hg_frontier_dominated(f, &n_others);

	return i < n_waiting ? &waiting[i] : &others[i - n_waiting];
}

void dominated_text(struct buf *out, const hg_frontier *f, size_t i)
{
	size_t waiting;

	hg_frontier_waiting(f, &waiting);
	if (i < waiting)
		point_text(out, f, hg_frontier_count(f) + i);
	else
		setting_text(out, f, dominated_at(f, i)->setting);
}

static const hg_point *leaf_point(const struct leaf *leaf)
{
	return &hg_frontier_points(leaf->frontier)[leaf->point];
}

static void leaf_text(struct buf *out, const struct leaf *leaf)
{
	hg_frontier_info info = {.size = sizeof info};

	hg_frontier_get_info(leaf->frontier, &info);
	if (leaf->count != 1)
		buf_addf(out, "%llu x ", (unsigned long long)leaf->count);
	buf_addc(out, '(');
	if (info.name[0])
		buf_addf(out, "%s: ", info.name);
	setting_text(out, leaf->frontier, leaf_point(leaf)->setting);
	buf_addc(out, ')');
}

void point_text(struct buf *out, const hg_frontier *f, size_t point)
{
	struct vec leaves;

	if (hg_frontier_op(f) == HG_OP_NONE) {
		setting_text(out, f, hg_frontier_points(f)[point].setting);
		return;
	}
	out->failed = leaves_of(f, point, &leaves) == HG_OK ? out->failed : HG_ENOMEM;
	if (leaves.len == 1 && ((struct leaf *)vec_at(&leaves, 0))->count == 1) {
		const struct leaf *only = vec_at(&leaves, 0);

		setting_text(out, only->frontier, leaf_point(only)->setting);
	} else {
		for (size_t i = 0; i < leaves.len && i < LEAVES_SHOW; i++) {
			buf_adds(out, i ? " + " : "");
			leaf_text(out, vec_at(&leaves, i));
		}
		if (leaves.len > LEAVES_SHOW)
			buf_addf(out, " + %zu more", leaves.len - LEAVES_SHOW);
	}
	vec_finish(&leaves);
}

hg_err parts_json(struct json_out *j, const hg_frontier *f, size_t point)
{
	struct vec leaves;
	hg_err rc = leaves_of(f, point, &leaves);

	json_open(j, '[', false);
	for (size_t i = 0; rc == HG_OK && i < leaves.len; i++) {
		const struct leaf *leaf = vec_at(&leaves, i);
		const hg_point *p = leaf_point(leaf);
		hg_frontier_info info = {.size = sizeof info};

		hg_frontier_get_info(leaf->frontier, &info);
		json_open(j, '{', true);
		json_kv_string(j, "name", info.name);
		json_key(j, "setting");
		setting_json(j, leaf->frontier, p->setting);
		json_kv_number(j, "count", (double)leaf->count);
		json_kv_number(j, "time_s", p->time_s);
		json_kv_number(j, "energy_j", p->energy_j);
		json_close(j, '}');
	}
	json_close(j, ']');
	vec_finish(&leaves);
	return rc;
}

hg_err point_setting_json(struct json_out *j, const hg_frontier *f, size_t point)
{
	struct vec leaves;
	hg_err rc = leaves_of(f, point, &leaves);
	const struct leaf *only = leaves.len == 1 ? vec_at(&leaves, 0) : NULL;

	if (only && only->count == 1)
		setting_json(j, only->frontier, leaf_point(only)->setting);
	else
		json_put_null(j);
	vec_finish(&leaves);
	return rc;
}

/** Names of the origin bits. */
static const struct {
	uint32_t bit;
	const char *text;
} origins[] = {
#define ORIGIN_ROW(name, bit, text) {(bit), (text)},
	HG_ORIGIN_LIST(ORIGIN_ROW)
#undef ORIGIN_ROW
};

#define ORIGINS (sizeof origins / sizeof *origins)

void origin_json(struct json_out *j, uint32_t origin)
{
	json_open(j, '[', true);
	for (size_t i = 0; i < ORIGINS; i++)
		if (origin & origins[i].bit)
			json_put_string(j, origins[i].text);
	json_close(j, ']');
}

void origin_text(struct buf *out, uint32_t origin)
{
	const char *between = "";

	if (!origin)
		buf_adds(out, "unknown origin");
	for (size_t i = 0; i < ORIGINS; i++) {
		if (!(origin & origins[i].bit))
			continue;
		buf_addf(out, "%s%s", between, origins[i].text);
		between = ", ";
	}
}

uint32_t frontier_origin(const hg_frontier *f)
{
	const hg_point *p = hg_frontier_points(f);
	uint32_t origin = 0;

	for (size_t i = 0; i < hg_frontier_count(f); i++)
		origin |= p[i].origin;
	return origin;
}

void figures_json(struct json_out *j, const hg_point *p)
{
	json_kv_number(j, "time_s", p->time_s);
	json_kv_number(j, "energy_j", p->energy_j);
	json_kv_number(j, "time_rsd", p->time_rsd);
	json_kv_number(j, "energy_rsd", p->energy_rsd);
	json_kv_bool(j, "simulated", (p->origin & HG_ORIGIN_SIMULATED) != 0);
	json_key(j, "origin");
	origin_json(j, p->origin);
}
