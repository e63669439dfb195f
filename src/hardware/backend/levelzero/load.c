#include "load.h"

#include "core/fail.h"

#include "hardware/backend/library/library.h"

#define LIBRARY_OF struct zes
static const struct library_entry entries[] = {ZES_SYMBOLS(LIBRARY_ENTRY)};
static const struct library_result results[] = {ZES_RESULTS(LIBRARY_RESULT)};

static const struct library_result *known(int result)
{
	return library_result(results, sizeof results / sizeof *results, result);
}

hg_err zes_init(struct zes *lib, hg_error *why)
{
	static const char *const names[] = {"libze_loader.so.1", "/usr/lib64/libze_loader.so.1",
		"/usr/lib/x86_64-linux-gnu/libze_loader.so.1", "/usr/local/lib/libze_loader.so.1",
		NULL};
	static const struct library_kind kind = {"HOURGLASS_LEVEL_ZERO",
		"is Level Zero installed (package libze1)?", names, "Level Zero",
		": it is older than 1.9", entries, sizeof entries / sizeof *entries};
	hg_err rc;
	int result;

	*lib = (struct zes){0};
	rc = library_load(&kind, lib, why);
	if (rc) {
		*lib = (struct zes){0};
		return rc;
	}
	result = lib->init(0);
	if (result) {
		rc = zes_error(result) == HG_EPERM ? HG_EPERM : HG_EDEVICE;
		rc = fail(why, rc, "zesInit: %s",
			known(result) || !lib->fake_why ? zes_text(result) : lib->fake_why());
		*lib = (struct zes){0};
		return rc;
	}
	library_rights(lib->fake, &lib->simulated, &lib->may_set);
	return HG_OK;
}

hg_err zes_error(int result)
{
	return library_error(known(result));
}

const char *zes_text(int result)
{
	return library_text(known(result));
}
