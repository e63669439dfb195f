/* A search: read, measured, reported. */
#include "search-parts.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/file.h"
#include "core/text.h"
#include "load.h"
#include "plot.h"

#define LOG_BYTES ((size_t)1 << 28)

/* ----- reading */

static int read_file(struct search_job *job, const char *path, struct buf *text)
{
	hg_error why = {""};
	hg_err rc = file_read(path, SPEC_BYTES, text, &why);

	return rc == HG_OK ? EXIT_OK : cli_input_error(job->cli, rc, &why);
}

static int read_table(struct search_job *job, const char *path, enum spec_table_use use,
	struct vec *rows, struct vec *cells)
{
	hg_error why = {""};
	struct buf text;
	hg_err err;
	int rc = read_file(job, path, &text);

	if (rc == EXIT_OK) {
		err = spec_table(&job->spec, use, text.data ? text.data : "", text.len,
			path_text(path), rows, cells, &why);
		if (err != HG_OK)
			rc = cli_input_error(job->cli, err, &why);
	}
	buf_finish(&text);
	return rc;
}

void search_variable(const char *knob, struct buf *out)
{
	buf_adds(out, "HG_");
	for (; *knob; knob++)
		buf_addc(out,
			isalnum((unsigned char)*knob) ? (char)toupper((unsigned char)*knob) : '_');
}

static int check_variables(struct search_job *job)
{
	const struct spec *s = &job->spec;
	int rc = EXIT_OK;

	for (size_t i = 0; i < s->n_knobs; i++)
		for (size_t j = 0; j < i && rc == EXIT_OK; j++) {
			struct buf a, b;

			buf_init(&a, 256);
			buf_init(&b, 256);
			search_variable(s->knobs[i].name, &a);
			search_variable(s->knobs[j].name, &b);
			if (a.failed || b.failed)
				rc = cli_broken(job->cli, HG_ENOMEM);
			else if (strcmp(a.data, b.data) == 0)
				rc = cli_usage(job->cli,
					"knobs '%.60s' and '%.60s' would both be %.70s",
					s->knobs[i].name, s->knobs[j].name, a.data);
			buf_finish(&a);
			buf_finish(&b);
		}
	return rc;
}

static int read_space(struct search_job *job)
{
	const char *path = job->args->operands[0];
	hg_error why = {""};
	struct buf text;
	hg_err err;
	int rc = read_file(job, path, &text);

	if (rc == EXIT_OK) {
		err = spec_parse(
			&job->spec, text.data ? text.data : "", text.len, path_text(path), &why);
		rc = err == HG_OK ? check_variables(job) : cli_input_error(job->cli, err, &why);
	}
	buf_finish(&text);
	return rc;
}

/** Leaves the configurations of a table, and keeps what they cost. */
static int take_table(struct search_job *job, const struct vec *rows)
{
	size_t n = spec_count(&job->spec);
	bool *keep = calloc(n + 1, sizeof *keep);
	hg_error why = {""};
	hg_err err;

	job->table = calloc(2 * n + 1, sizeof *job->table);
	if (!keep || !job->table) {
		free(keep);
		return cli_broken(job->cli, HG_ENOMEM);
	}
	for (size_t i = 0; i < rows->len; i++) {
		const struct spec_row *row = vec_at(rows, i);

		if (row->config == UINT32_MAX)
			continue;
		keep[row->config] = true;
		job->table[2 * row->config] = row->time_s;
		job->table[2 * row->config + 1] = row->energy_j;
	}
	for (size_t i = 0, kept = 0; i < n; i++)
		if (keep[i]) {
			job->table[2 * kept] = job->table[2 * i];
			job->table[2 * kept++ + 1] = job->table[2 * i + 1];
		}
	err = spec_keep(&job->spec, keep, &why);
	free(keep);
	return err == HG_OK ? EXIT_OK : cli_input_error(job->cli, err, &why);
}

static int read_replay(struct search_job *job)
{
	const char *path = args_text(job->args, "table", NULL);
	struct vec rows = {0}, cells = {0};
	hg_error why = {""};
	int rc;

	if (!path)
		return EXIT_OK;
	rc = read_table(job, path, SPEC_ONE, &rows, &cells);
	if (rc == EXIT_OK && !job->spec.listed) {
		hg_err err = spec_list(&job->spec, &rows, &cells, path_text(path), &why);

		rc = err == HG_OK ? EXIT_OK : cli_input_error(job->cli, err, &why);
	}
	if (rc == EXIT_OK)
		rc = take_table(job, &rows);
	vec_finish(&rows);
	vec_finish(&cells);
	return rc;
}

void search_setting_words(const struct search_job *job, const double *cells, struct buf *out)
{
	buf_init(out, 1u << 20);
	for (size_t k = 0; k < job->spec.n_knobs; k++) {
		buf_addf(out, "%s%s=", k ? " " : "", job->spec.knobs[k].name);
		spec_cell_text(&job->spec, k, cells[k], out);
	}
}

/** What is predicted of each configuration. */
struct predictions {
	double *time_s, *energy_j, *rsd;
};

static int fill_prior(struct search_job *job, const struct vec *rows, const char *path,
	struct predictions *p, hg_search_space *space)
{
	bool with_rsd = rows->len > 0;

	for (size_t i = 0; i < rows->len; i++) {
		const struct spec_row *row = vec_at(rows, i);

		if (row->config == UINT32_MAX)
			continue;
		p->time_s[row->config] = row->time_s;
		p->energy_j[row->config] = row->energy_j;
		p->rsd[row->config] = row->rsd;
		with_rsd &= !isnan(row->rsd);
	}
	for (size_t i = 0; i < space->n_configs; i++)
		if (p->time_s[i] == 0) {
			struct buf text;
			int rc;

			search_setting_words(job, space->cells + i * space->n_knobs, &text);
			rc = cli_usage(job->cli, "%s: no prediction for %.300s", path_text(path),
				text.data ? text.data : "");
			buf_finish(&text);
			return rc;
		}
	space->prior_time_s = p->time_s;
	space->prior_energy_j = p->energy_j;
	space->prior_rsd = with_rsd ? p->rsd : NULL;
	return EXIT_OK;
}

static int fill_kin(struct search_job *job, const struct vec *rows, const struct vec *cells,
	struct predictions *p, hg_search_space *space)
{
	hg_search_kin *kin = calloc(rows->len + 1, sizeof *kin);
	hg_error why = {""};
	hg_err err;

	if (!kin)
		return cli_broken(job->cli, HG_ENOMEM);
	for (size_t i = 0; i < rows->len; i++) {
		const struct spec_row *row = vec_at(rows, i);

		kin[i] = (hg_search_kin){row->workload, 0, row->time_s, row->energy_j};
	}
	err = hg_search_transfer(space, cells->data, kin, rows->len, p->time_s, p->energy_j, &why);
	free(kin);
	if (err != HG_OK)
		return cli_input_error(job->cli, err, &why);
	space->prior_time_s = p->time_s;
	space->prior_energy_j = p->energy_j;
	return EXIT_OK;
}

static int predict(struct search_job *job, struct predictions *p, hg_search_space *space)
{
	const char *prior = args_text(job->args, "prior", NULL);
	const char *kin = args_text(job->args, "kin", NULL), *path = prior ? prior : kin;
	struct vec rows = {0}, cells = {0};
	int rc;

	if (!path)
		return EXIT_OK;
	if (!job->spec.listed)
		return cli_usage(job->cli,
			"--%s needs a space of at most %d settings: this one is not listed",
			prior ? "prior" : "kin", HG_SEARCH_MAX_CONFIGS);
	p->time_s = calloc(space->n_configs, sizeof *p->time_s);
	p->energy_j = calloc(space->n_configs, sizeof *p->energy_j);
	p->rsd = calloc(space->n_configs, sizeof *p->rsd);
	if (!p->time_s || !p->energy_j || !p->rsd)
		return cli_broken(job->cli, HG_ENOMEM);
	rc = read_table(job, path, prior ? SPEC_ONE : SPEC_KIN, &rows, &cells);
	if (rc == EXIT_OK)
		rc = prior ? fill_prior(job, &rows, path, p, space)
			   : fill_kin(job, &rows, &cells, p, space);
	vec_finish(&rows);
	vec_finish(&cells);
	return rc;
}

static int create(struct search_job *job, const hg_search_opts *opts)
{
	struct predictions p = {NULL, NULL, NULL};
	hg_search_space space;
	hg_error why = {""};
	hg_err err;
	int rc;

	spec_space(&job->spec, &space);
	rc = predict(job, &p, &space);
	if (rc == EXIT_OK) {
		err = hg_search_create(&space, opts, &job->search, &why);
		if (err != HG_OK)
			rc = cli_input_error(job->cli, err, &why);
	}
	free(p.time_s);
	free(p.energy_j);
	free(p.rsd);
	job->most = opts->max_measured ? opts->max_measured
		    : job->spec.listed ? spec_count(&job->spec)
				       : HG_SEARCH_MAX_MEASURED;
	return rc;
}

/* ----- results */

hg_err search_take(struct search_job *job, const hg_search_result *r, hg_error *why)
{
	hg_err rc = hg_search_tell(job->search, r, why);

	return rc == HG_OK ? vec_push(&job->results, r) : rc;
}

static hg_err locate(struct search_job *job, const double *cells, uint32_t *config, hg_error *why)
{
	if (!job->spec.listed)
		return hg_search_locate(job->search, cells, config, why);
	*config = spec_find(&job->spec, cells);
	return HG_OK;
}

/** A number for a setting that was garbled, which stays when its configuration's does not. */
static hg_err number_garbled(struct search_job *job, const double *cells, uint32_t *out)
{
	size_t n = job->spec.n_knobs;
	hg_err rc = HG_OK;

	for (*out = 0; *out < job->garbled.len / n; (*out)++)
		if (memcmp(vec_at(&job->garbled, *out * n), cells, n * sizeof *cells) == 0)
			return HG_OK;
	for (size_t k = 0; rc == HG_OK && k < n; k++)
		rc = vec_push(&job->garbled, &cells[k]);
	return rc;
}

hg_err search_garbled(struct search_job *job, const double *cells, bool *last, hg_error *why)
{
	hg_search_result r = {.size = sizeof r, .failed = 1};
	uint32_t number;
	hg_err rc = number_garbled(job, cells, &number);

	if (rc == HG_OK)
		rc = tries_add(&job->tries, number, last);
	if (rc != HG_OK || !*last)
		return rc;
	rc = locate(job, cells, &r.config, why);
	return rc == HG_OK ? search_take(job, &r, why) : rc;
}

/** A log as it is read: garbled attempts are held back until something else comes. */
struct reading {
	struct search_job *job;
	struct vec held; /* double: cells of each */
};

static hg_err let_go(struct reading *r, hg_error *why)
{
	hg_err rc = HG_OK;
	bool last;

	for (size_t i = 0; rc == HG_OK && i < r->held.len; i += r->job->spec.n_knobs)
		rc = search_garbled(r->job, vec_at(&r->held, i), &last, why);
	r->held.len = 0;
	return rc;
}

static hg_err take_line(void *user, const double *cells, const hg_search_result *r, hg_error *why)
{
	struct reading *reading = user;
	struct search_job *job = reading->job;
	hg_search_result located = *r;
	hg_err rc = HG_OK;

	if (r->failed == SPEC_GARBLED) {
		for (size_t k = 0; rc == HG_OK && k < job->spec.n_knobs; k++)
			rc = vec_push(&reading->held, &cells[k]);
		return rc;
	}
	rc = let_go(reading, why);
	tries_broken(&job->tries);
	if (rc == HG_OK)
		rc = locate(job, cells, &located.config, why);
	return rc == HG_OK ? search_take(job, &located, why) : rc;
}

static hg_err read_log(struct search_job *job, const struct buf *text, size_t *whole, hg_error *why)
{
	struct reading r = {.job = job};
	size_t held;
	hg_err rc;

	vec_init(&r.held, sizeof(double), (size_t)1 << 24);
	rc = spec_log_read(&job->spec, text->data ? text->data : "", text->len, job->log_path,
		take_line, &r, whole, why);
	held = r.held.len / job->spec.n_knobs;
	if (rc == HG_OK && held >= TRIES_IN_ROW)
		cli_note(job->cli,
			"%s: the last %zu outputs were no results, which ended the search: "
			"these settings are measured again",
			job->log_path, held);
	else if (rc == HG_OK)
		rc = let_go(&r, why);
	vec_finish(&r.held);
	return rc;
}

static int open_log(struct search_job *job)
{
	const char *path = args_text(job->args, "log", NULL);
	hg_error why = {""};
	struct buf text;
	size_t whole = 0;
	hg_err err;

	job->log_path = path;
	if (!path)
		return EXIT_OK;
	err = file_log_open(&job->log, path, LOG_BYTES, &text, &why);
	if (err == HG_OK)
		err = read_log(job, &text, &whole, &why);
	if (err == HG_OK && whole < text.len) {
		cli_note(job->cli, "%s: the last line is not whole and is left out", path);
		err = file_log_cut(&job->log, path, whole, &why);
	}
	buf_finish(&text);
	job->resumed = job->results.len;
	return err == HG_OK ? EXIT_OK : cli_input_error(job->cli, err, &why);
}

int search_job_open(struct cli *cli, const struct args *args, const hg_search_opts *opts,
	struct search_job **out)
{
	struct search_job *job = calloc(1, sizeof *job);
	int rc;

	*out = job;
	if (!job)
		return cli_broken(cli, HG_ENOMEM);
	job->cli = cli;
	job->args = args;
	job->log.fd = -1;
	vec_init(&job->results, sizeof(hg_search_result), (size_t)1 << 24);
	vec_init(&job->garbled, sizeof(double), (size_t)1 << 24);
	vec_init(&job->again, sizeof(uint32_t), (size_t)1 << 24);
	tries_init(&job->tries);
	rc = read_space(job);
	if (rc == EXIT_OK)
		rc = read_replay(job);
	if (rc == EXIT_OK)
		rc = create(job, opts);
	return rc == EXIT_OK ? open_log(job) : rc;
}

void search_job_close(struct search_job *job)
{
	if (!job)
		return;
	file_log_close(&job->log);
	hg_search_destroy(job->search);
	spec_finish(&job->spec);
	vec_finish(&job->results);
	vec_finish(&job->again);
	vec_finish(&job->garbled);
	tries_finish(&job->tries);
	free(job->table);
	free(job);
}

const double *search_cells(const struct search_job *job, uint32_t config)
{
	return hg_search_cells(job->search, config);
}

int search_log(struct search_job *job, const hg_search_result *r, const char *failed)
{
	hg_error why = {""};
	struct buf line;
	hg_err err;

	if (!job->log_path)
		return EXIT_OK;
	buf_init(&line, 1u << 20);
	spec_log_line(&job->spec, r, search_cells(job, r->config), failed, &line);
	err = line.failed ? line.failed
			  : file_log_add(&job->log, job->log_path, line.data, line.len, &why);
	buf_finish(&line);
	return err == HG_OK ? EXIT_OK : cli_output_error(job->cli, err, &why);
}

int search_keep(struct search_job *job, const hg_search_result *r, const char *failed)
{
	hg_error why = {""};
	/* to the log first: what the search knows must survive it */
	int rc = search_log(job, r, failed);
	hg_err err;

	if (rc != EXIT_OK)
		return rc;
	err = search_take(job, r, &why);
	return err == HG_OK ? EXIT_OK : cli_input_error(job->cli, err, &why);
}

/* ----- reporting */

static void tell_json(struct search_job *job, const hg_search_state *now, const char *path)
{
	struct json_out j;

	json_out_init(&j, &job->cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.search/1");
	json_kv_string(&j, "name", job->spec.name);
	json_kv_string(&j, "file", path);
	json_kv_number(&j, "configurations", now->combinations);
	json_kv_bool(&j, "listed", job->spec.listed);
	json_kv_int(&j, "candidates", now->candidates);
	json_kv_int(&j, "points", now->points);
	json_kv_int(&j, "measured", now->measured);
	json_kv_int(&j, "failed", now->failed);
	json_kv_int(&j, "resumed", (int64_t)job->resumed);
	json_kv_bool(&j, "certified", now->certified);
	json_kv_number(&j, "epsilon_bound", now->epsilon_bound);
	json_kv_number(&j, "escape", now->escape);
	json_kv_number(&j, "escape_drawn", now->escape_drawn);
	json_key(&j, "results");
	json_open(&j, '[', false);
	for (size_t i = 0; i < job->results.len; i++) {
		const hg_search_result *r = vec_at(&job->results, i);
		struct buf line;

		buf_init(&line, 1u << 20);
		spec_log_line(&job->spec, r, search_cells(job, r->config), NULL, &line);
		if (line.failed)
			job->cli->out.failed = line.failed;
		else
			json_put_raw(&j, line.data, line.len - 1);
		buf_finish(&line);
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&job->cli->out, '\n');
}

/** What a certificate says of a space that is not listed. */
static void tell_candidates(struct buf *out, const hg_search_state *now)
{
	double off = 100 * now->epsilon_bound;

	if (now->certified)
		buf_addf(out,
			"; certified among %u candidates: none is better by more than %.3g %%",
			now->candidates, off);
	else
		buf_addf(out, "; not certified: one of %u candidates may be better by %.3g %%",
			now->candidates, off);
	buf_addf(out, "; a setting drawn from all is not covered with probability %.2g\n",
		now->escape_drawn);
}

static void tell(struct search_job *job, const hg_search_state *now, const char *path)
{
	struct buf *out = &job->cli->out;

	buf_addf(out, "%s: %u point%s of %u measured settings, of ", path, now->points,
		now->points == 1 ? "" : "s", now->measured);
	if (job->spec.listed)
		buf_addf(out, "%zu", spec_count(&job->spec));
	else
		buf_addf(out, "%.3g combinations", now->combinations);
	if (now->failed)
		buf_addf(out, " (%u failed)", now->failed);
	if (!job->spec.listed)
		tell_candidates(out, now);
	else if (now->left + now->pending == 0)
		buf_adds(out, "; all that there are\n");
	else if (now->certified)
		buf_addf(out, "; certified: nothing is better by more than %.3g %%\n",
			100 * now->epsilon_bound);
	else
		buf_addf(out, "; not certified: something may be better by %.3g %%\n",
			100 * now->epsilon_bound);
}

/** As "frontier plot" draws it. */
static hg_err draw(struct search_job *job, const hg_frontier *f, const char *path)
{
	const struct plot_series series = {job->spec.name[0] ? job->spec.name : path, f};
	const struct plot plot = {.title = series.name,
		.work_unit = job->spec.work_unit,
		.series = &series,
		.n_series = 1};

	return plot_terminal(
		&job->cli->out, &plot, job->cli->width, PLOT_TERMINAL_ROWS, job->cli->utf8);
}

int search_job_report(struct search_job *job, int rc)
{
	const char *path = args_text(job->args, "output", "-");
	hg_search_state now = {.size = sizeof now};
	hg_frontier *f = NULL;
	hg_error why = {""};
	hg_err err = hg_search_look(job->search, &now, &why);
	int code;

	if (err == HG_OK && now.measured == 0) {
		if (now.failed)
			cli_note(job->cli,
				"nothing was measured, all %u settings that were tried failed: no "
				"frontier",
				now.failed);
		else
			cli_note(job->cli, "nothing was measured: no frontier");
		return rc == EXIT_OK ? EXIT_INFEASIBLE : rc;
	}
	if (err == HG_OK)
		err = hg_search_frontier(job->search, &f, &why);
	if (err != HG_OK)
		return cli_input_error(job->cli, err, &why);
	code = frontier_save(job->cli, f, path);
	if (code == EXIT_OK && rc == EXIT_INTERRUPTED)
		cli_note(job->cli, "interrupted; what was measured was written");
	if (code == EXIT_OK && strcmp(path, "-") != 0) {
		if (args_has(job->args, "json"))
			tell_json(job, &now, path);
		else
			tell(job, &now, path);
		if (args_has(job->args, "plot"))
			err = draw(job, f, path);
	}
	hg_frontier_destroy(f);
	if (err != HG_OK)
		return cli_broken(job->cli, err);
	return code == EXIT_OK ? rc : code;
}
