#include "cards.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"

#define UEVENT_MAX 4096

/* "card12", but not "card12-DP-1", which is a connector of it. */
static bool is_card(const char *entry)
{
	size_t digits;

	if (strncmp(entry, "card", 4) != 0)
		return false;
	digits = strspn(entry + 4, "0123456789");
	return digits > 0 && !entry[4 + digits] && strlen(entry) < sizeof((struct card *)0)->entry;
}

static bool copy(struct slice from, const char *good, char *to, size_t room)
{
	if (!from.len || from.len >= room)
		return false;
	memcpy(to, from.text, from.len);
	to[from.len] = '\0';
	return strspn(to, good) == from.len;
}

static bool is_one_of(struct slice name, const char *const *drivers)
{
	while (*drivers && !slice_is(name, *drivers))
		drivers++;
	return *drivers != NULL;
}

/* The driver tells who it is in lines KEY=VALUE. @return whether it is one of these, on a PCI slot
 */
static bool card_read(const struct hg_ctx *ctx, const char *const *drivers, struct card *card)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	static const char hex[] = "0123456789abcdefABCDEF:.";
	char path[KERNEL_PATH], text[UEVENT_MAX];
	struct slice rest = {text, 0};
	bool driven = false, slot = false;

	(void)snprintf(path, sizeof path, DRM_CLASS "/%s/device/uevent", card->entry);
	if (fsroot_read(&ctx->root, path, text, sizeof text, NULL))
		return false;
	rest.len = strlen(text);
	while (rest.text) {
		struct slice value = slice_cut(&rest, '\n');
		struct slice key = slice_cut(&value, '=');

		if (!value.text)
			continue;
		if (slice_is(key, "DRIVER"))
			driven = is_one_of(value, drivers) &&
				 copy(value, lower, card->driver, sizeof card->driver);
		else if (slice_is(key, "PCI_SLOT_NAME"))
			slot = copy(value, hex, card->pci, sizeof card->pci);
		else if (slice_is(key, "PCI_ID") && !copy(value, hex, card->id, sizeof card->id))
			card->id[0] = '\0';
	}
	return driven && slot;
}

hg_err cards_find(const struct hg_ctx *ctx, const char *const *drivers, const char *maker,
	struct cards *cards, hg_error *why)
{
	struct fsroot_names names;
	hg_err rc = fsroot_list(&ctx->root, DRM_CLASS, &names, why);

	cards->n = 0;
	if (rc == HG_ENOENT)
		return fail(why, rc, "no /" DRM_CLASS ": no graphics driver is loaded");
	for (size_t i = 0; !rc && i < names.n; i++) {
		struct card card = {.entry = ""};

		if (!is_card(names.at[i]))
			continue;
		(void)snprintf(card.entry, sizeof card.entry, "%.15s", names.at[i]);
		if (!card_read(ctx, drivers, &card))
			continue;
		if (cards->n == CARDS)
			rc = fail(why, HG_ELIMIT, DRM_CLASS ": more than %d cards", CARDS);
		else
			cards->at[cards->n++] = card;
	}
	fsroot_names_finish(&names);
	if (!rc && !cards->n)
		return fail(why, HG_ENOENT,
			"no card of the driver %s in /" DRM_CLASS ": no GPU of %s, or modprobe %s",
			drivers[0], maker, drivers[0]);
	return rc;
}

size_t cards_count(const void *list)
{
	return ((const struct cards *)list)->n;
}

const char *cards_name(const void *list, size_t i)
{
	return ((const struct cards *)list)->at[i].pci;
}
