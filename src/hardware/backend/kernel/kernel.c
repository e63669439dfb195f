#include "kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

#define ARENA_MAX   ((size_t)64 << 10)
#define FORMAT_TEXT 1024

/* ----- files */

bool kernel_path(char path[KERNEL_PATH], const char *dir, const char *name)
{
	int n = snprintf(path, KERNEL_PATH, "%s/%s", dir, name);

	return n > 0 && n < KERNEL_PATH;
}

hg_err kernel_line(
	const struct hg_ctx *ctx, const char *path, char text[KERNEL_TEXT], hg_error *why)
{
	hg_err rc = fsroot_read(&ctx->root, path, text, KERNEL_TEXT, why);

	if (rc)
		return rc;
	text_clean(text);
	return *text ? HG_OK : fail(why, HG_EFORMAT, "%s: empty", path);
}

hg_err kernel_number(const struct hg_ctx *ctx, const char *path, int64_t *value, hg_error *why)
{
	char text[KERNEL_TEXT];
	hg_err rc = kernel_line(ctx, path, text, why);

	if (rc)
		return rc;
	if (!int64_parse(text, strlen(text), value))
		return fail(why, HG_EFORMAT, "%s: expected a whole number, found \"%.24s\"", path,
			text);
	return HG_OK;
}

hg_err kernel_scaled(const struct hg_ctx *ctx, const char *path, struct kernel_scale scale,
	int64_t *value, hg_error *why)
{
	int64_t raw;
	hg_err rc = kernel_number(ctx, path, &raw, why);

	if (rc)
		return rc;
	if (raw > INT64_MAX / scale.mul || raw < INT64_MIN / scale.mul)
		return fail(why, HG_ERANGE, "%s: %lld is too large", path, (long long)raw);
	*value = raw * scale.mul / scale.div;
	return HG_OK;
}

static hg_err signal_value(
	const struct hg_ctx *ctx, const struct kernel_signal *s, int64_t *value, hg_error *why)
{
	const struct kernel_scale one = {1, 1};
	int64_t a, b;
	hg_err rc;

	if (s->get)
		rc = s->get(s, value, why);
	else if (!s->times)
		rc = kernel_scaled(ctx, s->path, s->scale, value, why);
	else {
		rc = kernel_scaled(ctx, s->path, one, &a, why);
		rc = rc ? rc : kernel_scaled(ctx, s->times, one, &b, why);
		if (rc)
			return rc;
		if (a < INT32_MIN || a > INT32_MAX || b < INT32_MIN || b > INT32_MAX)
			return fail(why, HG_ERANGE, "%s: too large", s->path);
		*value = a * b * s->scale.mul / s->scale.div;
	}
	if (rc)
		return rc;
	/* a counter beyond the point it wraps at is no counter */
	if (s->info.behaviour == HG_MONOTONE &&
		(*value < 0 || (s->info.modulus && (uint64_t)*value >= s->info.modulus)))
		return fail(why, HG_ERANGE, "%s: %lld is not below %llu",
			s->path ? s->path : s->info.name, (long long)*value,
			(unsigned long long)s->info.modulus);
	return HG_OK;
}

/* ----- building */

struct kernel_device *kernel_create(const struct backend_request *req, hg_error *why)
{
	struct kernel_device *d = calloc(1, sizeof *d);

	if (!d) {
		(void)fail(why, HG_ENOMEM, "%.64s: out of memory", req->spec);
		return NULL;
	}
	d->ctx = req->ctx;
	d->spec = req->spec;
	arena_init(&d->arena, ARENA_MAX);
	d->id = (hg_device_info){.simulated = kernel_there(req->ctx, KERNEL_SIMULATED),
		.vendor = "",
		.model = "",
		.title = "",
		.uuid = "",
		.pci = "",
		.parent = ""};
	d->read_fix = d->write_fix = "";
	return d;
}

void kernel_close(void *state)
{
	struct kernel_device *d = state;

	if (!d)
		return;
	if (d->closed)
		d->closed(d);
	arena_finish(&d->arena);
	free(d);
}

hg_err kernel_finish(struct kernel_device *d, void **state, hg_error *why)
{
	hg_err rc = d->failed;

	*state = NULL;
	if (!rc) {
		*state = d;
		return HG_OK;
	}
	rc = rc == HG_ENOMEM ? fail(why, rc, "%.64s: out of memory", d->spec)
			     : fail(why, rc, "%.64s: too many signals or knobs", d->spec);
	kernel_close(d);
	return rc;
}

const char *kernel_format(struct kernel_device *d, const char *fmt, ...)
{
	char text[FORMAT_TEXT];
	const char *copy;
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	copy = arena_strdup(&d->arena, text);
	if (!copy)
		d->failed = HG_ENOMEM;
	return copy ? copy : "";
}

const char *kernel_reason(struct kernel_device *d, hg_err rc, const hg_error *why, const char *fix)
{
	bool forbidden = rc == HG_EPERM && *fix;

	return kernel_format(d, "/%s%s%s", why->text, forbidden ? "; " : "", forbidden ? fix : "");
}

static struct kernel_signal *signal_new(struct kernel_device *d, const hg_signal_info *info)
{
	struct kernel_signal *s;

	if (d->n_signals == KERNEL_SIGNALS) {
		d->failed = d->failed ? d->failed : HG_ELIMIT;
		return &d->signals[KERNEL_SIGNALS - 1];
	}
	s = &d->signals[d->n_signals++];
	*s = (struct kernel_signal){.info = *info};
	return s;
}

struct kernel_signal *kernel_add_signal(struct kernel_device *d, const hg_signal_info *info,
	const char *path, struct kernel_scale scale)
{
	return kernel_add_product(d, info, path, NULL, scale);
}

struct kernel_signal *kernel_add_product(struct kernel_device *d, const hg_signal_info *info,
	const char *path, const char *times, struct kernel_scale scale)
{
	struct kernel_signal *s = signal_new(d, info);
	hg_error why = {""};
	int64_t value;
	hg_err rc;

	s->path = kernel_format(d, "%s", path);
	s->times = times ? kernel_format(d, "%s", times) : NULL;
	s->scale = scale;
	rc = signal_value(d->ctx, s, &value, &why);
	if (rc && !s->info.absent)
		s->info.absent = kernel_reason(d, rc, &why, d->read_fix);
	return s;
}

struct kernel_signal *kernel_add_get(struct kernel_device *d, const hg_signal_info *info,
	hg_err (*get)(const struct kernel_signal *s, int64_t *value, hg_error *why), unsigned field,
	void *more)
{
	struct kernel_signal *s = signal_new(d, info);
	hg_error why = {""};
	int64_t value;

	s->get = get;
	s->field = field;
	s->more = more;
	if (signal_value(d->ctx, s, &value, &why))
		s->info.absent = kernel_format(d, "%s", why.text);
	return s;
}

struct kernel_signal *kernel_add_absent(
	struct kernel_device *d, const hg_signal_info *info, const char *reason)
{
	struct kernel_signal *s = signal_new(d, info);

	s->info.absent = reason;
	return s;
}

struct kernel_signal *kernel_add_field(
	struct kernel_device *d, const hg_signal_info *info, unsigned field)
{
	struct kernel_signal *s = signal_new(d, info);

	s->field = field;
	return s;
}

static hg_err knob_value(
	const struct kernel_device *d, const struct kernel_knob *k, int64_t *value, hg_error *why)
{
	return k->current ? k->current(d, k, value, why)
			  : kernel_scaled(d->ctx, k->path, k->scale, value, why);
}

struct kernel_knob *kernel_add_knob(struct kernel_device *d, const struct kernel_knob *knob)
{
	hg_error why = {""};
	struct kernel_knob *k;
	hg_err rc;

	if (d->n_knobs == KERNEL_KNOBS) {
		d->failed = d->failed ? d->failed : HG_ELIMIT;
		return &d->knobs[KERNEL_KNOBS - 1];
	}
	k = &d->knobs[d->n_knobs++];
	*k = *knob;
	if (!k->path && !k->current)
		return k;
	k->path = k->path ? kernel_format(d, "%s", knob->path) : NULL;
	if (k->info.unsettable)
		return k;
	rc = knob_value(d, k, &k->info.current, &why);
	if (rc) {
		k->info.unsettable = k->path ? kernel_reason(d, rc, &why, d->read_fix)
					     : kernel_format(d, "%s", why.text);
		return k;
	}
	rc = k->path ? fsroot_writable(&d->ctx->root, k->path, &why) : HG_OK;
	if (rc)
		k->info.unsettable = kernel_reason(d, rc, &why, d->write_fix);
	return k;
}

/* ----- hooks */

static void kernel_info(const void *state, hg_device_info *info)
{
	const struct kernel_device *d = state;

	*info = d->id;
}

static size_t kernel_signals(const void *state)
{
	return ((const struct kernel_device *)state)->n_signals;
}

static void kernel_signal(const void *state, size_t i, hg_signal_info *info)
{
	*info = ((const struct kernel_device *)state)->signals[i].info;
}

static int64_t kernel_now(const void *state)
{
	return ctx_now(((const struct kernel_device *)state)->ctx);
}

static void kernel_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	struct kernel_device *d = state;
	hg_reading sample = {.rc = HG_EUNSUPPORTED};
	bool sampled = false;

	for (size_t i = 0; i < n; i++) {
		const struct kernel_signal *s = &d->signals[ids[i]];

		if (s->info.absent) {
			out[i] = (hg_reading){.rc = HG_EUNSUPPORTED};
			out[i].t0_ns = out[i].t1_ns = ctx_now(d->ctx);
		} else if (s->path || s->get) {
			out[i] = (hg_reading){.t0_ns = ctx_now(d->ctx)};
			if (signal_value(d->ctx, s, &out[i].value, NULL))
				out[i] = (hg_reading){.t0_ns = out[i].t0_ns, .rc = HG_EDEVICE};
			out[i].t1_ns = ctx_now(d->ctx);
		} else {
			/* all fields of one call are of one sample */
			if (!sampled) {
				sample.t0_ns = ctx_now(d->ctx);
				sample.rc = d->sample(d);
				sample.t1_ns = ctx_now(d->ctx);
				if (!sample.rc && d->taken)
					d->taken(d, &sample.t0_ns, &sample.t1_ns);
				sampled = true;
			}
			out[i] = sample;
			if (!out[i].rc)
				out[i].rc = d->field(d, s->field, &out[i].value);
		}
	}
}

static size_t kernel_knobs(const void *state)
{
	return ((const struct kernel_device *)state)->n_knobs;
}

static void kernel_knob(const void *state, size_t i, hg_knob_info *info)
{
	const struct kernel_device *d = state;
	const struct kernel_knob *k = &d->knobs[i];
	int64_t now;

	*info = k->info;
	if ((k->path || k->current) && knob_value(d, k, &now, NULL) == HG_OK)
		info->current = now;
}

static hg_err kernel_set(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	struct kernel_device *d = state;
	struct kernel_knob *k = &d->knobs[knob];
	char text[32];
	hg_err rc;

	if (k->write) {
		rc = k->write(d, k, value, why);
	} else {
		if (value > INT64_MAX / k->scale.div || value < INT64_MIN / k->scale.div)
			return fail(why, HG_ERANGE, "%s: %s: %lld is too large", d->spec,
				k->info.name, (long long)value);
		(void)snprintf(text, sizeof text, "%lld",
			(long long)(value * k->scale.div / k->scale.mul));
		rc = fsroot_write(&d->ctx->root, k->path, text, why);
	}
	if (!rc)
		rc = knob_value(d, k, &effect->observed, why);
	if (rc) {
		fail_prefix(why, "%.64s: %s: %s", d->spec, k->info.name, k->path ? "/" : "");
		return rc == HG_EPERM || rc == HG_ENOMEM ? rc : HG_EDEVICE;
	}
	effect->enforced = effect->observed;
	k->info.current = effect->observed;
	return HG_OK;
}

const struct device_hooks kernel_hooks = {
	.close = kernel_close,
	.info = kernel_info,
	.signals = kernel_signals,
	.signal = kernel_signal,
	.read = kernel_read,
	.now = kernel_now,
	.knobs = kernel_knobs,
	.knob = kernel_knob,
	.set = kernel_set,
};
