/* top: power, energy, clocks and limits of all devices, live. */
#define _GNU_SOURCE
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "core/unit.h"
#include "term.h"
#include "top.h"

#define INTERVAL_S 1.0

static const struct option top_options[] = {
	{.name = "device",
		.abbr = 'd',
		.kind = OPTION_DEVICE,
		.repeat = true,
		.value = "SPEC",
		.text = "show this device only"},
	{.name = "interval",
		.abbr = 'i',
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_TIME,
		.min = 0.1,
		.max = 60,
		.value = "TIME",
		.fallback = "1 s",
		.text = "between two looks"},
	{.name = "once", .abbr = '1', .kind = OPTION_FLAG, .text = "look once, print, and end"},
	{.name = NULL},
};

static void print_once(struct cli *cli, const struct args *args, const struct top *t)
{
	char power[QUANTITY_TEXT];

	if (args_has(args, "json")) {
		top_json(&cli->out, t);
		return;
	}
	top_table(&cli->out, t, cli->width, cli->utf8);
	if (t->n > 1 && !isnan(t->power_w))
		buf_addf(&cli->out, "total %s of the devices that do not overlap\n",
			quantity_format(QUANTITY_POWER, t->power_w, power));
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].why.text[0])
			buf_addf(&cli->out, "%s: %s\n", t->rows[i].spec, t->rows[i].why.text);
		if (t->rows[i].n_processes > 0)
			top_processes(&cli->out, &t->rows[i], TOP_PROCESSES, cli->width);
	}
	if (t->simulated)
		buf_adds(&cli->out, "* simulated\n");
}

static int nothing(const struct cli *cli, const struct gauge *g)
{
	cli_note(cli, "no device here tells power or energy; 'hourglass doctor' says why");
	(void)g;
	return EXIT_USAGE;
}

static int look_once(struct cli *cli, const struct args *args, struct top *t)
{
	double wait_s = args_number(args, "interval", INTERVAL_S);
	struct timespec time = {(time_t)wait_s, (long)((wait_s - floor(wait_s)) * 1e9)};

	nanosleep(&time, NULL);
	top_look(t);
	print_once(cli, args, t);
	return EXIT_OK;
}

static int run(struct cli *cli, const struct args *args)
{
	const char *specs[GAUGE_DEVICES + 1];
	bool once = args_has(args, "once") || args_has(args, "json");
	struct gauge gauge;
	struct top top;
	size_t n = 0;
	int rc;

	memset(&top, 0, sizeof top);
	if (!once && (!cli->out_terminal || !isatty(STDIN_FILENO)))
		return cli_usage(cli, "standard input and output are no terminal; use --once");
	for (; n <= GAUGE_DEVICES && args_nth(args, "device", n); n++)
		specs[n] = args_nth(args, "device", n);
	rc = gauge_open(cli, specs, n, 0, &gauge);
	if (rc == EXIT_OK && gauge.n == 0)
		rc = nothing(cli, &gauge);
	if (rc == EXIT_OK)
		rc = top_init(cli, &gauge, &top);
	if (rc == EXIT_OK)
		rc = once ? look_once(cli, args, &top)
			  : top_screen(cli, &top, args_number(args, "interval", INTERVAL_S));
	top_finish(&top);
	gauge_close(&gauge);
	return rc;
}

const struct command cmd_top = {
	.name = "top",
	.path = "top",
	.page = "hourglass-top",
	.usage = "[-d SPEC...] [--once] [options]",
	.summary = "power, energy, clocks and limits of all devices, live",
	.text = "Keys: q ends, up and down choose a device, space pauses, + and - change the\n"
		"interval. Columns that a device does not tell show '-'.",
	.tables = {top_options},
	.run = run,
};
