/* A stand-in for HLML that plays a scenario. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hardware/backend/habana/abi.h"

#include "scenario/play.h"

/* The loader's own list declares what is exported, so the two cannot drift apart. */
#define FAKE_DECLARE(kind, member, symbol, older, result, arguments)                               \
	FAKE_API result symbol arguments;
HLML_SYMBOLS(FAKE_DECLARE)
#undef FAKE_DECLARE

struct hlml_handle_st {
	struct fake_device *device;
};

static struct fake_play play =
	FAKE_PLAY("habana", "hlml_init", HLML_UNINITIALIZED, HLML_DEVICE_LOST);
static struct hlml_handle_st handles[FAKE_DEVICES];

static int enter(const char *call, hlml_handle h)
{
	return fake_enter(&play, call, h ? h->device : NULL);
}

static int leave(int result)
{
	return fake_leave(&play, result);
}

static int give_u32(int result, uint32_t *out, double value)
{
	if (!result)
		*out = (uint32_t)lround(value);
	return leave(result);
}

static int give_text(int result, char *text, uint32_t room, const char *value)
{
	if (!result && strlen(value) >= room)
		result = HLML_INSUFFICIENT_SIZE;
	if (!result)
		memcpy(text, value, strlen(value) + 1);
	return leave(result);
}

int hlml_init(void)
{
	int result = fake_begin(&play);

	if (result == FAKE_BAD_SCENARIO)
		(void)fprintf(stderr, "%s\n", play.why.text);
	return result;
}

int hlml_shutdown(void)
{
	return fake_end(&play);
}

/** Says that this library is a fake one, and whether it lets knobs be set. */
int hourglassFakeHlml(uint32_t *may_set)
{
	pthread_mutex_lock(&play.lock);
	*may_set = play.scenario.may_set;
	return leave(HLML_SUCCESS);
}

int hlml_device_get_count(uint32_t *n)
{
	int result = enter("hlml_device_get_count", NULL);

	if (!result)
		*n = (uint32_t)play.n_devices;
	return leave(result);
}

int hlml_device_get_handle_by_index(uint32_t i, hlml_handle *out)
{
	struct fake_device *d = i < play.n_devices ? &play.devices[i] : NULL;
	int result = fake_enter(&play, "hlml_device_get_handle_by_index", d);

	if (!result && !d)
		result = HLML_INVALID_ARGUMENT;
	if (!result) {
		handles[i].device = d;
		*out = &handles[i];
	}
	return leave(result);
}

int hlml_device_get_uuid(hlml_handle h, char *text, uint32_t room)
{
	int result = enter("hlml_device_get_uuid", h);

	return give_text(result, text, room, result ? "" : h->device->spec->uuid);
}

int hlml_device_get_name(hlml_handle h, char *text, uint32_t room)
{
	int result = enter("hlml_device_get_name", h);

	return give_text(result, text, room, result ? "" : h->device->spec->name);
}

/* Of new versions: 19 bytes for the address, and as the kernel writes it. */
int hlml_device_get_pci_info(hlml_handle h, void *out)
{
	int result = enter("hlml_device_get_pci_info", h);
	const char *pci = result ? "" : h->device->spec->pci;

	if (!result)
		(void)snprintf(
			(char *)out + HLML_PCI_OFFSET, 19, "%s", strlen(pci) == 16 ? pci + 4 : pci);
	return leave(result);
}

int hlml_device_get_total_energy_consumption(hlml_handle h, uint64_t *mj)
{
	int result = enter("hlml_device_get_total_energy_consumption", h);

	if (!result)
		*mj = (uint64_t)(fake_counter_j(h->device) * 1e3);
	return leave(result);
}

int hlml_device_get_power_usage(hlml_handle h, uint32_t *mw)
{
	int result = enter("hlml_device_get_power_usage", h);

	return give_u32(result, mw, result ? 0.0 : fake_power_w(h->device) * 1e3);
}

int hlml_device_get_power_management_limit(hlml_handle h, uint32_t *mw)
{
	int result = enter("hlml_device_get_power_management_limit", h);

	return give_u32(result, mw, result ? 0.0 : h->device->asked[FAKE_LIMIT_W] * 1e3);
}

int hlml_device_get_power_management_default_limit(hlml_handle h, uint32_t *mw)
{
	int result = enter("hlml_device_get_power_management_default_limit", h);

	return give_u32(result, mw, result ? 0.0 : h->device->spec->limit_default_w * 1e3);
}

int hlml_device_get_clock_info(hlml_handle h, int type, uint32_t *mhz)
{
	int result = enter("hlml_device_get_clock_info", h);

	if (!result && type != HLML_CLOCK_SOC)
		result = HLML_NOT_SUPPORTED;
	return give_u32(result, mhz, result ? 0.0 : fake_sm_mhz(h->device));
}

int hlml_device_get_utilization_rates(hlml_handle h, struct hlml_utilisation *out)
{
	int result = enter("hlml_device_get_utilization_rates", h);

	if (!result)
		out->memory = 0;
	return give_u32(result, &out->chip, result ? 0.0 : h->device->spec->utilisation * 100.0);
}

int hlml_device_get_current_clocks_throttle_reasons(hlml_handle h, uint64_t *bits)
{
	int result = enter("hlml_device_get_current_clocks_throttle_reasons", h);

	if (!result)
		*bits = fake_throttled(h->device) ? HLML_REASON_POWER : 0;
	return leave(result);
}

int hlml_device_set_power_management_limit(hlml_handle h, uint32_t mw)
{
	int result = enter("hlml_device_set_power_management_limit", h);

	if (!result && !play.scenario.may_set)
		result = HLML_NO_PERMISSION;
	if (!result && !fake_set(h->device, FAKE_LIMIT_W, (double)mw * 1e-3))
		result = HLML_INVALID_ARGUMENT;
	return leave(result);
}
