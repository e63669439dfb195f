/* A search measures: a table that is replayed, or commands. */
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"
#include "search-parts.h"

#define WAIT_MS 50
/* failures in a row after which a search ends, where nothing else is asked for */
#define GIVE_UP 16

static int replay(struct search_job *job)
{
	uint32_t config;
	size_t n;
	hg_error why = {""};
	int rc = EXIT_OK;

	while (rc == EXIT_OK && !watch_poll(&job->watch)) {
		hg_search_result r = {.size = sizeof r};
		hg_err err = hg_search_next(job->search, 1, &config, &n, &why);

		if (err != HG_OK)
			return cli_input_error(job->cli, err, &why);
		if (n == 0)
			return EXIT_OK;
		r.config = config;
		r.time_s = job->table[2 * config];
		r.energy_j = job->table[2 * config + 1];
		r.time_rsd = r.energy_rsd = NAN;
		rc = search_keep(job, &r, NULL);
		(void)watch_progress(&job->watch, "replaying", job->results.len, job->most);
	}
	return rc == EXIT_OK ? EXIT_INTERRUPTED : rc;
}

/** Environment of a command: a variable for each knob. */
static hg_err environment(struct search_job *job, uint32_t config, struct buf *text,
	const char *env[HG_SEARCH_MAX_KNOBS + 1])
{
	const double *cells = search_cells(job, config);
	size_t at[HG_SEARCH_MAX_KNOBS];

	for (size_t k = 0; k < job->spec.n_knobs; k++) {
		at[k] = text->len;
		search_variable(job->spec.knobs[k].name, text);
		buf_addc(text, '=');
		spec_cell_text(&job->spec, k, cells[k], text);
		buf_addc(text, '\0');
	}
	if (text->failed)
		return text->failed;
	for (size_t k = 0; k < job->spec.n_knobs; k++)
		env[k] = text->data + at[k];
	env[job->spec.n_knobs] = NULL;
	return HG_OK;
}

static int begin(struct search_job *job, uint32_t config, struct measure *m)
{
	const char *env[HG_SEARCH_MAX_KNOBS + 1];
	struct buf text;
	hg_err err;
	int rc;

	buf_init(&text, 1u << 20);
	err = environment(job, config, &text, env);
	m->config = config;
	rc = err != HG_OK ? cli_broken(job->cli, err)
			  : measure_start(job->cli, args_text(job->args, "measure", ""), env,
				    args_number(job->args, "timeout", 0), job->log.fd, m);
	buf_finish(&text);
	return rc;
}

/** The only line of JSON: what else there is may be a program's talk. */
static hg_err read_output(const struct measure_end *end, hg_search_result *r, hg_error *why)
{
	struct slice rest = {end->text, end->len}, found;
	char other[MEASURE_OTHER];

	if (end->len == MEASURE_TEXT)
		return fail(why, HG_EFORMAT, "the command's output: more than %d bytes of JSON",
			MEASURE_TEXT);
	memcpy(other, end->other, sizeof other);
	other[sizeof other - 1] = '\0';
	text_clean(other);
	if (end->len == 0 && other[0])
		return fail(why, HG_EFORMAT,
			"the command's output: no line of JSON; it begins with \"%s\"", other);
	if (end->len == 0)
		return fail(why, HG_EFORMAT,
			"the command printed nothing; expected {\"time_s\": ..., \"energy_j\": ...}");
	found = slice_trim(slice_cut(&rest, '\n'));
	if (rest.text && slice_trim(rest).len > 0)
		return fail(why, HG_EFORMAT, "the command's output: more than one line of JSON");
	return spec_result(found.text, found.len, "the command's output", end->line, r, why);
}

static void note(struct search_job *job, uint32_t config, const char *what)
{
	struct buf text;

	search_setting_words(job, search_cells(job, config), &text);
	cli_note(job->cli, "%.300s: %s", text.data ? text.data : "", what);
	buf_finish(&text);
}

/** Takes an end that says nothing of the setting. */
static int finish_garbled(struct search_job *job, uint32_t config, const char *what)
{
	hg_search_result r = {.size = sizeof r, .config = config, .failed = SPEC_GARBLED};
	hg_error why = {""};
	bool last = false;
	hg_err err;
	int rc;

	note(job, config, what);
	rc = search_log(job, &r, what);
	if (rc != EXIT_OK)
		return rc;
	err = search_garbled(job, search_cells(job, config), &last, &why);
	if (err == HG_OK && tries_over(&job->tries))
		return cli_usage(job->cli,
			"%d measurements in a row gave no result: "
			"the command is wrong, not the settings",
			TRIES_IN_ROW);
	if (err == HG_OK && !last)
		err = vec_push(&job->again, &config);
	return err == HG_OK ? EXIT_OK : cli_input_error(job->cli, err, &why);
}

/** A command that the shell could not run is no setting's fault. */
static bool is_not_run(int code)
{
	return code == 126 || code == 127;
}

/** How a failure ended, for the log. */
static void say_end(const struct measure_end *end, char *text, size_t room)
{
	static const char *const could_not[] = {"not executable", "not found"};

	if (end->timed_out)
		(void)snprintf(text, room, "timed out");
	else if (is_not_run(end->code))
		(void)snprintf(text, room, "exit status %d: a command is %s", end->code,
			could_not[end->code - 126]);
	else
		(void)snprintf(text, room, "exit status %d", end->code);
}

/** Counts what failed in a row. */
static void count_failure(struct search_job *job, bool failed)
{
	double most = args_number(job->args, "give-up", GIVE_UP);

	job->failed_in_row = failed ? job->failed_in_row + 1 : 0;
	if ((double)job->failed_in_row < most)
		return;
	job->gave_up = true;
	cli_note(job->cli, "%.0f measurements in a row failed; --give-up allows more", most);
}

/** Takes what a command has found. */
static int finish(struct search_job *job, struct measure *m)
{
	const struct measure_end *end = &m->end;
	hg_search_result r = {.size = sizeof r, .config = m->config};
	hg_error why = {""};
	char failed[80] = "said so";

	if (end->own_code != EXIT_OK)
		return end->own_code;
	if (end->interrupted)
		return EXIT_INTERRUPTED;
	if (end->left_behind)
		note(job, m->config, "processes that the command left behind were ended");
	r.failed = end->timed_out || end->code != 0;
	if (r.failed)
		say_end(end, failed, sizeof failed);
	else if (read_output(end, &r, &why) != HG_OK)
		return finish_garbled(job, m->config, why.text);
	if (r.failed && !end->timed_out && is_not_run(end->code))
		return finish_garbled(job, m->config, failed);
	tries_broken(&job->tries);
	if (r.failed)
		note(job, m->config, failed);
	count_failure(job, r.failed);
	return search_keep(job, &r, failed);
}

/** Which to start: those that are tried again, then what the search proposes. */
static hg_err choose(
	struct search_job *job, size_t want, uint32_t *configs, size_t *n, hg_error *why)
{
	size_t proposed = 0;
	hg_err err = HG_OK;

	*n = 0;
	while (*n < want && job->again.len > 0)
		configs[(*n)++] = *(uint32_t *)vec_at(&job->again, --job->again.len);
	if (*n < want)
		err = hg_search_next(job->search, want - *n, configs + *n, &proposed, why);
	*n += proposed;
	return err;
}

/** Starts as many as there is room for. @return through `running` how many run */
static int refill(struct search_job *job, size_t slots, size_t *running)
{
	uint32_t configs[SEARCH_AT_ONCE];
	hg_error why = {""};
	size_t n = 0, at = 0;
	hg_err err;
	int rc = EXIT_OK;

	if (*running == slots)
		return EXIT_OK;
	err = choose(job, slots - *running, configs, &n, &why);
	if (err != HG_OK)
		return cli_input_error(job->cli, err, &why);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++) {
		while (job->running[at].pid > 0)
			at++;
		rc = begin(job, configs[i], &job->running[at]);
		*running += rc == EXIT_OK;
	}
	return rc;
}

static int measure(struct search_job *job, size_t slots)
{
	size_t running = 0;
	int rc = EXIT_OK;

	while (rc == EXIT_OK && !job->gave_up) {
		size_t ended;

		rc = refill(job, slots, &running);
		if (rc != EXIT_OK || running == 0)
			break;
		ended = measure_wait(job->running, slots, WAIT_MS);
		if (watch_poll(&job->watch))
			rc = EXIT_INTERRUPTED;
		else if (ended < slots) {
			running--;
			rc = finish(job, &job->running[ended]);
		}
		(void)watch_progress(&job->watch, "measuring", job->results.len, job->most);
	}
	measure_stop(job->running, slots);
	return rc;
}

int search_job_run(struct search_job *job)
{
	int rc;

	watch_begin(&job->watch, job->cli);
	watch_keep_term(&job->watch);
	rc = job->table ? replay(job) : measure(job, (size_t)args_number(job->args, "parallel", 1));
	watch_end(&job->watch);
	return rc;
}
