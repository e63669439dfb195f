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
#include "core/number.h"

#define PATH_ROOM  4096
#define PATIENCE_S 60.0
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
	g->own.ranks = 1;
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
	g->own.rank = (uint32_t)rank;
	g->own.ranks = (uint32_t)ranks;
	g->patience_s = args_number(args, "patience", PATIENCE_S);
	g->own.run = token_new();
	g->all = calloc(g->own.ranks, sizeof *g->all);
	g->have = calloc(g->own.ranks, sizeof *g->have);
	return g->all && g->have ? EXIT_OK : cli_broken(cli, HG_ENOMEM);
}

/* ----- one's own file */

static void path_of(const struct tune_group *g, uint32_t rank, char path[PATH_ROOM])
{
	(void)snprintf(path, PATH_ROOM, "%.*s.%u", PATH_ROOM - 16, g->file, rank);
}

static hg_err write_own(const struct tune_group *g, hg_error *why)
{
	char path[PATH_ROOM];
	hg_err rc;

	path_of(g, g->own.rank, path);
	rc = group_file_write(&g->own, path, why);
	return rc == HG_ENOENT ? HG_EIO
			       : rc; /* a directory that is gone is no rank that has ended */
}

hg_err tune_group_begin(struct tune_group *g, uint64_t settings, hg_error *why)
{
	g->own.settings = settings;
	return g->file ? write_own(g, why) : HG_OK;
}

/* ----- the others' */

/* @return HG_ENOENT: it is not there yet */
static hg_err read_rank(
	const struct tune_group *g, uint32_t rank, struct group_file *out, hg_error *why)
{
	char path[PATH_ROOM];
	hg_err rc;

	path_of(g, rank, path);
	rc = group_file_read(path, out, why);
	if (rc == HG_OK && out->rank != rank)
		rc = fail(why, HG_EFORMAT, "%s: rank %u wrote it", path, out->rank);
	return rc;
}

/* Of all tokens, once all are there. A file that was left by an earlier run has a token, too; it
 * becomes another one when that rank begins, and so does this. */
static hg_err find_digest(struct tune_group *g, hg_error *why)
{
	uint64_t digest = TUNE_DIGEST;
	hg_err rc = HG_OK;

	for (uint32_t r = 0; r < g->own.ranks; r++) {
		struct group_file told = {.run = g->own.run};

		if (r != g->own.rank) {
			rc = read_rank(g, r, &told, why);
			if (rc == HG_ENOENT)
				return HG_OK;
			if (rc != HG_OK)
				return rc;
		}
		digest = tune_digest(digest, &told.run, sizeof told.run);
	}
	if (digest == g->own.group)
		return HG_OK;
	g->own.group = digest;
	return write_own(g, why);
}

static hg_err check_rank(
	const struct tune_group *g, uint32_t r, const struct group_file *t, hg_error *why)
{
	if (t->ranks != g->own.ranks)
		return fail(why, HG_EINVAL, "rank %u takes itself for one of %u ranks, not %u", r,
			t->ranks, g->own.ranks);
	if (t->settings != g->own.settings)
		return fail(why, HG_EINVAL,
			"rank %u has other settings to choose from, another objective or other "
			"memory",
			r);
	return HG_OK;
}

/* Reads what the others told of a stretch. @param missing  receives the first that has not, or
 * their number */
static hg_err gather(struct tune_group *g, uint32_t stretch, uint32_t *missing, hg_error *why)
{
	hg_err rc = stretch == 0 ? find_digest(g, why) : HG_OK;

	*missing = g->own.ranks;
	for (uint32_t r = 0; r < g->own.ranks && rc == HG_OK; r++) {
		const hg_tune_summary *found = NULL;
		struct group_file told;
		bool ours = false; /* of this run */

		if (g->have[r])
			continue;
		rc = read_rank(g, r, &told, why);
		if (rc == HG_OK)
			ours = g->own.group && told.group == g->own.group;
		if (ours)
			rc = check_rank(g, r, &told, why);
		if (ours && rc == HG_OK)
			found = group_file_find(&told, stretch);
		if (found) {
			g->all[r] = *found;
			g->have[r] = true;
			continue;
		}
		if (ours && rc == HG_OK && told.ended)
			return fail(why, HG_ENOENT, "rank %u has ended", r);
		if (*missing == g->own.ranks)
			*missing = r;
		rc = rc == HG_ENOENT ? HG_OK : rc;
	}
	return rc;
}

/* ----- a step */

static hg_err tell(struct tune_group *g, const hg_tune_summary *s, int64_t now_ns, hg_error *why)
{
	struct group_file *own = &g->own;

	if (own->n_told == GROUP_TOLD) {
		own->n_told--;
		memmove(own->told, own->told + 1, own->n_told * sizeof *own->told);
	}
	own->told[own->n_told++] = *s;
	for (uint32_t r = 0; r < own->ranks; r++)
		g->have[r] = r == own->rank;
	g->all[own->rank] = *s;
	g->waiting = true;
	g->since_ns = now_ns;
	g->read_ns = 0;
	return write_own(g, why);
}

hg_err tune_group_step(struct tune_group *g, hg_tune *t, int64_t now_ns)
{
	hg_tune_summary s = {.size = sizeof s};
	uint32_t missing = g->own.ranks;
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
	if (rc == HG_OK && missing < g->own.ranks) {
		if (1e-9 * (double)(now_ns - g->since_ns) > g->patience_s)
			return fail(&g->lost, HG_EABORTED, "rank %u has told nothing for %g s",
				missing, g->patience_s);
		g->lost.text[0] = '\0';
		return HG_OK;
	}
	g->waiting = false;
	if (rc == HG_OK)
		rc = hg_tune_merge(t, g->all, g->own.ranks, NULL, &g->lost);
	if (rc == HG_OK)
		g->lost.text[0] = '\0';
	return rc;
}

/* Whether nobody needs any file any more. Who is gone has ended, too. */
static bool all_ended(const struct tune_group *g)
{
	for (uint32_t r = 0; r < g->own.ranks; r++) {
		struct group_file told;
		hg_err rc = read_rank(g, r, &told, NULL);

		if (rc == HG_ENOENT)
			continue;
		if (rc != HG_OK || !told.ended || told.group != g->own.group)
			return false;
	}
	return true;
}

void tune_group_close(struct tune_group *g)
{
	char path[PATH_ROOM];
	bool begun = g->file && g->own.run && g->own.settings;

	g->own.ended = true;
	if (begun && g->own.group == 0) {
		/* nobody could tell it from one of an earlier run */
		path_of(g, g->own.rank, path);
		(void)unlink(path);
	} else if (begun && write_own(g, NULL) == HG_OK && all_ended(g)) {
		for (uint32_t r = 0; r < g->own.ranks; r++) {
			path_of(g, r, path);
			(void)unlink(path);
		}
	}
	free(g->all);
	free(g->have);
	*g = (struct tune_group){0};
}
