/* Completion for fish. */
#include "completion.h"

/** Inside single quotes fish knows \' and \\. */
static void add_quoted(struct buf *out, const char *text)
{
	buf_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
	buf_addc(out, '\'');
}

static void add_option(struct buf *out, const struct command *cmd, const struct option *o)
{
	buf_addf(out, "complete -c hourglass -n \"__hourglass_at %s\" -l %s", cmd->path, o->name);
	if (o->abbr)
		buf_addf(out, " -s %c", o->abbr);
	if (o->kind == OPTION_FILE)
		buf_adds(out, " -r -F");
	else if (o->kind == OPTION_WORKLOAD)
		buf_adds(out, " -r -F -a \"$__hourglass_workloads\"");
	else if (o->kind == OPTION_DEVICE)
		buf_adds(out, " -x -a \"$__hourglass_devices\"");
	else if (o->kind != OPTION_FLAG)
		buf_adds(out, " -x");
	if (o->choices) {
		buf_adds(out, " -a '");
		for (size_t i = 0; o->choices[i]; i++)
			buf_addf(out, "%s%s", i ? " " : "", o->choices[i]);
		buf_addc(out, '\'');
	}
	buf_adds(out, " -d ");
	add_quoted(out, o->text);
	buf_addc(out, '\n');
}

static void add_command(struct buf *out, const struct command *cmd)
{
	if (cmd->operand == OPERAND_FILE)
		buf_addf(out, "complete -c hourglass -n \"__hourglass_at %s\" -F\n", cmd->path);
	if (cmd->operand == OPERAND_SHELL)
		buf_addf(out, "complete -c hourglass -n \"__hourglass_at %s\" -a 'bash zsh fish'\n",
			cmd->path);
	if (cmd->operand == OPERAND_COMMAND) {
		buf_addf(out, "complete -c hourglass -n \"__hourglass_at %s\" -a '", cmd->path);
		completion_names(out, commands);
		buf_adds(out, "'\n");
	}
	for (size_t i = 0; i <= COMMAND_TABLES; i++)
		for (const struct option *o = completion_table(cmd, i); o && o->name; o++)
			add_option(out, cmd, o);
}

static void add_names(struct buf *out, const char *at, const struct command *const *list)
{
	for (; *list; list++) {
		buf_addf(out, "complete -c hourglass -n \"__hourglass_only %s\" -a %s -d ", at,
			(*list)->name);
		add_quoted(out, (*list)->summary);
		buf_addc(out, '\n');
	}
}

void completion_fish(struct buf *out)
{
	buf_adds(out, "# fish completion for hourglass; made by 'hourglass completion fish'\n"
		      "set -g __hourglass_devices");
	completion_devices(out);
	buf_adds(out, "\nset -g __hourglass_workloads");
	completion_workloads(out);
	buf_adds(out,
		"\n"
		"# whether the command line begins with these words\n"
		"function __hourglass_at\n"
		"\tset -l words (commandline -opc)[2..-1]\n"
		"\ttest (count $words) -ge (count $argv)\n"
		"\tand test \"$words[1..(count $argv)]\" = \"$argv\"\n"
		"end\n"
		"# whether it is these words and nothing more\n"
		"function __hourglass_only\n"
		"\tset -l words (commandline -opc)[2..-1]\n"
		"\ttest \"$words\" = \"$argv\"\n"
		"end\n"
		"complete -c hourglass -f\n"
		"complete -c hourglass -n __hourglass_only -l version -d 'print the version'\n");
	add_names(out, "", commands);
	for (const struct command *const *c = commands; *c; c++)
		if ((*c)->subs)
			add_names(out, (*c)->path, (*c)->subs);
	completion_each(out, add_command);
}
