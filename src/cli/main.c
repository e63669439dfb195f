/*
 * Start, dispatch, end. A command appends what it has to say to cli->out; only when it succeeded
 * is that written, so that a failure leaves standard output empty and a full disk or closed pipe
 * is noticed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <hourglass/version.h>

#include "cli.h"
#include "cmd.h"
#include "core/file.h"
#include "keeper.h"
#include "term.h"

#define OUT_MAX ((size_t)1 << 31)

const struct command *const commands[] = {
	&cmd_list,
	&cmd_doctor,
	&cmd_profile,
	&cmd_frontier,
	&cmd_fit,
	&cmd_predict,
	&cmd_plan,
	&cmd_recur,
	&cmd_run,
	&cmd_search,
	&cmd_record,
	&cmd_replay,
	&cmd_diff,
	&cmd_calibrate,
	&cmd_top,
	&cmd_demo,
	&cmd_help,
	&cmd_completion,
	NULL,
};

static void say(const struct cli *cli, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof text, fmt, ap);
	/* what the user typed may be anything; an error is one line */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "hourglass%s%s: %s\n", cli->cmd ? " " : "", cli->cmd ? cli->cmd->path : "",
		text);
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, fmt, ap);
	va_end(ap);
	return EXIT_USAGE;
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, fmt, ap);
	va_end(ap);
}

int cli_input_error(const struct cli *cli, hg_err code, const hg_error *why)
{
	(void)cli;
	fprintf(stderr, "hourglass: %s\n", why && why->text[0] ? why->text : hg_err_text(code));
	return code == HG_ENOMEM || code == HG_EINTERNAL ? EXIT_BROKEN : EXIT_USAGE;
}

int cli_output_error(const struct cli *cli, hg_err code, const hg_error *why)
{
	(void)cli_input_error(cli, code, why);
	return EXIT_BROKEN;
}

int cli_broken(const struct cli *cli, hg_err code)
{
	return cli_output_error(cli, code, NULL);
}

int cli_write(struct cli *cli, const char *path, const void *data, size_t len)
{
	hg_error why = {""};
	hg_err rc;

	if (strcmp(path, "-") == 0) {
		rc = buf_add(&cli->out, data, len);
		return rc == HG_OK ? EXIT_OK : cli_broken(cli, rc);
	}
	rc = file_write(path, data, len, &why);
	return rc == HG_OK ? EXIT_OK : cli_output_error(cli, rc, &why);
}

int cli_write_beside(struct cli *cli, const char *path, const struct buf *out)
{
	if (out->failed != HG_OK)
		return cli_broken(cli, out->failed);
	if (path)
		return cli_write(cli, path, out->data, out->len);
	return fwrite(out->data, 1, out->len, stderr) == out->len ? EXIT_OK : EXIT_BROKEN;
}

int cli_check_beside(const struct cli *cli, const char *path)
{
	hg_error why = {""};
	hg_err rc = path ? file_write_check(path, &why) : HG_OK;

	return rc == HG_OK ? EXIT_OK : cli_output_error(cli, rc, &why);
}

/*
 * A standard stream that the caller closed would be the number of the next file opened, and our
 * output would land in it. The wrong end of a pipe in its place fails every read and write.
 */
static int guard_streams(void)
{
	int fds[2];

	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (pipe(fds) != 0)
			return -1;
		if (fd == 0) {
			/* the lowest numbers: fds[0] is 0 */
			if (dup2(fds[1], 0) < 0)
				return -1;
		} else if (fds[0] != fd && dup2(fds[0], fd) < 0) {
			return -1;
		}
		for (int i = 0; i < 2; i++)
			if (fds[i] > 2)
				close(fds[i]);
	}
	return 0;
}

/* Whether a command that ended like this has something to say on standard output. */
static bool has_output(int rc)
{
	return rc == EXIT_OK || rc == EXIT_FALSE || rc == EXIT_INFEASIBLE || rc == EXIT_INTERRUPTED;
}

static int finish(struct cli *cli, int rc)
{
	hg_error why = {""};
	hg_err err = cli->out.failed;

	if (has_output(rc) && err != HG_OK)
		rc = cli_broken(cli, err);
	else if (has_output(rc) && cli->out.len > 0) {
		err = file_write("-", cli->out.data, cli->out.len, &why);
		if (err != HG_OK)
			rc = cli_output_error(cli, err, &why);
	}
	buf_finish(&cli->out);
	return rc;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	struct args args;
	int rc = args_parse(&args, cli, argc, argv);

	if (rc == EXIT_OK && args.help && args_has(&args, "json"))
		help_json(&cli->out, cli->cmd);
	else if (rc == EXIT_OK && args.help)
		help_text(&cli->out, cli->cmd);
	else if (rc == EXIT_OK)
		rc = cli->cmd->run(cli, &args);
	args_finish(&args);
	return rc;
}

static bool is_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

/** Finds the command that argv names. @return how many words it took, 0: rc says what to end with
 */
static int find_command(struct cli *cli, int argc, char **argv, int *rc)
{
	const struct command *cmd = command_find(commands, argv[0]);

	*rc = EXIT_OK;
	if (!cmd) {
		*rc = command_unknown(cli, commands, "", argv[0]);
		return 0;
	}
	cli->cmd = cmd;
	if (!cmd->subs)
		return 1;
	if (argc < 2) {
		*rc = cli_usage(cli, "no command; 'hourglass help %s' lists them", cmd->path);
		return 0;
	}
	if (is_help(argv[1])) {
		help_text(&cli->out, cmd);
		return 0;
	}
	cli->cmd = command_find(cmd->subs, argv[1]);
	if (!cli->cmd) {
		cli->cmd = cmd;
		*rc = command_unknown(cli, cmd->subs, cmd->path, argv[1]);
		return 0;
	}
	return 2;
}

static int dispatch(struct cli *cli, int argc, char **argv)
{
	int rc, words;

	if (argc < 1)
		return cli_usage(cli, "no command; 'hourglass help' lists them");
	if (is_help(argv[0])) {
		help_text(&cli->out, NULL);
		return EXIT_OK;
	}
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0) {
		if (argc > 1 && strcmp(argv[1], "--json") == 0)
			buf_addf(&cli->out,
				"{\"schema\": \"hourglass.version/1\", \"version\": \"%s\"}\n",
				hg_version());
		else
			buf_addf(&cli->out, "hourglass %s\n", hg_version());
		return EXIT_OK;
	}
	if (argv[0][0] == '-')
		return cli_usage(cli,
			"unknown option '%.80s' before the command; 'hourglass help' lists what there "
			"is",
			argv[0]);
	words = find_command(cli, argc, argv, &rc);
	if (words == 0)
		return rc;
	return run_command(cli, argc - words, argv + words);
}

int main(int argc, char **argv)
{
	struct cli cli = {.cmd = NULL};

	if (guard_streams() != 0)
		return EXIT_BROKEN;
	/* a closed pipe is an error of write(), which is told, not a silent death */
	signal(SIGPIPE, SIG_IGN);
	/* and so is a file that may not grow */
	signal(SIGXFSZ, SIG_IGN);
	buf_init(&cli.out, OUT_MAX);
	term_init(&cli);
	if (argc == 1 && strcmp(argv[0], KEEPER_NAME) == 0)
		return finish(&cli, keeper_main(&cli));
	return finish(&cli, dispatch(&cli, argc - 1, argv + 1));
}
