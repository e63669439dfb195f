/* The arguments of a command against its option tables. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "core/number.h"
#include "core/text.h"

#define MAX_NAMES 64

const struct option common_options[] = {
	{.name = "json", .kind = OPTION_FLAG, .text = "print JSON instead of text"},
	{.name = "help", .abbr = 'h', .kind = OPTION_FLAG, .text = "print this help"},
	{.name = NULL},
};

static const struct option *table_at(const struct command *cmd, size_t i)
{
	return i < COMMAND_TABLES ? cmd->tables[i] : common_options;
}

static const struct option *option_long(const struct command *cmd, const char *name, size_t len)
{
	for (size_t i = 0; i <= COMMAND_TABLES; i++)
		for (const struct option *o = table_at(cmd, i); o && o->name; o++)
			if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
				return o;
	return NULL;
}

static const struct option *option_short(const struct command *cmd, char abbr)
{
	for (size_t i = 0; i <= COMMAND_TABLES; i++)
		for (const struct option *o = table_at(cmd, i); o && o->name; o++)
			if (o->abbr == abbr)
				return o;
	return NULL;
}

static int option_unknown(const struct cli *cli, const char *arg, size_t len)
{
	const char *known[MAX_NAMES];
	char wrong[64];
	size_t n = 0;
	const char *near = NULL;

	for (size_t i = 0; i <= COMMAND_TABLES; i++)
		for (const struct option *o = table_at(cli->cmd, i); o && o->name; o++)
			if (n < MAX_NAMES)
				known[n++] = o->name;
	if (len > 2 && len - 2 < sizeof wrong) {
		memcpy(wrong, arg + 2, len - 2);
		wrong[len - 2] = '\0';
		near = nearest_word(wrong, known, n);
	}
	if (near)
		return cli_usage(
			cli, "unknown option '%.*s'; did you mean '--%s'?", (int)len, arg, near);
	return cli_usage(cli, "unknown option '%.*s'; 'hourglass help %s' lists them",
		len > 80 ? 80 : (int)len, arg, cli->cmd->path);
}

static int check_bounds(const struct cli *cli, const struct option *o, const struct given *g)
{
	char low[DOUBLE_TEXT], high[DOUBLE_TEXT];
	const char *unit = quantity_unit(o->quantity);

	if ((o->min == 0 && o->max == 0) || (g->number >= o->min && g->number <= o->max))
		return EXIT_OK;
	double_format(o->min, low);
	double_format(o->max, high);
	if (o->max > 1e15)
		return cli_usage(cli, "--%s %.80s: must be at least %s%s%s", o->name, g->text, low,
			unit[0] ? " " : "", unit);
	return cli_usage(cli, "--%s %.80s: must be from %s to %s%s%s", o->name, g->text, low, high,
		unit[0] ? " " : "", unit);
}

static int check_choice(const struct cli *cli, const struct option *o, const char *text)
{
	struct buf list;
	size_t n = 0;
	const char *near;

	while (o->choices[n]) {
		if (strcmp(o->choices[n++], text) == 0)
			return EXIT_OK;
	}
	near = nearest_word(text, o->choices, n);
	for (size_t i = 0; !near && text[0] && i < n; i++)
		if (strncmp(text, o->choices[i], strlen(text)) == 0)
			near = o->choices[i];
	if (near)
		return cli_usage(cli, "--%s: no '%.80s'; did you mean '%s'?", o->name, text, near);
	buf_init(&list, 4096);
	for (size_t i = 0; i < n; i++)
		buf_addf(&list, "%s%s", i ? ", " : "", o->choices[i]);
	cli_usage(cli, "--%s: no '%.80s'; known are %s", o->name, text, list.data ? list.data : "");
	buf_finish(&list);
	return EXIT_USAGE;
}

static int check_value(const struct cli *cli, struct given *g)
{
	const struct option *o = g->option;
	char what[64];
	hg_error why = {""};
	uint64_t count;
	size_t len = strlen(o->name);

	if (o->kind == OPTION_CHOICE)
		return check_choice(cli, o, g->text);
	if (o->kind == OPTION_COUNT) {
		if (!uint64_parse(g->text, strlen(g->text), &count))
			return cli_usage(
				cli, "--%s: '%.80s' is not a whole number", o->name, g->text);
		g->number = (double)count;
		return check_bounds(cli, o, g);
	}
	if (o->kind == OPTION_QUANTITY) {
		if (len > sizeof what - 3)
			len = sizeof what - 3;
		memcpy(what, "--", 2);
		memcpy(what + 2, o->name, len);
		what[len + 2] = '\0';
		if (quantity_parse(o->quantity, g->text, what, &g->number, &why) != HG_OK)
			return cli_usage(cli, "%s", why.text);
		return check_bounds(cli, o, g);
	}
	if (!g->text[0])
		return cli_usage(cli, "--%s: the value is empty", o->name);
	return EXIT_OK;
}

/** Takes option o whose attached value is `value`, or NULL. Moves *i on when it takes argv[*i+1].
 */
static int take_option(struct args *args, struct cli *cli, const struct option *o,
	const char *value, int argc, char **argv, int *i)
{
	struct given *g = &args->given[args->n_given];

	if (o->kind == OPTION_FLAG && value)
		return cli_usage(cli, "--%s takes no value", o->name);
	if (!o->repeat && args_has(args, o->name))
		return cli_usage(cli, "--%s given twice", o->name);
	if (o->kind != OPTION_FLAG && !value) {
		const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;

		if (!next || (strncmp(next, "--", 2) == 0 &&
				     option_long(cli->cmd, next + 2, strcspn(next + 2, "="))))
			return cli_usage(cli, "--%s needs a value: %s", o->name, o->value);
		value = next;
		*i += 1;
	}
	g->option = o;
	g->text = value;
	args->n_given += 1;
	if (o == &common_options[1])
		args->help = true;
	return value ? check_value(cli, g) : EXIT_OK;
}

static int take_argument(struct args *args, struct cli *cli, int argc, char **argv, int *i)
{
	const char *arg = argv[*i];
	const struct option *o;
	const char *value = NULL;
	size_t len;

	if (arg[0] != '-' || !arg[1]) {
		args->operands[args->n_operands++] = arg;
		return EXIT_OK;
	}
	if (arg[1] == '-') {
		len = strcspn(arg, "=");
		o = option_long(cli->cmd, arg + 2, len - 2);
		if (arg[len])
			value = arg + len + 1;
	} else {
		len = 2;
		o = option_short(cli->cmd, arg[1]);
		if (arg[2]) {
			value = arg + 2;
			len = strlen(arg);
		}
	}
	if (!o)
		return option_unknown(cli, arg, len);
	return take_option(args, cli, o, value, argc, argv, i);
}

int args_parse(struct args *args, struct cli *cli, int argc, char **argv)
{
	const struct command *cmd = cli->cmd;
	bool options = true;

	memset(args, 0, sizeof *args);
	args->dashed = SIZE_MAX;
	args->given = calloc((size_t)argc + 1, sizeof *args->given);
	args->operands = calloc((size_t)argc + 1, sizeof *args->operands);
	if (!args->given || !args->operands)
		return cli_broken(cli, HG_ENOMEM);
	for (int i = 0; i < argc && !args->help; i++) {
		int rc = EXIT_OK;

		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			args->dashed = args->n_operands;
		} else if (options)
			rc = take_argument(args, cli, argc, argv, &i);
		else
			args->operands[args->n_operands++] = argv[i];
		if (rc != EXIT_OK)
			return rc;
	}
	if (args->help)
		return EXIT_OK;
	if (args->n_operands < cmd->min_operands)
		return cli_usage(cli, "%s is missing; usage: hourglass %s %s", cmd->operand_name,
			cmd->path, cmd->usage);
	if (args->n_operands > cmd->max_operands)
		return cli_usage(cli, "unexpected argument '%.80s'; usage: hourglass %s %s",
			args->operands[cmd->max_operands], cmd->path, cmd->usage);
	return EXIT_OK;
}

void args_finish(struct args *args)
{
	free(args->given);
	free(args->operands);
	memset(args, 0, sizeof *args);
}

static const struct given *args_find(const struct args *args, const char *name, size_t nth)
{
	for (size_t i = 0; i < args->n_given; i++)
		if (strcmp(args->given[i].option->name, name) == 0 && nth-- == 0)
			return &args->given[i];
	return NULL;
}

bool args_has(const struct args *args, const char *name)
{
	return args_find(args, name, 0) != NULL;
}

const char *args_text(const struct args *args, const char *name, const char *fallback)
{
	const struct given *g = args_find(args, name, 0);

	return g ? g->text : fallback;
}

double args_number(const struct args *args, const char *name, double fallback)
{
	const struct given *g = args_find(args, name, 0);

	return g ? g->number : fallback;
}

const char *args_nth(const struct args *args, const char *name, size_t i)
{
	const struct given *g = args_find(args, name, i);

	return g ? g->text : NULL;
}

size_t args_count(const struct args *args, const char *name)
{
	size_t n = 0;

	while (args_find(args, name, n))
		n++;
	return n;
}
