/* Jobs. */
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/fail.h"
#include "core/text.h"
#include "core/vec.h"
#include "inside.h"

#define COLUMNS    "name, spec, created_ms, clock_ms, trials, ended"
#define NAMES_MOST 100000
#define TEXT_MAX   ((size_t)1 << 16)

bool store_name_fits(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < STORE_NAME &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/") ==
		       n;
}

/* One row, into a job. */
struct taking {
	struct store *s;
	struct store_job *job;
	job_fn each;
	void *user;
	size_t n;
	hg_error *why;
};

static hg_err take_job(void *user, const struct value *row, size_t n)
{
	struct taking *t = user;
	const char *spec = n > 1 && row[1].type == VALUE_TEXT ? row[1].s : "";
	char origin[STORE_NAME + 64];
	hg_err err;

	if (n != 6)
		return fail(t->why, HG_EINTERNAL, "a job of %zu columns", n);
	row_text(&row[0], t->job->name, sizeof t->job->name);
	memcpy(origin, "the spec of job ", 17);
	memcpy(origin + 16, t->job->name, strlen(t->job->name) + 1);
	t->job->created_ms = row_int(&row[2]);
	t->job->clock_ms = row_int(&row[3]);
	t->job->trials = row_int(&row[4]);
	t->job->ended = row_int(&row[5]);
	t->n++;
	err = store_spec_read(spec, strlen(spec), origin, &t->job->spec, t->why);
	return err == HG_OK && t->each ? t->each(t->user, t->job) : err;
}

hg_err store_job_add(struct store *s, const char *name, const struct store_spec *spec,
	int64_t created_ms, hg_error *why)
{
	struct buf text;
	int64_t added = 0;
	hg_err err;

	if (!store_name_fits(name))
		return fail(why, HG_EINVAL,
			"'%.60s' cannot be a job's name: 1 to 128 of letters, digits and . _ - /",
			name);
	buf_init(&text, TEXT_MAX);
	store_spec_json(&text, spec);
	err = text.failed;
	if (err == HG_OK) {
		const struct value args[] = {value_text(name), value_text(text.data),
			value_int(created_ms), value_int(s->now_ms)};

		err = store_run(s, ST_JOB_ADD,
			"INSERT INTO hg_job (name, spec, created_ms, wall_ms, clock_ms, trials, "
			"ended) VALUES ($1, $2, $3, $4, 0, 0, 0) ON CONFLICT (name) DO NOTHING",
			args, 4, NULL, NULL, &added, why);
	}
	buf_finish(&text);
	if (err == HG_OK && added != 1)
		err = fail(why, HG_EINVAL, "there is a job '%s' already", name);
	return err;
}

/* ----- the nearest name, for errors */

struct names {
	struct arena arena;
	struct vec list;
};

static hg_err take_name(void *user, const struct value *row, size_t n)
{
	struct names *names = user;
	const char *name =
		n == 1 && row[0].type == VALUE_TEXT ? arena_strdup(&names->arena, row[0].s) : NULL;

	return name ? vec_push(&names->list, &name) : HG_ENOMEM;
}

static hg_err absent(struct store *s, const char *name, hg_error *why)
{
	struct names names;
	const char *near = NULL;
	hg_err err;

	arena_init(&names.arena, (size_t)1 << 26);
	vec_init(&names.list, sizeof(char *), NAMES_MOST);
	err = store_run(s, ST_NAMES, "SELECT name FROM hg_job ORDER BY name LIMIT 100000", NULL, 0,
		take_name, &names, NULL, NULL);
	if (err == HG_OK && names.list.len > 0)
		near = nearest_word(name, names.list.data, names.list.len);
	(void)fail(why, HG_ENOENT,
		near ? "%s: no job '%.80s'; did you mean '%s'?" : "%s: no job '%.80s'",
		store_title(s), name, near);
	arena_finish(&names.arena);
	vec_finish(&names.list);
	return HG_ENOENT;
}

hg_err store_job_get(struct store *s, const char *name, struct store_job *out, hg_error *why)
{
	struct taking t = {.s = s, .job = out, .why = why};
	const struct value args[] = {value_text(name)};
	hg_err err = store_run(s, ST_JOB_GET, "SELECT " COLUMNS " FROM hg_job WHERE name = $1",
		args, 1, take_job, &t, NULL, why);

	return err == HG_OK && t.n == 0 ? absent(s, name, why) : err;
}

/*
 * The job's time is the sum of the steps forward that its transactions have seen the wall clock
 * make. A clock that jumps back costs one step; it makes no lease longer than that.
 */
hg_err store_job_hold(struct store *s, const char *name, struct store_job *out, hg_error *why)
{
	struct taking t = {.s = s, .job = out, .why = why};
	const struct value args[] = {value_text(name), value_int(s->now_ms)};
	hg_err err = store_run(s, ST_JOB_HOLD,
		"UPDATE hg_job SET clock_ms = clock_ms + CASE WHEN $2 > wall_ms THEN $2 - wall_ms "
		"ELSE 0 END, wall_ms = $2 WHERE name = $1 RETURNING " COLUMNS,
		args, 2, take_job, &t, NULL, why);

	return err == HG_OK && t.n == 0 ? absent(s, name, why) : err;
}

hg_err store_job_count(struct store *s, const struct store_job *job, hg_error *why)
{
	const struct value args[] = {
		value_text(job->name), value_int(job->trials), value_int(job->ended)};

	return store_run(s, ST_JOB_COUNT,
		"UPDATE hg_job SET trials = $2, ended = $3 WHERE name = $1", args, 3, NULL, NULL,
		NULL, why);
}

hg_err store_jobs(struct store *s, job_fn each, void *user, hg_error *why)
{
	struct store_job *job = malloc(sizeof *job);
	struct taking t = {.s = s, .job = job, .each = each, .user = user, .why = why};
	hg_err err;

	if (!job)
		return fail(why, HG_ENOMEM, "no memory");
	err = store_run(s, ST_JOBS, "SELECT " COLUMNS " FROM hg_job ORDER BY name", NULL, 0,
		take_job, &t, NULL, why);
	free(job);
	return err;
}

/* ----- kin */

hg_err store_kin_add(struct store *s, const char *job, const struct store_kin *kin, hg_error *why)
{
	const struct value args[] = {value_text(job), value_text(kin->job), value_int(kin->kin)};

	return store_run(s, ST_KIN_ADD,
		"INSERT INTO hg_kin (job, other, kin) VALUES ($1, $2, $3) "
		"ON CONFLICT (job, other) DO NOTHING",
		args, 3, NULL, NULL, NULL, why);
}

struct taking_kin {
	kin_fn each;
	void *user;
};

static hg_err take_kin(void *user, const struct value *row, size_t n)
{
	struct taking_kin *t = user;
	struct store_kin kin;

	if (n != 2)
		return HG_EINTERNAL;
	row_text(&row[0], kin.job, sizeof kin.job);
	kin.kin = (uint32_t)row_int(&row[1]);
	return t->each(t->user, &kin);
}

hg_err store_kins(struct store *s, const char *job, kin_fn each, void *user, hg_error *why)
{
	struct taking_kin t = {each, user};
	const struct value args[] = {value_text(job)};

	return store_run(s, ST_KINS, "SELECT other, kin FROM hg_kin WHERE job = $1 ORDER BY other",
		args, 1, take_kin, &t, NULL, why);
}
