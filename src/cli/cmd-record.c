/* record: a machine in a file. */
#include <stdlib.h>
#include <string.h>

#include <hourglass/record.h>

#include "child.h"
#include "cmd.h"
#include "core/file.h"
#include "core/json.h"
#include "rig.h"

#define INTERVAL_DEFAULT_S 0.1
#define DEFAULT_FILE       "recording.hgt"

static const struct option record_options[] = {
	{.name = "output",
		.abbr = 'o',
		.kind = OPTION_FILE,
		.value = "FILE",
		.fallback = DEFAULT_FILE,
		.text = "file to record into"},
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.repeat = true,
		.value = "SPEC",
		.fallback = "all that are found",
		.text = "record this device"},
	{.name = "interval",
		.abbr = 'I',
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 1e-3,
		.max = 3600,
		.value = "TIME",
		.fallback = "100 ms",
		.text = "time between two samples"},
	{.name = "duration",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 1e-3,
		.max = 1e7,
		.value = "TIME",
		.fallback = "until the command ends, or Ctrl-C",
		.text = "end after this time; the command goes on"},
	{.name = "anonymous",
		.kind = OPTION_FLAG,
		.text = "leave out the host's name and the command, replace uuids"},
	{.name = NULL},
};

/** What is being recorded. */
struct session {
	hg_ctx *ctx;
	hg_recorder *recorder;
	struct buf notes; /* of the search for hardware, one a line */
	const char *path;
	size_t devices;
	uint64_t samples;
	int64_t start_ns, end_ns;
	struct child child;
	int64_t interval_ns;
	int64_t stop_ns; /* INT64_MAX: never */
};

static void searched(void *user, const hg_discovery *found)
{
	struct session *s = user;

	buf_addf(&s->notes, "%s: %zu found%s%s\n", found->backend, found->devices,
		found->reason[0] ? ": " : "", found->reason);
}

static int open_devices(struct cli *cli, const struct args *args, struct session *s)
{
	hg_error why = {""};
	int rc = rig_context(cli, &s->ctx);
	hg_err err = HG_OK;

	for (size_t i = 0; rc == EXIT_OK && args_nth(args, "device", i); i++)
		rc = rig_devices(cli, s->ctx, args_nth(args, "device", i));
	if (rc == EXIT_OK && !args_has(args, "device"))
		err = hg_discover(s->ctx, searched, s, &why);
	if (err != HG_OK)
		return cli_input_error(cli, err, &why);
	for (hg_device *d = NULL; rc == EXIT_OK && (d = hg_device_next(s->ctx, d));)
		s->devices++;
	if (rc == EXIT_OK && !s->devices)
		return cli_usage(cli, "no device was found; 'hourglass list' says why");
	return rc;
}

/** The command's words with blanks between; NULL none. */
static const char *command_text(const struct args *args, struct buf *text)
{
	for (size_t i = 0; i < args->n_operands; i++)
		buf_addf(text, "%s%s", i ? " " : "", args->operands[i]);
	return text->data;
}

static int begin(struct cli *cli, const struct args *args, struct session *s)
{
	hg_record_opts opts = {.size = sizeof opts,
		.anonymous = args_has(args, "anonymous"),
		.interval_ns = s->interval_ns};
	hg_error why = {""};
	struct buf command;
	hg_err rc;

	buf_init(&command, 65536);
	opts.command = command_text(args, &command);
	rc = hg_record_create(s->ctx, s->path, &opts, &s->recorder, &why);
	buf_finish(&command);
	for (char *at = s->notes.data, *end; !rc && at && *at; at = end + 1) {
		end = strchr(at, '\n');
		*end = '\0';
		rc = hg_record_note(s->recorder, at, &why);
	}
	return rc == HG_OK ? EXIT_OK : cli_output_error(cli, rc, &why);
}

/** Samples until it is over. @return exit code of ours */
static int record(struct cli *cli, struct session *s)
{
	hg_error why = {""};
	hg_err rc = HG_OK;
	int64_t next_ns = s->start_ns;
	bool more = true;

	while (rc == HG_OK && more) {
		rc = hg_record_sample(s->recorder, &why);
		s->samples++;
		s->end_ns = child_now_ns();
		/* a sample that took too long is not made up for */
		while (next_ns <= s->end_ns)
			next_ns += s->interval_ns;
		more = rc == HG_OK && next_ns <= s->stop_ns && child_wait(&s->child, next_ns);
	}
	/* what there was when it ended */
	if (rc == HG_OK && s->child.done && s->child.pid > 0) {
		rc = hg_record_sample(s->recorder, &why);
		s->samples++;
		s->end_ns = child_now_ns();
	}
	rc = rc ? rc : hg_record_finish(s->recorder, &why);
	return rc == HG_OK ? EXIT_OK : cli_output_error(cli, rc, &why);
}

/** A child that outlives the recording is still waited for. */
static void outlive(struct session *s)
{
	if (s->child.pid > 0)
		(void)child_wait(&s->child, INT64_MAX);
}

static int report(struct cli *cli, const struct args *args, const struct session *s)
{
	double seconds = (double)(s->end_ns - s->start_ns) * 1e-9;
	hg_error why = {""};
	struct json_out j;
	struct buf text;
	hg_err rc;

	if (!args_has(args, "json")) {
		cli_note(cli, "%llu samples of %zu device%s in %.3g s: %.200s",
			(unsigned long long)s->samples, s->devices, s->devices == 1 ? "" : "s",
			seconds, s->path);
		return EXIT_OK;
	}
	buf_init(&text, 65536);
	json_out_init(&j, &text);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.record/1");
	json_kv_string(&j, "file", s->path);
	json_kv_int(&j, "devices", (int64_t)s->devices);
	json_kv_int(&j, "samples", (int64_t)s->samples);
	json_kv_number(&j, "time_s", seconds);
	json_key(&j, "exit_code");
	if (s->child.pid)
		json_put_int(&j, s->child.end.code);
	else
		json_put_null(&j);
	json_close(&j, '}');
	buf_addc(&text, '\n');
	/* now, as the exit code may be any */
	rc = text.failed ? text.failed : file_write("-", text.data, text.len, &why);
	buf_finish(&text);
	return rc == HG_OK ? EXIT_OK : cli_output_error(cli, rc, &why);
}

static int run(struct cli *cli, const struct args *args)
{
	double duration_s = args_number(args, "duration", 0);
	struct session s = {.path = args_text(args, "output", DEFAULT_FILE), .stop_ns = INT64_MAX};
	const char **argv = calloc(args->n_operands + 1, sizeof *argv);
	const struct child_how how = {.argv = argv};
	int rc, end;

	if (!argv)
		return cli_broken(cli, HG_ENOMEM);
	for (size_t i = 0; i < args->n_operands; i++)
		argv[i] = args->operands[i];
	s.interval_ns = (int64_t)(args_number(args, "interval", INTERVAL_DEFAULT_S) * 1e9);
	buf_init(&s.notes, 65536);
	/* before a driver's library starts threads, which inherit it */
	child_signals_keep();
	rc = open_devices(cli, args, &s);
	rc = rc == EXIT_OK ? begin(cli, args, &s) : rc;
	s.start_ns = child_now_ns();
	if (duration_s > 0)
		s.stop_ns = s.start_ns + (int64_t)(duration_s * 1e9);
	if (rc == EXIT_OK && args->n_operands)
		rc = child_start(cli, &how, &s.child);
	if (rc != EXIT_OK) {
		hg_record_discard(s.recorder);
		s.recorder = NULL;
	} else {
		rc = record(cli, &s);
		outlive(&s);
		end = rc == EXIT_OK ? report(cli, args, &s) : rc;
		rc = end == EXIT_OK ? s.child.end.code : end;
	}
	hg_record_destroy(s.recorder);
	hg_close(s.ctx);
	buf_finish(&s.notes);
	free(argv);
	child_signals_let_go();
	return rc;
}

const struct command cmd_record = {
	.name = "record",
	.path = "record",
	.page = "hourglass-record",
	.usage = "[-o FILE] [--device SPEC]... [--interval TIME] [--duration TIME] [-- COMMAND...]",
	.summary = "capture a machine into one file: its devices, and what they read over time",
	.text = "Ends with COMMAND, after --duration, or with Ctrl-C. The exit status is COMMAND's.",
	.tables = {record_options},
	.operand = OPERAND_FILE,
	.operand_name = "COMMAND",
	.max_operands = 100000,
	.run = run,
};
