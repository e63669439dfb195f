/*
 * Who steps a channel: a thread (reader.h), or the device itself where its time is virtual. The
 * meters of a context share the channel of a device, which hangs on the device.
 */
#ifndef HG_HARDWARE_MEASURE_SAMPLER_H
#define HG_HARDWARE_MEASURE_SAMPLER_H

#include "channel.h"
#include "reader.h"

struct feeder {
	struct channel channel;
	struct seat seat;    /* among those that threads step */
	unsigned users;      /* meters; guarded by the context's lock */
	pthread_cond_t news; /* something was logged; with the channel's lock, as all below */
	unsigned open;       /* windows */
	unsigned fine;       /* who wants power closely */
	unsigned waiting;    /* threads that wait for news */
	int64_t wanted_ns;   /* windows up to here are to become final */
	bool now;            /* look at once */
};

/**
 * The feeder of a device, begun if there is none.
 * @return HG_OK; HG_ENOMEM
 */
hg_err feeder_get(hg_device *d, const hg_meter_opts *opts, const hg_sensor *known,
	struct feeder **out, hg_error *why);

/** Gives it back; the last one ends it. NULL is fine. */
void feeder_put(struct feeder *f);

/** A window begins. */
void feeder_open(struct feeder *f);
/** A window ends: what is up to now becomes final. */
void feeder_close(struct feeder *f, int64_t now_ns);

/** While windows are open, power is read closely whatever the meter was opened with; or no longer.
 */
void feeder_fine(struct feeder *f, bool fine);

/** feeder_fine() of device i. */
void meter_fine(hg_meter *m, size_t i, bool fine);

/**
 * Waits until windows that end at t1 are final, or the device is lost.
 * @param until  on CLOCK_MONOTONIC; NULL: only looks
 * @return whether they are, or never will be
 */
bool feeder_wait(struct feeder *f, int64_t t1, const struct timespec *until);

/* ----- for the threads */

/** Reads what is due, with no lock held. @return when to call again */
struct due feeder_step(struct feeder *f);
/** Looks whether a call hangs; then whoever waits is told. @return whether that is new */
bool feeder_watch(struct feeder *f);
/** Frees one that nobody uses any more. */
void feeder_free(struct feeder *f);

#endif
