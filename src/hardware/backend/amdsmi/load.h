/* AMD SMI: opened when it is asked for, any function of it may be missing. */
#ifndef HG_HARDWARE_BACKEND_AMDSMI_LOAD_H
#define HG_HARDWARE_BACKEND_AMDSMI_LOAD_H

#include <stdbool.h>

#include <hourglass/error.h>

#include "abi.h"

/** Where the power of a socket is told: the library's struct has had three layouts. */
enum amdsmi_layout {
	AMDSMI_LAYOUT_UNKNOWN,
	AMDSMI_LAYOUT_64,  /* ROCm 5.7: 23.0 to 23.3 */
	AMDSMI_LAYOUT_68,  /* ROCm 6.0: 23.4 to 24 */
	AMDSMI_LAYOUT_192, /* from 25 on */
};

/** The library; a member is NULL where it lacks the function. */
struct amdsmi {
	/* NOLINTBEGIN(bugprone-macro-parentheses): a type and a list of parameters take none */
#define AMDSMI_MEMBER(kind, member, symbol, older, result, arguments) result(*member) arguments;
	AMDSMI_SYMBOLS(AMDSMI_MEMBER)
#undef AMDSMI_MEMBER
	/* NOLINTEND(bugprone-macro-parentheses) */
	bool simulated; /* the fake library of this project */
	bool may_set;   /* this process has the rights to set knobs */
	enum amdsmi_layout layout;
};

/**
 * Initialises the library for one more user, and takes the turn: it is not to be called by two
 * threads at once. On success amdsmi_leave() gives the turn back, later amdsmi_finish() ends the
 * use.
 * @return HG_OK; HG_ENOENT (no library); HG_EUNSUPPORTED (it lacks a function that nothing works
 *         without, or a library that does not bear it is loaded); HG_EPERM, HG_EDEVICE
 */
hg_err amdsmi_begin(const struct amdsmi **lib, hg_error *why);

/** One user less; takes the turn itself. */
void amdsmi_finish(void);

/** Takes the turn for some calls. @return false: another thread's call does not come back */
bool amdsmi_enter(void);
void amdsmi_leave(void);

/** Whether a search may load the library: HOURGLASS_AMDSMI names it. */
bool amdsmi_is_asked_for(void);

/** What a status is as an error of ours, and what it means. */
hg_err amdsmi_error(int result);
const char *amdsmi_text(int result);

#endif
