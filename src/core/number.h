/*
 * Numbers as text, strictly and independent of the locale.
 *
 * A number is what JSON calls one; hexadecimal, "inf", "nan", leading '+' or blanks are refused.
 */
#ifndef HG_CORE_NUMBER_H
#define HG_CORE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Room for any double_format() result with its NUL. */
#define DOUBLE_TEXT 32

/**
 * Parses all of text[0..len) as a double, correctly rounded. Accepts what JSON accepts, and a
 * leading "." or trailing "." ("5.", ".5") as CSV writers print them when `lenient`. Overflow to
 * infinity is refused; underflow gives 0 or a subnormal.
 */
bool double_parse(const char *text, size_t len, bool lenient, double *out);

/**
 * Parses the longest JSON number at the start of text[0..len).
 * @return the bytes it takes; 0 when there is none or it is not whole ("1.", "1e", "01"); *out is
 * infinite where it overflows
 */
size_t double_scan(const char *text, size_t len, double *out);

/** Parses all of text[0..len) as a decimal integer with optional '-'. */
bool int64_parse(const char *text, size_t len, int64_t *out);

/** Parses all of text[0..len) as a decimal integer without sign. */
bool uint64_parse(const char *text, size_t len, uint64_t *out);

/**
 * Writes the shortest text that parses back to exactly the same double; a valid JSON number for
 * every finite value ("300", "0.1", "1e-07"); "nan", "inf", "-inf" otherwise.
 * @return its length, NUL not counted
 */
size_t double_format(double value, char text[DOUBLE_TEXT]);

#endif
