#include "class.h"

#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"

/** Most names that a "did you mean" compares. */
#define NAMES 256

static hg_err no_such(const struct kernel_class *c, const void *list,
	const struct backend_request *req, const char *wrong, hg_error *why)
{
	const char *names[NAMES], *near;
	size_t all = c->count(list), n = all < NAMES ? all : NAMES;

	for (size_t i = 0; i < n; i++)
		names[i] = c->name(list, i);
	near = nearest_word(wrong, names, n);
	if (near)
		return fail(why, HG_ENOENT, "%.64s: no such %s; did you mean \"%s:%s\"?", req->spec,
			c->what, c->backend, near);
	return fail(why, HG_ENOENT, "%.64s: no such %s; there are %zu, the first is \"%s:%s\"",
		req->spec, c->what, all, c->backend, names[0]);
}

static hg_err build(const struct kernel_class *c, const void *list, size_t i,
	const struct backend_request *req, const char *options, void **state, hg_error *why)
{
	struct kernel_device *d = kernel_create(req, why);
	hg_err rc;

	if (!d)
		return HG_ENOMEM;
	rc = c->build(d, list, i, options, why);
	if (!rc)
		return kernel_finish(d, state, why);
	kernel_close(d);
	return rc;
}

hg_err kernel_open(const struct kernel_class *c, const struct backend_request *req, void **state,
	hg_error *why)
{
	const char *comma = c->options ? strchr(req->rest, ',') : NULL;
	size_t len = comma ? (size_t)(comma - req->rest) : strlen(req->rest);
	char name[KERNEL_TEXT] = "";
	void *list = calloc(1, c->size);
	hg_err rc;

	*state = NULL;
	if (!list)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", req->spec);
	rc = c->find(req->ctx, list, why);
	if (rc) {
		fail_prefix(why, "%.64s: ", req->spec);
		goto out;
	}
	memcpy(name, req->rest, len < sizeof name ? len : 0);
	for (size_t i = 0; i < c->count(list); i++)
		if (!strcmp(c->name(list, i), name)) {
			rc = build(c, list, i, req, comma ? comma + 1 : "", state, why);
			goto out;
		}
	rc = no_such(c, list, req, name, why);
out:
	free(list);
	return rc;
}

hg_err kernel_discover(const struct kernel_class *c, const struct hg_ctx *ctx,
	struct backend_found *found, hg_error *why)
{
	void *list = calloc(1, c->size);
	hg_err rc;

	if (!list)
		return fail(why, HG_ENOMEM, "%s: out of memory", c->backend);
	rc = c->find(ctx, list, why);
	for (size_t i = 0; !rc && i < c->count(list); i++)
		backend_found(found, c->name(list, i));
	free(list);
	return rc;
}

const char *kernel_wholes_add(struct kernel_device *d, const char *list, const char *uuid)
{
	return kernel_format(d, "%s%s%s", list, *list && *uuid ? " " : "", uuid);
}
