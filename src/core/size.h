/* Structs that start with their size: copy what both sides know. */
#ifndef HG_CORE_SIZE_H
#define HG_CORE_SIZE_H

#include <stdint.h>
#include <string.h>

/**
 * Copies an option struct of the caller's size into ours; what the caller does not know is zero.
 * Both begin with a uint32_t size.
 * @return 0, or -1 when the caller's size is below 4
 */
static inline int size_read(void *ours, uint32_t our_size, const void *theirs)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof size);
	if (size < sizeof size)
		return -1;
	memset(ours, 0, our_size);
	memcpy(ours, theirs, size < our_size ? size : our_size);
	memcpy(ours, &our_size, sizeof our_size);
	return 0;
}

/** Copies our result into the caller's struct, as much as it has room for; its size stays. */
static inline void size_write(void *theirs, const void *ours, uint32_t our_size)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof size);
	if (size > our_size)
		memset((char *)theirs + our_size, 0, size - our_size);
	memcpy((char *)theirs, ours, size < our_size ? size : our_size);
	memcpy(theirs, &size, sizeof size);
}

#endif
