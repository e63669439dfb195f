/* Which devices there are. */
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"

#include "gpu.h"

static void who_fill(const struct zes *lib, zes_device handle, struct zes_who *who)
{
	struct zes_properties p = {.type = ZES_TYPE_DEVICE};
	struct zes_pci pci = {.type = ZES_TYPE_PCI};
	size_t at = 4;

	*who = (struct zes_who){.handle = handle, .uuid = "GPU-", .name = "Intel GPU"};
	if (lib->pci && !lib->pci(handle, &pci))
		(void)snprintf(who->pci, sizeof who->pci, "%04x:%02x:%02x.%x", pci.domain & 0xffffu,
			pci.bus & 0xffu, pci.device & 0x1fu, pci.function & 7u);
	if (lib->properties(handle, &p)) {
		who->uuid[0] = '\0';
		return;
	}
	for (size_t i = sizeof p.uuid; i > 0; i--, at += 2)
		(void)snprintf(who->uuid + at, sizeof who->uuid - at, "%02x", p.uuid[i - 1]);
	if (strspn(who->uuid + 4, "0") == strlen(who->uuid + 4))
		who->uuid[0] = '\0';
	who->integrated = p.flags & ZES_INTEGRATED;
	p.model[sizeof p.model - 1] = p.name[sizeof p.name - 1] = '\0';
	if (*p.model || *p.name)
		(void)snprintf(who->name, sizeof who->name, "%.63s", *p.model ? p.model : p.name);
	text_clean(who->name);
}

static int list_driver(
	const struct zes *lib, zes_driver driver, struct zes_who *all, size_t room, size_t *n)
{
	zes_device devices[ZES_DEVICES];
	uint32_t count = 0;
	int result = lib->devices(driver, &count, NULL);

	count = count < ZES_DEVICES ? count : ZES_DEVICES;
	result = result || !count ? result : lib->devices(driver, &count, devices);
	for (uint32_t i = 0; !result && i < count && *n < room; i++)
		who_fill(lib, devices[i], &all[(*n)++]);
	return result;
}

hg_err zes_list(const struct zes *lib, struct zes_who *all, size_t room, size_t *n, hg_error *why)
{
	zes_driver drivers[ZES_DRIVERS];
	uint32_t count = 0;
	int result = lib->drivers(&count, NULL);

	*n = 0;
	count = count < ZES_DRIVERS ? count : ZES_DRIVERS;
	result = result || !count ? result : lib->drivers(&count, drivers);
	if (result)
		return fail(why, zes_error(result), "zesDriverGet: %s", zes_text(result));
	for (uint32_t i = 0; i < count; i++) {
		int one = list_driver(lib, drivers[i], all, room, n);

		result = result ? result : one;
	}
	if (*n)
		return HG_OK;
	if (result)
		return fail(why, zes_error(result), "zesDeviceGet: %s", zes_text(result));
	return fail(why, HG_ENOENT, "Level Zero knows of no GPU");
}
