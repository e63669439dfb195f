/* Completion for zsh. */
#include "completion.h"

/* what _arguments reads as its own in a description */
#define SPECIAL "[]:\\"

static void add_action(struct buf *out, const struct option *o)
{
	switch (o->kind) {
	case OPTION_CHOICE:
		buf_adds(out, "'(");
		for (size_t i = 0; o->choices[i]; i++)
			buf_addf(out, "%s%s", i ? " " : "", o->choices[i]);
		buf_adds(out, ")'");
		break;
	case OPTION_DEVICE:
		buf_adds(out, "_hourglass_devices");
		break;
	case OPTION_WORKLOAD:
		buf_adds(out, "_hourglass_workloads");
		break;
	case OPTION_FILE:
		buf_adds(out, "_files");
		break;
	case OPTION_FLAG:
	case OPTION_TEXT:
	case OPTION_COUNT:
	case OPTION_QUANTITY:
	case OPTION_KNOB:
		break;
	}
}

static void add_option(struct buf *out, const struct option *o)
{
	const char *assign = o->kind == OPTION_FLAG ? "" : "=";

	for (int pass = o->abbr ? 0 : 1; pass < 2; pass++) {
		buf_adds(out, " \\\n\t\t");
		if (o->repeat)
			buf_adds(out, "'*'");
		if (pass == 0)
			buf_addf(out, "-%c", o->abbr);
		else
			buf_addf(out, "--%s%s", o->name, assign);
		buf_adds(out, "'['");
		completion_quoted(out, o->text, SPECIAL);
		buf_adds(out, "']'");
		if (o->kind != OPTION_FLAG) {
			buf_adds(out, "':'");
			completion_quoted(out, o->value, SPECIAL);
			buf_adds(out, "':'");
			add_action(out, o);
		}
	}
}

static void add_command(struct buf *out, const struct command *cmd)
{
	buf_addf(out, "\t('%s') _arguments -s", cmd->path);
	for (size_t i = 0; i <= COMMAND_TABLES; i++)
		for (const struct option *o = completion_table(cmd, i); o && o->name; o++)
			add_option(out, o);
	if (cmd->operand == OPERAND_FILE)
		buf_adds(out, " \\\n\t\t'*:file:_files'");
	else if (cmd->operand == OPERAND_SHELL)
		buf_adds(out, " \\\n\t\t'1:shell:(bash zsh fish)'");
	else if (cmd->operand == OPERAND_COMMAND) {
		buf_adds(out, " \\\n\t\t'1:command:(");
		completion_names(out, commands);
		buf_adds(out, ")'");
	}
	buf_adds(out, " ;;\n");
}

static void add_list(struct buf *out, const struct command *const *list)
{
	for (; *list; list++) {
		buf_addf(out, "\n\t\t'%s:'", (*list)->name);
		completion_quoted(out, (*list)->summary, SPECIAL);
	}
}

void completion_zsh(struct buf *out)
{
	buf_adds(out, "#compdef hourglass\n"
		      "# zsh completion for hourglass; made by 'hourglass completion zsh'\n"
		      "_hourglass_devices() { compadd --");
	completion_devices(out);
	buf_adds(out, "; }\n_hourglass_workloads() { compadd --");
	completion_workloads(out);
	buf_adds(out, "; _files; }\n"
		      "_hourglass() {\n"
		      "\tlocal path=$words[2]\n"
		      "\tlocal -a names\n"
		      "\tif (( CURRENT == 2 )); then\n"
		      "\t\tnames=(");
	add_list(out, commands);
	buf_adds(out, ")\n\t\t_describe command names\n\t\treturn\n\tfi\n");
	for (const struct command *const *c = commands; *c; c++) {
		if (!(*c)->subs)
			continue;
		buf_addf(out,
			"\tif [[ $path == '%s' ]]; then\n"
			"\t\tif (( CURRENT == 3 )); then\n"
			"\t\tnames=(",
			(*c)->path);
		add_list(out, (*c)->subs);
		buf_adds(out, ")\n\t\t_describe command names\n\t\treturn\n\t\tfi\n"
			      "\t\tpath=\"$words[2] $words[3]\"\n"
			      "\t\tshift words\n"
			      "\t\t(( CURRENT-- ))\n"
			      "\tfi\n");
	}
	buf_adds(out, "\tshift words\n\t(( CURRENT-- ))\n\tcase $path in\n");
	completion_each(out, add_command);
	buf_adds(out, "\tesac\n}\n"
		      "if [[ $funcstack[1] == _hourglass ]]; then\n"
		      "\t_hourglass \"$@\"\n"
		      "else\n"
		      "\tcompdef _hourglass hourglass\n"
		      "fi\n");
}
