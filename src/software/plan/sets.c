/* Which nodes share a setting: groups, and families as far as the plan class says so. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "dag.h"

/* A key (group or family number) of a node. */
struct member {
	uint64_t key;
	uint32_t node;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

/* Whether there is anything to share. */
static bool has_settings(const hg_dag *dag, uint32_t node)
{
	const struct work *w = dag_work(dag, dag_node(dag, node)->work);

	return w->n > 1 || w->options[0].setting != HG_SETTING_NONE;
}

static uint32_t find_root(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i) {
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

/* Lists the keys of the nodes: groups, and families as the class says. @return how many */
static size_t list_members(const hg_dag *dag, hg_plan_class class_of, struct member *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < dag->n; i++) {
		const struct node *node = dag_node(dag, i);
		bool family = class_of == HG_CLASS_FAMILY ||
			      (class_of == HG_CLASS_RAMP && !(node->flags & HG_NODE_RAMP));

		if (!has_settings(dag, i))
			continue;
		if (node->group != HG_DAG_NO_GROUP)
			out[n++] = (struct member){node->group, i};
		if (family && node->family != HG_DAG_NO_GROUP)
			out[n++] = (struct member){(uint64_t)1 << 32 | node->family, i};
	}
	return n;
}

hg_err dag_sets(const hg_dag *dag, hg_plan_class class_of, uint32_t *set, uint32_t *n_sets)
{
	struct member *members = malloc((size_t)dag->n * 2 * sizeof *members);
	uint32_t *parent = malloc((size_t)dag->n * sizeof *parent), count = 0;
	size_t n;

	if (!members || !parent) {
		free(members);
		free(parent);
		return HG_ENOMEM;
	}
	for (uint32_t i = 0; i < dag->n; i++)
		parent[i] = i;
	n = list_members(dag, class_of, members);
	if (n)
		qsort(members, n, sizeof *members, compare_members);
	for (size_t i = 1; i < n; i++) {
		uint32_t a, b;

		if (members[i].key != members[i - 1].key)
			continue;
		a = find_root(parent, members[i - 1].node);
		b = find_root(parent, members[i].node);
		parent[a > b ? a : b] = a > b ? b : a; /* the first node is the root */
	}
	for (uint32_t i = 0; i < dag->n; i++) {
		uint32_t root = find_root(parent, i);

		set[i] = root == i ? count++ : set[root];
	}
	*n_sets = count;
	free(members);
	free(parent);
	return HG_OK;
}

/* Whether a work has a setting. */
static bool offers(const struct work *w, hg_setting setting)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->options[i].setting == setting)
			return true;
	return false;
}

struct common {
	uint32_t first;    /* first node of the set */
	uint32_t size;     /* how many nodes */
	uint32_t last;     /* work that was looked at last */
	uint32_t n;        /* settings still common */
	hg_setting *alive; /* NULL until the second node comes */
};

/* Strikes out the settings that another node of the set does not have. */
static hg_err add_node(const hg_dag *dag, struct common *c, uint32_t node)
{
	const struct work *w = dag_work(dag, dag_node(dag, node)->work);
	const struct work *first = dag_work(dag, dag_node(dag, c->first)->work);
	uint32_t kept = 0;

	if (!c->alive) {
		c->alive = calloc(first->n, sizeof *c->alive);
		if (!c->alive)
			return HG_ENOMEM;
		for (uint32_t i = 0; i < first->n; i++)
			if (first->options[i].setting != HG_SETTING_NONE)
				c->alive[c->n++] = first->options[i].setting;
		c->last = dag_node(dag, c->first)->work;
	}
	c->size++;
	if (dag_node(dag, node)->work == c->last)
		return HG_OK;
	c->last = dag_node(dag, node)->work;
	for (uint32_t i = 0; i < c->n; i++)
		if (offers(w, c->alive[i]))
			c->alive[kept++] = c->alive[i];
	c->n = kept;
	return HG_OK;
}

static hg_err check_sets(const hg_dag *dag, const uint32_t *set, struct common *common,
	uint32_t *n_shared, hg_error *why)
{
	uint32_t seen = 0;
	char a[64], b[64];
	hg_err rc;

	*n_shared = 0;
	for (uint32_t i = 0; i < dag->n; i++) {
		struct common *c = common + set[i];

		if (set[i] == seen) {
			*c = (struct common){.first = i, .size = 1};
			seen++;
			continue;
		}
		*n_shared += c->size == 1;
		rc = add_node(dag, c, i);
		if (rc)
			return fail(why, rc, "out of memory");
		if (c->n == 0)
			return fail(why, HG_EINVAL,
				"%s and %s must share a setting, but none is common to all",
				dag_node_name(dag, c->first, a, sizeof a),
				dag_node_name(dag, i, b, sizeof b));
	}
	return HG_OK;
}

hg_err sets_check(const hg_dag *dag, hg_plan_class class_of, uint32_t *n_shared, hg_error *why)
{
	uint32_t *set = malloc((size_t)dag->n * sizeof *set), n_sets = 0;
	struct common *common = calloc(dag->n, sizeof *common);
	hg_err rc = HG_ENOMEM;

	if (set && common)
		rc = dag_sets(dag, class_of, set, &n_sets);
	if (rc)
		(void)fail(why, rc, "out of memory");
	else
		rc = check_sets(dag, set, common, n_shared, why);
	for (uint32_t i = 0; common && i < n_sets; i++)
		free(common[i].alive);
	free(common);
	free(set);
	return rc;
}
