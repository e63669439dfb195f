#define _POSIX_C_SOURCE 200809L
#include "sweeps.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/file.h"
#include "core/number.h"

#define PREFIX    "summary_power_"
#define FILES     64
#define PATH_ROOM 4096
#define COLUMNS   7

void need(hg_err rc, const char *what)
{
	if (rc == HG_OK)
		return;
	(void)fprintf(stderr, "bench-train: %s: %s\n", what, hg_err_text(rc));
	exit(1);
}

static void add_point(struct power_sweep *s, double watts, double time_s, double power_w)
{
	struct live *l = &s->job;

	if (l->n == LIVE_SETTINGS)
		return;
	l->watts[l->n] = watts;
	l->time_s[l->n] = time_s;
	l->power_w[l->n] = power_w;
	l->n++;
	for (size_t i = 0; i < l->n; i++)
		if (l->watts[i] > l->watts[l->baseline])
			l->baseline = i;
}

static double field_number(const struct csv *c, size_t i)
{
	struct csv_field f = csv_get(c, i);
	double v = (double)NAN;

	(void)double_parse(f.text, f.len, true, &v);
	return v;
}

/** A row of a file. */
typedef void (*row_fn)(struct power_sweeps *all, const char *file, const struct csv *c, size_t row);

static void read_rows(const char *folder, const char *file, row_fn fn, struct power_sweeps *all)
{
	char path[PATH_ROOM + 256 + 1];
	struct buf text;
	struct csv c;
	bool more;

	(void)snprintf(path, sizeof path, "%.*s/%.255s", PATH_ROOM - 1, folder, file);
	buf_init(&text, FILE_MAX);
	need(file_read(path, FILE_MAX, &text, NULL), path);
	csv_init(&c, text.data, text.len, path);
	need(csv_next(&c, &more, NULL), path);
	for (size_t row = 0; more; row++) {
		need(csv_next(&c, &more, NULL), path);
		if (more)
			fn(all, file, &c, row);
	}
	csv_finish(&c);
	buf_finish(&text);
}

static void set_gpu(struct power_sweep *s, const char *text, char end)
{
	for (size_t i = 0; i < sizeof s->gpu - 1 && text[i] && text[i] != end; i++)
		s->gpu[i] = (char)tolower((unsigned char)text[i]);
}

static struct power_sweep *begin(struct power_sweeps *all, const char *name)
{
	struct power_sweep *s = &all->at[all->n];

	if (all->n == MAX_SWEEPS)
		return NULL;
	memset(s, 0, sizeof *s);
	(void)snprintf(s->name, sizeof s->name, "%s", name);
	all->n++;
	return s;
}

/* start_time,window_name,elapsed_time,energy of each GPU; one row a limit, a file a sweep */
static void profile_row(struct power_sweeps *all, const char *file, const struct csv *c, size_t row)
{
	double energy = 0, time = field_number(c, 2);
	const char *network = strchr(file, '+');
	struct power_sweep *s;
	char window[64];

	if (row == 0) {
		s = begin(all, file);
		if (!s)
			return;
		s->name[strlen(s->name) - strlen(".csv")] = '\0';
		set_gpu(s, file, '+');
		if (network)
			(void)snprintf(s->family, sizeof s->family, "%.*s",
				(int)strcspn(network + 1, "+"), network + 1);
		for (char *at = s->family; *at; at++)
			*at = *at == '-' ? '_' : *at;
	}
	s = &all->at[all->n - 1];
	s->devices = (uint32_t)csv_count(c) - 3;
	(void)snprintf(window, sizeof window, "%.*s", (int)csv_get(c, 1).len, csv_get(c, 1).text);
	for (size_t i = 3; i < csv_count(c); i++)
		energy += field_number(c, i);
	if (strrchr(window, '_'))
		add_point(s, strtod(strrchr(window, '_') + 1, NULL), time / ZEUS_STEPS,
			energy / time);
}

/* Steps of an epoch: samples over batch size. How many samples does not matter much; what does is
 * how many steps fit the counter. */
static double steps_of(double batch)
{
	return 50000 / batch;
}

/* dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power */
static void summary_row(struct power_sweeps *all, const char *file, const struct csv *c, size_t row)
{
	struct power_sweep *s = NULL;
	struct csv_field f[COLUMNS];
	char name[NAME_ROOM];

	(void)row;
	for (size_t i = 0; i < COLUMNS; i++)
		f[i] = csv_get(c, i);
	(void)snprintf(name, sizeof name, "%.*s/%.*s/%.*s/%.*s/%.*s",
		(int)(strlen(file) - strlen(PREFIX) - strlen(".csv")), file + strlen(PREFIX),
		(int)f[0].len, f[0].text, (int)f[1].len, f[1].text, (int)f[2].len, f[2].text,
		(int)f[3].len, f[3].text);
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->at[i].name, name) == 0)
			s = &all->at[i];
	if (!s)
		s = begin(all, name);
	if (!s)
		return;
	set_gpu(s, name, '/');
	(void)snprintf(s->family, sizeof s->family, "%.*s/%.*s", (int)f[0].len, f[0].text,
		(int)f[1].len, f[1].text);
	s->devices = 1;
	add_point(s, field_number(c, 4), field_number(c, 5) / steps_of(field_number(c, 2)),
		field_number(c, 6));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void read_folder(const char *folder, const char *prefix, row_fn fn, struct power_sweeps *all)
{
	char names[FILES][256];
	size_t n = 0;
	DIR *d = opendir(folder);
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL && n < FILES) {
		size_t len = strlen(e->d_name);

		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 && len > 4 &&
			len < sizeof names[0] && strcmp(e->d_name + len - 4, ".csv") == 0)
			memcpy(names[n++], e->d_name, len + 1);
	}
	if (d)
		(void)closedir(d);
	qsort(names, n, sizeof names[0], by_name);
	for (size_t i = 0; i < n; i++)
		read_rows(folder, names[i], fn, all);
}

void sweeps_read(const char *dir, struct power_sweeps *all)
{
	char folder[PATH_ROOM];
	size_t n = 0;

	(void)snprintf(folder, sizeof folder, "%s/zeus/profile_data", dir);
	read_folder(folder, "", profile_row, all);
	(void)snprintf(folder, sizeof folder, "%s/zeus", dir);
	read_folder(folder, PREFIX, summary_row, all);
	for (size_t i = 0; i < all->n; i++)
		if (all->at[i].job.n > 1)
			all->at[n++] = all->at[i];
	all->n = n;
}
