/* The loader of Level Zero: opened when it is first needed, any function of it may be missing. */
#ifndef HG_HARDWARE_BACKEND_LEVELZERO_LOAD_H
#define HG_HARDWARE_BACKEND_LEVELZERO_LOAD_H

#include <stdbool.h>

#include <hourglass/error.h>

#include "abi.h"

/** The library. A member is NULL where the library lacks it. */
struct zes {
	/* NOLINTBEGIN(bugprone-macro-parentheses): a type and a list of parameters take none */
#define ZES_MEMBER(kind, member, symbol, older, result, arguments) result(*member) arguments;
	ZES_SYMBOLS(ZES_MEMBER)
#undef ZES_MEMBER
	/* NOLINTEND(bugprone-macro-parentheses) */
	bool simulated; /* the fake library of this project */
	bool may_set;   /* this process has the rights to set knobs */
};

/**
 * Opens libze_loader.so.1, or the file that HOURGLASS_LEVEL_ZERO names, and initialises Sysman.
 * There is nothing to close: the library has no end.
 * @return HG_OK; HG_ENOENT (no such library); HG_EUNSUPPORTED (it lacks a function that nothing
 *         works without); HG_EPERM, HG_EDEVICE (it refuses: its reason). On errors all zero.
 */
hg_err zes_init(struct zes *lib, hg_error *why);

/** What a return code is as an error of ours, and what it means. */
hg_err zes_error(int result);
const char *zes_text(int result);

#endif
