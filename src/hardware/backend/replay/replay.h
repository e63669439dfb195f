/* Recorded devices, played back. */
#ifndef HG_HARDWARE_BACKEND_REPLAY_REPLAY_H
#define HG_HARDWARE_BACKEND_REPLAY_REPLAY_H

#include "hardware/device/backend.h"

extern const struct backend replay_backend;

#endif
