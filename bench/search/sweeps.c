#define _GNU_SOURCE
#include "sweeps.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/number.h"

void die(const char *what, const hg_error *why)
{
	fprintf(stderr, "bench-search: %s%s%s\n", what, why ? ": " : "", why ? why->text : "");
	exit(1);
}

/* ----- the sweeps */

static int name_index(char names[][64], int *n, int most, const char *name)
{
	for (int i = 0; i < *n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	if (*n == most)
		die("too many families", NULL);
	(void)snprintf(names[*n], 64, "%s", name);
	return (*n)++;
}

static double number(const struct csv *c, size_t column)
{
	struct csv_field f = csv_get(c, column);
	double v;

	if (!double_parse(f.text, f.len, true, &v))
		die("not a number in a sweep", NULL);
	return v;
}

static void read_row(struct data *d, const struct csv *c, int gpu)
{
	struct csv_field set = csv_get(c, 0), net = csv_get(c, 1), how = csv_get(c, 3);
	struct row *r = &d->row[d->n];
	char family[64];

	/* one network was trained twice: with adam on one device only */
	if (net.len == 12 && memcmp(net.text, "shufflenetv2", 12) == 0 && how.len == 4)
		return;
	if (d->n == ROWS)
		die("too many rows", NULL);
	(void)snprintf(
		family, sizeof family, "%.*s-%.*s", (int)net.len, net.text, (int)set.len, set.text);
	*r = (struct row){name_index(d->family, &d->n_families, FAMILIES, family), gpu,
		number(c, 2), number(c, 4), number(c, 5), 0};
	r->energy_j = r->time_s * number(c, 6);
	d->n++;
}

static void read_sweep(struct data *d, const char *path, int gpu)
{
	struct buf text;
	struct csv c;
	hg_error why = {""};
	bool more = true;

	if (file_read(path, FILE_MAX, &text, &why) != HG_OK)
		die("cannot read", &why);
	csv_init(&c, text.data, text.len, path);
	for (int line = 0; more; line++) {
		if (csv_next(&c, &more, &why) != HG_OK)
			die("bad sweep", &why);
		if (more && line > 0 && csv_count(&c) >= 7)
			read_row(d, &c, gpu);
	}
	csv_finish(&c);
	buf_finish(&text);
}

void read_data(struct data *d, const char *dir)
{
	struct dirent **names;
	char path[512];
	int n;

	(void)snprintf(path, sizeof path, "%s/zeus", dir);
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		die("no such directory: zeus below --data", NULL);
	for (int i = 0; i < n; i++) {
		int length = 0;

		if (sscanf(names[i]->d_name, "summary_power_%31[^.].csv%n", d->gpu[d->n_gpus],
			    &length) == 1 &&
			length > 0 && d->n_gpus + 1 < GPUS) {
			(void)snprintf(path, sizeof path, "%s/zeus/%s", dir, names[i]->d_name);
			read_sweep(d, path, d->n_gpus++);
		}
		free(names[i]);
	}
	free(names);
}

/* ----- spaces */

const uint32_t sweep_scales[KNOBS] = {HG_SEARCH_CHOICE, HG_SEARCH_LOG, HG_SEARCH_LIMIT};

static void fill(double *cells, const struct row *r)
{
	cells[0] = r->gpu;
	cells[1] = r->batch;
	cells[2] = r->limit;
}

static void transfer(struct task *t, const struct data *d, int family)
{
	static double cells[ROWS * KNOBS];
	static hg_search_kin kin[ROWS];
	hg_error why = {""};
	size_t n = 0;

	for (int i = 0; i < d->n; i++)
		if (d->row[i].family != family) {
			fill(cells + n * KNOBS, &d->row[i]);
			kin[n++] = (hg_search_kin){(uint32_t)d->row[i].family, 0, d->row[i].time_s,
				d->row[i].energy_j};
		}
	if (hg_search_transfer(&t->space, cells, kin, n, t->prior_t, t->prior_e, &why) != HG_OK)
		die("transfer", &why);
	t->space.prior_time_s = t->prior_t;
	t->space.prior_energy_j = t->prior_e;
}

void make_task(struct task *t, const struct data *d, int family, int gpu, int with_prior)
{
	uint32_t n = 0;

	memset(t, 0, sizeof *t);
	for (int i = 0; i < d->n_gpus; i++)
		t->gpus[i] = d->gpu[i];
	t->knobs[0] = (hg_knob_def){"device", "", t->gpus, (size_t)d->n_gpus};
	t->knobs[1] = (hg_knob_def){"batch_size", "", NULL, 0};
	t->knobs[2] = (hg_knob_def){"power_limit_w", "W", NULL, 0};
	for (int i = 0; i < d->n; i++)
		if (d->row[i].family == family && (gpu < 0 || d->row[i].gpu == gpu)) {
			fill(t->cells + n * KNOBS, &d->row[i]);
			t->row[n++] = &d->row[i];
		}
	for (uint32_t i = 0; i < n; i++) {
		t->on_front[i] = 1;
		for (uint32_t j = 0; j < n; j++)
			if (t->row[j]->time_s <= t->row[i]->time_s &&
				t->row[j]->energy_j <= t->row[i]->energy_j && j != i)
				t->on_front[i] = 0;
	}
	t->space = (hg_search_space){.size = sizeof t->space,
		.n_knobs = KNOBS,
		.knobs = t->knobs,
		.scales = sweep_scales,
		.n_configs = n,
		.cells = t->cells};
	if (with_prior)
		transfer(t, d, family);
}
