/*
 * The frontier of a synchronous group with one setting for all.
 *
 * The settings of the first rank are the candidates; every other rank looks its own up among them.
 * Two passes: the slowest rank at each setting is known only when all have been seen, and only then
 * how long the others wait.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/train.h>

#include "core/fail.h"

/* What one rank does at one setting: the mean when it was measured several times. */
struct measured {
	double time_s, energy_j;
	double time_var, energy_var; /* of the means; NAN unknown */
	uint32_t count;
	uint32_t origin;
};

/* What the group does at one setting. */
struct joint {
	const double *cells; /* of the first rank's table */
	size_t ranks;        /* how many have measured it */
	double time_s, time_rsd;
	double energy_j, energy_var;
	uint32_t origin;
};

/* How a rank's setting table reads in the columns and choices of the first rank's. */
struct columns {
	const hg_knob_def *ours, *theirs;
	size_t n;
	size_t *at; /* our column -> theirs */
	double *row;
};

struct group {
	const hg_frontier *const *ranks;
	size_t n;
	hg_error *why;
	struct columns cols;
	struct joint *joint; /* sorted by cells */
	size_t n_joint;
	struct measured *measured; /* of the current rank, beside joint */
};

static int compare_cells(double a, double b)
{
	if (isnan(a) || isnan(b))
		return !isnan(a) - !isnan(b);
	return (a > b) - (a < b);
}

static int compare_rows(const double *a, const double *b, size_t n)
{
	int order = 0;

	for (size_t i = 0; i < n && !order; i++)
		order = compare_cells(a[i], b[i]);
	return order;
}

/* Point i of a rank: first the frontier's, then what waits, then what is dominated; NULL at the
 * end. */
static const hg_point *point_at(const hg_frontier *f, size_t i)
{
	size_t n_waiting, n_dominated;
	size_t n = hg_frontier_count(f);
	const hg_point *waiting = hg_frontier_waiting(f, &n_waiting);
	const hg_point *dominated = hg_frontier_dominated(f, &n_dominated);

	if (i < n)
		return hg_frontier_points(f) + i;
	i -= n;
	if (i < n_waiting)
		return waiting + i;
	i -= n_waiting;
	return i < n_dominated ? dominated + i : NULL;
}

static size_t count_points(const hg_frontier *f)
{
	size_t n_waiting, n_dominated;

	(void)hg_frontier_waiting(f, &n_waiting);
	(void)hg_frontier_dominated(f, &n_dominated);
	return hg_frontier_count(f) + n_waiting + n_dominated;
}

/* Index of a word among the choices of a knob, or -1. */
static double find_choice(const hg_knob_def *knob, const char *word)
{
	for (size_t i = 0; i < knob->n_choices; i++)
		if (strcmp(knob->choices[i], word) == 0)
			return (double)i;
	return -1;
}

/* A row of a rank in the first rank's columns; false when it has a word that one does not know. */
static bool translate(const struct columns *c, const double *theirs)
{
	for (size_t i = 0; i < c->n; i++) {
		const hg_knob_def *knob = &c->theirs[c->at[i]];
		double cell = theirs[c->at[i]];

		if (c->ours[i].choices && !isnan(cell)) {
			size_t k = (size_t)cell;

			/* The lists are mostly the same. */
			if (k >= c->ours[i].n_choices ||
				strcmp(c->ours[i].choices[k], knob->choices[k]) != 0)
				cell = find_choice(&c->ours[i], knob->choices[k]);
			if (cell < 0)
				return false;
		}
		c->row[i] = cell;
	}
	return true;
}

/* Compares the knobs of a rank with those of the first, in any order. */
static hg_err match_knobs(struct group *g, size_t rank)
{
	struct columns *c = &g->cols;
	size_t n;

	c->theirs = hg_frontier_knobs(g->ranks[rank], &n);
	if (n != c->n)
		return fail(g->why, HG_EINVAL,
			"rank %zu: expected the %zu knobs of rank 0, found %zu", rank, c->n, n);
	for (size_t i = 0; i < n; i++) {
		const hg_knob_def *ours = &c->ours[i];

		c->at[i] = hg_frontier_knob_index(g->ranks[rank], ours->name);
		if (c->at[i] == SIZE_MAX)
			return fail(g->why, HG_EINVAL,
				"rank %zu: expected knob %s as on rank 0, found none", rank,
				ours->name);
		if (strcmp(c->theirs[c->at[i]].unit, ours->unit) != 0)
			return fail(g->why, HG_EINVAL,
				"rank %zu: knob %s: expected unit \"%s\" as on rank 0, found "
				"\"%s\"",
				rank, ours->name, ours->unit, c->theirs[c->at[i]].unit);
		if (!c->theirs[c->at[i]].choices != !ours->choices)
			return fail(g->why, HG_EINVAL,
				"rank %zu: knob %s: expected %s as on rank 0, found %s", rank,
				ours->name, ours->choices ? "words" : "numbers",
				ours->choices ? "numbers" : "words");
	}
	return HG_OK;
}

/* The joint setting that has the cells in c->row, or NULL. */
static struct joint *find_joint(const struct group *g)
{
	size_t low = 0;
	size_t high = g->n_joint;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_rows(g->joint[middle].cells, g->cols.row, g->cols.n);

		if (order == 0)
			return &g->joint[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static double variance(double mean, double rsd)
{
	return mean * rsd * (mean * rsd);
}

/* Sums a rank's points by setting; touched[i] is the joint setting of point i or NULL. */
static void measure_rank(struct group *g, size_t rank, struct joint **touched)
{
	const hg_frontier *f = g->ranks[rank];
	const hg_point *p;

	for (size_t i = 0; (p = point_at(f, i)) != NULL; i++) {
		const double *row = hg_frontier_setting(f, p->setting);
		struct measured *m;

		touched[i] = row && translate(&g->cols, row) ? find_joint(g) : NULL;
		if (!touched[i])
			continue;
		m = &g->measured[touched[i] - g->joint];
		m->time_s += p->time_s;
		m->energy_j += p->energy_j;
		m->time_var += variance(p->time_s, p->time_rsd);
		m->energy_var += variance(p->energy_j, p->energy_rsd);
		m->origin |= p->origin;
		m->count++;
	}
}

static void take_mean(struct measured *m)
{
	double n = m->count;

	m->time_s /= n;
	m->energy_j /= n;
	m->time_var /= n * n;
	m->energy_var /= n * n;
}

/* First pass: who is the slowest. */
static void join_time(struct joint *j, const struct measured *m)
{
	j->ranks++;
	j->origin |= m->origin;
	if (j->ranks > 1 && m->time_s <= j->time_s)
		return;
	j->time_s = m->time_s;
	j->time_rsd = m->time_s > 0 ? sqrt(m->time_var) / m->time_s : 0;
}

/* Second pass: what everybody uses until the slowest is done. */
static void join_energy(struct joint *j, const struct measured *m, double static_power_w)
{
	j->energy_j += m->energy_j + static_power_w * (j->time_s - m->time_s);
	j->energy_var += m->energy_var;
}

static hg_err visit_rank(struct group *g, size_t rank, bool energy)
{
	size_t n = count_points(g->ranks[rank]);
	size_t alive = 0;
	struct joint **touched;
	hg_frontier_info info = {.size = sizeof info};
	hg_err err = match_knobs(g, rank);

	if (err)
		return err;
	touched = calloc(n, sizeof(struct joint *));
	if (!touched)
		return fail(g->why, HG_ENOMEM, "out of memory");
	hg_frontier_get_info(g->ranks[rank], &info);
	measure_rank(g, rank, touched);
	for (size_t i = 0; i < n; i++) {
		struct measured *m = touched[i] ? &g->measured[touched[i] - g->joint] : NULL;

		if (!m || m->count == 0)
			continue;
		take_mean(m);
		if (!energy)
			join_time(touched[i], m);
		else if (touched[i]->ranks == g->n)
			join_energy(
				touched[i], m, info.static_power_w > 0 ? info.static_power_w : 0);
		alive += energy || touched[i]->ranks == rank + 1;
		*m = (struct measured){0};
	}
	free(touched);
	if (alive)
		return HG_OK;
	return fail(g->why, HG_EINVAL,
		"rank %zu: expected a setting that all ranks before it have too, found none", rank);
}

static int compare_joints(const void *a, const void *b, size_t n)
{
	const struct joint *x = a, *y = b;

	return compare_rows(x->cells, y->cells, n);
}

/* Merge sort: the order depends on how many columns there are, which qsort() cannot be told. */
static void sort_joints(struct joint *at, struct joint *spare, size_t n, size_t n_cols)
{
	size_t half = n / 2;
	size_t i = 0, j = half;

	if (n < 2)
		return;
	sort_joints(at, spare, half, n_cols);
	sort_joints(at + half, spare, n - half, n_cols);
	memcpy(spare, at, n * sizeof *at);
	for (size_t k = 0; k < n; k++) {
		bool left =
			j == n || (i < half && compare_joints(&spare[i], &spare[j], n_cols) <= 0);

		at[k] = left ? spare[i++] : spare[j++];
	}
}

/* The settings of the first rank, sorted, each once. */
static hg_err find_candidates(struct group *g)
{
	const hg_frontier *f = g->ranks[0];
	size_t n = count_points(f);
	struct joint *spare = calloc(n, sizeof *spare);
	const hg_point *p;
	size_t kept = 0;

	g->joint = calloc(n, sizeof *g->joint);
	g->measured = calloc(n, sizeof *g->measured);
	if (!spare || !g->joint || !g->measured) {
		free(spare);
		return fail(g->why, HG_ENOMEM, "out of memory");
	}
	for (size_t i = 0; (p = point_at(f, i)) != NULL; i++) {
		const double *row = hg_frontier_setting(f, p->setting);

		if (row)
			g->joint[g->n_joint++].cells = row;
	}
	sort_joints(g->joint, spare, g->n_joint, g->cols.n);
	free(spare);
	for (size_t i = 0; i < g->n_joint; i++)
		if (i == 0 || compare_joints(&g->joint[i], &g->joint[kept - 1], g->cols.n))
			g->joint[kept++] = g->joint[i];
	g->n_joint = kept;
	return HG_OK;
}

static hg_err check_ranks(struct group *g)
{
	hg_frontier_info first = {.size = sizeof first};

	for (size_t r = 0; r < g->n; r++) {
		hg_frontier_info info = {.size = sizeof info};

		if (!g->ranks[r])
			return fail(
				g->why, HG_EINVAL, "rank %zu: expected a frontier, found NULL", r);
		if (hg_frontier_op(g->ranks[r]) != HG_OP_NONE)
			return fail(g->why, HG_EINVAL,
				"rank %zu: expected a frontier with settings, found a composed one",
				r);
		hg_frontier_get_info(g->ranks[r], &info);
		if (r == 0)
			first = info;
		if (strcmp(info.work_unit, first.work_unit) != 0)
			return fail(g->why, HG_EINVAL,
				"rank %zu: expected unit of work \"%s\" as on rank 0, found \"%s\"",
				r, first.work_unit, info.work_unit);
	}
	g->cols.ours = hg_frontier_knobs(g->ranks[0], &g->cols.n);
	if (g->cols.n == 0)
		return fail(g->why, HG_EINVAL, "rank 0: expected knobs, found none");
	return HG_OK;
}

/* A text that all ranks share stays. */
static const char *shared(const char *ours, const char *theirs)
{
	return strcmp(ours, theirs) == 0 ? ours : "";
}

static void sum_info(const struct group *g, hg_frontier_info *sum)
{
	bool known;

	hg_frontier_get_info(g->ranks[0], sum);
	known = sum->devices > 0;
	for (size_t r = 1; r < g->n; r++) {
		hg_frontier_info info = {.size = sizeof info};

		hg_frontier_get_info(g->ranks[r], &info);
		known = known && info.devices && info.devices <= UINT32_MAX - sum->devices;
		sum->devices = known ? sum->devices + info.devices : 0;
		sum->name = shared(sum->name, info.name);
		sum->device = shared(sum->device, info.device);
		sum->source = shared(sum->source, info.source);
		sum->static_power_w += info.static_power_w;
		sum->max_power_w += info.max_power_w;
	}
}

static hg_err build(const struct group *g, hg_frontier **out)
{
	hg_frontier_info info = {.size = sizeof info};
	hg_build_opts opts = {.size = sizeof opts, .flags = HG_BUILD_KEEP_DOMINATED};
	hg_point *points = calloc(g->n_joint, sizeof *points);
	double *settings = calloc(g->n_joint, g->cols.n * sizeof *settings);
	size_t n = 0;
	hg_err err;

	if (!points || !settings) {
		err = fail(g->why, HG_ENOMEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < g->n_joint; i++) {
		const struct joint *j = &g->joint[i];

		if (j->ranks < g->n)
			continue;
		memcpy(settings + n * g->cols.n, j->cells, g->cols.n * sizeof *settings);
		points[n].time_s = j->time_s;
		points[n].time_rsd = j->time_rsd;
		points[n].energy_j = j->energy_j;
		points[n].energy_rsd = j->energy_j > 0 ? sqrt(j->energy_var) / j->energy_j : 0;
		points[n].origin = j->origin;
		points[n].setting = (hg_setting)n;
		n++;
	}
	sum_info(g, &info);
	opts.info = &info;
	opts.knobs = g->cols.ours;
	opts.n_knobs = g->cols.n;
	opts.settings = settings;
	opts.n_settings = n;
	err = hg_frontier_build(points, n, &opts, out, g->why);
out:
	free(points);
	free(settings);
	return err;
}

hg_err hg_train_group(const hg_frontier *const *ranks, size_t n, hg_frontier **out, hg_error *why)
{
	struct group g = {.ranks = ranks, .n = n, .why = why};
	hg_err err;

	if (why)
		why->text[0] = '\0';
	if (!ranks || !out || n == 0)
		return fail(why, HG_EINVAL, "expected at least one rank and an out");
	*out = NULL;
	err = check_ranks(&g);
	if (err)
		return err;
	g.cols.at = calloc(g.cols.n, sizeof *g.cols.at);
	g.cols.row = calloc(g.cols.n, sizeof *g.cols.row);
	err = g.cols.at && g.cols.row ? find_candidates(&g) : fail(why, HG_ENOMEM, "out of memory");
	for (size_t r = 0; r < n && !err; r++)
		err = visit_rank(&g, r, false);
	for (size_t r = 0; r < n && !err; r++)
		err = visit_rank(&g, r, true);
	if (!err)
		err = build(&g, out);
	free(g.cols.at);
	free(g.cols.row);
	free(g.joint);
	free(g.measured);
	return err;
}
