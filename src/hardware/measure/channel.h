/*
 * One device's readings on their way into its log: which signals there are, when they are read,
 * the counter's rules (filter.h), its edges (loop.h), and what is made of failures. Whoever calls
 * channel_step() decides when; it is one thread at a time.
 */
#ifndef HG_HARDWARE_MEASURE_CHANNEL_H
#define HG_HARDWARE_MEASURE_CHANNEL_H

#include <pthread.h>
#include <stdatomic.h>

#include <hourglass/measure.h>

#include "filter.h"
#include "log.h"
#include "loop.h"

/** Samples of power that are kept. */
#define CHANNEL_POWERS ((size_t)1 << 14)

enum channel_signal {
	CHANNEL_ENERGY,
	CHANNEL_POWER,
	CHANNEL_CLOCK,
	CHANNEL_TEMPERATURE,
	CHANNEL_THROTTLE,
	CHANNEL_SIGNALS
};

struct channel {
	/* set when it is made */
	bool made;
	hg_device *device;
	struct hg_ctx *ctx;
	char name[64];               /* of the device, for texts */
	size_t ids[CHANNEL_SIGNALS]; /* SIZE_MAX: absent */
	int64_t power_ns;            /* between two samples of power; INT64_MAX: none */
	int64_t power_period_ns;     /* of the power itself; 0: continuous or unknown */
	int64_t every_ns;            /* between two looks at what has no edges */
	int64_t idle_ns, stuck_ns;
	int64_t offset_ns; /* from the device's clock to the meter's */
	bool own_time;     /* time passes only while the device works */
	hg_sensor given;   /* what the caller knew */

	struct edge_log log;
	struct ring powers; /* of struct hg_power */

	/* the reader's */
	struct filter filter;
	struct loop loop;
	enum hg_source source;
	int64_t period_ns; /* as the device says; 0: continuous or unknown */
	int64_t resolution_uj;
	int64_t next_ns;
	int64_t slack_ns;      /* by which that may be later */
	int64_t last_power_ns; /* power was read beside the counter; INT64_MIN: never */
	int64_t moved_ns;      /* the counter moved last */
	int64_t last_ns;       /* time of the last record */
	int64_t last_u_ns;     /* and how sure it is */
	hg_edge beside;        /* what was read beside the counter last */
	bool anew;             /* the next record begins the log anew */
	bool missed;           /* and this one says that something was missed */
	bool frozen, lost;
	unsigned n_failed;   /* reads in a row */
	unsigned n_moved;    /* reads in a row that all moved */
	unsigned n_same;     /* and that all did not */
	unsigned n_proved;   /* that moved as the ones before did, with a counter merely read */
	int64_t integral_ns; /* power: integrated up to here; INT64_MIN: nowhere */
	int64_t integral_mw; /* power there */
	double integral_uj;

	/* shared */
	_Atomic int64_t reading_ns; /* a driver call is under way since; 0: none */
	atomic_bool stuck;          /* and somebody found that to be too long */
	pthread_mutex_t lock;       /* of what follows */
	hg_meter_state state;
	hg_error text;
};

/** How closely to look. */
struct pace {
	bool fast; /* a window is open */
	bool now;  /* look at once */
	bool fine; /* power is wanted closely */
	bool calm; /* nobody waits */
};

/** When to look next, and when at the latest. INT64_MAX: never. */
struct due {
	int64_t at_ns, latest_ns;
};

/** @return HG_OK; HG_ENOMEM */
hg_err channel_init(struct channel *c, hg_device *d, const hg_meter_opts *opts,
	const hg_sensor *known, hg_error *why);
/** A zeroed channel is fine. */
void channel_finish(struct channel *c);

/** Time on the meter's clock. */
int64_t channel_now(const struct channel *c);

/** Reads what is due. @return when to call again */
struct due channel_step(struct channel *c, const struct pace *pace);

/**
 * Looks whether a driver call has been under way for too long: the device is lost then, until the
 * call comes back. From another thread than the one that steps.
 * @return whether that was found just now
 */
bool channel_watch(struct channel *c);

/** The state as others see it. */
void channel_state(struct channel *c, hg_meter_state *out, hg_error *text);

#endif
