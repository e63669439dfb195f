/*
 * The library is a dialect of NVML with traps: abi.h has them. Calls that the firmware answers are
 * slow, and hlml_device_get_temperature() loses memory each time, so it is not called.
 */
#include "habana.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/file.h"
#include "core/number.h"

#include "load.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/** Room for the reason why a signal or a knob is not there. */
#define REASON_TEXT 192

/** How often the energy counter is taken to move; the library does not say. */
#define ENERGY_PERIOD_NS 100000000

/** Lowest power limit that is tried, as a share of the default: the library tells no range. */
#define LIMIT_LOWEST 5

struct habana {
	struct hg_ctx *ctx;
	const char *spec;
	const struct hlml *lib; /* NULL: not begun */
	pid_t pid;
	hlml_handle handle;
	char uuid[HLML_TEXT], name[HLML_TEXT], pci[32];
	char absent[8][REASON_TEXT]; /* of each signal */
	int64_t limit_max, limit_now;
	char unsettable[REASON_TEXT]; /* "": may be set */
};

/* ----- signals */

/** A signal: how it is read, or that it is not. */
struct signal {
	hg_signal_info info;
	const char *function;
	int (*read)(const struct habana *d, int64_t *out);
};

/* All ones is what drivers write for "unknown". */
static int scaled(int result, uint64_t value, int64_t factor, int64_t *out)
{
	if (result)
		return result;
	if (value == UINT32_MAX || value > (uint64_t)(INT64_MAX / factor))
		return HLML_NOT_FOUND;
	*out = (int64_t)value * factor;
	return HLML_SUCCESS;
}

static int energy_read(const struct habana *d, int64_t *out)
{
	uint64_t mj = 0;
	int result = d->lib->energy ? d->lib->energy(d->handle, &mj) : HLML_MISSING;

	if (!result && mj > (uint64_t)(INT64_MAX / 1000))
		return HLML_NOT_FOUND;
	*out = (int64_t)mj * 1000;
	return result;
}

static int power_read(const struct habana *d, int64_t *out)
{
	uint32_t mw = 0;
	int result = d->lib->power ? d->lib->power(d->handle, &mw) : HLML_MISSING;

	return scaled(result, mw, 1, out);
}

static int clock_read(const struct habana *d, int64_t *out)
{
	uint32_t mhz = 0;
	int result = d->lib->clock ? d->lib->clock(d->handle, HLML_CLOCK_SOC, &mhz) : HLML_MISSING;

	return scaled(result, mhz, 1000000, out);
}

static int limit_read(const struct habana *d, int64_t *out)
{
	uint32_t mw = 0;
	int result = d->lib->limit ? d->lib->limit(d->handle, &mw) : HLML_MISSING;

	return scaled(result, mw, 1, out);
}

static int throttle_read(const struct habana *d, int64_t *out)
{
	uint64_t bits = 0;
	int result = d->lib->reasons ? d->lib->reasons(d->handle, &bits) : HLML_MISSING;

	*out = (bits & HLML_REASON_POWER ? HG_THROTTLE_POWER_LIMIT : 0) |
	       (bits & HLML_REASON_THERMAL ? HG_THROTTLE_HEAT : 0);
	return result;
}

static int utilisation_read(const struct habana *d, int64_t *out)
{
	struct hlml_utilisation u = {0, 0};
	int result = d->lib->utilisation ? d->lib->utilisation(d->handle, &u) : HLML_MISSING;

	return !result && u.chip > 100 ? HLML_NOT_FOUND : scaled(result, u.chip, 10000, out);
}

static const struct signal signals[] = {
	{{.agg = HG_AGG_SUM,
		 .behaviour = HG_MONOTONE,
		 .name = "energy",
		 .unit = "uJ",
		 .text = "energy of the card since the driver was loaded",
		 .domain = "gpu",
		 .resolution = 1000,
		 .period_ns = ENERGY_PERIOD_NS},
		"hlml_device_get_total_energy_consumption", energy_read},
	{{.agg = HG_AGG_SUM,
		 .behaviour = HG_VARIABLE,
		 .name = "power",
		 .unit = "mW",
		 .text = "power of the card",
		 .domain = "gpu",
		 .resolution = 1},
		"hlml_device_get_power_usage", power_read},
	{{.agg = HG_AGG_MEAN,
		 .behaviour = HG_VARIABLE,
		 .name = "sm_clock",
		 .unit = "Hz",
		 .text = "clock of the chip",
		 .domain = "gpu",
		 .resolution = 1000000},
		"hlml_device_get_clock_info", clock_read},
	{{.agg = HG_AGG_SUM,
		 .behaviour = HG_VARIABLE,
		 .name = "power_limit",
		 .unit = "mW",
		 .text = "power limit",
		 .domain = "gpu",
		 .resolution = 1},
		"hlml_device_get_power_management_limit", limit_read},
	{{.agg = HG_AGG_SAME,
		 .behaviour = HG_VARIABLE,
		 .name = "throttle",
		 .unit = "bits",
		 .text = "why the clock is below the asked one: power limit, heat",
		 .domain = "gpu",
		 .resolution = 1},
		"hlml_device_get_current_clocks_throttle_reasons", throttle_read},
	{{.agg = HG_AGG_MEAN,
		 .behaviour = HG_VARIABLE,
		 .name = "utilisation",
		 .unit = "ppm",
		 .text = "share of the last second in which the chip was busy",
		 .domain = "gpu",
		 .resolution = 10000},
		"hlml_device_get_utilization_rates", utilisation_read},
	{{.agg = HG_AGG_MEAN,
		 .behaviour = HG_VARIABLE,
		 .name = "temperature",
		 .unit = "mC",
		 .text = "temperature of the chip",
		 .domain = "gpu",
		 .resolution = 1000},
		"hlml_device_get_temperature", NULL},
};

static void signals_probe(struct habana *d)
{
	for (size_t i = 0; i < COUNT(signals); i++) {
		const struct signal *s = &signals[i];
		int64_t value;
		int result = s->read ? s->read(d, &value) : HLML_SUCCESS;

		/* what fails now may answer later: it is there */
		if (!s->read)
			(void)snprintf(d->absent[i], sizeof d->absent[i],
				"%s loses memory each time it is called: the kernel's hwmon has it",
				s->function);
		else if (result && hlml_error(result) != HG_EDEVICE)
			(void)snprintf(d->absent[i], sizeof d->absent[i], "%s: %s", s->function,
				hlml_text(result));
	}
}

/* ----- the knob */

static void unsettable(struct habana *d, const char *what, const char *text)
{
	if (!d->unsettable[0])
		(void)snprintf(d->unsettable, sizeof d->unsettable, "%s%s%s", what,
			*what ? ": " : "", text);
}

static void limit_probe(struct habana *d)
{
	uint32_t mw = 0;
	int result = d->lib->limit_default ? d->lib->limit_default(d->handle, &mw) : HLML_MISSING;

	result = scaled(result, mw, 1, &d->limit_max);
	if (result || d->limit_max == 0)
		unsettable(d, "hlml_device_get_power_management_default_limit",
			hlml_text(result ? result : HLML_NOT_FOUND));
	result = limit_read(d, &d->limit_now);
	if (result)
		unsettable(d, "hlml_device_get_power_management_limit", hlml_text(result));
	if (!d->lib->set_limit)
		unsettable(d, "hlml_device_set_power_management_limit", hlml_text(HLML_MISSING));
	if (!d->lib->may_set)
		unsettable(d, "", "needs root, or the capability CAP_SYS_ADMIN");
}

static size_t habana_knobs(const void *state)
{
	(void)state;
	return 1;
}

static void habana_knob(const void *state, size_t i, hg_knob_info *info)
{
	const struct habana *d = state;

	(void)i;
	info->name = "power_limit";
	info->unit = "mW";
	info->text = "most power that work may draw; the driver tells no lowest value and may "
		     "refuse one";
	info->min = d->limit_max / LIMIT_LOWEST;
	info->max = d->limit_max;
	info->step = 1;
	info->default_value = d->limit_max;
	info->current = d->limit_now;
	info->unsettable = d->unsettable[0] ? d->unsettable : NULL;
}

static hg_err habana_set(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	struct habana *d = state;
	int result;

	(void)knob;
	if (!hlml_enter())
		return fail(why, HG_EDEVICE,
			"%.64s: a call of HLML by another thread does not come back", d->spec);
	result = d->lib->set_limit(d->handle, (uint32_t)value);
	result = result ? result : limit_read(d, &d->limit_now);
	hlml_leave();
	if (result)
		return fail(why, hlml_error(result) == HG_EPERM ? HG_EPERM : HG_EDEVICE,
			"%.64s: power_limit cannot be set: %s", d->spec, hlml_text(result));
	effect->enforced = effect->observed = d->limit_now;
	return HG_OK;
}

/* ----- identity */

static void identify(struct habana *d)
{
	char buffer[HLML_ROOM] = "";

	if (!d->lib->name || d->lib->name(d->handle, d->name, sizeof d->name))
		memcpy(d->name, "Habana Gaudi", sizeof "Habana Gaudi");
	d->name[sizeof d->name - 1] = '\0';
	if (d->lib->pci && !d->lib->pci(d->handle, buffer)) {
		memcpy(d->pci, buffer + HLML_PCI_OFFSET, sizeof d->pci);
		d->pci[sizeof d->pci - 1] = '\0';
	}
}

/* The device of an index or a UUID. */
static hg_err find(struct habana *d, const char *text, hg_error *why)
{
	uint64_t index = UINT64_MAX;
	uint32_t n = 0;
	int result = d->lib->count(&n);

	if (result)
		return fail(why, HG_EDEVICE, "%.64s: hlml_device_get_count: %s", d->spec,
			hlml_text(result));
	(void)uint64_parse(text, strlen(text), &index);
	for (uint32_t i = 0; i < n; i++) {
		if (index != UINT64_MAX && index != i)
			continue;
		result = d->lib->by_index(i, &d->handle);
		result = result ? result : d->lib->uuid(d->handle, d->uuid, sizeof d->uuid);
		d->uuid[sizeof d->uuid - 1] = '\0';
		if (!result && (index == i || !strcmp(d->uuid, text)))
			return HG_OK;
		if (index == i)
			return fail(why, HG_EDEVICE, "%.64s: %s", d->spec, hlml_text(result));
	}
	return fail(why, *text ? HG_ENOENT : HG_EINVAL, "%.64s: no such device; there are %u",
		d->spec, n);
}

/* ----- hooks */

static void habana_close(void *state)
{
	struct habana *d = state;

	if (d->lib && d->pid == getpid())
		hlml_finish();
	free(d);
}

/* Without the driver the library is not worth loading. */
static hg_err driver_check(const struct hg_ctx *ctx, hg_error *why)
{
	struct fsroot_names names = {0};
	bool loaded =
		hlml_is_named() || !fsroot_list(&ctx->root, "sys/module/habanalabs", &names, NULL);

	fsroot_names_finish(&names);
	if (loaded)
		return HG_OK;
	return fail(why, HG_ENOENT, "no /sys/module/habanalabs: Habana's driver is not loaded");
}

static hg_err habana_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct habana *d = calloc(1, sizeof *d);
	hg_err rc;

	static_assert(COUNT(signals) <= COUNT(((struct habana *)0)->absent), "a reason each");
	*state = NULL;
	if (!d)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", req->spec);
	d->ctx = req->ctx;
	d->spec = req->spec;
	d->pid = getpid();
	rc = driver_check(req->ctx, why);
	rc = rc ? rc : hlml_begin(&d->lib, why);
	if (rc) {
		fail_prefix(why, "%.64s: ", req->spec);
		free(d);
		return rc;
	}
	rc = find(d, req->rest, why);
	if (!rc) {
		identify(d);
		signals_probe(d);
		limit_probe(d);
	}
	hlml_leave();
	if (rc)
		habana_close(d);
	else
		*state = d;
	return rc;
}

static void habana_info(const void *state, hg_device_info *info)
{
	const struct habana *d = state;

	info->simulated = d->lib->simulated;
	info->vendor = "habana";
	info->model = d->name;
	info->title = d->name;
	info->uuid = d->uuid;
	info->pci = d->pci;
}

static size_t habana_signals(const void *state)
{
	(void)state;
	return COUNT(signals);
}

static void habana_signal(const void *state, size_t i, hg_signal_info *info)
{
	const struct habana *d = state;

	*info = signals[i].info;
	info->absent = d->absent[i][0] ? d->absent[i] : NULL;
}

static void habana_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	struct habana *d = state;
	bool turn = hlml_enter();

	for (size_t i = 0; i < n; i++) {
		hg_reading *r = &out[i];

		*r = (hg_reading){.t0_ns = ctx_now(d->ctx), .rc = HG_EDEVICE};
		if (d->absent[ids[i]][0])
			r->rc = HG_EUNSUPPORTED;
		else if (turn && !signals[ids[i]].read(d, &r->value))
			r->rc = HG_OK;
		r->t1_ns = ctx_now(d->ctx);
	}
	if (turn)
		hlml_leave();
}

static int64_t habana_now(const void *state)
{
	const struct habana *d = state;

	return ctx_now(d->ctx);
}

static hg_err habana_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	const struct hlml *lib;
	uint32_t n = 0;
	int result;
	hg_err rc = driver_check(ctx, why);

	rc = rc ? rc : hlml_begin(&lib, why);
	if (rc)
		return rc;
	result = lib->count(&n);
	hlml_leave();
	if (result)
		rc = fail(why, HG_EDEVICE, "hlml_device_get_count: %s", hlml_text(result));
	else if (n == 0)
		rc = fail(why, HG_ENOENT, "Habana's driver knows of no device");
	for (uint32_t i = 0; !rc && i < n; i++) {
		char text[12];

		(void)snprintf(text, sizeof text, "%u", i);
		backend_found(found, text);
	}
	hlml_finish();
	return rc;
}

static const struct device_hooks habana_hooks = {
	.close = habana_close,
	.info = habana_info,
	.signals = habana_signals,
	.signal = habana_signal,
	.read = habana_read,
	.now = habana_now,
	.knobs = habana_knobs,
	.knob = habana_knob,
	.set = habana_set,
};

const struct backend habana_backend = {
	.abi = BACKEND_ABI,
	.name = "habana",
	.text = "Habana Gaudi through the driver's library, habana:INDEX or habana:UUID",
	.open = habana_open,
	.device = &habana_hooks,
	.discover = habana_discover,
	.per_process = true,
};
