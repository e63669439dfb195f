/* Filling the caller's hg_error: always "say what, then return the code". */
#ifndef HG_CORE_FAIL_H
#define HG_CORE_FAIL_H

#include <hourglass/error.h>

/**
 * Writes a formatted text into why (NULL is fine) and returns code, so that a failing path is one
 * statement: return fail(why, HG_EFORMAT, "%s:%zu: ...", file, line). Text that does not fit is cut
 * at a UTF-8 boundary; control characters are replaced, so that it stays one printable line.
 */
hg_err fail(hg_error *why, hg_err code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* The analyzer does not look into other files: tell it that the code comes back. */
#define fail(why, code, ...) ((void)fail(why, code, __VA_ARGS__), (code))
#endif

/** Puts formatted text before what why already says ("a.json: " + "line 3: ..."). */
void fail_prefix(hg_error *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
