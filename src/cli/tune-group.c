/* Ranks of one job that tune as a group, by files. */
#define _GNU_SOURCE
#include "tune-group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/file.h"
#include "core/json.h"
#include "core/number.h"

#define PATH_ROOM   4096
#define GROUP_BYTES ((size_t)1 << 16)
#define PATIENCE_S  60.0
/* Files of others are read that often at most. */
#define READ_NS INT64_C(50000000)

const struct option tune_group_options[] = {
	{.name = "group",
		.kind = OPTION_FILE,
		.value = "FILE",
		.text = "tune together with other ranks, by FILE.0, FILE.1, ..."},
	{.name = "rank",
		.kind = OPTION_COUNT,
		.min = 0,
		.max = GROUP_RANKS - 1,
		.value = "N",
		.fallback = "what the launcher says",
		.text = "which one this is, from 0"},
	{.name = "ranks",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = GROUP_RANKS,
		.value = "N",
		.fallback = "what the launcher says",
		.text = "how many there are"},
	{.name = "patience",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 0.1,
		.max = 1e9,
		.value = "TIME",
		.fallback = "1 min",
		.text = "give up a rank that tells nothing for so long"},
	{.name = NULL},
};

uint64_t tune_digest(uint64_t digest, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
	return digest;
}

/* ----- beginning */

/* A whole number that a launcher sets. */
static bool from_launcher(const char *const *names, double *out)
{
	for (; *names; names++) {
		const char *text = getenv(*names);

		if (text && text[0])
			return double_parse(text, strlen(text), false, out) && *out >= 0 &&
			       *out <= GROUP_RANKS && *out == floor(*out);
	}
	return false;
}

static uint64_t token_new(void)
{
	struct timespec now = {0, 0};
	const pid_t pid = getpid();
	char host[256] = "";

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gethostname(host, sizeof host - 1);
	return tune_digest(
		tune_digest(tune_digest(TUNE_DIGEST, host, strlen(host)), &pid, sizeof pid), &now,
		sizeof now);
}

int tune_group_open(struct cli *cli, const struct args *args, struct tune_group *g)
{
	static const char *const rank_names[] = {
		"RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID", NULL};
	static const char *const ranks_names[] = {
		"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS", NULL};
	double rank = args_number(args, "rank", -1), ranks = args_number(args, "ranks", -1);

	g->file = args_text(args, "group", NULL);
	g->ranks = 1;
	for (const struct option *o = tune_group_options + 1; o->name && !g->file; o++)
		if (args_has(args, o->name))
			return cli_usage(cli, "--%s goes with --group", o->name);
	if (!g->file)
		return EXIT_OK;
	if ((rank < 0 && !from_launcher(rank_names, &rank)) ||
		(ranks < 1 && !from_launcher(ranks_names, &ranks)) || ranks < 1)
		return cli_usage(cli, "--group: no launcher says which rank this is and of how "
				      "many: give --rank and --ranks");
	if (rank >= ranks)
		return cli_usage(cli, "--rank %.0f: of %.0f ranks the last one is %.0f", rank,
			ranks, ranks - 1);
	if (strlen(g->file) > PATH_ROOM - 16)
		return cli_usage(cli, "--group: the name is too long");
	g->rank = (uint32_t)rank;
	g->ranks = (uint32_t)ranks;
	g->patience_s = args_number(args, "patience", PATIENCE_S);
	g->token = token_new();
	g->all = calloc(g->ranks, sizeof *g->all);
	g->have = calloc(g->ranks, sizeof *g->have);
	return g->all && g->have ? EXIT_OK : cli_broken(cli, HG_ENOMEM);
}

/* ----- one's own file */

static void path_of(const struct tune_group *g, uint32_t rank, char path[PATH_ROOM])
{
	(void)snprintf(path, PATH_ROOM, "%.*s.%u", PATH_ROOM - 16, g->file, rank);
}

static void put_hex(struct json_out *j, const char *key, uint64_t v)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%016llx", (unsigned long long)v);
	json_kv_string(j, key, text);
}

/* What of a summary is told, in this order. */
#define FIGURES(X)                                                                                 \
	X(steps)                                                                                   \
	X(time_s)                                                                                  \
	X(time_rsd)                                                                                \
	X(power_w)                                                                                 \
	X(power_rsd)                                                                               \
	X(all_steps)                                                                               \
	X(all_time_s)                                                                              \
	X(all_energy_j)                                                                            \
	X(now_s)                                                                                   \
	X(longest_s)                                                                               \
	X(reading_s)

static void put_summary(struct json_out *j, const hg_tune_summary *s)
{
	json_open(j, '{', true);
	json_kv_int(j, "stretch", s->stretch);
	json_kv_int(j, "setting", s->setting);
	json_kv_bool(j, "refused", s->refused != 0);
#define PUT(name) json_kv_number(j, #name, s->name);
	FIGURES(PUT)
#undef PUT
	json_close(j, '}');
}

static hg_err write_own(const struct tune_group *g, hg_error *why)
{
	char path[PATH_ROOM];
	struct json_out j;
	struct buf out;
	hg_err rc;

	buf_init(&out, GROUP_BYTES);
	json_out_init(&j, &out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.group/1");
	json_kv_int(&j, "rank", g->rank);
	json_kv_int(&j, "ranks", g->ranks);
	put_hex(&j, "run", g->token);
	put_hex(&j, "settings", g->settings);
	put_hex(&j, "group", g->digest);
	json_kv_bool(&j, "ended", g->ended);
	json_key(&j, "summaries");
	json_open(&j, '[', false);
	for (size_t i = 0; i < g->n_told; i++)
		put_summary(&j, &g->told[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&out, '\n');
	path_of(g, g->rank, path);
	rc = out.failed != HG_OK ? fail(why, out.failed, "out of memory")
				 : file_write(path, out.data, out.len, why);
	buf_finish(&out);
	return rc;
}

hg_err tune_group_begin(struct tune_group *g, uint64_t settings, hg_error *why)
{
	g->settings = settings;
	return g->file ? write_own(g, why) : HG_OK;
}

/* ----- the others' */

/** What the file of a rank says. */
struct told {
	uint64_t token, settings, digest;
	double ranks;
	bool ended, found; /* found: it has a summary of the stretch asked for */
	hg_tune_summary summary;
};

static hg_err need_hex(const struct json_doc *d, const char *key, uint64_t *out, hg_error *why)
{
	const char *text;
	hg_err rc = json_need_string(d, d->root, key, &text, why);

	if (rc == HG_OK)
		*out = strtoull(text, NULL, 16);
	return rc;
}

static hg_err read_summary(
	const struct json_doc *d, const struct json *v, hg_tune_summary *s, hg_error *why)
{
	const struct json *refused = NULL;
	double stretch = 0, setting = 0;
	hg_err rc = json_need_number(d, v, "stretch", 0, UINT32_MAX, &stretch, why);

	*s = (hg_tune_summary){.size = sizeof *s};
	if (rc == HG_OK)
		rc = json_need_number(d, v, "setting", 0, UINT32_MAX, &setting, why);
	if (rc == HG_OK)
		rc = json_need(d, v, "refused", JSON_TRUE, &refused, why);
	s->stretch = (uint32_t)stretch;
	s->setting = (uint32_t)setting;
	s->refused = refused && refused->type == JSON_TRUE;
	/* null: not known */
#define GET(name)                                                                                  \
	s->name = (double)NAN;                                                                     \
	if (rc == HG_OK && json_get(v, #name) && json_get(v, #name)->type != JSON_NULL)            \
		rc = json_need_number(d, v, #name, -HUGE_VAL, HUGE_VAL, &s->name, why);
	FIGURES(GET)
#undef GET
	return rc;
}

static hg_err parse(struct json_doc *d, uint32_t stretch, struct told *out, hg_error *why)
{
	const struct json *ended = NULL, *list = NULL;
	hg_err rc = json_check_schema(d, "hourglass.group", 1, why);

	if (rc == HG_OK)
		rc = json_need_number(d, d->root, "ranks", 1, GROUP_RANKS, &out->ranks, why);
	if (rc == HG_OK)
		rc = need_hex(d, "run", &out->token, why);
	if (rc == HG_OK)
		rc = need_hex(d, "settings", &out->settings, why);
	if (rc == HG_OK)
		rc = need_hex(d, "group", &out->digest, why);
	if (rc == HG_OK)
		rc = json_need(d, d->root, "ended", JSON_TRUE, &ended, why);
	if (rc == HG_OK)
		rc = json_need(d, d->root, "summaries", JSON_ARRAY, &list, why);
	if (rc != HG_OK)
		return rc;
	out->ended = ended->type == JSON_TRUE;
	for (const struct json *v = list->first; v && rc == HG_OK && !out->found; v = v->next) {
		rc = read_summary(d, v, &out->summary, why);
		out->found = rc == HG_OK && out->summary.stretch == stretch;
	}
	return rc;
}

/* @return HG_ENOENT: it is not there yet */
static hg_err read_rank(const struct tune_group *g, uint32_t rank, uint32_t stretch,
	struct told *out, hg_error *why)
{
	struct json_doc doc = {0};
	char path[PATH_ROOM];
	struct buf text;
	hg_err rc;

	*out = (struct told){0};
	path_of(g, rank, path);
	rc = file_read(path, GROUP_BYTES, &text, why);
	if (rc == HG_OK)
		rc = json_parse(&doc, text.data, text.len, path, GROUP_BYTES * 16, why);
	if (rc == HG_OK)
		rc = parse(&doc, stretch, out, why);
	json_finish(&doc);
	buf_finish(&text);
	return rc;
}

/* Of all tokens, once all are there. A file that was left by an earlier run has a token, too; it
 * becomes another one when that rank begins, and so does this. */
static hg_err find_digest(struct tune_group *g, hg_error *why)
{
	uint64_t digest = TUNE_DIGEST;
	hg_err rc = HG_OK;

	for (uint32_t r = 0; r < g->ranks; r++) {
		struct told told = {.token = g->token};

		if (r != g->rank) {
			rc = read_rank(g, r, 0, &told, why);
			if (rc == HG_ENOENT)
				return HG_OK;
			if (rc != HG_OK)
				return rc;
		}
		digest = tune_digest(digest, &told.token, sizeof told.token);
	}
	if (digest == g->digest)
		return HG_OK;
	g->digest = digest;
	return write_own(g, why);
}

static hg_err check_rank(
	const struct tune_group *g, uint32_t r, const struct told *t, hg_error *why)
{
	if ((uint32_t)t->ranks != g->ranks)
		return fail(why, HG_EINVAL, "rank %u takes itself for one of %.0f ranks, not %u", r,
			t->ranks, g->ranks);
	if (t->settings != g->settings)
		return fail(why, HG_EINVAL,
			"rank %u has other settings to choose from, another objective or other "
			"memory",
			r);
	return HG_OK;
}

/* Reads what the others told of a stretch. @param missing  receives the first that has not, or
 * g->ranks */
static hg_err gather(struct tune_group *g, uint32_t stretch, uint32_t *missing, hg_error *why)
{
	hg_err rc = stretch == 0 ? find_digest(g, why) : HG_OK;

	*missing = g->ranks;
	for (uint32_t r = 0; r < g->ranks && rc == HG_OK; r++) {
		struct told told;

		if (g->have[r])
			continue;
		rc = read_rank(g, r, stretch, &told, why);
		if (rc == HG_OK && told.digest == g->digest && g->digest)
			rc = check_rank(g, r, &told, why);
		if (rc == HG_OK && told.digest == g->digest && g->digest && told.found) {
			g->all[r] = told.summary;
			g->have[r] = true;
			continue;
		}
		if (rc == HG_OK && told.digest == g->digest && told.ended)
			return fail(why, HG_ENOENT, "rank %u has ended", r);
		if (*missing == g->ranks)
			*missing = r;
		rc = rc == HG_ENOENT ? HG_OK : rc;
	}
	return rc;
}

/* ----- a step */

static hg_err tell(struct tune_group *g, const hg_tune_summary *s, int64_t now_ns, hg_error *why)
{
	g->told[0] = g->told[1];
	g->told[1] = *s;
	if (g->n_told++ == 0)
		g->told[0] = *s;
	g->n_told = g->n_told > 2 ? 2 : g->n_told;
	for (uint32_t r = 0; r < g->ranks; r++)
		g->have[r] = r == g->rank;
	g->all[g->rank] = *s;
	g->waiting = true;
	g->since_ns = now_ns;
	g->read_ns = 0;
	return write_own(g, why);
}

hg_err tune_group_step(struct tune_group *g, hg_tune *t, int64_t now_ns)
{
	hg_tune_summary s = {.size = sizeof s};
	uint32_t missing = g->ranks;
	hg_err rc = HG_OK;

	if (!g->file || g->lost.text[0])
		return g->lost.text[0] ? HG_EABORTED : HG_OK;
	if (hg_tune_get_summary(t, &s) != HG_OK)
		return HG_OK;
	if (!g->waiting)
		rc = tell(g, &s, now_ns, &g->lost);
	if (rc != HG_OK || (g->read_ns && now_ns - g->read_ns < READ_NS))
		return rc;
	g->read_ns = now_ns;
	rc = gather(g, s.stretch, &missing, &g->lost);
	if (rc == HG_OK && missing < g->ranks) {
		if (1e-9 * (double)(now_ns - g->since_ns) > g->patience_s)
			return fail(&g->lost, HG_EABORTED, "rank %u has told nothing for %g s",
				missing, g->patience_s);
		g->lost.text[0] = '\0';
		return HG_OK;
	}
	g->waiting = false;
	if (rc == HG_OK)
		rc = hg_tune_merge(t, g->all, g->ranks, NULL, &g->lost);
	if (rc == HG_OK)
		g->lost.text[0] = '\0';
	return rc;
}

void tune_group_close(struct tune_group *g)
{
	char path[PATH_ROOM];
	bool all = g->file != NULL && g->digest != 0;

	g->ended = true;
	if (g->file && g->token && g->settings)
		all = write_own(g, NULL) == HG_OK && all;
	for (uint32_t r = 0; r < g->ranks && all; r++) {
		struct told told;

		all = read_rank(g, r, 0, &told, NULL) == HG_OK && told.ended &&
		      told.digest == g->digest;
	}
	for (uint32_t r = 0; r < g->ranks && all; r++) {
		path_of(g, r, path);
		(void)unlink(path);
	}
	free(g->all);
	free(g->have);
	*g = (struct tune_group){0};
}
