/*
 * Measurements that ended with no result and no failure: output that cannot be read, a command that
 * is not found. Is the setting wrong, or the command? A setting is tried again, and has failed when
 * it is garbled twice. As long as nothing else comes in between, the command may be what is wrong:
 * after several in a row the search ends, and their settings have not failed.
 */
#ifndef HG_CLI_SEARCH_TRIES_H
#define HG_CLI_SEARCH_TRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/vec.h"

/** Garbled attempts at a setting after which it has failed. */
#define TRIES_EACH 2
/** Garbled attempts in a row after which the command is wrong. */
#define TRIES_IN_ROW 4

/** What was garbled. tries_init() to begin. */
struct tries {
	struct vec garbled; /* uint32_t: the setting of each attempt */
	size_t in_row;      /* of them, the last ones */
};

void tries_init(struct tries *t);
void tries_finish(struct tries *t);
/** One more. @param last  receives whether its setting has failed now. @return HG_OK, HG_ENOMEM */
hg_err tries_add(struct tries *t, uint32_t config, bool *last);
/** Something else came: a result, or a failure. */
void tries_broken(struct tries *t);
/** Whether it is the command that is wrong. */
bool tries_over(const struct tries *t);

#endif
