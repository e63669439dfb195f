/* Looking for hardware: every backend that can names its devices, this layer opens them. */
#include <stdbool.h>
#include <string.h>

#include "core/context.h"
#include "core/fail.h"

#include "backend.h"

/** Longest name of a device, "BACKEND:" included. */
#define SPEC_MAX 256

struct backend_found {
	struct hg_ctx *ctx;
	const struct backend *backend;
	size_t open;    /* found, and open now */
	size_t failed;  /* found, but cannot be opened */
	hg_err rc;      /* of the first that failed */
	hg_error first; /* its text */
};

static void found_failed(struct backend_found *found, hg_err rc, const hg_error *why)
{
	if (!found->failed++) {
		found->rc = rc;
		found->first = *why;
	}
}

static bool is_open(struct hg_ctx *ctx, const char *spec)
{
	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d))
		if (!strcmp(device_spec(d), spec))
			return true;
	return false;
}

void backend_found(struct backend_found *found, const char *rest)
{
	size_t head = strlen(found->backend->name), tail = strlen(rest);
	char spec[SPEC_MAX];
	hg_error why = {""};
	hg_device *d;
	hg_err rc;

	if (head + tail + 2 > sizeof spec) {
		rc = fail(&why, HG_ELIMIT, "%s:%.32s...: a name of more than %d bytes",
			found->backend->name, rest, SPEC_MAX);
		found_failed(found, rc, &why);
		return;
	}
	memcpy(spec, found->backend->name, head);
	spec[head] = ':';
	memcpy(spec + head + 1, rest, tail + 1);
	rc = is_open(found->ctx, spec) ? HG_OK
				       : device_open_with(found->ctx, found->backend, spec,
						 spec + head + 1, &d, &why);
	if (rc)
		found_failed(found, rc, &why);
	else
		found->open++;
}

hg_err device_discover_with(
	struct hg_ctx *ctx, const struct backend *b, hg_discovery_fn fn, void *user, hg_error *why)
{
	struct backend_found found = {.ctx = ctx, .backend = b};
	hg_error reason = {""};
	hg_discovery told = {.size = sizeof told, .backend = b->name, .text = b->text};

	told.rc = backend_check(b, &reason);
	if (!told.rc)
		told.rc = b->discover(ctx, &found, &reason);
	if (!told.rc && found.failed) {
		told.rc = found.rc;
		reason = found.first;
	}
	if (told.rc == HG_ENOMEM)
		return fail(why, HG_ENOMEM, "%s: out of memory", b->name);
	if (told.rc && !reason.text[0])
		(void)fail(&reason, told.rc, "%s", hg_err_text(told.rc));
	told.devices = found.open;
	told.reason = reason.text;
	if (told.rc && told.rc != HG_ENOENT)
		ctx_log(ctx, HG_LOG_WARN, b->name, "%s", reason.text);
	if (fn)
		fn(user, &told);
	return HG_OK;
}

hg_err hg_discover(hg_ctx *ctx, hg_discovery_fn fn, void *user, hg_error *why)
{
	if (why)
		why->text[0] = '\0';
	if (!ctx)
		return fail(why, HG_EINVAL, "hg_discover: no context");
	for (size_t i = 0; backends[i]; i++) {
		hg_err rc = backends[i]->discover
				    ? device_discover_with(ctx, backends[i], fn, user, why)
				    : HG_OK;

		if (rc)
			return rc;
	}
	return HG_OK;
}
