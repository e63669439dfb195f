/* The power limit of a superchip (Grace Hopper and later), which GPU and processor share:
 * since 12.2, by fields of the scope "module". */
#include "nvml.h"

#include "core/fail.h"

void nvml_module_probe(struct nvml_device *d)
{
	static const char what[] = "nvmlDeviceGetFieldValues (187 to 192 of the module)";
	struct nvml_range *k = &d->knobs[NVML_KNOB_MODULE_LIMIT];
	const struct {
		uint32_t field;
		int64_t *value;
	} asked[] = {{NVML_FIELD_LIMIT_MIN, &k->min}, {NVML_FIELD_LIMIT_MAX, &k->max},
		{NVML_FIELD_LIMIT_DEFAULT, &k->default_value},
		{NVML_FIELD_LIMIT_REQUESTED, &k->current}};
	int result = NVML_SUCCESS;

	k->step = 1;
	for (size_t i = 0; !result && i < sizeof asked / sizeof *asked; i++)
		result = nvml_field_mw(d, asked[i].field, NVML_SCOPE_MODULE, asked[i].value);
	if (result) {
		k->min = k->max = k->default_value = k->current = 0;
		nvml_unsettable(k, nvml_error(result) == HG_EUNSUPPORTED ? "no superchip" : what,
			nvml_text(&d->lib, result));
		return;
	}
	if (k->min > k->max)
		nvml_unsettable(k, "", "the driver gives no range for it");
	else if (k->min == k->max)
		nvml_unsettable(k, "", "its range is a single value");
	if (!d->lib.set_scoped_limit)
		nvml_unsettable(k, "nvmlDeviceSetPowerManagementLimit_v2",
			nvml_text(&d->lib, NVML_FUNCTION_NOT_FOUND));
}

hg_err nvml_module_set(struct nvml_device *d, int64_t value, hg_effect *effect, hg_error *why)
{
	struct nvml_range *k = &d->knobs[NVML_KNOB_MODULE_LIMIT];
	struct nvml_scoped_limit in = {.version = NVML_VERSION_WORD(struct nvml_scoped_limit, 2),
		.scope = NVML_SCOPE_MODULE,
		.mw = (uint32_t)value};
	int result = d->lib.set_scoped_limit(d->handle, &in);
	int64_t now = 0, enforced = 0;

	if (result)
		return nvml_refused(d, NVML_KNOB_MODULE_LIMIT, result, why);
	result = nvml_field_mw(d, NVML_FIELD_LIMIT_REQUESTED, NVML_SCOPE_MODULE, &now);
	if (result)
		return fail(why, HG_EDEVICE, "%.64s: module_limit was set but cannot be read: %s",
			d->spec, nvml_text(&d->lib, result));
	k->current = effect->enforced = effect->observed = now;
	/* another limiter may keep it lower */
	if (!nvml_field_mw(d, NVML_FIELD_POWER_LIMIT, NVML_SCOPE_MODULE, &enforced))
		effect->observed = enforced;
	return HG_OK;
}
