/*
 * Functions that a scenario calls "missing". When the library is loaded their names are spoilt in
 * its own dynamic symbol table, so that no loader finds them: a library is older or smaller for
 * ours and for anyone's.
 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "play.h"

/** The library that this is a part of. */
struct self {
	uintptr_t base;
	const ElfW(Phdr) * segments;
	size_t n_segments;
	const ElfW(Dyn) * dynamic;
};

static int find_self(struct dl_phdr_info *info, size_t size, void *user)
{
	struct self *self = user;
	uintptr_t here = (uintptr_t)&find_self;
	bool ours = false;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + p->p_vaddr;

		ours |= p->p_type == PT_LOAD && here >= at && here < at + p->p_memsz;
		if (p->p_type == PT_DYNAMIC)
			self->dynamic = (const void *)at; // NOLINT(performance-no-int-to-ptr)
	}
	self->base = info->dlpi_addr;
	self->segments = info->dlpi_phdr;
	self->n_segments = info->dlpi_phnum;
	return ours;
}

/* Rights of the segment that an address lies in. */
static int rights_at(const struct self *self, uintptr_t at)
{
	for (size_t i = 0; i < self->n_segments; i++) {
		const ElfW(Phdr) *p = &self->segments[i];

		if (p->p_type == PT_LOAD && at >= self->base + p->p_vaddr &&
			at < self->base + p->p_vaddr + p->p_memsz)
			return (p->p_flags & PF_R ? PROT_READ : 0) |
			       (p->p_flags & PF_W ? PROT_WRITE : 0) |
			       (p->p_flags & PF_X ? PROT_EXEC : 0);
	}
	return PROT_NONE;
}

/* Address of a table of the dynamic section: some systems have relocated it, some not. */
static char *table(const struct self *self, ElfW(Sxword) tag, uintptr_t *size)
{
	uintptr_t at = 0;

	for (const ElfW(Dyn) *d = self->dynamic; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == tag)
			at = d->d_un.d_ptr < self->base ? self->base + d->d_un.d_ptr
							: d->d_un.d_ptr;
		if (d->d_tag == DT_STRSZ)
			*size = d->d_un.d_val;
	}
	return (char *)at; // NOLINT(performance-no-int-to-ptr)
}

static void spoil(char *names, uintptr_t size, const char *name)
{
	size_t len = strlen(name) + 1;

	for (uintptr_t i = 1; i + len <= size; i++)
		if (!names[i - 1] && !memcmp(names + i, name, len))
			names[i] = '?';
}

static void hide_all(const struct fake_scenario *s)
{
	uintptr_t size = 0, page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;
	struct self self = {.base = 0};
	char *names;
	int rights;

	if (!s->n_missing || !dl_iterate_phdr(find_self, &self) || !self.dynamic)
		return;
	names = table(&self, DT_STRTAB, &size);
	from = (uintptr_t)names / page * page;
	to = ((uintptr_t)names + size + page - 1) / page * page;
	rights = rights_at(&self, (uintptr_t)names);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	if (!names || mprotect((void *)from, to - from, rights | PROT_WRITE))
		return;
	for (size_t i = 0; i < s->n_missing; i++)
		spoil(names, size, s->missing[i]);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	(void)mprotect((void *)from, to - from, rights);
}

__attribute__((constructor)) static void hide(void)
{
	const char *path = fake_scenario_path();
	struct fake_scenario *s = path ? calloc(1, sizeof *s) : NULL;

	if (s && !fake_scenario_read(s, path, NULL))
		hide_all(s);
	if (s)
		fake_scenario_finish(s);
	free(s);
}
