/* A stand-in for AMD SMI that plays a scenario. One GPU a socket; the version that it says it has,
 * which is the scenario's driver, decides how its structs are laid out. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hardware/backend/amdsmi/abi.h"

#include "scenario/play.h"

/* The loader's own list declares what is exported, so the two cannot drift apart. */
#define FAKE_DECLARE(kind, member, symbol, older, result, arguments)                               \
	FAKE_API result symbol arguments;
AMDSMI_SYMBOLS(FAKE_DECLARE)
#undef FAKE_DECLARE

/** A socket, and the GPU in it. */
struct amdsmi_handle_st {
	struct fake_device *device;
};

static struct fake_play play = FAKE_PLAY("amd", "amdsmi_init", AMDSMI_NOT_INIT, AMDSMI_NO_DATA);
static struct amdsmi_handle_st handles[FAKE_DEVICES];

static int enter(const char *call, amdsmi_handle h)
{
	return fake_enter(&play, call, h ? h->device : NULL);
}

static int leave(int result)
{
	return fake_leave(&play, result);
}

static int enter_set(const char *call, amdsmi_handle h)
{
	int result = enter(call, h);

	return !result && !play.scenario.may_set ? AMDSMI_NO_PERM : result;
}

int amdsmi_init(uint64_t flags)
{
	int result = fake_begin(&play);

	if (result == FAKE_BAD_SCENARIO)
		(void)fprintf(stderr, "%s\n", play.why.text);
	return result || flags & AMDSMI_GPUS ? result : AMDSMI_INVAL;
}

int amdsmi_shut_down(void)
{
	return fake_end(&play);
}

/** Says that this library is a fake one, and whether it lets knobs be set. */
int hourglassFakeAmdsmi(uint32_t *may_set)
{
	pthread_mutex_lock(&play.lock);
	*may_set = play.scenario.may_set;
	return leave(AMDSMI_SUCCESS);
}

/* ----- which devices */

int amdsmi_get_socket_handles(uint32_t *n, amdsmi_handle *out)
{
	int result = enter("amdsmi_get_socket_handles", NULL);
	uint32_t room = *n;

	if (!result)
		*n = (uint32_t)play.n_devices;
	for (uint32_t i = 0; !result && out && i < *n && i < room; i++) {
		handles[i].device = &play.devices[i];
		out[i] = &handles[i];
	}
	return leave(result);
}

int amdsmi_get_processor_handles(amdsmi_handle socket, uint32_t *n, amdsmi_handle *out)
{
	int result = enter("amdsmi_get_processor_handles", socket);

	if (!result && out && *n > 0)
		*out = socket;
	if (!result)
		*n = 1;
	return leave(result);
}

int amdsmi_get_gpu_device_bdf(amdsmi_handle h, uint64_t *bdf)
{
	int result = enter("amdsmi_get_gpu_device_bdf", h);
	unsigned long long digits[4] = {0};
	size_t k = 0;

	/* "00000000:17:00.0" */
	for (const char *p = result ? "" : h->device->spec->pci; *p && k < 4; p++) {
		const char *at = *p ? strchr("0123456789abcdefABCDEF", *p) : NULL;
		long digit = at ? at - "0123456789abcdefABCDEF" : -1;

		if (digit < 0)
			k++;
		else
			digits[k] = digits[k] * 16 +
				    (unsigned long long)(digit > 15 ? digit - 6 : digit);
	}
	if (!result)
		*bdf = digits[0] << 16 | (digits[1] & 0xff) << 8 | (digits[2] & 0x1f) << 3 |
		       (digits[3] & 7);
	return leave(result);
}

int amdsmi_get_gpu_device_uuid(amdsmi_handle h, uint32_t *len, char *text)
{
	int result = enter("amdsmi_get_gpu_device_uuid", h);
	const char *uuid = result ? "" : h->device->spec->uuid;

	if (!result && strlen(uuid) >= *len)
		result = AMDSMI_INSUFFICIENT_SIZE;
	if (!result)
		memcpy(text, uuid, strlen(uuid) + 1);
	return leave(result);
}

static int give_text(int result, void *out, const char *text)
{
	if (!result)
		(void)snprintf(out, AMDSMI_TEXT, "%s", text);
	return leave(result);
}

int amdsmi_get_gpu_asic_info(amdsmi_handle h, void *out)
{
	int result = enter("amdsmi_get_gpu_asic_info", h);

	return give_text(result, out, result ? "" : h->device->spec->name);
}

int amdsmi_get_gpu_driver_info(amdsmi_handle h, void *out)
{
	int result = enter("amdsmi_get_gpu_driver_info", h);

	return give_text(result, out, result ? "" : play.scenario.driver);
}

/* The version that the scenario's driver says, or 24.7. */
static void version_of(uint32_t version[3])
{
	const char *p = play.scenario.driver;

	memset(version, 0, 3 * sizeof *version);
	for (size_t k = 0; *p && k < 3; p++)
		if (*p == '.')
			k++;
		else if (*p >= '0' && *p <= '9')
			version[k] = version[k] * 10 + (uint32_t)(*p - '0');
		else
			break;
	if (version[0] < 23) {
		version[0] = 24;
		version[1] = 7;
	}
}

int amdsmi_get_lib_version(void *out)
{
	int result = enter("amdsmi_get_lib_version", NULL);
	uint32_t version[3];

	version_of(version);
	if (!result)
		memcpy(out, version, sizeof version);
	return leave(result);
}

/* ----- reading */

int amdsmi_get_energy_count(amdsmi_handle h, uint64_t *count, float *unit_uj, uint64_t *ns)
{
	int result = enter("amdsmi_get_energy_count", h);

	if (!result) {
		*count = (uint64_t)(fake_counter_j(h->device) * 65536.0);
		*unit_uj = 15.3F; /* as the library has it */
		*ns = (uint64_t)(h->device->now_s * 1e9);
	}
	return leave(result);
}

static void put_u32(void *out, size_t offset, uint32_t v)
{
	memcpy((char *)out + offset, &v, sizeof v);
}

int amdsmi_get_power_info(amdsmi_handle h, void *out)
{
	int result = enter("amdsmi_get_power_info", h);
	uint32_t version[3], watts;

	if (result)
		return leave(result);
	version_of(version);
	watts = (uint32_t)lround(fake_power_w(h->device));
	if (version[0] >= 25) {
		memset(out, 0, 192);
		memset(out, 0xff, 8);
		put_u32(out, 8, watts);
		put_u32(out, 12, UINT32_MAX);
	} else if (version[0] == 23 && version[1] < 4) {
		memset(out, 0, 64);
		put_u32(out, 0, watts);
		put_u32(out, 4, 800); /* mV of the compute units */
	} else {
		memset(out, 0, 68);
		put_u32(out, 0, UINT32_MAX);
		put_u32(out, 4, watts);
		put_u32(out, 8, 800);
	}
	return leave(AMDSMI_SUCCESS);
}

static uint64_t microwatts(double watts)
{
	return watts < 1e12 ? (uint64_t)(watts * 1e6) : UINT64_MAX;
}

int amdsmi_get_power_cap_info(amdsmi_handle h, uint32_t sensor, void *out)
{
	int result = enter("amdsmi_get_power_cap_info", h);
	struct amdsmi_cap cap = {0};

	if (!result && sensor != 0)
		result = AMDSMI_INVAL;
	if (!result) {
		const struct fake_spec *s = h->device->spec;

		cap.cap = microwatts(h->device->asked[FAKE_LIMIT_W]);
		cap.default_cap = microwatts(s->limit_default_w);
		cap.min = microwatts(s->limit_min_w);
		cap.max = microwatts(s->limit_max_w);
		memcpy(out, &cap, sizeof cap);
	}
	return leave(result);
}

int amdsmi_get_clock_info(amdsmi_handle h, int clock, void *out)
{
	int result = enter("amdsmi_get_clock_info", h);
	struct amdsmi_clocks c = {0, UINT32_MAX, 0};
	bool memory = clock == AMDSMI_CLOCK_MEMORY;

	if (!result && !memory && clock != AMDSMI_CLOCK_GFX)
		result = AMDSMI_INVAL;
	if (!result) {
		const struct fake_spec *s = h->device->spec;
		const double *list = memory ? s->memory_mhz : s->sm_mhz;
		size_t n = memory ? s->n_memory : s->n_sm;

		c.now = (uint32_t)lround(
			memory ? fake_memory_mhz(h->device) : fake_sm_mhz(h->device));
		for (size_t i = 0; i < n; i++) {
			uint32_t mhz = (uint32_t)lround(list[i]);

			c.min = mhz < c.min ? mhz : c.min;
			c.max = mhz > c.max ? mhz : c.max;
		}
		memcpy(out, &c, sizeof c);
	}
	return leave(result);
}

int amdsmi_get_gpu_activity(amdsmi_handle h, void *out)
{
	int result = enter("amdsmi_get_gpu_activity", h);

	if (!result)
		put_u32(out, 0, (uint32_t)lround(h->device->spec->utilisation * 100.0));
	return leave(result);
}

/* ----- setting; a way of limiting clocks takes the others back */

int amdsmi_set_power_cap(amdsmi_handle h, uint32_t sensor, uint64_t cap)
{
	int result = enter_set("amdsmi_set_power_cap", h);

	if (!result && (sensor != 0 || !fake_set(h->device, FAKE_LIMIT_W, (double)cap * 1e-6)))
		result = AMDSMI_INVAL;
	return leave(result);
}

static void level_begin(struct fake_device *d, enum amdsmi_level level)
{
	if (d->mode == (int)level && level != AMDSMI_LEVEL_AUTO)
		return;
	(void)fake_set(d, FAKE_SM_MHZ, 0.0);
	(void)fake_set(d, FAKE_MEMORY_MHZ, 0.0);
	d->mode = (int)level;
}

static int limit_clock(amdsmi_handle h, int clock, uint64_t mhz)
{
	if (clock != AMDSMI_CLOCK_GFX && clock != AMDSMI_CLOCK_MEMORY)
		return AMDSMI_INVAL;
	level_begin(h->device, AMDSMI_LEVEL_MANUAL);
	(void)fake_set(
		h->device, clock == AMDSMI_CLOCK_GFX ? FAKE_SM_MHZ : FAKE_MEMORY_MHZ, (double)mhz);
	return AMDSMI_SUCCESS;
}

int amdsmi_set_gpu_clk_limit(amdsmi_handle h, int clock, int bound, uint64_t mhz)
{
	int result = enter_set("amdsmi_set_gpu_clk_limit", h);

	if (!result && bound != AMDSMI_BOUND_MAX)
		result = AMDSMI_INVAL;
	return leave(result ? result : limit_clock(h, clock, mhz));
}

int amdsmi_set_gpu_clk_range(amdsmi_handle h, uint64_t min_mhz, uint64_t max_mhz, int clock)
{
	int result = enter_set("amdsmi_set_gpu_clk_range", h);

	if (!result && min_mhz > max_mhz)
		result = AMDSMI_INVAL;
	return leave(result ? result : limit_clock(h, clock, max_mhz));
}

int amdsmi_set_gpu_perf_determinism_mode(amdsmi_handle h, uint64_t mhz)
{
	int result = enter_set("amdsmi_set_gpu_perf_determinism_mode", h);

	if (!result) {
		level_begin(h->device, AMDSMI_LEVEL_DETERMINISM);
		(void)fake_set(h->device, FAKE_SM_MHZ, (double)mhz);
	}
	return leave(result);
}

int amdsmi_set_gpu_perf_level(amdsmi_handle h, int level)
{
	int result = enter_set("amdsmi_set_gpu_perf_level", h);

	if (!result)
		level_begin(h->device, (enum amdsmi_level)level);
	return leave(result);
}
