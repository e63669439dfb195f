/*
 * Tests of backends against fake libraries: the scenario that is played, and copies of a library in
 * which functions are missing. Before the include a test defines FAKE_LIBRARY, the file,
 * FAKE_VARIABLE, which names it to hourglass, FAKE_BACKEND and FAKE_SYMBOLS, the loader's list.
 */
#ifndef HG_TESTS_FAKE_H
#define HG_TESTS_FAKE_H

#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hourglass/hourglass.h>

static char dir[] = "/tmp/test-fake-XXXXXX";

static inline void write_file(const char *name, const void *data, size_t len, char path[128])
{
	FILE *f;
	int length = snprintf(path, 128, "%s/%s", dir, name);

	assert_true(length > 0 && length < 128);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* What the fake library plays from its next initialisation on. */
static inline void play(const char *devices, const char *more)
{
	char text[16384], path[128];
	int len = snprintf(text, sizeof text,
		"{\"schema\": \"hourglass.scenario/1\", \"devices\": [%s]%s}", devices, more);

	assert_true(len > 0 && (size_t)len < sizeof text);
	write_file("scenario.json", text, (size_t)len, path);
	assert_int_equal(setenv("HOURGLASS_SCENARIO", path, 1), 0);
	assert_int_equal(setenv(FAKE_VARIABLE, FAKE_LIBRARY, 1), 0);
}

/* What the symbol was called before. */
static inline const char *older_names(const char *symbol)
{
#define OLDER(kind, member, name, older, result, arguments)                                        \
	if (!strcmp(symbol, #name))                                                                \
		return older;
	FAKE_SYMBOLS(OLDER)
#undef OLDER
	return "";
}

/* Has the scenario hide names, with blanks between them, and the copy of the library played that
 * is loaded next: a library that is loaded already hides nothing more. */
static inline void hide(const char *names)
{
	static unsigned copies;
	char text[8192], path[128], *data, *end = text;
	FILE *f = fopen(getenv("HOURGLASS_SCENARIO"), "rb");
	size_t len, size;

	assert_non_null(f);
	end += snprintf(end, 2048, "{\"missing\": [\"");
	for (; *names; names++)
		end += snprintf(end, 8, *names == ' ' ? "\", \"" : "%c", *names);
	end += snprintf(end, 8, "\"], ");
	len = fread(end, 1, sizeof text - (size_t)(end - text), f);
	assert_int_equal(fclose(f), 0);
	memmove(end, end + 1, len - 1); /* its brace */
	write_file("scenario.json", text, (size_t)(end - text) + len - 1, path);
	f = fopen(FAKE_LIBRARY, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = (size_t)ftell(f);
	rewind(f);
	data = malloc(size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, size, f), size);
	(void)fclose(f);
	(void)snprintf(text, sizeof text, "copy-%u.so", copies++);
	write_file(text, data, size, path);
	free(data);
	assert_int_equal(setenv(FAKE_VARIABLE, path, 1), 0);
}

/* A library without a function, under whatever name. */
static inline void without(const char *symbol)
{
	char names[256];

	(void)snprintf(names, sizeof names, "%s%s%s", symbol, *older_names(symbol) ? " " : "",
		older_names(symbol));
	hide(names);
}

static inline hg_ctx *context(void)
{
	hg_error why = {""};
	hg_ctx *ctx;

	assert_ok(hg_open(NULL, &ctx, &why), &why);
	return ctx;
}

static inline hg_device *device(hg_ctx *ctx, const char *spec)
{
	hg_error why = {""};
	hg_device *d;

	assert_ok(hg_device_open(ctx, spec, &d, &why), &why);
	return d;
}

static inline hg_err refused(const char *spec, hg_error *why)
{
	hg_ctx *ctx = context();
	hg_device *d;
	hg_err rc = hg_device_open(ctx, spec, &d, why);

	assert_true(rc != HG_OK);
	assert_null(d);
	hg_close(ctx);
	return rc;
}

static inline hg_signal_info signal_of(const hg_device *d, const char *name)
{
	hg_signal_info info = {.size = sizeof info};

	assert_int_equal(hg_device_signal(d, hg_device_signal_index(d, name), &info), HG_OK);
	return info;
}

static inline hg_knob_info knob_of(const hg_device *d, const char *name)
{
	hg_knob_info info = {.size = sizeof info};

	assert_int_equal(hg_device_knob(d, hg_device_knob_index(d, name), &info), HG_OK);
	return info;
}

static inline hg_reading reading(hg_device *d, const char *name)
{
	size_t id = hg_device_signal_index(d, name);
	hg_reading r;

	assert_int_equal(hg_device_read(d, &id, 1, &r), HG_OK);
	assert_true(r.t0_ns <= r.t1_ns);
	return r;
}

static inline int64_t value(hg_device *d, const char *name)
{
	hg_reading r = reading(d, name);

	assert_int_equal(r.rc, HG_OK);
	return r.value;
}

static inline hg_err set(
	hg_device *d, const char *name, int64_t to, hg_effect *effect, hg_error *why)
{
	return hg_device_set(d, hg_device_knob_index(d, name), to, effect, why);
}

struct told {
	hg_err rc;
	size_t devices;
	char reason[HG_ERROR_TEXT];
};

static inline void listen(void *user, const hg_discovery *found)
{
	struct told *t = user;

	if (strcmp(found->backend, FAKE_BACKEND) != 0)
		return;
	t->rc = found->rc;
	t->devices = found->devices;
	(void)snprintf(t->reason, sizeof t->reason, "%s", found->reason);
}

static inline struct told discover(hg_ctx *ctx)
{
	struct told t = {.rc = HG_EINTERNAL};
	hg_error why = {""};

	assert_ok(hg_discover(ctx, listen, &t, &why), &why);
	return t;
}

static inline struct told discover_alone(void)
{
	hg_ctx *ctx = context();
	struct told t = discover(ctx);

	hg_close(ctx);
	return t;
}

static inline int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static inline int end(void **state)
{
	char path[128];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(path, sizeof path, "%s/copy-%u.so", dir, i);
		(void)remove(path);
	}
	(void)snprintf(path, sizeof path, "%s/scenario.json", dir);
	(void)remove(path);
	(void)snprintf(path, sizeof path, "%s/text.so", dir);
	(void)remove(path);
	return rmdir(dir);
}

#endif
