/* Facts: what files say, and what backends said. */
#define _GNU_SOURCE
#include "doctor.h"

#include <stdio.h>
#include <string.h>

#include "core/context.h"
#include "core/text.h"

#define PCI_FOLDER "sys/bus/pci/devices"
#define TEXT_MAX   65536
#define PATH_ROOM  512

/* ----- files */

/* The first 64 KiB of a file as text; "" where it cannot be read. */
static const char *file_text(const struct patient *p, const char *path, char text[TEXT_MAX])
{
	hg_err rc = fsroot_read(&p->ctx->root, path, text, TEXT_MAX, NULL);

	if (rc != HG_OK && rc != HG_ELIMIT)
		text[0] = '\0';
	return text;
}

/** Called for each file that a path with '*' names. @return true: go no further */
typedef bool (*file_fn)(const struct patient *p, const char *path);

static bool each_file(const struct patient *p, const char *path, file_fn fn)
{
	size_t len = strlen(path);
	const char *slash = strrchr(path, '/');
	struct fsroot_names names;
	char folder[PATH_ROOM], full[PATH_ROOM];
	bool done = false;

	if (path[len - 1] != '*')
		return fn(p, path);
	(void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	if (fsroot_list(&p->ctx->root, folder, &names, NULL) != HG_OK)
		return false;
	for (size_t i = 0; i < names.n && !done; i++) {
		size_t head = len - 1 - (size_t)(slash + 1 - path);

		if (strncmp(names.at[i], slash + 1, head) != 0)
			continue;
		(void)snprintf(full, sizeof full, "%.200s/%.255s", folder, names.at[i]);
		done = fn(p, full);
	}
	fsroot_names_finish(&names);
	return done;
}

static bool is_there(const struct patient *p, const char *path)
{
	return fsroot_access(&p->ctx->root, path, FSROOT_THERE);
}

static bool is_forbidden(const struct patient *p, const char *path)
{
	return is_there(p, path) && !fsroot_access(&p->ctx->root, path, FSROOT_READ);
}

static bool is_read_only(const struct patient *p, const char *path)
{
	return is_there(p, path) && !fsroot_access(&p->ctx->root, path, FSROOT_WRITE);
}

static bool says(const struct patient *p, const char *path, const char *word)
{
	char text[TEXT_MAX];

	return strstr(file_text(p, path, text), word) != NULL;
}

static bool is_older(const struct patient *p, const char *path, const char *than)
{
	char text[TEXT_MAX];

	return is_there(p, path) && strverscmp(file_text(p, path, text), than) < 0;
}

/* ----- PCI */

/* Whether a class, "0x030200", begins with one of "0x03|0x12". */
static bool class_fits(const char *class, const char *list)
{
	struct slice rest = {list, strlen(list)};

	while (rest.text) {
		struct slice one = slice_cut(&rest, '|');

		if (strncmp(class, one.text, one.len) == 0)
			return true;
	}
	return false;
}

static bool pci_fits(const struct patient *p, const char *entry, const struct fact *f)
{
	char path[PATH_ROOM], text[TEXT_MAX];
	size_t vendor = strcspn(f->a, "/");

	(void)snprintf(path, sizeof path, PCI_FOLDER "/%s/vendor", entry);
	(void)file_text(p, path, text);
	if (strlen(text) != vendor || strncmp(text, f->a, vendor) != 0)
		return false;
	if (f->kind == FACT_PCI) {
		(void)snprintf(path, sizeof path, PCI_FOLDER "/%s/class", entry);
		return class_fits(file_text(p, path, text), f->b);
	}
	(void)snprintf(path, sizeof path, PCI_FOLDER "/%s/%s", entry, f->a + vendor + 1);
	return says(p, path, f->b);
}

static bool pci_holds(const struct patient *p, const struct fact *f)
{
	struct fsroot_names names;
	bool found = false;

	if (fsroot_list(&p->ctx->root, PCI_FOLDER, &names, NULL) != HG_OK)
		return false;
	for (size_t i = 0; i < names.n && !found; i++)
		found = pci_fits(p, names.at[i], f);
	fsroot_names_finish(&names);
	return found;
}

/* ----- backends */

static const struct backend_said *said_by(const struct patient *p, const char *backend)
{
	for (size_t i = 0; i < p->backends.len; i++) {
		const struct backend_said *b = vec_at(&p->backends, i);

		if (strcmp(b->name, backend) == 0)
			return b;
	}
	return NULL;
}

static bool signal_absent(const hg_device *d, const char *word)
{
	for (size_t i = 0; i < hg_device_signals(d); i++) {
		hg_signal_info s = {.size = sizeof s};

		if (hg_device_signal(d, i, &s) == HG_OK && s.absent && strstr(s.absent, word))
			return true;
	}
	return false;
}

static bool knob_fixed(const hg_device *d, const char *word)
{
	for (size_t i = 0; i < hg_device_knobs(d); i++) {
		hg_knob_info k = {.size = sizeof k};

		if (hg_device_knob(d, i, &k) == HG_OK && k.unsettable && strstr(k.unsettable, word))
			return true;
	}
	return false;
}

static bool devices_hold(const struct patient *p, const struct fact *f)
{
	for (hg_device *d = hg_device_next(p->ctx, NULL); d; d = hg_device_next(p->ctx, d)) {
		hg_device_info info = {.size = sizeof info};

		hg_device_get_info(d, &info);
		if (strcmp(info.backend, f->a) != 0)
			continue;
		if (f->kind == FACT_ABSENT ? signal_absent(d, f->b) : knob_fixed(d, f->b))
			return true;
	}
	return false;
}

static bool backend_holds(const struct patient *p, const struct fact *f)
{
	const struct backend_said *b = said_by(p, f->a);

	if (!b)
		return false;
	if (f->kind == FACT_REASON)
		return strstr(b->reason, f->b) != NULL;
	return f->kind == FACT_FOUND ? b->devices > 0 : b->devices == 0;
}

/* ----- */

static bool fact_holds(const struct patient *p, const struct fact *f)
{
	switch (f->kind) {
	case FACT_PCI:
	case FACT_PCI_SAYS:
		return pci_holds(p, f);
	case FACT_FILE:
		return each_file(p, f->a, is_there);
	case FACT_NO_FILE:
		return !each_file(p, f->a, is_there);
	case FACT_FORBIDDEN:
		return each_file(p, f->a, is_forbidden);
	case FACT_READ_ONLY:
		return each_file(p, f->a, is_read_only);
	case FACT_SAYS:
		return says(p, f->a, f->b);
	case FACT_NOT_SAYS:
		return !says(p, f->a, f->b);
	case FACT_OLDER:
		return is_older(p, f->a, f->b);
	case FACT_ABSENT:
	case FACT_FIXED:
		return devices_hold(p, f);
	default:
		return backend_holds(p, f);
	}
}

bool doctor_holds(const struct patient *p, const struct rule *rule)
{
	for (size_t i = 0; i < DOCTOR_FACTS && rule->when[i].kind != FACT_NONE; i++)
		if (!fact_holds(p, &rule->when[i]))
			return false;
	return true;
}
