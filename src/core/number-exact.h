/* The last resort of number parsing: exact comparison with a halfway point. */
#ifndef HG_CORE_NUMBER_EXACT_H
#define HG_CORE_NUMBER_EXACT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Compares a decimal number with the point halfway between a double and the next larger one.
 * @param digits    text of the number from its first digit that is not 0; a '.' in it is skipped
 * @param len       bytes of it, up to the exponent
 * @param exponent  the number is its digits, as an integer, times 10^exponent
 * @param bits      the double, finite and not negative, as its IEEE 754 bits
 * @return negative, 0 or positive as the number is below, on or above the halfway point
 */
int halfway_compare(const char *digits, size_t len, int64_t exponent, uint64_t bits);

#endif
