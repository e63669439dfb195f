/* A library that plays a scenario: who uses it, what time it is, and the rules that strike. It has
 * the state of a driver, so unlike the libraries it is tested with it has globals. */
#ifndef HG_FAKE_PLAY_H
#define HG_FAKE_PLAY_H

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include "device.h"

#define FAKE_API __attribute__((visibility("default")))

struct fake_play {
	pthread_mutex_t lock;
	const char *vendor; /* whose devices */
	const char *init;   /* name of the function that begins */
	int closed, lost;   /* results: not initialised; the device is lost */
	unsigned clients;   /* those who began and did not end */
	pid_t pid;          /* whose clients: what a fork has copied is not initialised */
	bool kept;          /* the scenario is still there though nobody uses it */
	double calls_s;     /* time that has passed by calls */
	struct timespec epoch;
	int64_t epoch_us; /* the same by the wall clock, since 1970 */
	struct fake_scenario scenario;
	struct fake_device devices[FAKE_DEVICES];
	size_t n_devices;
	hg_error why; /* why the scenario cannot be used */
};

#define FAKE_PLAY(vendor_, init_, closed_, lost_)                                                  \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .vendor = (vendor_), .init = (init_),           \
		.closed = (closed_), .lost = (lost_)                                               \
	}

/** What fake_begin() returns for a scenario that cannot be used; play->why says why. */
#define FAKE_BAD_SCENARIO 900

/** What a value holds that failed: nobody may ever see it. */
#define FAKE_POISON 0xdeadbeefdeadbeefu

/**
 * A client begins; the first one reads the file that HOURGLASS_SCENARIO names.
 * @return 0; FAKE_BAD_SCENARIO; what a rule for the init function says
 */
int fake_begin(struct fake_play *p);

/** A client ends. @return 0, or p->closed */
int fake_end(struct fake_play *p);

/** Whether somebody uses it who began after the file became what it is; for libraries without an
 * end. */
bool fake_is_current(struct fake_play *p);

/**
 * Begins a call, and takes the lock in any case: time passes, rules strike, the device is brought
 * up to now.
 * @param d  NULL: no device has to do with it
 * @return what the rules say, p->closed, p->lost, or 0
 */
int fake_enter(struct fake_play *p, const char *call, struct fake_device *d);

/** Gives the lock back. @return result */
int fake_leave(struct fake_play *p, int result);

/** Result of a rule for one value within a call, or 0; scope below 0: it has none. */
int fake_value_result(struct fake_play *p, const char *call, const struct fake_device *d,
	double field, double scope);

/** What a rule says that such a value is told as, or -1. */
int fake_value_type(const struct fake_play *p, const char *call, const struct fake_device *d,
	double field, double scope);

/** Whether a process uses a device now; mig: or this instance of it, -1 any. */
bool fake_process_is_on(const struct fake_device *d, const struct fake_process *p, int mig);

/** The file of the scenario, or NULL. */
const char *fake_scenario_path(void);

#endif
