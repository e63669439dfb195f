/* A knob that is one word of several in a file, shown as its number. */
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"

#include "kernel.h"

#define WORDS 16

/** The words, in their order. */
struct words {
	const char *at[WORDS];
	int64_t n;
};

static hg_err choice_current(
	const struct kernel_device *d, const struct kernel_knob *k, int64_t *value, hg_error *why)
{
	const struct words *w = k->more;
	char text[KERNEL_TEXT];
	hg_err rc = kernel_line(d->ctx, k->path, text, why);

	for (int64_t i = 0; !rc && i < w->n; i++)
		if (!strcmp(w->at[i], text)) {
			*value = i;
			return HG_OK;
		}
	return rc ? rc
		  : fail(why, HG_EFORMAT, "%s: \"%.24s\" is none of the available ones", k->path,
			    text);
}

static hg_err choice_write(
	struct kernel_device *d, const struct kernel_knob *k, int64_t value, hg_error *why)
{
	const struct words *w = k->more;

	return fsroot_write(&d->ctx->root, k->path, w->at[value], why);
}

struct kernel_knob *kernel_add_choice(struct kernel_device *d, const char *name, const char *path,
	const char *what, const char *words)
{
	struct words *w = arena_alloc(&d->arena, sizeof *w);
	struct slice rest = {words, strlen(words)};
	char list[KERNEL_TEXT] = "";
	struct kernel_knob *added;
	struct kernel_knob knob = {.path = path,
		.scale = {1, 1},
		.write = choice_write,
		.current = choice_current,
		.more = w,
		.info = {.name = name, .unit = "index", .step = 1}};
	size_t used = 0;

	if (!w) {
		d->failed = HG_ENOMEM;
		return NULL;
	}
	*w = (struct words){.n = 0};
	while (rest.text && w->n < WORDS) {
		struct slice one = slice_cut(&rest, ' ');

		if (!one.len || used + one.len + 8 > sizeof list)
			continue;
		w->at[w->n] = kernel_format(d, "%.*s", (int)one.len, one.text);
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%d %.*s",
			w->n ? ", " : "", (int)w->n, (int)one.len, one.text);
		w->n++;
	}
	knob.info.max = w->n ? w->n - 1 : 0;
	knob.info.text = kernel_format(d, "%s: %s", what, list);
	if (!w->n) {
		knob.info.unsettable = kernel_format(d, "/%s: no choice is told", path);
		knob.path = NULL;
		knob.current = NULL;
	}
	added = kernel_add_knob(d, &knob);
	added->info.default_value = added->info.current;
	return added;
}
