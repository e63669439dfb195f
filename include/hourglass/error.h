/**
 * @file error.h
 * Errors: a code that every fallible call returns, and a text that the caller may ask for.
 *
 * A code is 0 (HG_OK) or negative. Its enum constant, its name and its general text come from one
 * list, so they cannot drift apart. Where a call can say more ("prof.csv:412: frequency 1395
 * listed twice"), it fills an hg_error that the caller owns; NULL says "no need". The library
 * never prints.
 */
#ifndef HOURGLASS_ERROR_H
#define HOURGLASS_ERROR_H

#include <hourglass/export.h>

/** X(name, value, text): every error code there is. */
#define HG_ERROR_LIST(X)                                                                           \
	X(HG_OK, 0, "success")                                                                     \
	X(HG_ENOMEM, -1, "out of memory")                                                          \
	X(HG_EINVAL, -2, "invalid argument")                                                       \
	X(HG_EFORMAT, -3, "malformed input")                                                       \
	X(HG_EVERSION, -4, "unknown format version")                                               \
	X(HG_EIO, -5, "input or output failed")                                                    \
	X(HG_ENOENT, -6, "no such file or name")                                                   \
	X(HG_ELIMIT, -7, "a limit was exceeded")                                                   \
	X(HG_EINFEASIBLE, -8, "no setting meets the objective")                                    \
	X(HG_EUNSUPPORTED, -9, "not supported here")                                               \
	X(HG_EPERM, -10, "not permitted")                                                          \
	X(HG_ERANGE, -11, "value out of range")                                                    \
	X(HG_EABORTED, -12, "aborted by the caller")                                               \
	X(HG_EDEVICE, -13, "the device failed")                                                    \
	X(HG_EINTERNAL, -14, "internal error, please report it")

/** Result of every fallible call: HG_OK (0) or a negative code. */
typedef enum hg_err {
#define HG_ERROR_ENUM(name, value, text) name = (value),
	HG_ERROR_LIST(HG_ERROR_ENUM)
#undef HG_ERROR_ENUM
} hg_err;

/** Room for an error's text, its final NUL included. */
#define HG_ERROR_TEXT 320

/** A caller-owned explanation. One line, no newline, empty when the call had nothing to add. */
typedef struct hg_error {
	char text[HG_ERROR_TEXT]; /**< which file, line, field or device; what was expected */
} hg_error;

HG_BEGIN_DECLS

/**
 * Name of a code, such as "HG_EFORMAT".
 * @return static text; "HG_E?" for a number that is no code. Thread-safe.
 */
HG_API const char *hg_err_name(hg_err code);

/**
 * What a code means in general, such as "malformed input".
 * @return static text; "unknown error" for a number that is no code. Thread-safe.
 */
HG_API const char *hg_err_text(hg_err code);

HG_END_DECLS

#endif
