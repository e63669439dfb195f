/* Building a DAG: devices, works, nodes, edges. */
#include "dag.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"

/* Numbers of nodes and works are 32-bit, and two flow nodes and three arcs a node have to be. */
#define NODES_MAX   ((size_t)1 << 24)
#define EDGES_MAX   ((size_t)1 << 26)
#define WORKS_MAX   ((size_t)1 << 24)
#define OPTIONS_MAX ((size_t)1 << 20)
#define BYTES_MAX   ((size_t)1 << 34)

hg_err hg_dag_create(hg_dag **out, hg_error *why)
{
	hg_dag *dag = calloc(1, sizeof *dag);

	*out = dag;
	if (!dag)
		return fail(why, HG_ENOMEM, "out of memory");
	atomic_init(&dag->refs, 1);
	arena_init(&dag->names, BYTES_MAX);
	vec_init(&dag->works, sizeof(struct work), WORKS_MAX);
	vec_init(&dag->devices, sizeof(struct device), NODES_MAX);
	vec_init(&dag->nodes, sizeof(struct node), NODES_MAX);
	vec_init(&dag->edges, sizeof(struct edge), EDGES_MAX);
	return HG_OK;
}

hg_dag *hg_dag_ref(hg_dag *dag)
{
	atomic_fetch_add_explicit(&dag->refs, 1, memory_order_relaxed);
	return dag;
}

void hg_dag_destroy(hg_dag *dag)
{
	if (!dag || atomic_fetch_sub_explicit(&dag->refs, 1, memory_order_acq_rel) > 1)
		return;
	dag_unfinish(dag);
	arena_finish(&dag->names);
	vec_finish(&dag->works);
	vec_finish(&dag->devices);
	vec_finish(&dag->nodes);
	vec_finish(&dag->edges);
	free(dag);
}

const char *dag_node_name(const hg_dag *dag, uint32_t node, char *buf, size_t len)
{
	const char *name = dag_node(dag, node)->name;

	(void)(name ? snprintf(buf, len, "%s", name) : snprintf(buf, len, "node %" PRIu32, node));
	return buf;
}

const char *dag_work_name(const hg_dag *dag, uint32_t work, char *buf, size_t len)
{
	const char *name = dag_work(dag, work)->name;

	(void)(name ? snprintf(buf, len, "%s", name) : snprintf(buf, len, "work %" PRIu32, work));
	return buf;
}

static hg_err check_open(const hg_dag *dag, hg_error *why)
{
	return dag->finished
		       ? fail(why, HG_EINVAL, "the DAG is finished: nothing can be added to it")
		       : HG_OK;
}

/* Copies a name, NULL stays NULL. */
static hg_err own_name(hg_dag *dag, const char *name, const char **out, hg_error *why)
{
	*out = name ? arena_strdup(&dag->names, name) : NULL;
	return name && !*out ? fail(why, HG_ENOMEM, "out of memory") : HG_OK;
}

/* Appends to one of the arrays; id receives the number of the new element. */
static hg_err append(struct vec *v, const void *item, const char *what, uint32_t *id, hg_error *why)
{
	hg_err rc = vec_push(v, item);

	if (rc == HG_ELIMIT)
		return fail(why, rc, "more than %zu %s", v->max, what);
	if (rc)
		return fail(why, rc, "out of memory");
	if (id)
		*id = (uint32_t)(v->len - 1);
	return HG_OK;
}

hg_err hg_dag_add_device(
	hg_dag *dag, const char *name, double static_power_w, uint32_t *device, hg_error *why)
{
	struct device d = {.static_w = static_power_w};
	hg_err rc = check_open(dag, why);

	if (rc)
		return rc;
	if (!(static_power_w >= 0 && isfinite(static_power_w)))
		return fail(why, HG_EINVAL,
			"device %s: static power is %g W, expected a finite number, 0 or more",
			name ? name : "", static_power_w);
	rc = own_name(dag, name, &d.name, why);
	return rc ? rc : append(&dag->devices, &d, "devices", device, why);
}

static int compare_settings(const void *a, const void *b)
{
	const hg_option *x = a, *y = b;

	return (x->setting > y->setting) - (x->setting < y->setting);
}

/* No setting stands twice; HG_SETTING_NONE is none. */
static hg_err check_settings(const hg_option *options, size_t n, const char *name, hg_error *why)
{
	hg_option *sorted = malloc(n * sizeof *sorted);
	hg_err rc = HG_OK;

	if (!sorted)
		return fail(why, HG_ENOMEM, "out of memory");
	memcpy(sorted, options, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, compare_settings);
	for (size_t i = 1; i < n && !rc; i++)
		if (sorted[i].setting == sorted[i - 1].setting &&
			sorted[i].setting != HG_SETTING_NONE)
			rc = fail(why, HG_EINVAL, "%s: setting %" PRIu32 " is listed twice", name,
				sorted[i].setting);
	free(sorted);
	return rc;
}

static hg_err check_options(const hg_option *options, size_t n, const char *name, hg_error *why)
{
	if (n == 0)
		return fail(why, HG_EINVAL, "%s: no options, expected at least one", name);
	if (n > OPTIONS_MAX)
		return fail(why, HG_ELIMIT, "%s: more than %zu options", name, OPTIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!(options[i].time_s >= 0 && isfinite(options[i].time_s)))
			return fail(why, HG_EINVAL,
				"%s: option %zu takes %g s, expected a finite number, 0 or more",
				name, i, options[i].time_s);
		if (!(options[i].energy_j >= 0 && isfinite(options[i].energy_j)))
			return fail(why, HG_EINVAL,
				"%s: option %zu draws %g J, expected a finite number, 0 or more",
				name, i, options[i].energy_j);
	}
	return n == 1 ? HG_OK : check_settings(options, n, name, why);
}

hg_err hg_dag_add_options(hg_dag *dag, const hg_option *options, size_t n, const char *name,
	uint32_t *work, hg_error *why)
{
	struct work w = {.n = (uint32_t)n};
	char text[64];
	hg_option *copy;
	hg_err rc = check_open(dag, why);

	if (rc)
		return rc;
	(void)snprintf(text, sizeof text, "work %zu", dag->works.len);
	rc = check_options(options, n, name ? name : text, why);
	if (!rc)
		rc = own_name(dag, name, &w.name, why);
	if (rc)
		return rc;
	copy = arena_alloc(&dag->names, n * sizeof *copy);
	if (!copy)
		return fail(why, HG_ENOMEM, "out of memory");
	memcpy(copy, options, n * sizeof *copy);
	w.options = copy;
	return append(&dag->works, &w, "works", work, why);
}

/* The points of a frontier as options, numbered from `first`. */
static void take_points(hg_option *to, const hg_point *points, size_t n, size_t first)
{
	for (size_t i = 0; i < n; i++) {
		to[i].time_s = points[i].time_s;
		to[i].energy_j = points[i].energy_j;
		to[i].setting = points[i].setting != HG_SETTING_NONE ? points[i].setting
								     : (hg_setting)(first + i);
	}
}

hg_err hg_dag_add_frontier(
	hg_dag *dag, const hg_frontier *f, const char *name, uint32_t *work, hg_error *why)
{
	size_t n = hg_frontier_count(f), n_waiting, n_dominated, total;
	const hg_point *waiting = hg_frontier_waiting(f, &n_waiting);
	const hg_point *dominated = hg_frontier_dominated(f, &n_dominated);
	hg_option *options;
	hg_err rc;

	total = n + n_waiting + n_dominated;
	if (total > OPTIONS_MAX)
		return fail(why, HG_ELIMIT, "%s: more than %zu points", name ? name : "frontier",
			OPTIONS_MAX);
	options = malloc(total * sizeof *options);
	if (!options)
		return fail(why, HG_ENOMEM, "out of memory");
	take_points(options, hg_frontier_points(f), n, 0);
	take_points(options + n, waiting, n_waiting, n);
	take_points(options + n + n_waiting, dominated, n_dominated, n + n_waiting);
	rc = hg_dag_add_options(dag, options, total, name, work, why);
	free(options);
	return rc;
}

hg_err hg_dag_add_fixed(hg_dag *dag, double time_s, double energy_j, const char *name,
	uint32_t *work, hg_error *why)
{
	const hg_option only = {time_s, energy_j, HG_SETTING_NONE};

	return hg_dag_add_options(dag, &only, 1, name, work, why);
}

hg_err hg_dag_add_node(hg_dag *dag, const hg_node *node, uint32_t *id, hg_error *why)
{
	hg_node in;
	struct node mine;
	hg_err rc = check_open(dag, why);

	if (rc)
		return rc;
	if (size_read(&in, sizeof in, node))
		return fail(why, HG_EINVAL, "hg_node.size is not set");
	if (in.work >= dag->works.len)
		return fail(why, HG_EINVAL,
			"node %s: there is no work %" PRIu32 ", only %zu were added",
			in.name ? in.name : "", in.work, dag->works.len);
	if (in.device != HG_DAG_NO_DEVICE && in.device >= dag->devices.len)
		return fail(why, HG_EINVAL,
			"node %s: there is no device %" PRIu32 ", only %zu were added",
			in.name ? in.name : "", in.device, dag->devices.len);
	mine = (struct node){in.work, in.device, in.group, in.family, in.flags, 0, NULL};
	rc = own_name(dag, in.name, &mine.name, why);
	return rc ? rc : append(&dag->nodes, &mine, "nodes", id, why);
}

hg_err hg_dag_add_edge(hg_dag *dag, uint32_t from, uint32_t to, double lag_s, hg_error *why)
{
	const struct edge e = {from, to, lag_s};
	char name[64];
	hg_err rc = check_open(dag, why);

	if (rc)
		return rc;
	if (from >= dag->nodes.len || to >= dag->nodes.len)
		return fail(why, HG_EINVAL,
			"edge %" PRIu32 " -> %" PRIu32
			": there is no such node, only %zu were added",
			from, to, dag->nodes.len);
	if (from == to)
		return fail(why, HG_EINVAL, "%s depends on itself",
			dag_node_name(dag, from, name, sizeof name));
	if (!(lag_s >= 0 && isfinite(lag_s)))
		return fail(why, HG_EINVAL,
			"edge %" PRIu32 " -> %" PRIu32
			": lag is %g s, expected a finite number, 0 or more",
			from, to, lag_s);
	return append(&dag->edges, &e, "edges", NULL, why);
}

void hg_dag_get_info(const hg_dag *dag, hg_dag_info *info)
{
	hg_dag_info mine = {.size = sizeof mine};

	mine.nodes = (uint32_t)dag->nodes.len;
	mine.devices = (uint32_t)dag->devices.len;
	mine.groups = dag->n_groups;
	mine.edges = dag->edges.len;
	for (size_t i = 0; i < dag->devices.len; i++)
		mine.static_power_w += ((const struct device *)dag->devices.data)[i].static_w;
	size_write(info, &mine, sizeof mine);
}

hg_err hg_dag_node(const hg_dag *dag, uint32_t id, hg_node *node)
{
	hg_node mine = {.size = sizeof mine};
	const struct node *from;

	if (id >= dag->nodes.len)
		return HG_EINVAL;
	from = dag_node(dag, id);
	mine.work = from->work;
	mine.device = from->device;
	mine.group = from->group;
	mine.family = from->family;
	mine.flags = from->flags;
	mine.name = from->name ? from->name : "";
	size_write(node, &mine, sizeof mine);
	return HG_OK;
}

const hg_option *hg_dag_options(const hg_dag *dag, uint32_t work, size_t *n)
{
	*n = work < dag->works.len ? dag_work(dag, work)->n : 0;
	return *n ? dag_work(dag, work)->options : NULL;
}

hg_err hg_dag_edge(const hg_dag *dag, uint64_t at, uint32_t *from, uint32_t *to, double *lag_s)
{
	const struct edge *e;

	if (!dag->finished || at >= dag->m)
		return HG_EINVAL;
	e = dag_edges(dag) + at;
	*from = e->from;
	*to = e->to;
	*lag_s = e->lag_s;
	return HG_OK;
}
