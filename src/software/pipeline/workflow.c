/*
 * Reading workflow files.
 *
 * A node is done in one of three ways: "frontier" names a file, "points" lists them, "time_s" (and
 * "energy_j") is the one way there is. Devices are optional: a node without one waits for nothing
 * that is charged.
 */
#include "workflow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/json.h"

#define LARGEST   1e18
#define NODES_MAX ((size_t)1 << 20)

struct reader {
	struct workflow *w;
	struct json_doc doc;
	struct vec devices; /* const char *: names */
	workflow_load_fn load;
	void *user;
	hg_error *why;
};

void workflow_finish(struct workflow *w)
{
	const struct workflow_node *nodes = w->nodes.data;

	for (size_t i = 0; i < w->nodes.len; i++)
		hg_frontier_destroy(nodes[i].frontier);
	vec_finish(&w->nodes);
	hg_dag_destroy(w->dag);
	arena_finish(&w->arena);
	memset(w, 0, sizeof *w);
}

static hg_err no_memory(const struct reader *r)
{
	return fail(r->why, HG_ENOMEM, "%s: out of memory", r->doc.origin);
}

static hg_err at_line(const struct reader *r, const struct json *v, hg_err err)
{
	if (err)
		fail_prefix(r->why, "%s:%u: ", r->doc.origin, v->line);
	return err;
}

static hg_err not_object(const struct reader *r, const struct json *v, const char *where)
{
	return fail(r->why, HG_EFORMAT, "%s:%u: %s: expected objects, found %s", r->doc.origin,
		v->line, where, json_type_text(v));
}

/* The array under a key; NULL where it is absent and not needed. */
static hg_err need_list(
	const struct reader *r, const char *key, bool needed, const struct json **first)
{
	const struct json *list;
	hg_err err;

	*first = NULL;
	if (!needed && !json_get(r->doc.root, key))
		return HG_OK;
	err = json_need(&r->doc, r->doc.root, key, JSON_ARRAY, &list, r->why);
	if (!err)
		*first = list->first;
	return err;
}

static hg_err read_device(struct reader *r, const struct json *v)
{
	const char *name;
	double watts = 0;
	uint32_t device;
	hg_err err;

	if (v->type != JSON_OBJECT)
		return not_object(r, v, "devices");
	err = json_need_string(&r->doc, v, "name", &name, r->why);
	if (!err)
		err = json_need_number(&r->doc, v, "static_power_w", 0, LARGEST, &watts, r->why);
	for (size_t i = 0; i < r->devices.len && !err; i++)
		if (strcmp(*(const char **)vec_at(&r->devices, i), name) == 0)
			err = fail(r->why, HG_EFORMAT,
				"%s:%u: device \"%.60s\": expected once, found twice",
				r->doc.origin, v->line, name);
	if (!err)
		err = at_line(r, v, hg_dag_add_device(r->w->dag, name, watts, &device, r->why));
	if (!err && vec_push(&r->devices, &name))
		err = no_memory(r);
	return err;
}

static hg_err read_points(struct reader *r, const struct json *list, struct workflow_node *node)
{
	hg_option *options = calloc((size_t)list->len + 1, sizeof *options);
	uint32_t i = 0;
	hg_err err = HG_OK;

	node->settings = arena_alloc(&r->w->arena, ((size_t)list->len + 1) * sizeof(char *));
	if (!options || !node->settings)
		err = no_memory(r);
	for (const struct json *v = list->first; v && !err; v = v->next, i++) {
		const char *setting = "";

		if (v->type != JSON_OBJECT) {
			err = not_object(r, v, "points");
			break;
		}
		options[i].setting = i;
		err = json_need_number(
			&r->doc, v, "time_s", 0, LARGEST, &options[i].time_s, r->why);
		if (!err)
			err = json_need_number(
				&r->doc, v, "energy_j", 0, LARGEST, &options[i].energy_j, r->why);
		if (!err)
			err = json_string_or(&r->doc, v, "setting", &setting, r->why);
		node->settings[i] = err ? "" : arena_strdup(&r->w->arena, setting);
		if (!node->settings[i])
			err = no_memory(r);
	}
	if (!err)
		err = at_line(r, list,
			hg_dag_add_options(r->w->dag, options, i, node->name, &node->work, r->why));
	free(options);
	return err;
}

static hg_err read_file(struct reader *r, const struct json *v, struct workflow_node *node)
{
	const char *path;
	hg_err err = json_need_string(&r->doc, v, "frontier", &path, r->why);

	if (err)
		return err;
	if (!r->load)
		return fail(r->why, HG_EUNSUPPORTED,
			"%s:%u: frontier: expected no file here, found \"%.60s\"", r->doc.origin,
			v->line, path);
	err = r->load(r->user, path, &node->frontier, r->why);
	if (!err)
		err = hg_dag_add_frontier(
			r->w->dag, node->frontier, node->name, &node->work, r->why);
	return at_line(r, v, err);
}

static hg_err read_fixed(struct reader *r, const struct json *v, struct workflow_node *node)
{
	double time_s = 0, energy_j = 0;
	hg_err err = json_need_number(&r->doc, v, "time_s", 0, LARGEST, &time_s, r->why);

	if (!err)
		err = json_number_or(&r->doc, v, "energy_j", 0, LARGEST, &energy_j, r->why);
	return err ? err
		   : at_line(r, v,
			     hg_dag_add_fixed(
				     r->w->dag, time_s, energy_j, node->name, &node->work, r->why));
}

static hg_err read_work(struct reader *r, const struct json *v, struct workflow_node *node)
{
	const struct json *list = json_get(v, "points");
	unsigned given = 0;
	hg_err err;

	given += list != NULL;
	given += json_get(v, "frontier") != NULL;
	given += json_get(v, "time_s") != NULL;
	if (given != 1)
		return fail(r->why, HG_EFORMAT,
			"%s:%u: node \"%.60s\": expected one of frontier, points, time_s, found %u",
			r->doc.origin, v->line, node->name, given);
	if (json_get(v, "frontier"))
		return read_file(r, v, node);
	if (!list)
		return read_fixed(r, v, node);
	err = json_need(&r->doc, v, "points", JSON_ARRAY, &list, r->why);
	return err ? err : read_points(r, list, node);
}

static hg_err find_device(
	const struct reader *r, const struct json *v, const char *name, uint32_t *device)
{
	*device = HG_DAG_NO_DEVICE;
	if (!name[0])
		return HG_OK;
	for (size_t i = 0; i < r->devices.len; i++) {
		if (strcmp(*(const char **)vec_at(&r->devices, i), name) == 0) {
			*device = (uint32_t)i;
			return HG_OK;
		}
	}
	return fail(r->why, HG_EFORMAT, "%s:%u: device: expected one of devices, found \"%.60s\"",
		r->doc.origin, v->line, name);
}

static hg_err read_node(struct reader *r, const struct json *v)
{
	struct workflow_node node = {.device = ""};
	hg_node plain = {.size = sizeof plain, .group = HG_DAG_NO_GROUP, .family = HG_DAG_NO_GROUP};
	const char *name = "", *device = "";
	uint32_t id;
	hg_err err;

	if (v->type != JSON_OBJECT)
		return not_object(r, v, "nodes");
	err = json_need_string(&r->doc, v, "name", &name, r->why);
	if (!err)
		err = json_string_or(&r->doc, v, "device", &device, r->why);
	if (!err)
		err = find_device(r, v, device, &plain.device);
	if (err)
		return err;
	node.name = arena_strdup(&r->w->arena, name);
	node.device = arena_strdup(&r->w->arena, device);
	if (!node.name || !node.device)
		return no_memory(r);
	err = read_work(r, v, &node);
	plain.work = node.work;
	plain.name = node.name;
	if (!err)
		err = at_line(r, v, hg_dag_add_node(r->w->dag, &plain, &id, r->why));
	if (!err && vec_push(&r->w->nodes, &node))
		err = no_memory(r);
	if (err)
		hg_frontier_destroy(node.frontier);
	return err;
}

/* A name and the place of its node, sorted to be found. */
struct entry {
	const char *name;
	uint32_t id;
};

static int by_name(const void *left, const void *right)
{
	return strcmp(((const struct entry *)left)->name, ((const struct entry *)right)->name);
}

static hg_err sort_names(const struct reader *r, struct entry **out)
{
	const struct workflow_node *nodes = r->w->nodes.data;
	size_t n = r->w->nodes.len;
	struct entry *e = malloc((n + 1) * sizeof *e);

	*out = e;
	if (!e)
		return no_memory(r);
	for (size_t i = 0; i < n; i++)
		e[i] = (struct entry){nodes[i].name, (uint32_t)i};
	if (n)
		qsort(e, n, sizeof *e, by_name);
	for (size_t i = 1; i < n; i++)
		if (strcmp(e[i - 1].name, e[i].name) == 0)
			return fail(r->why, HG_EFORMAT,
				"%s: node \"%.60s\": expected once, found twice", r->doc.origin,
				e[i].name);
	return HG_OK;
}

static hg_err find_node(const struct reader *r, const struct entry *names, const struct json *v,
	const char *key, uint32_t *id)
{
	struct entry wanted = {"", 0};
	const struct entry *found;
	hg_err err = json_need_string(&r->doc, v, key, &wanted.name, r->why);

	if (err)
		return err;
	found = r->w->nodes.len ? bsearch(&wanted, names, r->w->nodes.len, sizeof *names, by_name)
				: NULL;
	if (!found)
		return fail(r->why, HG_EFORMAT,
			"%s:%u: %s: expected a node's name, found \"%.60s\"", r->doc.origin,
			v->line, key, wanted.name);
	*id = found->id;
	return HG_OK;
}

static hg_err read_edges(struct reader *r)
{
	const struct json *v;
	struct entry *names = NULL;
	hg_err err = need_list(r, "edges", false, &v);

	if (!err)
		err = sort_names(r, &names);
	for (; v && !err; v = v->next) {
		uint32_t from = 0, to = 0;
		double lag_s = 0;

		if (v->type != JSON_OBJECT) {
			err = not_object(r, v, "edges");
			break;
		}
		err = find_node(r, names, v, "from", &from);
		if (!err)
			err = find_node(r, names, v, "to", &to);
		if (!err)
			err = json_number_or(&r->doc, v, "lag_s", 0, 1e9, &lag_s, r->why);
		if (!err)
			err = at_line(r, v, hg_dag_add_edge(r->w->dag, from, to, lag_s, r->why));
	}
	free(names);
	return err;
}

static hg_err read_all(struct reader *r)
{
	const struct json *v = NULL;
	const char *name = "";
	hg_err err = json_check_schema(&r->doc, "hourglass.dag", 1, r->why);

	if (!err)
		err = json_string_or(&r->doc, r->doc.root, "name", &name, r->why);
	if (!err)
		err = json_number_or(
			&r->doc, r->doc.root, "deadline_s", 0, LARGEST, &r->w->deadline_s, r->why);
	if (!err)
		err = need_list(r, "devices", false, &v);
	for (; v && !err; v = v->next)
		err = read_device(r, v);
	if (!err)
		err = need_list(r, "nodes", true, &v);
	for (; v && !err; v = v->next)
		err = read_node(r, v);
	if (!err)
		err = read_edges(r);
	if (err)
		return err;
	r->w->name = arena_strdup(&r->w->arena, name);
	err = r->w->name ? hg_dag_finish(r->w->dag, r->why) : no_memory(r);
	if (err)
		fail_prefix(r->why, "%s: ", r->doc.origin);
	return err;
}

hg_err workflow_parse(struct workflow *w, const char *text, size_t len, const char *origin,
	workflow_load_fn load, void *user, hg_error *why)
{
	struct reader r = {.w = w, .load = load, .user = user, .why = why};
	hg_err err;

	memset(w, 0, sizeof *w);
	w->deadline_s = NAN;
	arena_init(&w->arena, WORKFLOW_BYTES);
	vec_init(&w->nodes, sizeof(struct workflow_node), NODES_MAX);
	vec_init(&r.devices, sizeof(const char *), NODES_MAX);
	err = json_parse(&r.doc, text, len, origin, WORKFLOW_BYTES, why);
	if (!err && r.doc.root->type != JSON_OBJECT)
		err = fail(why, HG_EFORMAT, "%s:%u: expected an object, found %s", origin,
			r.doc.root->line, json_type_text(r.doc.root));
	if (!err)
		err = hg_dag_create(&w->dag, why);
	if (!err)
		err = read_all(&r);
	vec_finish(&r.devices);
	json_finish(&r.doc);
	return err;
}
