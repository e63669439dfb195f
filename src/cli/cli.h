/*
 * The command line: what every command sees.
 *
 * main.c       start, dispatch, end           options.c    argv against option tables
 * help.c       tables as text and JSON        term.c       what the terminal can do, progress
 * describe.c   points and settings            load.c       frontiers in and out
 * table.c      columns of text                objective.c  --min-energy ... --knee
 * rig.c        devices and their knobs        plot-*.c     SVG and terminal plots
 * gauge.c      devices that are measured      child.c      a command and its descendants
 * energy-*.c   what a command cost            top-*.c      what devices draw now
 * fits.c       observations and predictions
 * cmd-NAME.c   one command each
 */
#ifndef HG_CLI_CLI_H
#define HG_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/error.h>

#include "core/buf.h"
#include "core/unit.h"

/** How the program ends. Codes above 125 are left to children of a later `run`. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FALSE = 1,         /* a check found that something is not as claimed */
	EXIT_USAGE = 2,         /* wrong usage, or input that cannot be used */
	EXIT_INFEASIBLE = 3,    /* no setting meets the objective */
	EXIT_BROKEN = 125,      /* our own failure: memory, output that cannot be written */
	EXIT_INTERRUPTED = 130, /* SIGINT */
};

/** What the value of an option is; drives parser, help, completion. */
enum option_kind {
	OPTION_FLAG, /* no value */
	OPTION_TEXT,
	OPTION_FILE,
	OPTION_COUNT,    /* whole number within min..max */
	OPTION_QUANTITY, /* number with a unit, in SI, within min..max */
	OPTION_CHOICE,
	OPTION_DEVICE,   /* "sim:h100" */
	OPTION_WORKLOAD, /* name or file */
	OPTION_KNOB      /* "power_limit=..." */
};

/** One option. A table of them ends with name NULL. */
struct option {
	const char *name; /* without dashes */
	char abbr;        /* single letter, or 0 */
	enum option_kind kind;
	bool repeat;                /* may be given several times */
	enum quantity quantity;     /* OPTION_QUANTITY */
	double min, max;            /* bounds of a number, both 0: none */
	const char *value;          /* what the value is called in help; NULL for a flag */
	const char *const *choices; /* OPTION_CHOICE; ends with NULL */
	const char *fallback;       /* what holds without it, as text; NULL: nothing to say */
	const char *text;           /* one line for people, no full stop */
};

/** What the arguments that are no options are; drives completion. */
enum operand_kind {
	OPERAND_NONE,
	OPERAND_FILE,
	OPERAND_COMMAND,
	OPERAND_SHELL
};

/** Most option tables of one command. */
#define COMMAND_TABLES 5

struct cli;
struct args;

/** One command. */
struct command {
	const char *name;    /* "pick" */
	const char *path;    /* "frontier pick" */
	const char *page;    /* man page that documents it */
	const char *usage;   /* what comes after the path */
	const char *summary; /* one line */
	const char *text;    /* more, for --help; may be NULL */
	const struct option *tables[COMMAND_TABLES];
	const struct command *const *subs; /* a group: its commands; ends with NULL */
	enum operand_kind operand;
	const char *operand_name; /* of a missing one, in errors */
	size_t min_operands, max_operands;
	int (*run)(struct cli *cli, const struct args *args);
};

/** Options of every command: --json, --help. */
extern const struct option common_options[];
/** Commands, in the order of the help; ends with NULL. */
extern const struct command *const commands[];

/** One running command. */
struct cli {
	const struct command *cmd; /* NULL before there is one */
	struct buf out;            /* standard output; written when the command succeeded */
	bool out_terminal, err_terminal;
	bool utf8;  /* the terminal shows more than ASCII */
	bool color; /* standard output may be coloured */
	int width;  /* columns of the terminal */
};

/* ----- args: what was given */

/** One option as given. */
struct given {
	const struct option *option;
	const char *text; /* NULL for a flag */
	double number;    /* OPTION_QUANTITY, OPTION_COUNT */
};

struct args {
	struct given *given;
	size_t n_given;
	const char **operands;
	size_t n_operands;
	size_t dashed; /* operands before "--"; SIZE_MAX: there was none */
	bool help;     /* --help was among them */
};

/**
 * Reads argv[0..argc) against the tables of cmd. What is wrong goes to stderr as one line.
 * @return EXIT_OK; EXIT_USAGE; EXIT_BROKEN. args_finish() in any case
 */
int args_parse(struct args *args, struct cli *cli, int argc, char **argv);
void args_finish(struct args *args);
/** Whether an option was given. */
bool args_has(const struct args *args, const char *name);
/** Text of an option, or fallback. */
const char *args_text(const struct args *args, const char *name, const char *fallback);
/** Number of an option, or fallback. */
double args_number(const struct args *args, const char *name, double fallback);
/** i-th text of a repeatable option, or NULL past the end. */
const char *args_nth(const struct args *args, const char *name, size_t i);
/** How often an option was given. */
size_t args_count(const struct args *args, const char *name);

/* ----- errors: one line on stderr */

/** "hourglass COMMAND: TEXT". @return EXIT_USAGE */
int cli_usage(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** Input that cannot be used, or our own failure. @return EXIT_USAGE or EXIT_BROKEN, by code */
int cli_input_error(const struct cli *cli, hg_err code, const hg_error *why);
/** Output that could not be written. @return EXIT_BROKEN */
int cli_output_error(const struct cli *cli, hg_err code, const hg_error *why);
/** Out of memory and the like. @return EXIT_BROKEN */
int cli_broken(const struct cli *cli, hg_err code);
/** A remark on stderr. */
void cli_note(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Writes data to a file, atomically, or appends it to the command's standard output when path is
 * "-". What is wrong goes to stderr.
 * @return EXIT_OK, EXIT_BROKEN
 */
int cli_write(struct cli *cli, const char *path, const void *data, size_t len);
/**
 * Writes what is said beside a command that has standard output for itself.
 * @param path  as for cli_write(); NULL: stderr
 * @param out   may have failed
 * @return EXIT_OK, EXIT_BROKEN
 */
int cli_write_beside(struct cli *cli, const char *path, const struct buf *out);

/** Whether that file could be written, before anything is done that takes long. NULL is fine.
 * @return EXIT_OK; EXIT_BROKEN, and says why not */
int cli_check_beside(const struct cli *cli, const char *path);

/* ----- help.c */

/** Command by name among list, or NULL. */
const struct command *command_find(const struct command *const *list, const char *name);
/** Says what is wrong with a command's name. @return EXIT_USAGE */
int command_unknown(const struct cli *cli, const struct command *const *list, const char *path,
	const char *name);
/** Appends the help of one command, or of the program for NULL. */
void help_text(struct buf *out, const struct command *cmd);
/** Appends commands and options as hourglass.help/1; all commands for NULL. */
void help_json(struct buf *out, const struct command *cmd);
/** SI unit of a quantity, "" for none. */
const char *quantity_unit(enum quantity q);
/** "text", "file", ...: name of an option's kind. */
const char *option_kind_text(enum option_kind kind);

#endif
