/* Completion for bash. */
#include "completion.h"

static void add_values(struct buf *out, const struct option *o)
{
	switch (o->kind) {
	case OPTION_CHOICE:
		buf_adds(out, "_hourglass_words '");
		for (size_t i = 0; o->choices[i]; i++)
			buf_addf(out, " %s", o->choices[i]);
		buf_adds(out, "'");
		break;
	case OPTION_DEVICE:
		buf_adds(out, "_hourglass_words \"$devices\"");
		break;
	case OPTION_WORKLOAD:
		buf_adds(out, "_hourglass_words \"$workloads\"; _hourglass_files");
		break;
	case OPTION_FILE:
		buf_adds(out, "_hourglass_files");
		break;
	case OPTION_FLAG:
	case OPTION_TEXT:
	case OPTION_COUNT:
	case OPTION_QUANTITY:
	case OPTION_KNOB:
		buf_adds(out, ":");
		break;
	}
	buf_adds(out, " ;;\n");
}

/** The values of the options of one command. */
static void add_command_values(struct buf *out, const struct command *cmd)
{
	for (size_t i = 0; i <= COMMAND_TABLES; i++)
		for (const struct option *o = completion_table(cmd, i); o && o->name; o++) {
			if (o->kind == OPTION_FLAG)
				continue;
			buf_addf(out, "\t'%s --%s'", cmd->path, o->name);
			if (o->abbr)
				buf_addf(out, "|'%s -%c'", cmd->path, o->abbr);
			buf_adds(out, ") ");
			add_values(out, o);
		}
}

/** The names of the options of one command, and what its arguments are. */
static void add_command_options(struct buf *out, const struct command *cmd)
{
	buf_addf(out, "\t'%s') options='", cmd->path);
	for (size_t i = 0; i <= COMMAND_TABLES; i++)
		for (const struct option *o = completion_table(cmd, i); o && o->name; o++)
			buf_addf(out, " --%s", o->name);
	buf_adds(out, "'");
	if (cmd->operand == OPERAND_COMMAND)
		buf_adds(out, " operands=$commands");
	else if (cmd->operand == OPERAND_SHELL)
		buf_adds(out, " operands='bash zsh fish'");
	else if (cmd->operand == OPERAND_NONE)
		buf_adds(out, " operands=' '");
	buf_adds(out, " ;;\n");
}

void completion_bash(struct buf *out)
{
	buf_adds(out,
		"# bash completion for hourglass; made by 'hourglass completion bash'\n"
		"_hourglass_words() {\n"
		"\tlocal word\n"
		"\twhile IFS= read -r word; do COMPREPLY+=(\"$word\"); done \\\n"
		"\t\t< <(compgen -W \"$1\" -- \"$cur\")\n"
		"}\n"
		"_hourglass_files() {\n"
		"\tlocal word\n"
		"\tcompopt -o filenames 2>/dev/null\n"
		"\twhile IFS= read -r word; do COMPREPLY+=(\"$word\"); done < <(compgen -f -- "
		"\"$cur\")\n"
		"}\n"
		"_hourglass() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal path=${COMP_WORDS[1]} options='' operands='' first=2\n"
		"\tlocal commands='");
	completion_names(out, commands);
	buf_adds(out, "' devices='");
	completion_devices(out);
	buf_adds(out, "' workloads='");
	completion_workloads(out);
	buf_adds(out, "'\n"
		      "\tCOMPREPLY=()\n"
		      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
		      "\t\t_hourglass_words \"$commands --help --version\"\n"
		      "\t\treturn\n"
		      "\tfi\n");
	for (const struct command *const *c = commands; *c; c++) {
		if (!(*c)->subs)
			continue;
		buf_addf(out,
			"\tif [ \"$path\" = '%s' ]; then\n"
			"\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
			"\t\t\t_hourglass_words '",
			(*c)->path);
		completion_names(out, (*c)->subs);
		buf_adds(out, " --help'\n"
			      "\t\t\treturn\n"
			      "\t\tfi\n"
			      "\t\tpath=\"$path ${COMP_WORDS[2]}\" first=3\n"
			      "\tfi\n");
	}
	/* bash cuts words at = and : */
	buf_adds(out, "\tif [ \"$cur\" = = ]; then\n"
		      "\t\tcur=''\n"
		      "\telif [ \"$prev\" = = ]; then\n"
		      "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
		      "\telif [ \"$prev\" = : ] || [ \"$cur\" = : ]; then\n"
		      "\t\tcur=${cur#:}\n"
		      "\t\t_hourglass_words \"${devices//sim:/}\"\n"
		      "\t\treturn\n"
		      "\tfi\n"
		      "\tcase \"$path $prev\" in\n");
	completion_each(out, add_command_values);
	buf_adds(out, "\t*) prev='' ;;\n"
		      "\tesac\n"
		      "\t[ -n \"$prev\" ] && return\n"
		      "\tcase \"$path\" in\n");
	completion_each(out, add_command_options);
	buf_adds(out, "\tesac\n"
		      "\tcase \"$cur\" in\n"
		      "\t-*) _hourglass_words \"$options\" ;;\n"
		      "\t*) if [ -n \"$operands\" ]; then _hourglass_words \"$operands\"\n"
		      "\t\telif [ \"$COMP_CWORD\" -ge \"$first\" ]; then _hourglass_files; fi ;;\n"
		      "\tesac\n"
		      "}\n"
		      "complete -F _hourglass hourglass\n");
}
