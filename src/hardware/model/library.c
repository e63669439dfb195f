/* Finding device and workload files: a path, the data directory, what was compiled in, aliases. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/embedded.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/text.h"

#include "model.h"

/** Most compiled-in workloads that a "did you mean" looks at. */
#define WORDS_MAX 256
/* Room for a name as a driver says it. */
#define NAME_ROOM 96

/** Text of a file, wherever it came from. */
struct source_text {
	struct buf file; /* content, when it was read from a file */
	struct buf path; /* what it is called in errors */
	const char *text;
	size_t len;
};

static void source_finish(struct source_text *s)
{
	buf_finish(&s->file);
	buf_finish(&s->path);
}

static const struct embedded *embedded_find(const struct embedded *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

static bool is_path(const char *name)
{
	size_t len = strlen(name);

	return strchr(name, '/') || (len >= 5 && !strcmp(name + len - 5, ".json"));
}

static hg_err source_file(struct source_text *s, hg_error *why)
{
	hg_err rc = file_read(s->path.data, MODEL_FILE_MAX, &s->file, why);

	s->text = s->file.data ? s->file.data : "";
	s->len = s->file.len;
	return rc;
}

/**
 * Looks for a file by path, in data_dir, among those compiled in.
 * @return HG_ENOENT without a text when there is no such name
 */
static hg_err source_find(struct source_text *s, const char *name, const char *data_dir,
	const char *folder, const struct embedded *table, hg_error *why)
{
	const struct embedded *e;
	hg_err rc;

	memset(s, 0, sizeof *s);
	buf_init(&s->path, 1 << 16);
	if (is_path(name)) {
		if (buf_adds(&s->path, name))
			return fail(why, s->path.failed, "%.64s: path too long", name);
		return source_file(s, why);
	}
	if (data_dir) {
		if (buf_addf(&s->path, "%s/%s/%s.json", data_dir, folder, name))
			return fail(why, s->path.failed, "%.64s: path too long", data_dir);
		rc = source_file(s, why);
		if (rc != HG_ENOENT)
			return rc;
		buf_clear(&s->path);
		if (why)
			why->text[0] = '\0';
	}
	e = embedded_find(table, name);
	if (!e)
		return HG_ENOENT;
	s->text = e->text;
	s->len = e->len;
	if (buf_addf(&s->path, "%s/%s.json", folder, name))
		return fail(why, s->path.failed, "%s: out of memory", name);
	return HG_OK;
}

/** Walks the compiled-in models. @return the one that fn said yes to: destroy it; or NULL */
static hg_model *models_search(bool (*fn)(void *user, const hg_model *m), void *user)
{
	for (const struct embedded *e = embedded_devices; e->name; e++) {
		hg_model *m;

		if (model_parse(e->text, e->len, e->name, &m, NULL))
			continue;
		if (fn(user, m))
			return m;
		hg_model_destroy(m);
	}
	return NULL;
}

static bool has_alias(void *user, const hg_model *m)
{
	for (size_t i = 0; i < m->n_aliases; i++)
		if (!strcmp(m->aliases[i], user))
			return true;
	return false;
}

/* The table's own text of a model's name, which outlives the model. */
static const char *lasting_name(const hg_model *m)
{
	const struct embedded *e = embedded_find(embedded_devices, m->name);

	return e ? e->name : NULL;
}

static const char *alias_find(const char *alias)
{
	hg_model *m = models_search(has_alias, (void *)(uintptr_t)alias);
	const char *name = m ? lasting_name(m) : NULL;

	hg_model_destroy(m);
	return name;
}

/* "NVIDIA A100-SXM4-80GB", as a driver says, is "a100-sxm4-80gb" in device files. */
static void plain_name(const char *said, char name[NAME_ROOM])
{
	static const char *const makers[] = {"nvidia ", "amd ", "instinct ", "tesla "};
	char low[NAME_ROOM] = "", *at = low;

	for (size_t i = 0; i < NAME_ROOM - 1 && said[i]; i++)
		low[i] = (char)tolower((unsigned char)said[i]);
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
		if (strncmp(at, makers[i], strlen(makers[i])) == 0)
			at += strlen(makers[i]);
	memset(name, 0, NAME_ROOM);
	for (size_t i = 0; at[i]; i++)
		name[i] = at[i] == ' ' ? '-' : at[i];
}

/* Name of the compiled-in model that is called so; NULL where none is. */
static const char *name_find(const char *said)
{
	const char *name = alias_find(said);
	char plain[NAME_ROOM];
	const struct embedded *e;

	if (name)
		return name;
	plain_name(said, plain);
	if (!strcmp(plain, said))
		return NULL;
	e = embedded_find(embedded_devices, plain);
	return e ? e->name : alias_find(plain);
}

/** The nearest model so far. */
struct nearest {
	const char *wrong;
	const char *best;
	size_t distance, shared; /* edits; bytes at the beginning that are the same */
};

static size_t beginning_shared(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static bool nearest_consider(void *user, const hg_model *m)
{
	struct nearest *n = user;

	for (size_t i = 0; i <= m->n_aliases; i++) {
		const char *word = i < m->n_aliases ? m->aliases[i] : m->name;
		size_t distance = edit_distance(n->wrong, word);
		size_t shared = beginning_shared(n->wrong, word);

		/* "h10" is rather "h100" than "a10" */
		if (distance > n->distance || (distance == n->distance && shared <= n->shared))
			continue;
		if (nearest_word(n->wrong, &word, 1)) {
			n->distance = distance;
			n->shared = shared;
			n->best = lasting_name(m);
		}
	}
	return false;
}

const char *model_nearest(const char *wrong)
{
	struct nearest n = {.wrong = wrong, .distance = SIZE_MAX};

	hg_model_destroy(models_search(nearest_consider, &n));
	return n.best;
}

/* Names, as many as there is room for. */
static void list_names(const struct embedded *table, char *text, size_t room)
{
	static const char more[] = ", ...";
	size_t used = 0;

	text[0] = '\0';
	for (; table->name; table++) {
		size_t len = strlen(table->name);

		if (used + len + 2 + sizeof more > room) {
			memcpy(text + used, more, sizeof more);
			return;
		}
		if (used) {
			memcpy(text + used, ", ", 2);
			used += 2;
		}
		memcpy(text + used, table->name, len + 1);
		used += len;
	}
}

static hg_err unknown(const char *what, const char *name, const char *near,
	const struct embedded *table, hg_error *why)
{
	char names[160];

	list_names(table, names, sizeof names);
	if (near)
		return fail(why, HG_ENOENT, "no %s \"%.48s\"; did you mean \"%s\"? There is: %s",
			what, name, near, names);
	return fail(why, HG_ENOENT, "no %s \"%.48s\"; there is: %s", what, name, names);
}

hg_err hg_model_load(const char *name_or_path, const char *data_dir, hg_model **out, hg_error *why)
{
	struct source_text s;
	hg_err rc;

	*out = NULL;
	if (why)
		why->text[0] = '\0';
	rc = source_find(&s, name_or_path, data_dir, "devices", embedded_devices, why);
	if (rc == HG_ENOENT && !is_path(name_or_path)) {
		const char *name = name_find(name_or_path);

		source_finish(&s);
		rc = name ? source_find(&s, name, data_dir, "devices", embedded_devices, why)
			  : unknown("device model", name_or_path, model_nearest(name_or_path),
				    embedded_devices, why);
		if (!name)
			return rc;
	}
	if (!rc)
		rc = model_parse(s.text, s.len, s.path.data, out, why);
	source_finish(&s);
	return rc;
}

const char *hg_model_builtin(size_t i)
{
	for (const struct embedded *e = embedded_devices; e->name; e++)
		if (i-- == 0)
			return e->name;
	return NULL;
}

static const char *workload_nearest(const char *wrong)
{
	const char *names[WORDS_MAX];
	size_t n = 0;

	for (const struct embedded *e = embedded_workloads; e->name && n < WORDS_MAX; e++)
		names[n++] = e->name;
	return nearest_word(wrong, names, n);
}

hg_err hg_workload_load(
	const char *name_or_path, const char *data_dir, hg_workload **out, hg_error *why)
{
	struct source_text s;
	hg_err rc;

	*out = NULL;
	if (why)
		why->text[0] = '\0';
	rc = source_find(&s, name_or_path, data_dir, "workloads", embedded_workloads, why);
	if (rc == HG_ENOENT && !is_path(name_or_path))
		rc = unknown("workload", name_or_path, workload_nearest(name_or_path),
			embedded_workloads, why);
	if (!rc)
		rc = workload_parse(s.text, s.len, s.path.data, out, why);
	source_finish(&s);
	return rc;
}

const char *hg_workload_builtin(size_t i)
{
	for (const struct embedded *e = embedded_workloads; e->name; e++)
		if (i-- == 0)
			return e->name;
	return NULL;
}
