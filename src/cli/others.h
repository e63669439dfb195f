/* Who else uses a device while a command runs on it. */
#ifndef HG_CLI_OTHERS_H
#define HG_CLI_OTHERS_H

#include <stdbool.h>

#include <hourglass/device.h>

#include "core/vec.h"

/** Whether a driver tells who uses the device. */
bool others_known(hg_device *d);

/**
 * Whether a process uses the device now that is neither this one nor among its descendants. One
 * that is not there to be seen does not count: drivers number processes as the host does, which in
 * a container says nothing.
 * @param ours  pid_t, of child_descendants()
 */
bool others_use(hg_device *d, const struct vec *ours);

#endif
