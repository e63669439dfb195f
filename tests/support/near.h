/* Equality of doubles within a relative and an absolute tolerance; cmocka compares floats only. */
#ifndef HG_TEST_NEAR_H
#define HG_TEST_NEAR_H

#include <math.h>

#include "cmocka-all.h"

static inline void near_check(
	double a, double b, double rel, double abs, const char *text, const char *file, int line)
{
	double room = abs + rel * fmax(fabs(a), fabs(b));

	if (!(fabs(a - b) <= room)) {
		print_error("%s: %.17g and %.17g differ by %g, more than %g\n", text, a, b,
			fabs(a - b), room);
		_fail(file, line);
	}
}

#define assert_near(a, b, rel)               near_check(a, b, rel, 0.0, #a, __FILE__, __LINE__)
#define assert_near_abs(a, b, rel, absolute) near_check(a, b, rel, absolute, #a, __FILE__, __LINE__)

/* The code is HG_OK; else prints the text. */
static inline void ok_check(hg_err rc, const hg_error *why, const char *file, int line)
{
	if (rc) {
		print_error("%s: %s\n", hg_err_name(rc), why->text);
		_fail(file, line);
	}
}

#define assert_ok(rc, why) ok_check(rc, why, __FILE__, __LINE__)

/* A text that an error must contain. */
static inline void has_check(const char *text, const char *part, const char *file, int line)
{
	if (!strstr(text, part)) {
		print_error("\"%s\"\ndoes not contain \"%s\"\n", text, part);
		_fail(file, line);
	}
}

#define assert_has(text, part) has_check(text, part, __FILE__, __LINE__)

#endif
