#include <hourglass/error.h>

struct error_entry {
	hg_err code;
	const char *name, *text;
};

static const struct error_entry entries[] = {
#define ERROR_ENTRY(name, value, text) {name, #name, text},
	HG_ERROR_LIST(ERROR_ENTRY)
#undef ERROR_ENTRY
};

static const struct error_entry *entry_find(hg_err code)
{
	for (unsigned i = 0; i < sizeof entries / sizeof entries[0]; i++)
		if (entries[i].code == code)
			return &entries[i];
	return 0;
}

const char *hg_err_name(hg_err code)
{
	const struct error_entry *e = entry_find(code);

	return e ? e->name : "HG_E?";
}

const char *hg_err_text(hg_err code)
{
	const struct error_entry *e = entry_find(code);

	return e ? e->text : "unknown error";
}
