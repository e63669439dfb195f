#include "load.h"

#include "core/fail.h"

#include "hardware/backend/library/library.h"

/* What the library itself is: one of it in a process, and one caller at a time. */
static struct library_turn turn = LIBRARY_TURN;
static struct amdsmi opened; /* while turn.users > 0 */

#define LIBRARY_OF struct amdsmi
static const struct library_entry entries[] = {AMDSMI_SYMBOLS(LIBRARY_ENTRY)};
static const struct library_result results[] = {AMDSMI_RESULTS(LIBRARY_RESULT)};

static const struct library_result *known(int result)
{
	return library_result(results, sizeof results / sizeof *results, result);
}

bool amdsmi_is_asked_for(void)
{
	return library_is_named("HOURGLASS_AMDSMI");
}

/* Beside them it finds no GPU, and a program that computes loses its own. */
static hg_err unbearable(hg_error *why)
{
	static const char *const others[] = {"librocm_smi64.so.1", "librocm_smi64.so.7",
		"librocm_smi64.so", "libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
		"libamdhip64.so", NULL};

	if (!library_is_loaded(others))
		return HG_OK;
	return fail(why, HG_EUNSUPPORTED,
		"this program has loaded ROCm, in which libamd_smi would hide its GPUs: use amdgpu");
}

static enum amdsmi_layout layout_of(const struct amdsmi *lib)
{
	/* {year, major, ...} until 24, {major, ...} since; larger than any of them */
	uint32_t version[AMDSMI_ROOM / sizeof(uint32_t)] = {0};

	if (!lib->version || lib->version(version))
		return AMDSMI_LAYOUT_UNKNOWN;
	if (version[0] >= 25)
		return AMDSMI_LAYOUT_192;
	if (version[0] == 24 || (version[0] == 23 && version[1] >= 4))
		return AMDSMI_LAYOUT_68;
	return version[0] == 23 ? AMDSMI_LAYOUT_64 : AMDSMI_LAYOUT_UNKNOWN;
}

static hg_err open_it(hg_error *why)
{
	static const char *const names[] = {"libamd_smi.so", "libamd_smi.so.26", "libamd_smi.so.25",
		"libamd_smi.so.24", "libamd_smi.so.23", "/opt/rocm/lib/libamd_smi.so",
		"/opt/rocm/lib64/libamd_smi.so", NULL};
	static const struct library_kind kind = {"HOURGLASS_AMDSMI", "is ROCm installed?", names,
		"AMD SMI", "", entries, sizeof entries / sizeof *entries};
	struct amdsmi *lib = &opened;
	int result;
	hg_err rc = unbearable(why);

	opened = (struct amdsmi){0};
	rc = rc ? rc : library_load(&kind, lib, why);
	if (rc)
		return rc;
	result = lib->init(AMDSMI_GPUS);
	if (result) {
		rc = amdsmi_error(result) == HG_EPERM ? HG_EPERM : HG_EDEVICE;
		return fail(why, rc, "amdsmi_init: %s", amdsmi_text(result));
	}
	library_rights(lib->fake, &lib->simulated, &lib->may_set);
	lib->layout = layout_of(lib);
	return HG_OK;
}

hg_err amdsmi_begin(const struct amdsmi **lib, hg_error *why)
{
	hg_err rc = library_begin(&turn, "AMD SMI", open_it, why);

	*lib = rc ? NULL : &opened;
	return rc;
}

void amdsmi_finish(void)
{
	library_finish(&turn, &opened.shutdown);
}

bool amdsmi_enter(void)
{
	return library_take(&turn);
}

void amdsmi_leave(void)
{
	library_give(&turn);
}

hg_err amdsmi_error(int result)
{
	return library_error(known(result));
}

const char *amdsmi_text(int result)
{
	return library_text(known(result));
}
