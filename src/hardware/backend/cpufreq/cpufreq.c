/*
 * One device for each policy, which is a set of processors that share a clock. A machine may have
 * hundreds: a search says how many there are, and opens none.
 */
#include "cpufreq.h"

#include <stdio.h>
#include <string.h>

#include "core/fail.h"

#include "hardware/backend/kernel/kernel.h"

#define CPUFREQ_FOLDER "sys/devices/system/cpu/cpufreq"

static const char write_fix[] = "as root, or make the file writable for a group (chgrp, chmod g+w)";

static void add_governor(struct kernel_device *d, const char *dir)
{
	char path[KERNEL_PATH], words[KERNEL_TEXT];

	if (!kernel_path(path, dir, "scaling_available_governors") ||
		kernel_line(d->ctx, path, words, NULL))
		words[0] = '\0';
	if (kernel_path(path, dir, "scaling_governor"))
		(void)kernel_add_choice(d, "governor", path, "what chooses the clock", words);
}

/* ----- clocks */

static void add_limit(struct kernel_device *d, const char *dir, const char *name, const char *file,
	const char *text)
{
	const struct kernel_scale khz = {1000, 1};
	char path[KERNEL_PATH], edge[KERNEL_PATH];
	struct kernel_knob knob = {.path = path,
		.scale = khz,
		.info = {.name = name, .unit = "Hz", .text = text, .step = 1000}};
	hg_error why = {""};
	hg_err rc;

	if (!kernel_path(path, dir, file) || !kernel_path(edge, dir, "cpuinfo_min_freq"))
		return;
	rc = kernel_scaled(d->ctx, edge, khz, &knob.info.min, &why);
	if (!rc && kernel_path(edge, dir, "cpuinfo_max_freq"))
		rc = kernel_scaled(d->ctx, edge, khz, &knob.info.max, &why);
	if (!rc && (knob.info.min < 0 || knob.info.max <= 0 || knob.info.min > knob.info.max))
		rc = fail(&why, HG_ERANGE, "%s: no usable range", edge);
	if (!rc)
		rc = kernel_scaled(d->ctx, path, khz, &knob.info.current, &why);
	knob.info.default_value = knob.info.current;
	if (rc) {
		knob.info.unsettable = kernel_reason(d, rc, &why, "");
		knob.info.min = knob.info.max = knob.info.current = knob.info.default_value = 0;
		knob.path = NULL;
	}
	(void)kernel_add_knob(d, &knob);
}

static bool is_policy(const char *name)
{
	size_t digits = strncmp(name, "policy", 6) ? 0 : strspn(name + 6, "0123456789");

	return digits > 0 && digits < 8 && !name[6 + digits];
}

static hg_err cpufreq_open(const struct backend_request *req, void **state, hg_error *why)
{
	static const hg_signal_info clock = {.agg = HG_AGG_MEAN,
		.behaviour = HG_VARIABLE,
		.name = "clock",
		.unit = "Hz",
		.text = "clock that the driver asked for last",
		.domain = "core",
		.resolution = 1000,
		.period_ns = 10000000};
	char dir[KERNEL_PATH], path[KERNEL_PATH], cpus[KERNEL_TEXT];
	struct kernel_device *d;
	hg_err rc;

	*state = NULL;
	if (!is_policy(req->rest))
		return fail(why, HG_ENOENT, "%.64s: expected \"cpufreq:policyN\"", req->spec);
	(void)snprintf(dir, sizeof dir, CPUFREQ_FOLDER "/%.16s", req->rest);
	if (!kernel_path(path, dir, "related_cpus"))
		return HG_EINTERNAL;
	rc = kernel_line(req->ctx, path, cpus, why);
	if (rc) {
		fail_prefix(why, "%.64s: /", req->spec);
		return rc;
	}
	d = kernel_create(req, why);
	if (!d)
		return HG_ENOMEM;
	d->write_fix = write_fix;
	d->id.model = "cpufreq";
	d->id.title = kernel_format(d, "Clock of processors %.80s", cpus);
	d->id.uuid = kernel_format(d, "cpufreq-%s", req->rest);
	if (kernel_path(path, dir, "scaling_cur_freq"))
		(void)kernel_add_signal(d, &clock, path, (struct kernel_scale){1000, 1});
	add_limit(d, dir, "max_clock", "scaling_max_freq", "highest clock that may be chosen");
	add_limit(d, dir, "min_clock", "scaling_min_freq", "lowest clock that may be chosen");
	add_governor(d, dir);
	return kernel_finish(d, state, why);
}

static hg_err cpufreq_discover(struct hg_ctx *ctx, struct backend_found *found, hg_error *why)
{
	struct fsroot_names names;
	const char *first = NULL;
	size_t n = 0;
	hg_err rc = fsroot_list(&ctx->root, CPUFREQ_FOLDER, &names, why);

	(void)found;
	if (rc == HG_ENOENT)
		return fail(why, rc, "no /" CPUFREQ_FOLDER ": the kernel does not set clocks here");
	for (size_t i = 0; i < names.n; i++)
		if (is_policy(names.at[i])) {
			first = first ? first : names.at[i];
			n++;
		}
	if (!rc && !n)
		rc = fail(why, HG_ENOENT, "no policy in /" CPUFREQ_FOLDER);
	else if (!rc)
		(void)fail(why, HG_OK, "%zu, opened by name only, such as cpufreq:%.16s", n, first);
	fsroot_names_finish(&names);
	return rc;
}

const struct backend cpufreq_backend = {
	.abi = BACKEND_ABI,
	.name = "cpufreq",
	.text = "governor and clock limits of processors, cpufreq:policy0",
	.open = cpufreq_open,
	.device = &kernel_hooks,
	.discover = cpufreq_discover,
};
