/* The driver's library: opened when it is first needed, any function of it may be missing. */
#ifndef HG_HARDWARE_BACKEND_NVML_LOAD_H
#define HG_HARDWARE_BACKEND_NVML_LOAD_H

#include <stdbool.h>

#include <hourglass/error.h>

#include "abi.h"

/** The library; all zero when it is not open. A member is NULL where the library lacks it. */
struct nvml {
	/* NOLINTBEGIN(bugprone-macro-parentheses): a type and a list of parameters take none */
#define NVML_MEMBER(kind, member, symbol, older, result, arguments) result(*member) arguments;
	NVML_SYMBOLS(NVML_MEMBER)
#undef NVML_MEMBER
	/* NOLINTEND(bugprone-macro-parentheses) */
	bool open;
	bool simulated; /* the fake library of this project */
	bool may_set;   /* this process has the rights to set knobs */
};

/**
 * Opens libnvidia-ml.so.1, or the file that HOURGLASS_NVML names, and initialises it. Every call
 * is balanced by one of nvml_finish(); the library counts them.
 * @return HG_OK; HG_ENOENT (no such library); HG_EUNSUPPORTED (it lacks a function that nothing
 *         works without); HG_EPERM, HG_EDEVICE (it refuses: its reason). On errors all zero.
 */
hg_err nvml_init(struct nvml *lib, hg_error *why);

/** Shuts the library down once; all zero is fine. */
void nvml_finish(struct nvml *lib);

/** What a return code of NVML is as an error of ours. */
hg_err nvml_error(int result);

/** What a return code means; the library's own text for one that is not known here. */
const char *nvml_text(const struct nvml *lib, int result);

#endif
