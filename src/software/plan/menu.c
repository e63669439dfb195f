/* Menus of discrete plans: Pareto options where only time and energy count, all options where
 * changes of setting cost something, common settings where different works share one. */
#include "menu.h"

#include <stdlib.h>
#include <string.h>
#include <math.h>

#include "core/fail.h"
#include "core/vec.h"
#include "dag.h"

struct kitchen {
	struct disc *d;
	const hg_dag *dag;
	bool all;        /* dominated options too */
	struct vec keys; /* hg_setting, ascending */
	struct vec dishes;
	uint32_t *of_shape;   /* first dish of the menu of a shape; NOBODY: not yet */
	uint32_t *shape_rows; /* its rows */
	uint32_t *root;       /* by position: union-find */
};

bool menu_has_settings(const hg_dag *dag, uint32_t node)
{
	const struct work *work = dag_work(dag, dag_node(dag, node)->work);

	if (dag_node(dag, node)->device == HG_DAG_NO_DEVICE)
		return false;
	for (uint32_t k = 0; k < work->n; k++)
		if (work->options[k].setting == HG_SETTING_NONE)
			return false;
	return true;
}

static int compare_settings(const void *a, const void *b)
{
	const hg_setting *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static hg_err list_keys(struct kitchen *k)
{
	hg_setting *keys;
	size_t n = 0;
	hg_err rc = HG_OK;

	for (uint32_t i = 0; i < k->dag->works.len && !rc; i++) {
		const struct work *work = dag_work(k->dag, i);

		for (uint32_t o = 0; o < work->n && !rc; o++)
			if (work->options[o].setting != HG_SETTING_NONE)
				rc = vec_push(&k->keys, &work->options[o].setting);
	}
	if (rc || k->keys.len == 0)
		return rc;
	keys = k->keys.data;
	qsort(keys, k->keys.len, sizeof *keys, compare_settings);
	for (size_t i = 0; i < k->keys.len; i++)
		if (n == 0 || keys[i] != keys[n - 1])
			keys[n++] = keys[i];
	k->keys.len = n;
	return HG_OK;
}

static uint32_t key_of(const struct kitchen *k, hg_setting setting)
{
	const hg_setting *keys = k->keys.data, *hit;

	if (setting == HG_SETTING_NONE)
		return NOBODY;
	hit = bsearch(&setting, keys, k->keys.len, sizeof *keys, compare_settings);
	return (uint32_t)(hit - keys);
}

static struct dish dish_of(const struct kitchen *k, const struct shape *shape, uint32_t option)
{
	const hg_option *o = &dag_work(k->dag, shape->work)->options[option];

	return (struct dish){.ticks = (int64_t)ceil(o->time_s * k->d->ticks_per_s),
		.eff_j = o->energy_j - shape->static_w * o->time_s,
		.option = option,
		.key = key_of(k, o->setting)};
}

static int compare_dishes(const void *a, const void *b)
{
	const struct dish *x = a, *y = b;

	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	if (x->eff_j != y->eff_j)
		return x->eff_j < y->eff_j ? -1 : 1;
	return (x->option > y->option) - (x->option < y->option);
}

/* Marks the vertices of the lower convex hull, the falling part of it. */
static hg_err mark_hull(struct dish *menu, uint32_t rows)
{
	uint32_t *hull = malloc((rows + (size_t)1) * sizeof *hull), n = 0;

	if (!hull)
		return HG_ENOMEM;
	for (uint32_t i = 0; i < rows; i++) {
		menu[i].hull = false;
		if (n > 0 && menu[i].eff_j >= menu[hull[n - 1]].eff_j)
			continue;
		while (n > 1) {
			const struct dish *a = &menu[hull[n - 2]], *b = &menu[hull[n - 1]];

			if ((b->eff_j - a->eff_j) * (double)(menu[i].ticks - a->ticks) <
				(menu[i].eff_j - a->eff_j) * (double)(b->ticks - a->ticks))
				break;
			n--;
		}
		hull[n++] = i;
	}
	for (uint32_t i = 0; i < n; i++)
		menu[hull[i]].hull = true;
	free(hull);
	return HG_OK;
}

/* The menu of a shape, made when first asked for. */
static hg_err menu_of_shape(struct kitchen *k, uint32_t number)
{
	const struct shape *shape = &k->dag->shapes[number];
	uint32_t rows = k->all ? dag_work(k->dag, shape->work)->n : shape->n;
	struct dish *menu;
	hg_err rc = HG_OK;

	if (k->of_shape[number] != NOBODY)
		return HG_OK;
	k->of_shape[number] = (uint32_t)k->dishes.len;
	k->shape_rows[number] = rows;
	for (uint32_t i = 0; i < rows && !rc; i++) {
		uint32_t option = k->all ? i : k->dag->choices[shape->first + i].option;
		struct dish dish = dish_of(k, shape, option);

		rc = vec_push(&k->dishes, &dish);
	}
	if (rc)
		return rc;
	menu = vec_at(&k->dishes, k->of_shape[number]);
	qsort(menu, rows, sizeof *menu, compare_dishes);
	return mark_hull(menu, rows);
}

/* The option of a node with a setting, or NOBODY. */
static uint32_t option_with(const hg_dag *dag, uint32_t node, hg_setting setting)
{
	const struct work *work = dag_work(dag, dag_node(dag, node)->work);

	for (uint32_t o = 0; o < work->n; o++)
		if (work->options[o].setting == setting)
			return o;
	return NOBODY;
}

/* The menus of a set whose nodes do different work: one row for every setting all have, by the
 * time of the first node. */
static hg_err menu_of_mixed(struct kitchen *k, uint32_t set)
{
	struct disc *d = k->d;
	uint32_t from = d->member_at[set], end = d->member_at[set + 1];
	uint32_t lead = d->node[d->member[from]], rows = 0, first = (uint32_t)k->dishes.len;
	const struct shape *shape = dag_shape(k->dag, lead);
	const struct work *work = dag_work(k->dag, shape->work);
	hg_err rc = HG_OK;

	for (uint32_t o = 0; o < work->n && !rc; o++) {
		struct dish dish = dish_of(k, shape, o);
		bool common = dish.key != NOBODY;

		for (uint32_t m = from + 1; m < end && common; m++)
			common = option_with(k->dag, d->node[d->member[m]],
					 work->options[o].setting) != NOBODY;
		if (common) {
			rc = vec_push(&k->dishes, &dish);
			rows++;
		}
	}
	if (rc)
		return rc;
	if (rows == 0)
		return HG_EINTERNAL;
	qsort(vec_at(&k->dishes, first), rows, sizeof(struct dish), compare_dishes);
	d->rows[set] = rows;
	d->menu[d->member[from]] = first;
	for (uint32_t m = from + 1; m < end && !rc; m++) {
		uint32_t node = d->node[d->member[m]];

		d->menu[d->member[m]] = (uint32_t)k->dishes.len;
		for (uint32_t r = 0; r < rows && !rc; r++) {
			const struct dish *row = vec_at(&k->dishes, first + r);
			const hg_setting *keys = k->keys.data;
			uint32_t o = option_with(k->dag, node, keys[row->key]);
			struct dish dish = dish_of(k, dag_shape(k->dag, node), o);

			rc = vec_push(&k->dishes, &dish);
		}
		if (!rc)
			rc = mark_hull(vec_at(&k->dishes, d->menu[d->member[m]]), rows);
	}
	return rc ? rc : mark_hull(vec_at(&k->dishes, first), rows);
}

static uint32_t find(uint32_t *root, uint32_t i)
{
	while (root[i] != i) {
		root[i] = root[root[i]];
		i = root[i];
	}
	return i;
}

/* Whether all nodes of two sets have a setting in common; sets are few and short here. */
static bool compatible(const struct kitchen *k, uint32_t a, uint32_t b)
{
	const struct work *work = dag_work(k->dag, dag_node(k->dag, k->d->node[a])->work);

	for (uint32_t o = 0; o < work->n; o++) {
		bool all = work->options[o].setting != HG_SETTING_NONE;

		for (uint32_t at = 0; at < k->d->n && all; at++) {
			uint32_t r = find(k->root, at);

			if (r == a || r == b)
				all = option_with(k->dag, k->d->node[at],
					      work->options[o].setting) != NOBODY;
		}
		if (all)
			return true;
	}
	return false;
}

/* Sets by position: as the class says, and short nodes with their predecessor on the device. */
static hg_err unite(struct kitchen *k, const struct disc_opts *opts)
{
	struct disc *d = k->d;
	uint32_t *set = malloc(((size_t)d->n + 1) * sizeof *set), n_sets, *lead;
	hg_err rc;

	if (!set)
		return HG_ENOMEM;
	rc = dag_sets(k->dag, opts->class_of, set, &n_sets);
	lead = rc ? NULL : malloc(((size_t)n_sets + 1) * sizeof *lead);
	if (!lead) {
		free(set);
		return rc ? rc : HG_ENOMEM;
	}
	memset(lead, 0xff, (size_t)n_sets * sizeof *lead);
	for (uint32_t at = 0; at < d->n; at++) {
		uint32_t s = set[d->node[at]];

		if (lead[s] == NOBODY)
			lead[s] = at;
		k->root[at] = lead[s];
	}
	free(set);
	free(lead);
	for (uint32_t at = 0; at < d->n && opts->min_switch_s > 0.0; at++) {
		uint32_t a, b;

		if (d->before[at] == NOBODY ||
			(double)d->window[at] >= opts->min_switch_s * d->ticks_per_s)
			continue;
		a = find(k->root, at);
		b = find(k->root, d->before[at]);
		if (a != b && compatible(k, a, b))
			k->root[a > b ? a : b] = a > b ? b : a;
	}
	return HG_OK;
}

static void number_sets(struct kitchen *k)
{
	struct disc *d = k->d;

	d->n_sets = 0;
	for (uint32_t at = 0; at < d->n; at++) {
		uint32_t r = find(k->root, at);

		d->set[at] = r == at ? d->n_sets++ : d->set[r];
		d->member_at[d->set[at] + 1]++;
	}
	for (uint32_t s = 0; s < d->n_sets; s++)
		d->member_at[s + 1] += d->member_at[s];
	for (uint32_t at = 0; at < d->n; at++)
		d->member[d->member_at[d->set[at]]++] = at;
	for (uint32_t s = d->n_sets; s > 0; s--)
		d->member_at[s] = d->member_at[s - 1];
	d->member_at[0] = 0;
}

/* Menus of all sets; tells whether slower is cheaper throughout, and by how much in the mean. */
static hg_err cook(struct kitchen *k)
{
	struct disc *d = k->d;
	double span = 0.0, steps = 0.0;
	hg_err rc = HG_OK;

	d->sorted = !k->all;
	for (uint32_t s = 0; s < d->n_sets && !rc; s++) {
		uint32_t from = d->member_at[s], end = d->member_at[s + 1];
		uint32_t shape = dag_node(k->dag, d->node[d->member[from]])->shape;
		bool mixed = false;

		for (uint32_t m = from; m < end; m++)
			mixed |= dag_node(k->dag, d->node[d->member[m]])->shape != shape;
		if (mixed) {
			d->sorted = false;
			rc = menu_of_mixed(k, s);
			continue;
		}
		rc = menu_of_shape(k, shape);
		d->rows[s] = k->shape_rows[shape];
		for (uint32_t m = from; m < end; m++)
			d->menu[d->member[m]] = k->of_shape[shape];
	}
	if (rc)
		return rc;
	d->dish = k->dishes.data;
	k->dishes.data = NULL;
	for (uint32_t at = 0; at < d->n; at++) {
		const struct dish *menu = &d->dish[d->menu[at]];
		uint32_t rows = d->rows[d->set[at]];

		span += fabs(menu[0].eff_j - menu[rows - 1].eff_j);
		steps += rows - 1;
	}
	d->step_j = steps > 0.0 ? span / steps : 0.0;
	return HG_OK;
}

static hg_err index_keys(struct kitchen *k)
{
	struct disc *d = k->d;

	d->n_keys = (uint32_t)k->keys.len;
	if (d->latency == 0 || d->n_keys == 0)
		return HG_OK;
	if (d->n > SIZE_MAX / sizeof *d->by_key / d->n_keys)
		return HG_ELIMIT;
	d->by_key = malloc((size_t)d->n * d->n_keys * sizeof *d->by_key);
	if (!d->by_key)
		return HG_ENOMEM;
	memset(d->by_key, 0xff, (size_t)d->n * d->n_keys * sizeof *d->by_key);
	for (uint32_t at = 0; at < d->n; at++)
		for (uint32_t r = 0; r < d->rows[d->set[at]]; r++) {
			uint32_t key = d->dish[d->menu[at] + r].key;

			if (key != NOBODY)
				d->by_key[(size_t)at * d->n_keys + key] = r;
		}
	return HG_OK;
}

hg_err menu_build(struct disc *d, const hg_dag *dag, const struct disc_opts *opts, hg_error *why)
{
	size_t shapes = (size_t)dag->n_shapes + 1;
	struct kitchen k = {.d = d, .dag = dag};
	hg_err rc = HG_ENOMEM;

	k.all = opts->switch_cost_j > 0.0 || opts->switch_latency_s > 0.0;
	vec_init(&k.keys, sizeof(hg_setting), UINT32_MAX / 2);
	vec_init(&k.dishes, sizeof(struct dish), UINT32_MAX / 2);
	k.of_shape = malloc(shapes * sizeof *k.of_shape);
	k.shape_rows = calloc(shapes, sizeof *k.shape_rows);
	k.root = malloc(((size_t)d->n + 1) * sizeof *k.root);
	if (!k.of_shape || !k.shape_rows || !k.root)
		goto out;
	memset(k.of_shape, 0xff, shapes * sizeof *k.of_shape);
	rc = list_keys(&k);
	if (!rc)
		rc = unite(&k, opts);
	if (rc)
		goto out;
	number_sets(&k);
	rc = cook(&k);
	if (!rc)
		rc = index_keys(&k);
out:
	vec_finish(&k.keys);
	vec_finish(&k.dishes);
	free(k.of_shape);
	free(k.shape_rows);
	free(k.root);
	return rc ? fail(why, rc, "plan: %s", hg_err_text(rc)) : HG_OK;
}
