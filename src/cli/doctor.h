/*
 * What keeps hourglass from measuring and setting here, and what would change that.
 *
 * A rule is a row of data: when it holds, what is wrong, and the lines that put it right. Facts are
 * read from the files of the system and from what the backends said; nothing is changed.
 */
#ifndef HG_CLI_DOCTOR_H
#define HG_CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/context.h>
#include <hourglass/device.h>

#include "core/vec.h"

/** Most facts and lines of one rule. */
#define DOCTOR_FACTS 4
#define DOCTOR_LINES 5

/** Paths are below the root, without a slash before them; a '*' at their end is any rest of a name.
 */
enum fact_kind {
	FACT_NONE, /* ends the list */
	FACT_PCI,  /* a device of vendor a, "0x10de"; its class begins with one of b, "0x03|0x12" */
	FACT_PCI_SAYS,  /* a file of one: "0x10de/power/runtime_status" has the text b in it */
	FACT_FILE,      /* there is a file a */
	FACT_NO_FILE,   /* there is none */
	FACT_FORBIDDEN, /* there is a file a, and this user may not use it */
	FACT_READ_ONLY, /* there is a file a, and this user may not write it */
	FACT_SAYS,      /* file a has the text b in it */
	FACT_NOT_SAYS,  /* file a has not */
	FACT_OLDER,     /* file a holds a version before b */
	FACT_FOUND,     /* backend a found a device */
	FACT_NOT_FOUND, /* it found none */
	FACT_REASON,    /* backend a's reason has the text b in it */
	FACT_ABSENT,    /* a signal of one of its devices is absent: the reason has b in it */
	FACT_FIXED      /* a knob of one cannot be set: the reason has b in it */
};

struct fact {
	enum fact_kind kind;
	const char *a, *b;
};

struct rule {
	const char *id;
	bool minor; /* a remark: all is well without it */
	struct fact when[DOCTOR_FACTS];
	const char *problem;
	const char *lines[DOCTOR_LINES]; /* commands, or lines of files, for people to use */
};

/** All rules; ends with id NULL. */
extern const struct rule doctor_rules[];

/** What one backend came to. */
struct backend_said {
	const char *name, *reason;
	size_t devices;
	hg_err rc;
};

/** What the rules are asked about. */
struct patient {
	hg_ctx *ctx;         /* its devices are those that were found */
	struct vec backends; /* struct backend_said */
};

/** Whether all facts of a rule hold. */
bool doctor_holds(const struct patient *p, const struct rule *rule);

#endif
