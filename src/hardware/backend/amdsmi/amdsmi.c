/*
 * The hooks of the backend. A search does not load the library unless it is asked to: in a process
 * that computes with ROCm it hides the GPUs from it. Such programs read the kernel's files, amdgpu.
 */
#include "amdsmi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/context.h"
#include "core/fail.h"
#include "core/number.h"

/** Most sockets, and processors of one. */
#define HANDLES 256u

/* ----- which device */

static void pci_text(uint64_t bdf, char text[32])
{
	(void)snprintf(text, 32, "%04llx:%02x:%02x.%x", (unsigned long long)(bdf >> 16),
		(unsigned)(bdf >> 8 & 0xff), (unsigned)(bdf >> 3 & 0x1f), (unsigned)(bdf & 7));
}

/* Calls fn for each GPU until it returns true. @return status of the library */
static int for_each(const struct amdsmi *lib,
	bool (*fn)(void *user, size_t i, amdsmi_handle h, const char *pci), void *user)
{
	amdsmi_handle sockets[HANDLES];
	uint32_t n_sockets = HANDLES;
	size_t k = 0;
	int result = lib->sockets(&n_sockets, sockets);

	if (result)
		return result;
	for (uint32_t s = 0; s < n_sockets && s < HANDLES; s++) {
		amdsmi_handle gpus[HANDLES];
		uint32_t n = HANDLES;

		if (lib->processors(sockets[s], &n, gpus))
			continue;
		for (uint32_t i = 0; i < n && i < HANDLES; i++) {
			uint64_t bdf;
			char pci[32];

			if (lib->bdf(gpus[i], &bdf))
				continue;
			pci_text(bdf, pci);
			if (fn(user, k++, gpus[i], pci))
				return AMDSMI_SUCCESS;
		}
	}
	return AMDSMI_SUCCESS;
}

/** The device that a name means. */
struct search {
	struct amdsmi_device *device;
	const char *text;
	uint64_t index; /* UINT64_MAX: by address */
	size_t seen;
};

static bool is_it(void *user, size_t i, amdsmi_handle h, const char *pci)
{
	struct search *s = user;

	s->seen++;
	if (s->index == UINT64_MAX ? strcmp(pci, s->text) != 0 : i != s->index)
		return false;
	s->device->handle = h;
	memcpy(s->device->pci, pci, strlen(pci) + 1);
	return true;
}

static hg_err find(struct amdsmi_device *d, const char *text, hg_error *why)
{
	struct search s = {.device = d, .text = text, .index = UINT64_MAX};
	int result;

	if (!*text)
		return fail(why, HG_EINVAL,
			"%.64s: expected \"amdsmi:\" and an index or a PCI address", d->spec);
	(void)uint64_parse(text, strlen(text), &s.index);
	result = for_each(d->lib, is_it, &s);
	if (result)
		return fail(why, HG_EDEVICE, "%.64s: amdsmi_get_socket_handles: %s", d->spec,
			amdsmi_text(result));
	return d->handle
		       ? HG_OK
		       : fail(why, HG_ENOENT, "%.64s: no such GPU; there are %zu", d->spec, s.seen);
}

/* A text at the beginning of a struct of the library. */
static void text_read(const struct amdsmi_device *d, int (*get)(amdsmi_handle h, void *out),
	char out[AMDSMI_TEXT])
{
	char buffer[AMDSMI_ROOM] = "";

	if (!get || get(d->handle, buffer))
		buffer[0] = '\0';
	buffer[AMDSMI_TEXT - 1] = '\0';
	memcpy(out, buffer, AMDSMI_TEXT);
}

static void identify(struct amdsmi_device *d)
{
	uint32_t len = sizeof d->uuid;

	if (!d->lib->uuid || d->lib->uuid(d->handle, &len, d->uuid))
		d->uuid[0] = '\0';
	d->uuid[sizeof d->uuid - 1] = '\0';
	text_read(d, d->lib->asic, d->name);
	if (!d->name[0])
		memcpy(d->name, "AMD GPU", sizeof "AMD GPU");
	text_read(d, d->lib->driver, d->driver);
}

/* ----- hooks */

static void amdsmi_close(void *state)
{
	struct amdsmi_device *d = state;

	if (d->lib && d->pid == getpid())
		amdsmi_finish();
	free(d);
}

static hg_err amdsmi_open(const struct backend_request *req, void **state, hg_error *why)
{
	struct amdsmi_device *d = calloc(1, sizeof *d);
	hg_err rc;

	*state = NULL;
	if (!d)
		return fail(why, HG_ENOMEM, "%.64s: out of memory", req->spec);
	d->ctx = req->ctx;
	d->spec = req->spec;
	d->pid = getpid();
	rc = amdsmi_begin(&d->lib, why);
	if (rc) {
		fail_prefix(why, "%.64s: ", req->spec);
		free(d);
		return rc;
	}
	rc = find(d, req->rest, why);
	if (!rc) {
		identify(d);
		amdsmi_knobs_probe(d);
		amdsmi_signals_probe(d);
	}
	amdsmi_leave();
	if (rc)
		amdsmi_close(d);
	else
		*state = d;
	return rc;
}

static void amdsmi_info(const void *state, hg_device_info *info)
{
	const struct amdsmi_device *d = state;

	info->simulated = d->lib->simulated;
	info->vendor = "amd";
	info->model = d->name;
	info->title = d->name;
	info->uuid = d->uuid;
	info->pci = d->pci;
	info->driver = d->driver;
}

static size_t amdsmi_signals(const void *state)
{
	(void)state;
	return AMDSMI_SIGNALS;
}

static void amdsmi_signal(const void *state, size_t i, hg_signal_info *info)
{
	amdsmi_signal_info(state, i, info);
}

static void amdsmi_read(void *state, const size_t *ids, size_t n, hg_reading *out)
{
	struct amdsmi_device *d = state;
	bool turn = amdsmi_enter();

	for (size_t i = 0; i < n; i++) {
		hg_reading *r = &out[i];
		int result;

		*r = (hg_reading){.t0_ns = ctx_now(d->ctx), .rc = HG_EDEVICE};
		if (d->absent[ids[i]][0]) {
			r->rc = HG_EUNSUPPORTED;
		} else if (turn) {
			result = amdsmi_signal_read(d, (enum amdsmi_signal)ids[i], &r->value);
			r->rc = result ? HG_EDEVICE : HG_OK;
		}
		r->t1_ns = ctx_now(d->ctx);
	}
	if (turn)
		amdsmi_leave();
}

static int64_t amdsmi_now(const void *state)
{
	const struct amdsmi_device *d = state;

	return ctx_now(d->ctx);
}

static size_t amdsmi_knobs(const void *state)
{
	(void)state;
	return AMDSMI_KNOBS;
}

static void amdsmi_knob(const void *state, size_t i, hg_knob_info *info)
{
	amdsmi_knob_info(state, i, info);
}

static hg_err amdsmi_set(void *state, size_t knob, int64_t value, hg_effect *effect, hg_error *why)
{
	struct amdsmi_device *d = state;
	hg_err rc;

	if (!amdsmi_enter())
		return fail(why, HG_EDEVICE,
			"%.64s: a call of AMD SMI by another thread does not come back", d->spec);
	rc = amdsmi_knob_set(d, knob, value, effect, why);
	amdsmi_leave();
	return rc;
}

/** Names to be told once the turn is given back: who is told opens them. */
struct names {
	char pci[HANDLES][32];
	size_t n;
};

static bool gather(void *user, size_t i, amdsmi_handle h, const char *pci)
{
	struct names *names = user;

	(void)i, (void)h;
	memcpy(names->pci[names->n++], pci, strlen(pci) + 1);
	return names->n == HANDLES;
}

static hg_err amdsmi_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	const struct amdsmi *lib;
	struct names *names;
	hg_err rc;
	int result;

	(void)ctx;
	if (!amdsmi_is_asked_for())
		return fail(why, HG_ENOENT,
			"a search does not load libamd_smi, which would hide GPUs from ROCm in "
			"this process: open amdsmi:0 by name, or name the library in "
			"HOURGLASS_AMDSMI");
	names = calloc(1, sizeof *names);
	if (!names)
		return fail(why, HG_ENOMEM, "out of memory");
	rc = amdsmi_begin(&lib, why);
	if (rc)
		goto out;
	result = for_each(lib, gather, names);
	amdsmi_leave();
	if (result)
		rc = fail(why, HG_EDEVICE, "amdsmi_get_socket_handles: %s", amdsmi_text(result));
	else if (!names->n)
		rc = fail(why, HG_ENOENT, "AMD SMI knows of no GPU");
	for (size_t i = 0; !rc && i < names->n; i++)
		backend_found(found, names->pci[i]);
	amdsmi_finish();
out:
	free(names);
	return rc;
}

static const struct device_hooks amdsmi_hooks = {
	.close = amdsmi_close,
	.info = amdsmi_info,
	.signals = amdsmi_signals,
	.signal = amdsmi_signal,
	.read = amdsmi_read,
	.now = amdsmi_now,
	.knobs = amdsmi_knobs,
	.knob = amdsmi_knob,
	.set = amdsmi_set,
};

const struct backend amdsmi_backend = {
	.abi = BACKEND_ABI,
	.name = "amdsmi",
	.text = "AMD GPUs through AMD SMI, amdsmi:INDEX or amdsmi:PCI: for programs that do not compute",
	.open = amdsmi_open,
	.device = &amdsmi_hooks,
	.discover = amdsmi_discover,
	.per_process = true,
};
