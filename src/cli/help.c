/* The option tables as text for people and as JSON for tools. */
#include <stdio.h>
#include <string.h>

#include <hourglass/version.h>

#include "cli.h"
#include "core/json.h"
#include "core/text.h"

#define TEXT_COLUMN 26
#define MAX_NAMES   64

const char *quantity_unit(enum quantity q)
{
	switch (q) {
	case QUANTITY_TIME:
		return "s";
	case QUANTITY_ENERGY:
		return "J";
	case QUANTITY_POWER:
		return "W";
	case QUANTITY_CLOCK:
		return "Hz";
	case QUANTITY_NUMBER:
	case QUANTITY_RATIO:
	case QUANTITY_FACTOR:
		break;
	}
	return "";
}

const char *option_kind_text(enum option_kind kind)
{
	switch (kind) {
	case OPTION_FLAG:
		return "flag";
	case OPTION_TEXT:
		return "text";
	case OPTION_FILE:
		return "file";
	case OPTION_COUNT:
		return "count";
	case OPTION_QUANTITY:
		return "quantity";
	case OPTION_CHOICE:
		return "choice";
	case OPTION_DEVICE:
		return "device";
	case OPTION_WORKLOAD:
		return "workload";
	case OPTION_KNOB:
		return "knob";
	}
	return "text";
}

const struct command *command_find(const struct command *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp((*list)->name, name) == 0)
			return *list;
	return NULL;
}

int command_unknown(const struct cli *cli, const struct command *const *list, const char *path,
	const char *name)
{
	const char *known[MAX_NAMES];
	size_t n = 0;
	const char *near;

	for (const struct command *const *c = list; *c; c++) {
		if (n < MAX_NAMES)
			known[n++] = (*c)->name;
		if ((*c)->subs && command_find((*c)->subs, name))
			return cli_usage(cli, "unknown command '%.80s'; did you mean '%s %s'?",
				name, (*c)->name, name);
	}
	near = nearest_word(name, known, n);
	if (near)
		return cli_usage(cli, "unknown command '%.80s'; did you mean '%s%s%s'?", name, path,
			path[0] ? " " : "", near);
	return cli_usage(cli, "unknown command '%.80s'; 'hourglass help%s%s' lists them", name,
		path[0] ? " " : "", path);
}

static void option_text(struct buf *out, const struct option *o)
{
	size_t start = out->len;

	buf_adds(out, "  ");
	if (o->abbr)
		buf_addf(out, "-%c, ", o->abbr);
	buf_addf(out, "--%s", o->name);
	if (o->value)
		buf_addf(out, " %s", o->value);
	if (out->len - start + 2 > TEXT_COLUMN) {
		buf_addc(out, '\n');
		start = out->len;
	}
	while (out->len - start < TEXT_COLUMN && out->failed == HG_OK)
		buf_addc(out, ' ');
	buf_adds(out, o->text);
	if (o->choices) {
		buf_adds(out, ":");
		for (size_t i = 0; o->choices[i]; i++)
			buf_addf(out, "%s %s", i ? "," : "", o->choices[i]);
	}
	if (o->repeat)
		buf_adds(out, " (may be repeated)");
	if (o->fallback)
		buf_addf(out, " [%s]", o->fallback);
	buf_addc(out, '\n');
}

static void commands_text(struct buf *out, const struct command *const *list)
{
	for (; *list; list++) {
		if ((*list)->subs) {
			commands_text(out, (*list)->subs);
			continue;
		}
		buf_addf(out, "  %-20s %s\n", (*list)->path, (*list)->summary);
	}
}

static void program_text(struct buf *out)
{
	buf_adds(out,
		"hourglass: what a piece of machine-learning work costs in time and energy at\n"
		"each setting of a device, and the cheapest setting that is fast enough\n"
		"\n"
		"usage: hourglass COMMAND [options]\n"
		"\n"
		"commands:\n");
	commands_text(out, commands);
	buf_adds(out,
		"\n"
		"options:\n"
		"  --help, --version\n"
		"\n"
		"'hourglass help COMMAND' says more. 'hourglass demo' shows all of it in a second.\n");
}

void help_text(struct buf *out, const struct command *cmd)
{
	if (!cmd) {
		program_text(out);
		return;
	}
	buf_addf(out, "hourglass %s: %s\n\nusage: hourglass %s %s\n", cmd->path, cmd->summary,
		cmd->path, cmd->usage);
	if (cmd->text)
		buf_addf(out, "\n%s\n", cmd->text);
	if (cmd->subs) {
		buf_adds(out, "\ncommands:\n");
		commands_text(out, cmd->subs);
	}
	buf_adds(out, "\noptions:\n");
	for (size_t i = 0; i < COMMAND_TABLES; i++)
		for (const struct option *o = cmd->tables[i]; o && o->name; o++)
			option_text(out, o);
	for (const struct option *o = common_options; o->name; o++)
		option_text(out, o);
	buf_addf(out, "\nManual page: %s(1)\n", cmd->page);
}

static void option_json(struct json_out *j, const struct option *o)
{
	char abbr[3] = {'-', o->abbr, '\0'};
	char name[64];

	snprintf(name, sizeof name, "--%s", o->name);
	json_open(j, '{', true);
	json_kv_string(j, "name", name);
	json_key(j, "short");
	if (o->abbr)
		json_put_string(j, abbr);
	else
		json_put_null(j);
	json_kv_string(j, "kind", option_kind_text(o->kind));
	json_key(j, "value");
	if (o->value)
		json_put_string(j, o->value);
	else
		json_put_null(j);
	if (o->kind == OPTION_QUANTITY)
		json_kv_string(j, "unit", quantity_unit(o->quantity));
	if (o->choices) {
		json_key(j, "choices");
		json_open(j, '[', true);
		for (size_t i = 0; o->choices[i]; i++)
			json_put_string(j, o->choices[i]);
		json_close(j, ']');
	}
	json_kv_bool(j, "repeatable", o->repeat);
	json_key(j, "default");
	if (o->fallback)
		json_put_string(j, o->fallback);
	else
		json_put_null(j);
	json_kv_string(j, "text", o->text);
	json_close(j, '}');
}

static void command_json(struct json_out *j, const struct command *cmd)
{
	json_open(j, '{', false);
	json_kv_string(j, "name", cmd->path);
	json_kv_string(j, "usage", cmd->usage);
	json_kv_string(j, "summary", cmd->summary);
	json_kv_string(j, "page", cmd->page);
	json_kv_bool(j, "group", cmd->subs != NULL);
	json_key(j, "options");
	json_open(j, '[', false);
	for (size_t i = 0; i < COMMAND_TABLES; i++)
		for (const struct option *o = cmd->tables[i]; o && o->name; o++)
			option_json(j, o);
	for (const struct option *o = common_options; o->name; o++)
		option_json(j, o);
	json_close(j, ']');
	json_close(j, '}');
	for (const struct command *const *c = cmd->subs; c && *c; c++)
		command_json(j, *c);
}

void help_json(struct buf *out, const struct command *cmd)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.help/1");
	json_kv_string(&j, "version", hg_version());
	json_key(&j, "commands");
	json_open(&j, '[', false);
	if (cmd)
		command_json(&j, cmd);
	for (const struct command *const *c = commands; !cmd && *c; c++)
		command_json(&j, *c);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(out, '\n');
}
