/* lowtime beside ours: both realised on the raw profile, never as claimed. */
#ifndef HG_BENCH_PEER_H
#define HG_BENCH_PEER_H

#include "one-f-one-b.h"

/** Runs lowtime in the named Python on a pipeline and prints the comparison. @return 0, or 1 with
 * the reason on stderr */
int peer_run(const char *python, const char *csv, const struct onefb_profile *profile,
	const struct onefb *what);

#endif
