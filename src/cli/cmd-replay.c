/* replay: what is in a recording. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hourglass/record.h>

#include "child.h"
#include "cmd.h"
#include "core/csv.h"
#include "core/file.h"
#include "core/json.h"
#include "rig.h"
#include "table.h"

static const struct option replay_options[] = {
	{.name = "readings", .kind = OPTION_FLAG, .text = "print every reading, as CSV"},
	{.name = "speed",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_NUMBER,
		.min = 1e-3,
		.max = 1e6,
		.value = "X",
		.fallback = "at once",
		.text = "print the readings when they come, at X times the recorded speed"},
	{.name = NULL},
};

/** What a signal did over a recording. */
struct course {
	uint64_t n, failed;
	int64_t first, last, min, max;
	double sum;
};

/** One recorded device being played. */
struct track {
	hg_device *device;
	hg_recording_info info;
	size_t n;
	size_t *ids;
	hg_reading *readings;
	struct course *courses;
};

static void track_finish(struct track *t)
{
	free(t->ids);
	free(t->readings);
	free(t->courses);
}

static int track_init(struct cli *cli, struct track *t, hg_device *d)
{
	*t = (struct track){.device = d, .info = {.size = sizeof t->info}};
	t->n = hg_device_signals(d);
	t->ids = calloc(t->n + 1, sizeof *t->ids);
	t->readings = calloc(t->n + 1, sizeof *t->readings);
	t->courses = calloc(t->n + 1, sizeof *t->courses);
	if (!t->ids || !t->readings || !t->courses || hg_replay_get_info(d, &t->info) != HG_OK)
		return cli_broken(cli, HG_ENOMEM);
	for (size_t i = 0; i < t->n; i++)
		t->ids[i] = i;
	return EXIT_OK;
}

static void course_add(struct course *c, const hg_reading *r)
{
	if (r->rc != HG_OK) {
		c->failed += r->rc != HG_EUNSUPPORTED;
		return;
	}
	c->first = c->n ? c->first : r->value;
	c->min = c->n && c->min < r->value ? c->min : r->value;
	c->max = c->n && c->max > r->value ? c->max : r->value;
	c->last = r->value;
	c->sum += (double)r->value;
	c->n++;
}

/** Takes the next sample. @return false: there is none */
static bool track_step(struct track *t)
{
	if (t->info.position == t->info.samples ||
		hg_device_read(t->device, t->ids, t->n, t->readings) != HG_OK)
		return false;
	t->info.position++;
	for (size_t i = 0; i < t->n; i++)
		course_add(&t->courses[i], &t->readings[i]);
	return true;
}

/* ----- readings */

static void readings_csv(struct buf *out, const struct track *t, size_t device)
{
	for (size_t i = 0; i < t->n; i++) {
		const hg_reading *r = &t->readings[i];
		hg_signal_info s = {.size = sizeof s};

		if (r->rc == HG_EUNSUPPORTED || hg_device_signal(t->device, i, &s) != HG_OK)
			continue;
		buf_addf(out, "%zu,%" PRId64 ",%" PRId64 ",", device, r->t0_ns, r->t1_ns);
		csv_write_field(out, s.name, strlen(s.name));
		if (r->rc == HG_OK)
			buf_addf(out, ",%" PRId64 ",", r->value);
		else
			buf_addf(out, ",,");
		csv_write_field(out, s.unit, strlen(s.unit));
		buf_addf(out, ",%s\n", r->rc == HG_OK ? "" : hg_err_name(r->rc));
	}
}

static void sleep_until(int64_t until_ns)
{
	int64_t left_ns = until_ns - child_now_ns();
	struct timespec left = {
		.tv_sec = (time_t)(left_ns / 1000000000), .tv_nsec = (long)(left_ns % 1000000000)};

	while (left_ns > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/** What has been said so far, now. */
static int flush(struct cli *cli)
{
	hg_error why = {""};
	hg_err rc = cli->out.failed;

	if (rc == HG_OK && cli->out.len)
		rc = file_write("-", cli->out.data, cli->out.len, &why);
	buf_clear(&cli->out);
	return rc == HG_OK ? EXIT_OK : cli_output_error(cli, rc, &why);
}

/** Plays all tracks in step. @param speed  0: at once */
static int play(struct cli *cli, struct track *tracks, size_t n, bool show, double speed)
{
	int64_t start_ns = child_now_ns();
	bool more = true;
	int rc = EXIT_OK;

	if (show)
		buf_adds(&cli->out, "device,t0_ns,t1_ns,signal,value,unit,error\n");
	while (rc == EXIT_OK && more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			if (!track_step(&tracks[i]))
				continue;
			if (speed > 0 && !more) {
				double passed = (double)(hg_device_now(tracks[i].device) -
							 tracks[i].info.first_ns);

				sleep_until(start_ns + (int64_t)(passed / speed));
			}
			more = true;
			if (show)
				readings_csv(&cli->out, &tracks[i], i);
		}
		if (show)
			rc = flush(cli);
	}
	return rc;
}

/* ----- the summary */

static double duration_s(const struct track *t)
{
	return (double)(t->info.last_ns - t->info.first_ns) * 1e-9;
}

/** A value for people, in SI units where its own have any. */
static const char *value_text(const hg_signal_info *s, double value, char text[QUANTITY_TEXT])
{
	static const enum quantity known[] = {QUANTITY_ENERGY, QUANTITY_POWER, QUANTITY_CLOCK};
	double factor;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (unit_factor(known[i], s->unit, strlen(s->unit), &factor))
			return quantity_format(known[i], value * factor, text);
	if (strcmp(s->unit, "mC") == 0)
		(void)snprintf(text, QUANTITY_TEXT, "%.3g C", value * 1e-3);
	else if (strcmp(s->unit, "ppm") == 0)
		(void)snprintf(text, QUANTITY_TEXT, "%.3g %%", value * 1e-4);
	else
		return quantity_format(QUANTITY_NUMBER, value, text);
	return text;
}

static void courses_text(struct cli *cli, const struct track *t)
{
	static const char *const heads[] = {
		"  signal", "first", "last", "min", "mean", "max", "failed"};
	char text[QUANTITY_TEXT];
	struct table table;

	table_init(&table, "lrrrrrr");
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		table_cell(&table, "%s", heads[i]);
	for (size_t i = 0; i < t->n; i++) {
		const struct course *c = &t->courses[i];
		hg_signal_info s = {.size = sizeof s};

		if (hg_device_signal(t->device, i, &s) != HG_OK || s.absent)
			continue;
		table_cell(&table, "  %s", s.name);
		const double values[] = {(double)c->first, (double)c->last, (double)c->min,
			c->n ? c->sum / (double)c->n : 0, (double)c->max};

		for (size_t k = 0; k < sizeof values / sizeof *values; k++)
			table_cell(&table, "%s", c->n ? value_text(&s, values[k], text) : "-");
		table_cell(&table, "%" PRIu64, c->failed);
	}
	table_print(&table, &cli->out, cli->color);
	table_finish(&table);
}

static void summary_text(struct cli *cli, const char *path, const struct track *tracks, size_t n)
{
	const hg_recording_info *info = &tracks[0].info;
	struct buf *out = &cli->out;

	buf_addf(out, "%s: %zu device%s, %s%s%s, hourglass %s%s%s\n", path, info->devices,
		info->devices == 1 ? "" : "s",
		info->host[0] ? info->host : "a machine without a name",
		info->kernel[0] ? ", Linux " : "", info->kernel, info->tool,
		info->anonymous ? ", anonymous" : "",
		info->complete ? "" : "; cut off: up to its last whole line");
	if (info->command[0])
		buf_addf(out, "command: %s\n", info->command);
	for (size_t i = 0; i < info->n_notes; i++)
		buf_addf(out, "note: %s\n", info->notes[i]);
	for (size_t i = 0; i < n; i++) {
		hg_device_info device = {.size = sizeof device};

		hg_device_get_info(tracks[i].device, &device);
		buf_addf(out, "\n%zu: %s%s, %zu samples in %.6g s\n", i, device.title,
			device.simulated ? " (simulated)" : "", tracks[i].info.samples,
			duration_s(&tracks[i]));
		courses_text(cli, &tracks[i]);
	}
}

static void course_json(struct json_out *j, const hg_signal_info *s, const struct course *c)
{
	json_open(j, '{', true);
	json_kv_string(j, "name", s->name);
	json_kv_string(j, "unit", s->unit);
	json_kv_int(j, "readings", (int64_t)c->n);
	json_kv_int(j, "failed", (int64_t)c->failed);
	if (c->n) {
		json_kv_int(j, "first", c->first);
		json_kv_int(j, "last", c->last);
		json_kv_int(j, "min", c->min);
		json_kv_number(j, "mean", c->sum / (double)c->n);
		json_kv_int(j, "max", c->max);
	}
	json_close(j, '}');
}

static void track_json(struct json_out *j, const struct track *t)
{
	hg_device_info device = {.size = sizeof device};

	hg_device_get_info(t->device, &device);
	json_open(j, '{', false);
	json_kv_string(j, "spec", device.spec);
	json_kv_bool(j, "simulated", device.simulated != 0);
	json_kv_string(j, "title", device.title);
	json_kv_string(j, "uuid", device.uuid);
	json_kv_int(j, "samples", (int64_t)t->info.samples);
	json_kv_number(j, "time_s", duration_s(t));
	json_key(j, "signals");
	json_open(j, '[', false);
	for (size_t i = 0; i < t->n; i++) {
		hg_signal_info s = {.size = sizeof s};

		if (hg_device_signal(t->device, i, &s) == HG_OK && !s.absent)
			course_json(j, &s, &t->courses[i]);
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void summary_json(struct cli *cli, const char *path, const struct track *tracks, size_t n)
{
	const hg_recording_info *info = &tracks[0].info;
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.replay/1");
	json_kv_string(&j, "file", path);
	json_kv_string(&j, "tool", info->tool);
	json_kv_string(&j, "host", info->host);
	json_kv_string(&j, "kernel", info->kernel);
	json_kv_string(&j, "command", info->command);
	json_kv_bool(&j, "anonymous", info->anonymous != 0);
	json_kv_bool(&j, "complete", info->complete != 0);
	json_kv_number(&j, "interval_s", (double)info->interval_ns * 1e-9);
	json_key(&j, "notes");
	json_open(&j, '[', false);
	for (size_t i = 0; i < info->n_notes; i++)
		json_put_string(&j, info->notes[i]);
	json_close(&j, ']');
	json_key(&j, "devices");
	json_open(&j, '[', false);
	for (size_t i = 0; i < n; i++)
		track_json(&j, &tracks[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

/** Plays n > 0 tracks, and says what was asked for. */
static int tell(struct cli *cli, const struct args *args, struct track *tracks, size_t n)
{
	const char *path = args->operands[0];
	bool show = args_has(args, "readings") || args_has(args, "speed");
	int rc = play(cli, tracks, n, show, args_number(args, "speed", 0));

	if (rc == EXIT_OK && args_has(args, "json"))
		summary_json(cli, path, tracks, n);
	else if (rc == EXIT_OK && !show)
		summary_text(cli, path, tracks, n);
	return rc;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *path = args->operands[0];
	bool show = args_has(args, "readings") || args_has(args, "speed");
	struct track *tracks = NULL;
	hg_ctx *ctx = NULL;
	hg_error why = {""};
	size_t n = 0, made = 0;
	hg_err err = HG_OK;
	int rc;

	if (show && args_has(args, "json"))
		return cli_usage(cli, "--json is the summary's: not with --readings or --speed");
	rc = rig_context(cli, &ctx);
	if (rc == EXIT_OK)
		err = hg_replay_open(ctx, path, 0, &n, &why);
	if (err != HG_OK)
		rc = cli_input_error(cli, err, &why);
	if (rc == EXIT_OK)
		tracks = calloc(n, sizeof *tracks);
	for (hg_device *d = NULL; tracks && rc == EXIT_OK && (d = hg_device_next(ctx, d));)
		rc = track_init(cli, &tracks[made++], d);
	if (rc == EXIT_OK)
		rc = made > 0 ? tell(cli, args, tracks, made) : cli_broken(cli, HG_ENOMEM);
	for (size_t i = 0; i < made; i++)
		track_finish(&tracks[i]);
	free(tracks);
	hg_close(ctx);
	return rc;
}

const struct command cmd_replay = {
	.name = "replay",
	.path = "replay",
	.page = "hourglass-replay",
	.usage = "FILE [--readings] [--speed X] [--json]",
	.summary = "what is in a recording: the machine, and what its devices read",
	.text = "Each command that takes a device takes one of a recording: replay:FILE,device=N.",
	.tables = {replay_options},
	.operand = OPERAND_FILE,
	.operand_name = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
