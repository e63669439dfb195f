/* The files of each vendor's driver. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hardware/backend/kernel/kernel.h"

#include "files.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/** What RAPL wraps at, in uJ, where the scenario does not say. */
#define RAPL_RANGE 262143328850.0
/** Bytes of gpu_metrics in the revision 1.6. */
#define METRICS_SIZE 1664
/** What the clock of the first card's firmware shows at the beginning, s; others show a multiple.
 */
#define FIRMWARE_S 3600.0
/** Voltage of a Jetson board, mV. */
#define BOARD_MV 19000.0

/** A device and where its files are. */
struct place {
	struct fake_device *d;
	size_t k; /* among those of its vendor */
	char dir[128], hwmon[160];
};

struct vendor {
	const char *name;
	void (*place)(struct place *p, size_t card);
	void (*once)(struct fake_tree *t, const struct place *p);
	void (*now)(struct fake_tree *t, const struct place *p);
	const char *limit; /* file of the power limit in the hwmon folder, uW; NULL none */
};

/* ----- what several have */

static double uj(const struct place *p)
{
	return fake_counter_j(p->d) * 1e6;
}

static double uw(double watts)
{
	return watts * 1e6;
}

static void range_of(const double *list, size_t n, double *min, double *max)
{
	*min = n ? HUGE_VAL : 0.0;
	*max = 0.0;
	for (size_t i = 0; i < n; i++) {
		*min = fmin(*min, list[i]);
		*max = fmax(*max, list[i]);
	}
}

/* "00000000:3A:00.0" as the kernel writes it. */
static void pci_of(const struct fake_spec *s, char pci[32])
{
	unsigned domain = 0, bus = 0, device = 0, function = 0;

	(void)sscanf(s->pci, "%x:%x:%x.%x", &domain, &bus, &device, &function);
	(void)snprintf(pci, 32, "%04x:%02x:%02x.%x", domain & 0xffffu, bus & 0xffu, device & 0x1fu,
		function & 7u);
}

static void uevent(struct fake_tree *t, const struct place *p, const char *driver, const char *id)
{
	char pci[32];

	pci_of(p->d->spec, pci);
	tree_line(t, p->dir, "uevent", "DRIVER=%s\nPCI_ID=%s\nPCI_SLOT_NAME=%s", driver, id, pci);
}

static void place_card(struct place *p, size_t card)
{
	(void)snprintf(p->dir, sizeof p->dir, "sys/class/drm/card%zu/device", card);
	(void)snprintf(p->hwmon, sizeof p->hwmon, "%s/hwmon/hwmon%zu", p->dir, card + 1);
}

/* ----- Intel: xe */

static void intel_once(struct fake_tree *t, const struct place *p)
{
	const struct fake_spec *s = p->d->spec;
	double min, max;

	range_of(s->sm_mhz, s->n_sm, &min, &max);
	uevent(t, p, "xe", "8086:0BD5");
	tree_line(t, p->hwmon, "name", "xe");
	tree_line(t, p->hwmon, "energy1_label", "card");
	tree_line(t, p->hwmon, "power1_label", "card");
	tree_line(t, p->hwmon, "power1_max", "%.0f", uw(s->limit_default_w));
	tree_line(t, p->hwmon, "power1_rated_max", "%.0f", uw(s->limit_default_w));
	tree_line(t, p->hwmon, "temp2_label", "pkg");
	tree_line(t, p->hwmon, "temp2_input", "%.0f", s->temperature_c * 1e3);
	tree_line(t, p->dir, "tile0/gt0/freq0/rpn_freq", "%.0f", min);
	tree_line(t, p->dir, "tile0/gt0/freq0/rp0_freq", "%.0f", max);
	tree_line(t, p->dir, "tile0/gt0/freq0/min_freq", "%.0f", min);
	tree_line(t, p->dir, "tile0/gt0/freq0/max_freq", "%.0f", max);
}

static void intel_now(struct fake_tree *t, const struct place *p)
{
	double max = tree_number(t, p->dir, "tile0/gt0/freq0/max_freq", 0.0);
	double top = tree_number(t, p->dir, "tile0/gt0/freq0/rp0_freq", 0.0);

	(void)fake_set(p->d, FAKE_SM_MHZ, max > 0.0 && max < top ? max : 0.0);
	tree_line(t, p->hwmon, "energy1_input", "%.0f", uj(p));
	tree_line(t, p->dir, "tile0/gt0/freq0/act_freq", "%.0f", fake_sm_mhz(p->d));
	tree_line(t, p->dir, "tile0/gt0/freq0/throttle/reason_pl1", "%d", fake_throttled(p->d));
	tree_line(t, p->dir, "tile0/gt0/freq0/throttle/reason_thermal", "0");
}

/* ----- AMD: amdgpu */

static void number_put(unsigned char *at, size_t bytes, double value)
{
	unsigned long long n = (unsigned long long)value;

	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(n >> 8 * i);
}

static void amd_once(struct fake_tree *t, const struct place *p)
{
	const struct fake_spec *s = p->d->spec;

	uevent(t, p, "amdgpu", "1002:74A1");
	tree_line(t, p->dir, "unique_id", "%016zx", p->k + 1);
	tree_line(t, p->dir, "product_name", "%s", s->name);
	tree_line(t, p->dir, "gpu_busy_percent", "%.0f", s->utilisation * 100.0);
	tree_line(t, p->hwmon, "name", "amdgpu");
	tree_line(t, p->hwmon, "power1_cap", "%.0f", uw(s->limit_default_w));
	tree_line(t, p->hwmon, "power1_cap_default", "%.0f", uw(s->limit_default_w));
	tree_line(t, p->hwmon, "power1_cap_min", "%.0f", uw(s->limit_min_w));
	tree_line(t, p->hwmon, "power1_cap_max", "%.0f", uw(s->limit_max_w));
	tree_line(t, p->hwmon, "temp2_label", "junction");
	tree_line(t, p->hwmon, "temp2_input", "%.0f", s->temperature_c * 1e3);
}

/* Revision 1.6; what is not played has all bits set, as the driver has it. */
static void amd_now(struct fake_tree *t, const struct place *p)
{
	unsigned char blob[METRICS_SIZE];
	char path[192];

	memset(blob, 0xff, sizeof blob);
	number_put(blob, 2, METRICS_SIZE);
	number_put(blob + 2, 1, 1);
	number_put(blob + 3, 1, 6);
	number_put(blob + 10, 2, fake_power_w(p->d));
	number_put(blob + 16, 8, fake_counter_j(p->d) * 65536.0);
	number_put(blob + 24, 8, p->d->now_s * 1e9);
	number_put(blob + 256, 8, (fake_counter_s(p->d) + FIRMWARE_S * (double)(p->k + 1)) * 1e8);
	/* each reading of a limited card finds a larger count */
	number_put(blob + 40, 4, fake_throttled(p->d) ? p->d->now_s * 1e3 : 0.0);
	number_put(blob + 264, 2, fake_sm_mhz(p->d));
	(void)snprintf(path, sizeof path, "%s/gpu_metrics", p->dir);
	tree_bytes(t, path, blob, sizeof blob);
	tree_line(t, p->hwmon, "power1_average", "%.0f", uw(fake_power_mean_w(p->d, 1.0)));
}

/* ----- processors: powercap and cpufreq */

static void cpu_place(struct place *p, size_t card)
{
	(void)card;
	(void)snprintf(p->dir, sizeof p->dir, "sys/devices/system/cpu/cpufreq/policy%zu", p->k);
	(void)snprintf(p->hwmon, sizeof p->hwmon, "sys/class/powercap/intel-rapl:%zu", p->k);
}

static double cpu_range(const struct place *p)
{
	double j = p->d->spec->counter_modulus_j;

	return j > 0.0 ? j * 1e6 - 1.0 : RAPL_RANGE;
}

static void cpu_once(struct fake_tree *t, const struct place *p)
{
	const struct fake_spec *s = p->d->spec;
	double min, max;

	range_of(s->sm_mhz, s->n_sm, &min, &max);
	tree_line(t, "sys/devices/system/cpu", "modalias", "cpu:type:x86,ven0000fam0006mod008F:");
	tree_line(t, p->hwmon, "name", "package-%zu", p->k);
	tree_line(t, p->hwmon, "enabled", "1");
	tree_line(t, p->hwmon, "max_energy_range_uj", "%.0f", cpu_range(p));
	tree_line(t, p->hwmon, "constraint_0_name", "long_term");
	tree_line(t, p->hwmon, "constraint_0_power_limit_uw", "%.0f", uw(s->limit_default_w));
	tree_line(t, p->hwmon, "constraint_0_max_power_uw", "%.0f", uw(s->limit_max_w));
	tree_line(t, p->hwmon, "constraint_0_time_window_us", "27983872");
	tree_line(t, p->dir, "related_cpus", "%zu", p->k);
	tree_line(t, p->dir, "cpuinfo_min_freq", "%.0f", min * 1e3);
	tree_line(t, p->dir, "cpuinfo_max_freq", "%.0f", max * 1e3);
	tree_line(t, p->dir, "scaling_min_freq", "%.0f", min * 1e3);
	tree_line(t, p->dir, "scaling_max_freq", "%.0f", max * 1e3);
	tree_line(t, p->dir, "scaling_available_governors", "performance powersave");
	tree_line(t, p->dir, "scaling_governor", "performance");
}

static void cpu_now(struct fake_tree *t, const struct place *p)
{
	double max = tree_number(t, p->dir, "scaling_max_freq", 0.0) * 1e-3;
	double top = tree_number(t, p->dir, "cpuinfo_max_freq", 0.0) * 1e-3;

	(void)fake_set(p->d, FAKE_SM_MHZ, max > 0.0 && max < top ? max : 0.0);
	tree_line(t, p->hwmon, "energy_uj", "%.0f", fmod(uj(p), cpu_range(p) + 1.0));
	tree_line(t, p->dir, "scaling_cur_freq", "%.0f", fake_sm_mhz(p->d) * 1e3);
}

/* ----- AWS Neuron */

static void aws_place(struct place *p, size_t card)
{
	(void)card;
	(void)snprintf(p->dir, sizeof p->dir, "sys/devices/virtual/neuron_device/neuron%zu", p->k);
}

static void aws_once(struct fake_tree *t, const struct place *p)
{
	tree_line(t, p->dir, "info/architecture/device_name", "%s", p->d->spec->name);
}

static void aws_now(struct fake_tree *t, const struct place *p)
{
	double rated = p->d->spec->limit_max_w;
	double share = rated > 0.0 ? fake_power_mean_w(p->d, 60.0) / rated * 100.0 : 0.0;

	tree_line(t, p->dir, "stats/power/utilization", "POWER_STATUS_VALID,%lld,%.2f,%.2f,%.2f",
		(long long)time(NULL), share, share, share);
}

/* ----- sensors of Grace and Jetson */

static void grace_place(struct place *p, size_t card)
{
	(void)card;
	(void)snprintf(p->hwmon, sizeof p->hwmon, "sys/class/hwmon/hwmon%zu", 100 + p->k);
}

static void grace_once(struct fake_tree *t, const struct place *p)
{
	tree_line(t, p->hwmon, "name", "power_meter");
	tree_line(t, p->hwmon, "power1_oem_info", "Grace Power Socket %zu", p->k);
	tree_line(t, p->hwmon, "power1_average_interval", "50");
}

static void grace_now(struct fake_tree *t, const struct place *p)
{
	tree_line(t, p->hwmon, "power1_average", "%.0f", uw(fake_power_mean_w(p->d, 0.05)));
}

static void jetson_place(struct place *p, size_t card)
{
	(void)card;
	(void)snprintf(p->hwmon, sizeof p->hwmon, "sys/class/hwmon/hwmon%zu", 200 + p->k);
}

static void jetson_once(struct fake_tree *t, const struct place *p)
{
	tree_line(t, p->hwmon, "name", "ina3221");
	tree_line(t, p->hwmon, "update_interval", "2");
	tree_line(t, p->hwmon, "in1_label", "VDD_IN");
	tree_line(t, p->hwmon, "in1_input", "%.0f", BOARD_MV);
}

static void jetson_now(struct fake_tree *t, const struct place *p)
{
	tree_line(t, p->hwmon, "curr1_input", "%.0f", fake_power_w(p->d) * 1e6 / BOARD_MV);
}

/* ----- all */

static const struct vendor vendors[] = {
	{"intel", place_card, intel_once, intel_now, "power1_max"},
	{"amd", place_card, amd_once, amd_now, "power1_cap"},
	{"cpu", cpu_place, cpu_once, cpu_now, "constraint_0_power_limit_uw"},
	{"aws", aws_place, aws_once, aws_now, NULL},
	{"grace", grace_place, grace_once, grace_now, NULL},
	{"jetson", jetson_place, jetson_once, jetson_now, NULL},
};

static const struct vendor *vendor_of(const char *name)
{
	for (size_t i = 0; i < COUNT(vendors); i++)
		if (!strcmp(vendors[i].name, name))
			return &vendors[i];
	return NULL;
}

bool fake_tree_has(const char *vendor)
{
	return vendor_of(vendor) != NULL;
}

/* A limit that was written comes into force, or is put back as one that a driver refuses. */
static void take_limit(struct fake_tree *t, const struct vendor *v, const struct place *p)
{
	double asked = p->d->asked[FAKE_LIMIT_W];
	double watts = v->limit ? tree_number(t, p->hwmon, v->limit, uw(asked)) * 1e-6 : asked;

	if (fabs(watts - asked) < 1e-6)
		return;
	if (!fake_set(p->d, FAKE_LIMIT_W, watts) || p->d->asked[FAKE_LIMIT_W] != watts)
		tree_line(t, p->hwmon, v->limit, "%.0f", uw(p->d->asked[FAKE_LIMIT_W]));
}

static hg_err each(struct fake_tree *t, bool first)
{
	size_t card = 0;

	if (first)
		tree_bytes(t, KERNEL_SIMULATED, "", 0);
	for (size_t i = 0; i < t->n; i++) {
		struct fake_device *d = &t->devices[i];
		const struct vendor *v = vendor_of(d->spec->vendor);
		struct place p = {.d = d, .k = t->number[i]};

		v->place(&p, card);
		card += v->place == place_card;
		if (first)
			v->once(t, &p);
		else
			take_limit(t, v, &p);
		v->now(t, &p);
	}
	return t->failed;
}

hg_err fake_tree_build(struct fake_tree *t)
{
	return each(t, true);
}

hg_err fake_tree_update(struct fake_tree *t)
{
	return each(t, false);
}
