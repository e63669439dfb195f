#include "jobs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const char *const names[7] = {"dataset", "network", "batch_size", "optimizer", "power_limit",
	"time_per_epoch", "average_power"};

static void job_read(void *user, const struct csv *c)
{
	struct jobs *jobs = user;
	struct csv_field f[7];
	double v[3];
	char name[160], family[80];
	struct job *j = jobs->at;

	for (size_t i = 0; i < 7; i++)
		f[i] = csv_get(c, jobs->column[i]);
	for (size_t i = 0; i < 3; i++)
		v[i] = number(f[4 + i]);
	if (!(v[0] > 0.0 && v[1] > 0.0 && v[2] > 0.0 && isfinite(v[0] + v[1] + v[2]))) {
		jobs->left_out++;
		return;
	}
	(void)snprintf(family, sizeof family, "%.*s/%.*s", (int)f[0].len, f[0].text, (int)f[1].len,
		f[1].text);
	(void)snprintf(name, sizeof name, "%s/%.*s/%.*s", family, (int)f[2].len, f[2].text,
		(int)f[3].len, f[3].text);
	while (j < jobs->at + jobs->n && strcmp(j->name, name) != 0)
		j++;
	if (j == jobs->at + JOBS_MAX || j->n == LIMITS_MAX) {
		jobs->left_out++;
		return;
	}
	if (j == jobs->at + jobs->n) {
		memset(j, 0, sizeof *j);
		memcpy(j->name, name, sizeof name);
		memcpy(j->family, family, sizeof family);
		jobs->n++;
	}
	j->obs[j->n++] = (struct work_obs){{0, v[0]}, {log(v[1]), log(v[2])}, {0, 0}};
}

static int by_limit(const void *a, const void *b)
{
	double x = ((const struct work_obs *)a)->setting.cap_w;
	double y = ((const struct work_obs *)b)->setting.cap_w;

	return (x > y) - (x < y);
}

unsigned family_of(const struct jobs *jobs, size_t i)
{
	unsigned k = 0;

	while (strcmp(jobs->at[k].family, jobs->at[i].family) != 0)
		k++;
	return k;
}

struct jobs *jobs_read(const char *path, bool say)
{
	struct jobs *jobs = need(calloc(1, sizeof *jobs));

	if (!columns_find(path, names, 7, jobs->column, say))
		return jobs;
	csv_each(path, job_read, jobs);
	for (size_t i = 0; i < jobs->n; i++)
		qsort(jobs->at[i].obs, jobs->at[i].n, sizeof *jobs->at[i].obs, by_limit);
	if (say && (jobs->left_out || !jobs->n))
		(void)fprintf(stderr, "bench-model: %s: %zu jobs, %u records left out\n", path,
			jobs->n, jobs->left_out);
	return jobs;
}
