#include "one-f-one-b.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"

static bool parse_row(const char *row, struct onefb_profile *out)
{
	unsigned stage, frequency;
	char instruction[16];
	double time, energy;
	uint32_t *n;
	int kind;

	if (sscanf(row, "%u,%15[a-z],%u,%lf,%lf", &stage, instruction, &frequency, &time,
		    &energy) != 5 ||
		stage >= ONEFB_STAGES)
		return false;
	kind = strcmp(instruction, "backward") == 0;
	n = &out->n[stage][kind];
	if (*n == ONEFB_OPTIONS)
		return false;
	out->options[stage][kind][(*n)++] = (hg_option){time, energy, frequency};
	return true;
}

bool onefb_parse(const char *text, size_t len, struct onefb_profile *out)
{
	const char *end = text + len, *line = memchr(text, '\n', len);
	char row[128];

	memset(out, 0, sizeof *out);
	while (line && ++line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((next ? next : end) - line);

		if (n >= sizeof row)
			return false;
		memcpy(row, line, n);
		row[n] = '\0';
		if (n > 1 && !parse_row(row, out))
			return false;
		line = next;
	}
	return out->n[0][0] > 0 && out->n[ONEFB_STAGES - 1][1] > 0;
}

/* Options of a stage's forward or backward. @return how many */
static uint32_t stage_options(const struct onefb_profile *p, const struct onefb *what, uint32_t s,
	int kind, struct rng *r, hg_option *options)
{
	uint32_t from = s + 1 == what->stages ? ONEFB_STAGES - 1 : s % (ONEFB_STAGES - 1);
	double time = 1 + what->vary * (2 * rng_double(r) - 1);
	double energy = 1 + what->vary * (2 * rng_double(r) - 1);

	for (uint32_t i = 0; i < p->n[from][kind]; i++) {
		options[i] = p->options[from][kind][i];
		options[i].time_s *= time;
		options[i].energy_j *= energy;
	}
	return p->n[from][kind];
}

static hg_err add_stage(hg_dag *dag, const struct onefb_profile *p, const struct onefb *what,
	uint32_t s, struct rng *r)
{
	hg_option options[ONEFB_OPTIONS];
	uint32_t device, work;
	hg_err rc = hg_dag_add_device(dag, NULL, what->static_w, &device, NULL);

	for (int kind = 0; kind < 2 && !rc; kind++) {
		uint32_t n = stage_options(p, what, s, kind, r, options);

		rc = hg_dag_add_options(dag, options, n, NULL, &work, NULL);
	}
	return rc;
}

void onefb_csv(const struct onefb_profile *profile, const struct onefb *what, struct buf *out)
{
	hg_option options[ONEFB_OPTIONS];
	struct rng r;

	rng_init(&r, what->seed);
	buf_adds(out, "stage,instruction,frequency,time,energy\n");
	for (uint32_t s = 0; s < what->stages; s++)
		for (int kind = 0; kind < 2; kind++) {
			uint32_t n = stage_options(profile, what, s, kind, &r, options);

			for (uint32_t i = 0; i < n; i++)
				buf_addf(out, "%u,%s,%u,%.17g,%.17g\n", s,
					kind ? "backward" : "forward", options[i].setting,
					options[i].time_s, options[i].energy_j);
		}
}

static uint32_t number(const struct onefb *what, uint32_t s, uint32_t m, uint32_t kind)
{
	return (s * what->microbatches + m) * 2 + kind;
}

/* The k-th operation of stage s. */
static uint32_t in_order(const struct onefb *what, uint32_t s, uint32_t k)
{
	uint32_t m = what->microbatches, w = what->stages - 1 - s;

	w = w < m ? w : m;
	if (k < w)
		return number(what, s, k, 0);
	k -= w;
	if (k < 2 * (m - w))
		return k % 2 ? number(what, s, k / 2, 1) : number(what, s, w + k / 2, 0);
	return number(what, s, k - (m - w), 1);
}

static hg_err add_edges(hg_dag *dag, const struct onefb *what)
{
	uint32_t p = what->stages, n = what->microbatches;
	hg_err rc = HG_OK;

	for (uint32_t s = 0; s < p; s++)
		for (uint32_t k = 0; k + 1 < 2 * n && !rc; k++)
			rc = hg_dag_add_edge(
				dag, in_order(what, s, k), in_order(what, s, k + 1), 0, NULL);
	for (uint32_t m = 0; m < n; m++) {
		for (uint32_t s = 0; s + 1 < p && !rc; s++) {
			rc = hg_dag_add_edge(
				dag, number(what, s, m, 0), number(what, s + 1, m, 0), 0, NULL);
			if (!rc)
				rc = hg_dag_add_edge(dag, number(what, s + 1, m, 1),
					number(what, s, m, 1), 0, NULL);
		}
		if (!rc)
			rc = hg_dag_add_edge(
				dag, number(what, p - 1, m, 0), number(what, p - 1, m, 1), 0, NULL);
	}
	return rc;
}

hg_dag *onefb_dag(const struct onefb_profile *profile, const struct onefb *what)
{
	hg_dag *dag;
	struct rng r;
	uint32_t id;
	hg_err rc = hg_dag_create(&dag, NULL);

	rng_init(&r, what->seed);
	for (uint32_t s = 0; s < what->stages && !rc; s++)
		rc = add_stage(dag, profile, what, s, &r);
	for (uint32_t i = 0; i < what->stages * what->microbatches * 2 && !rc; i++) {
		uint32_t s = i / 2 / what->microbatches;
		hg_node node = {.size = sizeof node,
			.work = s * 2 + i % 2,
			.device = s,
			.group = HG_DAG_NO_GROUP,
			.family = s * 2 + i % 2};
		uint32_t m = i / 2 % what->microbatches, w = what->stages - 1 - s;

		if (i % 2 ? m + w + 1 >= what->microbatches : m <= w)
			node.flags = HG_NODE_RAMP;
		rc = hg_dag_add_node(dag, &node, &id, NULL);
	}
	if (!rc)
		rc = add_edges(dag, what);
	if (!rc)
		rc = hg_dag_finish(dag, NULL);
	if (rc) {
		hg_dag_destroy(dag);
		return NULL;
	}
	return dag;
}
