/* Zeus's own simulator beside ours. */
#ifndef HG_BENCH_PEER_ZEUS_H
#define HG_BENCH_PEER_ZEUS_H

#include <stdint.h>

/** Runs it on the tables of a folder with the named Python. @return seconds of CPU per recurrence;
 * 0 when it could not be run, with the reason on stderr */
double peer_zeus(const char *python, const char *data, const char *power, uint32_t recurrences,
	uint32_t seeds);

#endif
