#include "load.h"

#include "core/fail.h"

#include "hardware/backend/library/library.h"

/** A return code. */
struct known {
	int result;
	hg_err error;
	const char *text;
};

static const struct known *known_result(int result)
{
	static const struct known all[] = {
#define ZES_KNOWN(name, value, error, text) {(value), (error), (text)},
		ZES_RESULTS(ZES_KNOWN)
#undef ZES_KNOWN
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].result == result)
			return &all[i];
	return NULL;
}

/* @return name of the first required function that is missing, or NULL */
static const char *resolve_all(struct zes *lib, void *handle)
{
	const char *missing = NULL;

#define ZES_RESOLVE(kind, member, symbol, older, result, arguments)                                \
	if (!library_function(handle, #symbol, older, &lib->member, sizeof lib->member) &&         \
		(kind) == REQ && !missing)                                                         \
		missing = #symbol;
	ZES_SYMBOLS(ZES_RESOLVE)
#undef ZES_RESOLVE
	return missing;
}

hg_err zes_init(struct zes *lib, hg_error *why)
{
	static const char *const names[] = {"libze_loader.so.1", "/usr/lib64/libze_loader.so.1",
		"/usr/lib/x86_64-linux-gnu/libze_loader.so.1", "/usr/local/lib/libze_loader.so.1",
		NULL};
	const char *missing;
	uint32_t may_set = 0;
	void *handle;
	hg_err rc;
	int result;

	*lib = (struct zes){0};
	rc = library_open("HOURGLASS_LEVEL_ZERO", names,
		"is Level Zero installed (package libze1)?", &handle, why);
	if (rc)
		return rc;
	missing = resolve_all(lib, handle);
	if (missing) {
		*lib = (struct zes){0};
		library_close(handle); /* nothing of it was called */
		return fail(why, HG_EUNSUPPORTED, "Level Zero has no %s: it is older than 1.9",
			missing);
	}
	result = lib->init(0);
	if (result) {
		rc = zes_error(result) == HG_EPERM ? HG_EPERM : HG_EDEVICE;
		rc = fail(why, rc, "zesInit: %s",
			known_result(result) || !lib->fake_why ? zes_text(result)
							       : lib->fake_why());
		*lib = (struct zes){0};
		return rc;
	}
	lib->simulated = lib->fake && !lib->fake(&may_set);
	lib->may_set = lib->simulated ? may_set != 0 : library_may_administer();
	return HG_OK;
}

hg_err zes_error(int result)
{
	const struct known *known = known_result(result);

	return known ? known->error : HG_EDEVICE;
}

const char *zes_text(int result)
{
	const struct known *known = known_result(result);

	return known ? known->text : "an error that this version does not know";
}
