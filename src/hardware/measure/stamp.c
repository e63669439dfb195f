/*
 * Stamps. A device runs behind the thread that feeds it, so a mark on the host says little of when
 * work ran; an event in the device's queue says it on the device's clock. Sandwiches (mark, event,
 * wait, mark) tie the two clocks together: the event was between the marks for certain.
 */
#include <math.h>
#include <stdlib.h>

#include <hourglass/measure.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/size.h"

/** Sandwiches that are kept, and taken to begin with. */
#define SANDWICHES 64
#define FIRST_ONES 8
/** More stamps than anyone keeps under way. */
#define ROOM_MAX ((size_t)1 << 20)
/** Clocks run equal to this, or one of them is no clock. */
#define RATE_OFF 0.01

enum stamp_state {
	STAMP_FREE,
	STAMP_BEGUN,
	STAMP_ENDED
};

struct sandwich {
	int64_t host_ns, u_ns; /* the event was within host_ns +- u_ns */
	double device_s;
};

struct hg_stamps {
	hg_ctx *ctx;
	hg_stamp_ops ops;
	unsigned char *states; /* enum stamp_state, by id */
	size_t next;           /* id to try first */
	struct sandwich kept[SANDWICHES];
	size_t n, oldest;
	/* host_ns = mean_host + 1e9 * rate * (device_s - mean_device) */
	double mean_device_s, rate, mean_off_ns;
	int64_t base_ns; /* host times are relative to it */
	int64_t u_ns;
};

/* A line through the sandwiches, the narrow ones counting more. */
static hg_err fit(struct hg_stamps *s, hg_error *why)
{
	double w = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, least = (double)INFINITY;

	s->base_ns = s->kept[0].host_ns;
	for (size_t i = 0; i < s->n; i++) {
		double u = fmax((double)s->kept[i].u_ns, 1.0), weight = 1.0 / (u * u);

		w += weight;
		x += weight * s->kept[i].device_s;
		y += weight * (double)(s->kept[i].host_ns - s->base_ns);
		least = fmin(least, u);
	}
	s->mean_device_s = x / w;
	s->mean_off_ns = y / w;
	for (size_t i = 0; i < s->n; i++) {
		double u = fmax((double)s->kept[i].u_ns, 1.0), weight = 1.0 / (u * u);
		double dx = s->kept[i].device_s - s->mean_device_s;

		xx += weight * dx * dx;
		xy += weight * dx * ((double)(s->kept[i].host_ns - s->base_ns) - s->mean_off_ns) *
		      1e-9;
	}
	/* too close together to tell a rate: the width of a sandwich would be taken for drift */
	s->rate = xx > 0.0 && sqrt(xx / w) * 1e9 * 1e-4 > least ? xy / xx : 1.0;
	s->u_ns = (int64_t)least;
	if (!isfinite(s->mean_device_s) || !(fabs(s->rate - 1.0) < RATE_OFF))
		return fail(why, HG_EDEVICE,
			"stamps: the device's clock runs %g times as fast as the context's",
			1.0 / s->rate);
	return HG_OK;
}

hg_err hg_stamps_begin(hg_stamps *s, size_t *id)
{
	hg_err rc;

	for (size_t i = 0; i < s->ops.room; i++) {
		size_t at = (s->next + i) % s->ops.room;

		if (s->states[at] != STAMP_FREE)
			continue;
		rc = s->ops.stamp_begin(s->ops.user, at);
		if (rc)
			return rc;
		s->states[at] = STAMP_BEGUN;
		s->next = at + 1;
		*id = at;
		return HG_OK;
	}
	return HG_ELIMIT;
}

hg_err hg_stamps_sync(hg_stamps *s, hg_error *why)
{
	struct sandwich one = {.u_ns = 0};
	int64_t before, after;
	size_t id;
	hg_err rc = s->ops.sync(s->ops.user);

	if (rc)
		return fail(why, rc, "stamps: sync: %s", hg_err_text(rc));
	before = ctx_now(s->ctx);
	rc = hg_stamps_begin(s, &id);
	if (rc)
		return fail(why, rc, "stamps: no stamp can be taken: %s", hg_err_text(rc));
	rc = s->ops.sync(s->ops.user);
	after = ctx_now(s->ctx);
	rc = rc ? rc : s->ops.resolve(s->ops.user, id, 0, &one.device_s);
	s->states[id] = STAMP_FREE;
	if (rc)
		return fail(why, rc, "stamps: a stamp has no time: %s", hg_err_text(rc));
	if (!isfinite(one.device_s) || after < before)
		return fail(why, HG_EDEVICE, "stamps: a clock makes no sense");
	one.host_ns = before + (after - before) / 2;
	one.u_ns = (after - before + 1) / 2;
	s->kept[s->oldest] = one;
	s->oldest = (s->oldest + 1) % SANDWICHES;
	s->n += s->n < SANDWICHES;
	return fit(s, why);
}

hg_err hg_stamps_create(hg_ctx *ctx, const hg_stamp_ops *ops, hg_stamps **out, hg_error *why)
{
	hg_stamp_ops o = {.size = sizeof o};
	struct hg_stamps *s;
	hg_err rc = HG_OK;

	*out = NULL;
	if (!ctx || !ops || size_read(&o, sizeof o, ops))
		return fail(why, HG_EINVAL, "hg_stamps_create: no context, or size is not set");
	if (!o.stamp_begin || !o.stamp_end || !o.sync || !o.resolve || o.room < 2 ||
		o.room > ROOM_MAX)
		return fail(why, HG_EINVAL,
			"hg_stamp_ops: every operation is needed, and room for 2 to %zu stamps",
			ROOM_MAX);
	s = calloc(1, sizeof *s);
	if (!s)
		return fail(why, HG_ENOMEM, "stamps: out of memory");
	s->ctx = ctx;
	s->ops = o;
	s->states = calloc(o.room, 1);
	if (!s->states)
		rc = fail(why, HG_ENOMEM, "stamps: out of memory");
	for (int i = 0; !rc && i < FIRST_ONES; i++)
		rc = hg_stamps_sync(s, why);
	if (rc) {
		hg_stamps_destroy(s);
		return rc;
	}
	*out = s;
	return HG_OK;
}

void hg_stamps_destroy(hg_stamps *s)
{
	if (!s)
		return;
	free(s->states);
	free(s);
}

hg_err hg_stamps_end(hg_stamps *s, size_t id)
{
	hg_err rc;

	if (id >= s->ops.room || s->states[id] != STAMP_BEGUN)
		return HG_EINVAL;
	rc = s->ops.stamp_end(s->ops.user, id);
	if (!rc)
		s->states[id] = STAMP_ENDED;
	return rc;
}

static int64_t to_host(const struct hg_stamps *s, double device_s)
{
	double off = s->mean_off_ns + 1e9 * s->rate * (device_s - s->mean_device_s);

	return s->base_ns + (int64_t)llround(fmin(fmax(off, -4e18), 4e18));
}

hg_err hg_stamps_window(hg_stamps *s, size_t id, int64_t *t0_ns, int64_t *t1_ns, int64_t *u_ns)
{
	double t0_s, t1_s;
	hg_err rc;

	if (id >= s->ops.room || s->states[id] != STAMP_ENDED)
		return HG_EINVAL;
	rc = s->ops.resolve(s->ops.user, id, 0, &t0_s);
	rc = rc ? rc : s->ops.resolve(s->ops.user, id, 1, &t1_s);
	if (rc)
		return rc;
	if (!isfinite(t0_s) || !isfinite(t1_s))
		return HG_EDEVICE;
	s->states[id] = STAMP_FREE;
	*t0_ns = to_host(s, t0_s);
	*t1_ns = to_host(s, t1_s > t0_s ? t1_s : t0_s);
	if (u_ns)
		*u_ns = s->u_ns;
	return HG_OK;
}
