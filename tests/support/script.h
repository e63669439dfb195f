/* A device that does what a test says: power over time, a counter with any fault, on a time of its
 * own that only script_run() moves on, or on the context's. */
#ifndef HG_TESTS_SCRIPT_H
#define HG_TESTS_SCRIPT_H

#include <stdatomic.h>
#include <stdbool.h>

#include <hourglass/device.h>

/** From one time on, this power. */
struct script_step {
	double from_s, power_w;
};

struct script {
	/* set by the test before it opens the device */
	const struct script_step *steps; /* in order; before the first: 0 W */
	size_t n_steps;
	bool no_energy, no_power, stamped;
	double period_s, lag_s; /* of the counter; 0: moves all the time */
	double phase_s;         /* of its first edge */
	double said_period_s;   /* what the device says the period is; below 0: the truth */
	double power_period_s;  /* the power is renewed this often; 0: always */
	double start_j;         /* of the counter */
	int64_t resolution_uj;
	uint64_t modulus;
	int64_t max_mw;     /* of the power limit; 0: no such knob */
	double read_s;      /* what a read takes, on the device's own time */
	bool real_time;     /* no time of its own: that of the context */
	const char *domain; /* NULL: "gpu" */
	const char *uuid, *parent;
	/** May change what is read; NULL: nothing. */
	void (*fault)(struct script *s, const char *signal, double now_s, hg_reading *r);
	void *more; /* the test's */

	atomic_uint reads, power_reads;
	/* the device's */
	int64_t now_ns, alarm_ns;
	void (*alarm)(void *user, int64_t now_ns);
	void *alarm_user;
	hg_ctx *ctx;
	int64_t epoch_ns;
	_Atomic int64_t limit_mw;
};

/** Opens a device that plays a script, which outlives it. */
hg_err script_open(hg_ctx *ctx, struct script *s, hg_device **out, hg_error *why);

/** Lets time pass on the device. */
void script_run(hg_device *d, struct script *s, double seconds);

/** True energy up to a time. */
double script_energy(const struct script *s, double t_s);

#endif
