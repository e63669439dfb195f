/* 64 x 64 -> 128 bit multiplication. */
#ifndef HG_CORE_WIDE_H
#define HG_CORE_WIDE_H

#include <stdint.h>

/** Low 64 bits of a * b; *high receives the high 64. */
static inline uint64_t mul_wide(uint64_t a, uint64_t b, uint64_t *high)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 p = (unsigned __int128)a * b;

	*high = (uint64_t)(p >> 64);
	return (uint64_t)p;
#else
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t low = a0 * b0;
	uint64_t mid = a1 * b0 + (low >> 32);
	uint64_t mid2 = a0 * b1 + (uint32_t)mid;

	*high = a1 * b1 + (mid >> 32) + (mid2 >> 32);
	return mid2 << 32 | (uint32_t)low;
#endif
}

#endif
