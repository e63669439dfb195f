/* Powers of ten as 128-bit integers. */
#ifndef HG_CORE_POWERS_H
#define HG_CORE_POWERS_H

#include <stdint.h>

#define POWER_FIRST (-342)
#define POWER_LAST  324

/** 128 bits of a power of ten, the highest of them set. */
struct power_of_ten {
	uint64_t high, low;
};

/**
 * Entry q - POWER_FIRST is floor(10^q * 2^s), where s makes it 128 bits long. Exact for q in 0..55,
 * where 5^q fits; too small by less than 1 elsewhere.
 */
extern const struct power_of_ten powers_of_ten[POWER_LAST - POWER_FIRST + 1];

#endif
