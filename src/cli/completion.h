/* Shell completion, generated from the option tables. */
#ifndef HG_CLI_COMPLETION_H
#define HG_CLI_COMPLETION_H

#include "cli.h"

/** Append the completion script of a shell. */
void completion_bash(struct buf *out);
void completion_zsh(struct buf *out);
void completion_fish(struct buf *out);

/** Called for every command that can be run, groups left out. */
typedef void (*command_fn)(struct buf *out, const struct command *cmd);
void completion_each(struct buf *out, command_fn fn);

/** Table i of a command, the common options last; NULL where there is none. i <= COMMAND_TABLES */
const struct option *completion_table(const struct command *cmd, size_t i);

/** Appends names of things, each after a blank. */
void completion_devices(struct buf *out);
void completion_workloads(struct buf *out);
void completion_names(struct buf *out, const struct command *const *list);

/** Appends text between single quotes, for sh and zsh; characters in `special` get a backslash. */
void completion_quoted(struct buf *out, const char *text, const char *special);

#endif
