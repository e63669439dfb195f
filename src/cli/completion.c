/* What the three shells' completions share. */
#include "completion.h"

#include <string.h>

#include <hourglass/model.h>

void completion_each(struct buf *out, command_fn fn)
{
	for (const struct command *const *c = commands; *c; c++) {
		if (!(*c)->subs)
			fn(out, *c);
		for (const struct command *const *s = (*c)->subs; s && *s; s++)
			fn(out, *s);
	}
}

const struct option *completion_table(const struct command *cmd, size_t i)
{
	return i < COMMAND_TABLES ? cmd->tables[i] : common_options;
}

void completion_devices(struct buf *out)
{
	for (size_t i = 0; hg_model_builtin(i); i++)
		buf_addf(out, " sim:%s", hg_model_builtin(i));
}

void completion_workloads(struct buf *out)
{
	for (size_t i = 0; hg_workload_builtin(i); i++)
		buf_addf(out, " %s", hg_workload_builtin(i));
}

void completion_names(struct buf *out, const struct command *const *list)
{
	for (; *list; list++)
		buf_addf(out, " %s", (*list)->name);
}

void completion_quoted(struct buf *out, const char *text, const char *special)
{
	buf_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_adds(out, "'\\''");
		else if (strchr(special, *text))
			buf_addf(out, "\\%c", *text);
		else
			buf_addc(out, *text);
	}
	buf_addc(out, '\'');
}
