/* The table of compiled-in backends. No constructors: their order is undefined, and a static
 * library's linker drops them. */
#include "backend.h"

#include "core/fail.h"

#include "hardware/backend/amdgpu/amdgpu.h"
#include "hardware/backend/amdsmi/amdsmi.h"
#include "hardware/backend/cpufreq/cpufreq.h"
#include "hardware/backend/habana/habana.h"
#include "hardware/backend/hwmon/hwmon.h"
#include "hardware/backend/intel/intel.h"
#include "hardware/backend/levelzero/levelzero.h"
#include "hardware/backend/neuron/neuron.h"
#include "hardware/backend/nvml/nvml.h"
#include "hardware/backend/rapl/rapl.h"
#include "hardware/backend/replay/replay.h"
#include "hardware/backend/sim/sim.h"
#include "hardware/backend/tpu/tpu.h"

const struct backend *const backends[] = {
	&nvml_backend,
	&amdgpu_backend,
	&amdsmi_backend,
	&habana_backend,
	&intel_backend,
	&levelzero_backend,
	&neuron_backend,
	&tpu_backend,
	&hwmon_backend,
	&rapl_backend,
	&cpufreq_backend,
	&replay_backend,
	&sim_backend,
	NULL,
};

/* The name of a hook that every device needs and these lack; NULL: there are all. */
static const char *device_lacks(const struct device_hooks *d)
{
	return !d->close     ? "close"
	       : !d->info    ? "info"
	       : !d->signals ? "signals"
	       : !d->signal  ? "signal"
	       : !d->read    ? "read"
	       : !d->now     ? "now"
	       : !d->knobs   ? "knobs"
	       : !d->knob    ? "knob"
	       : !d->set     ? "set"
			     : NULL;
}

hg_err backend_check(const struct backend *b, hg_error *why)
{
	const char *missing;

	if (b->abi != BACKEND_ABI)
		return fail(
			why, HG_EVERSION, "backend of ABI %u, expected %u", b->abi, BACKEND_ABI);
	missing = !b->name     ? "name"
		  : !b->text   ? "text"
		  : !b->open   ? "open"
		  : !b->device ? "device"
			       : device_lacks(b->device);
	if (missing)
		return fail(why, HG_EINTERNAL, "backend \"%s\" has no %s", b->name ? b->name : "?",
			missing);
	return HG_OK;
}
