#include "load.h"

#include "core/fail.h"

#include "hardware/backend/library/library.h"

/* What the library itself is: one of it in a process, and one caller at a time. */
static struct library_turn turn = LIBRARY_TURN;
static struct hlml opened; /* while turn.users > 0 */

/** A status code. */
struct known {
	int result;
	hg_err error;
	const char *text;
};

static const char *resolve_all(struct hlml *lib, void *handle)
{
	const char *missing = NULL;

#define HLML_RESOLVE(kind, member, symbol, older, result, arguments)                               \
	if (!library_function(handle, #symbol, older, &lib->member, sizeof lib->member) &&         \
		(kind) == REQ && !missing)                                                         \
		missing = #symbol;
	HLML_SYMBOLS(HLML_RESOLVE)
#undef HLML_RESOLVE
	return missing;
}

bool hlml_is_named(void)
{
	return library_is_named("HOURGLASS_HLML");
}

static hg_err open_it(hg_error *why)
{
	static const char *const names[] = {
		"libhlml.so.1", "libhlml.so", "/usr/lib/habanalabs/libhlml.so", NULL};
	struct hlml *lib = &opened;
	const char *missing;
	uint32_t may_set = 0;
	void *handle;
	int result;
	hg_err rc = library_open(
		"HOURGLASS_HLML", names, "is Habana's driver installed?", &handle, why);

	if (rc)
		return rc;
	opened = (struct hlml){0};
	missing = resolve_all(lib, handle);
	if (missing) {
		library_close(handle); /* nothing of it was called */
		return fail(why, HG_EUNSUPPORTED, "HLML has no %s", missing);
	}
	result = lib->init();
	if (result) {
		rc = hlml_error(result) == HG_EPERM ? HG_EPERM : HG_EDEVICE;
		return fail(why, rc, "hlml_init: %s", hlml_text(result));
	}
	lib->simulated = lib->fake && !lib->fake(&may_set);
	lib->may_set = lib->simulated ? may_set != 0 : library_may_administer();
	return HG_OK;
}

hg_err hlml_begin(const struct hlml **lib, hg_error *why)
{
	hg_err rc = library_begin(&turn, "HLML", open_it, why);

	*lib = rc ? NULL : &opened;
	return rc;
}

void hlml_finish(void)
{
	library_finish(&turn, &opened.shutdown);
}

bool hlml_enter(void)
{
	return library_take(&turn);
}

void hlml_leave(void)
{
	library_give(&turn);
}

static const struct known *known_result(int result)
{
	static const struct known all[] = {
#define HLML_KNOWN(name, value, error, text) {(value), (error), (text)},
		HLML_RESULTS(HLML_KNOWN)
#undef HLML_KNOWN
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].result == result)
			return &all[i];
	return NULL;
}

hg_err hlml_error(int result)
{
	const struct known *known = known_result(result);

	return known ? known->error : HG_EDEVICE;
}

const char *hlml_text(int result)
{
	const struct known *known = known_result(result);

	return known ? known->text : "an error that this version does not know";
}
