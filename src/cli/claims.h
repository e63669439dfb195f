/*
 * Devices whose knobs this process alone sets. Two that put back would each put back what the other
 * had set: the device would be left at some setting of a trial.
 *
 * A claim is a name of the kernel (an abstract socket), so that it ends with the process, however
 * that ends, and leaves nothing behind. Its keeper (keep.h) has it too: of a process that was
 * killed the claim ends when the knobs are back. Processes in other network namespaces are not
 * seen.
 */
#ifndef HG_CLI_CLAIMS_H
#define HG_CLI_CLAIMS_H

#include <hourglass/device.h>

#include "gauge.h"

#define CLAIMS_WAIT_S 10

/** Zero to begin. */
struct claims {
	struct claim {
		const hg_device *device;
		int fd;
	} at[GAUGE_DEVICES];
	size_t n;
};

/**
 * Claims a device, after keep_open(); once more is fine. A simulated one that other processes
 * cannot see needs none, and where the kernel gives no names there are none. While the knobs that a
 * dead process left are put back it waits, CLAIMS_WAIT_S at most.
 * @return HG_OK; HG_EPERM (another process has it: the text says which); HG_ELIMIT
 */
hg_err claims_add(struct claims *c, const hg_device *d, hg_error *why);

/** Gives all back, after the knobs are. */
void claims_finish(struct claims *c);

#endif
