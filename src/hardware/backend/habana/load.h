/* HLML, the library of Habana's driver; any function of it may be missing. */
#ifndef HG_HARDWARE_BACKEND_HABANA_LOAD_H
#define HG_HARDWARE_BACKEND_HABANA_LOAD_H

#include <stdbool.h>

#include <hourglass/error.h>

#include "abi.h"

/** The library; a member is NULL where it lacks the function. */
struct hlml {
	/* NOLINTBEGIN(bugprone-macro-parentheses): a type and a list of parameters take none */
#define HLML_MEMBER(kind, member, symbol, older, result, arguments) result(*member) arguments;
	HLML_SYMBOLS(HLML_MEMBER)
#undef HLML_MEMBER
	/* NOLINTEND(bugprone-macro-parentheses) */
	bool simulated; /* the fake library of this project */
	bool may_set;   /* this process has the rights to set knobs */
};

/**
 * Initialises the library for one more user, and takes the turn: nothing says that two threads may
 * call it at once. On success hlml_leave() gives the turn back, later hlml_finish() ends the use.
 * @return HG_OK; HG_ENOENT (no library); HG_EUNSUPPORTED (it lacks a function that nothing works
 *         without); HG_EPERM, HG_EDEVICE
 */
hg_err hlml_begin(const struct hlml **lib, hg_error *why);

/** One user less; takes the turn itself. */
void hlml_finish(void);

/** Takes the turn for some calls. @return false: another thread's call does not come back */
bool hlml_enter(void);
void hlml_leave(void);

/** Whether HOURGLASS_HLML names a library: then no driver is looked for. */
bool hlml_is_named(void);

/** What a return code is as an error of ours, and what it means. */
hg_err hlml_error(int result);
const char *hlml_text(int result);

#endif
