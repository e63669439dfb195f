#include "gp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GATHERED 128 /* columns at a time */

static size_t config_of(const struct gp *g, size_t column)
{
	return g->columns ? g->columns[column] : column;
}

hg_err gp_init(struct gp *g, const struct space *s, const struct hyper *h, const uint32_t *columns,
	size_t n_columns)
{
	*g = (struct gp){.space = s, .hyper = *h, .columns = columns, .n_columns = n_columns};
	g->mean = malloc(n_columns * sizeof *g->mean);
	g->var = malloc(n_columns * sizeof *g->var);
	if (!g->mean || !g->var)
		return HG_ENOMEM;
	for (size_t i = 0; i < n_columns; i++) {
		g->mean[i] = s->mean[h->output][config_of(g, i)];
		g->var[i] = kernel(h, s, config_of(g, i), config_of(g, i));
	}
	return HG_OK;
}

void gp_finish(struct gp *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->rows[i]);
	free(g->rows);
	free(g->z);
	free(g->pivot);
	free(g->at);
	free(g->mean);
	free(g->var);
	memset(g, 0, sizeof *g);
}

static hg_err make_room(struct gp *g)
{
	size_t room = g->room ? 2 * g->room : 16, *at;
	double **rows, *z, *pivot;

	if (g->n < g->room)
		return HG_OK;
	rows = realloc(g->rows, room * sizeof *rows);
	if (!rows)
		return HG_ENOMEM;
	g->rows = rows;
	z = realloc(g->z, room * sizeof *z);
	if (!z)
		return HG_ENOMEM;
	g->z = z;
	pivot = realloc(g->pivot, room * sizeof *pivot);
	if (!pivot)
		return HG_ENOMEM;
	g->pivot = pivot;
	at = realloc(g->at, room * sizeof *at);
	if (!at)
		return HG_ENOMEM;
	g->at = at;
	g->room = room;
	return HG_OK;
}

hg_err gp_add(struct gp *g, size_t column, double y, double variance)
{
	double pivot, *row;
	hg_err rc = make_room(g);

	if (rc != HG_OK)
		return rc;
	row = malloc(g->n_columns * sizeof *row);
	if (!row)
		return HG_ENOMEM;
	pivot = g->var[column] > 0 ? g->var[column] : 0;
	pivot = sqrt(pivot + variance + kernel_nugget(&g->hyper, g->space, config_of(g, column)));
	for (size_t i = 0; i < g->n_columns; i++)
		row[i] = kernel(&g->hyper, g->space, config_of(g, column), config_of(g, i));
	for (size_t k = 0; k < g->n; k++) {
		const double *old = g->rows[k], at = old[column];

		for (size_t i = 0; i < g->n_columns; i++)
			row[i] -= at * old[i];
	}
	g->pivot[g->n] = pivot;
	g->at[g->n] = column;
	g->z[g->n] = isnan(y) ? 0 : (y - g->mean[column]) / pivot;
	for (size_t i = 0; i < g->n_columns; i++) {
		row[i] /= pivot;
		g->mean[i] += row[i] * g->z[g->n];
		g->var[i] -= row[i] * row[i];
	}
	g->rows[g->n++] = row;
	return HG_OK;
}

/** Row k of V at a few columns, gathered. */
static void renew_row(struct gp *g, size_t k, const uint32_t *columns, size_t n, double *gathered)
{
	double *own = gathered + k * n;

	for (size_t i = 0; i < n; i++)
		own[i] = kernel(
			&g->hyper, g->space, config_of(g, g->at[k]), config_of(g, columns[i]));
	for (size_t j = 0; j < k; j++) {
		const double *old = gathered + j * n, at = g->rows[j][g->at[k]];

		for (size_t i = 0; i < n; i++)
			own[i] -= at * old[i];
	}
	for (size_t i = 0; i < n; i++) {
		own[i] /= g->pivot[k];
		g->rows[k][columns[i]] = own[i];
		g->mean[columns[i]] += own[i] * g->z[k];
		g->var[columns[i]] -= own[i] * own[i];
	}
}

hg_err gp_renew(struct gp *g, const uint32_t *columns, size_t n)
{
	double *gathered = malloc((g->n * n + 1) * sizeof *gathered);

	if (!gathered)
		return HG_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t config = config_of(g, columns[i]);

		g->mean[columns[i]] = g->space->mean[g->hyper.output][config];
		g->var[columns[i]] = kernel(&g->hyper, g->space, config, config);
	}
	for (size_t k = 0; k < g->n; k++)
		renew_row(g, k, columns, n, gathered);
	free(gathered);
	return HG_OK;
}

void gp_drop(struct gp *g)
{
	double *row = g->rows[--g->n];

	for (size_t i = 0; i < g->n_columns; i++)
		g->var[i] += row[i] * row[i];
	free(row);
}

double gp_covariance(const struct gp *g, size_t a, size_t b)
{
	double sum = kernel(&g->hyper, g->space, config_of(g, a), config_of(g, b));

	for (size_t k = 0; k < g->n; k++)
		sum -= g->rows[k][a] * g->rows[k][b];
	return sum;
}

void gp_covariances(const struct gp *g, const uint32_t *columns, size_t n, double *out)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++)
			out[i * n + j] = kernel(&g->hyper, g->space, config_of(g, columns[i]),
				config_of(g, columns[j]));
	for (size_t k = 0; k < g->n; k++) {
		double v[GATHERED];

		/* rows are long, and columns lie apart in them */
		for (size_t from = 0; from < n; from += GATHERED) {
			size_t to = from + GATHERED < n ? from + GATHERED : n;

			for (size_t j = from; j < to; j++)
				v[j - from] = g->rows[k][columns[j]];
			for (size_t i = from; i < n; i++) {
				double at = g->rows[k][columns[i]];

				for (size_t j = from; j < to && j <= i; j++)
					out[i * n + j] -= at * v[j - from];
			}
		}
	}
}
