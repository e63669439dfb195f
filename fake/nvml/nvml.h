/* The fake NVML: handles, and what every call does. */
#ifndef HG_FAKE_NVML_H
#define HG_FAKE_NVML_H

#include "hardware/backend/nvml/abi.h"

#include "scenario/play.h"

/* The loader's own list declares what is exported, so the two cannot drift apart. */
#define FAKE_DECLARE(kind, member, symbol, older, result, arguments)                               \
	FAKE_API result symbol arguments;
NVML_SYMBOLS(FAKE_DECLARE)
#undef FAKE_DECLARE

/* What other programs need to begin, and hourglass does not. */
FAKE_API int nvmlInitWithFlags(uint32_t flags);
FAKE_API int nvmlDeviceGetArchitecture(nvml_handle h, uint32_t *architecture);

/** A GPU, or an instance of one. */
struct nvml_handle_st {
	struct fake_device *device;
	const char *mig; /* UUID of the instance; NULL: the whole GPU */
	int instance;    /* its index; -1 */
};

extern struct fake_play nvml_play;

/** Takes the lock in any case. @return result so far */
int nvml_enter(const char *call, nvml_handle h);
/** As nvml_enter(); not supported by an instance. */
int nvml_enter_whole(const char *call, nvml_handle h);
/** Gives the lock back. */
int nvml_leave(int result);
int nvml_give_text(int result, char *text, uint32_t room, const char *value);

#endif
