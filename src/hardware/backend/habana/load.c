#include "load.h"

#include "core/fail.h"

#include "hardware/backend/library/library.h"

/* What the library itself is: one of it in a process, and one caller at a time. */
static struct library_turn turn = LIBRARY_TURN;
static struct hlml opened; /* while turn.users > 0 */

#define LIBRARY_OF struct hlml
static const struct library_entry entries[] = {HLML_SYMBOLS(LIBRARY_ENTRY)};
static const struct library_result results[] = {HLML_RESULTS(LIBRARY_RESULT)};

static const struct library_result *known(int result)
{
	return library_result(results, sizeof results / sizeof *results, result);
}

bool hlml_is_named(void)
{
	return library_is_named("HOURGLASS_HLML");
}

static hg_err open_it(hg_error *why)
{
	static const char *const names[] = {
		"libhlml.so.1", "libhlml.so", "/usr/lib/habanalabs/libhlml.so", NULL};
	static const struct library_kind kind = {"HOURGLASS_HLML", "is Habana's driver installed?",
		names, "HLML", "", entries, sizeof entries / sizeof *entries};
	struct hlml *lib = &opened;
	hg_err rc;
	int result;

	opened = (struct hlml){0};
	rc = library_load(&kind, lib, why);
	if (rc)
		return rc;
	result = lib->init();
	if (result) {
		rc = hlml_error(result) == HG_EPERM ? HG_EPERM : HG_EDEVICE;
		return fail(why, rc, "hlml_init: %s", hlml_text(result));
	}
	library_rights(lib->fake, &lib->simulated, &lib->may_set);
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

hg_err hlml_error(int result)
{
	return library_error(known(result));
}

const char *hlml_text(int result)
{
	return library_text(known(result));
}
