/*
 * The figures of the devices that are shipped: whence each is, and that those of one device fit
 * together, as far as one follows from others.
 */
#include "near.h"

#include <ctype.h>
#include <stdbool.h>

#include "hardware/model/model.h"

/* Operations of a compute unit in a cycle; 0: not compared, the reason stands beside. */
struct rate {
	const char *name;
	double flops, flops_8bit, flops_32bit;
};

static const struct rate rates[] = {
	{"a10", 1024, 2048, 256},
	{"a100-pcie", 2048, 4096, 128},
	{"a100-pcie-80gb", 2048, 4096, 128},
	{"a100-sxm", 2048, 4096, 128},
	{"a100-sxm-40gb", 2048, 4096, 128},
	{"a10g", 0, 0, 256}, /* sources disagree: 70 or 125 TFLOP/s */
	{"a30", 2048, 4096, 128},
	{"a40", 1024, 2048, 256},
	{"a800-sxm", 2048, 4096, 128},
	{"b200", 8192, 16384, 256},
	{"b300", 8192, 16384, 256},
	{"gaudi2", 0, 0, 0}, /* two engines and 24 small cores, no such units */
	{"gaudi3", 0, 0, 0}, /* likewise */
	{"gb200", 8192, 16384, 256},
	{"gb300", 8192, 16384, 256},
	{"gh200", 4096, 8192, 256},
	{"h100-nvl", 4096, 8192, 256},
	{"h100-pcie", 4096, 8192, 256},
	{"h100-sxm", 4096, 8192, 256},
	{"h20", 0, 0, 0}, /* cut back by export rules, nobody says how */
	{"h200", 4096, 8192, 256},
	{"h200-nvl", 4096, 8192, 256},
	{"h800-sxm", 4096, 8192, 256},
	{"l4", 1024, 2048, 256},
	{"l40", 512, 1024, 256},
	{"l40s", 1024, 2048, 256},
	{"mi100", 1024, 1024, 128},
	{"mi210", 1024, 1024, 128},
	{"mi250", 1024, 1024, 128},
	{"mi250x", 1024, 1024, 128},
	{"mi300a", 2048, 4096, 256},
	{"mi300x", 2048, 4096, 256},
	{"mi325x", 2048, 4096, 256},
	{"mi350x", 4096, 8192, 256},
	{"mi355x", 4096, 8192, 256},
	{"p100", 256, 0, 128}, /* without matrix units */
	{"p100-12gb", 256, 0, 128},
	{"p100-sxm2", 256, 0, 128},
	{"quadro-rtx-6000", 1024, 2048, 128},
	{"quadro-rtx-8000", 1024, 2048, 128},
	{"rtx-3080", 512, 2048, 256},
	{"rtx-3090", 512, 2048, 256},
	{"rtx-4090", 512, 1024, 256},
	{"rtx-5090", 512, 1024, 256},
	{"rtx-6000-ada", 1024, 2048, 256},
	{"rtx-a6000", 1024, 2048, 256},
	{"rtx-pro-6000", 1024, 2048, 256},
	{"rtx-pro-6000-server", 1024, 2048, 256},
	{"t4", 1024, 2048, 128},
	{"v100", 1024, 0, 128},
	{"v100-sxm2", 1024, 0, 128},
};

static const struct rate *rate_of(const char *name)
{
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
		if (!strcmp(rates[i].name, name))
			return &rates[i];
	print_error("%s: what a compute unit does in a cycle is not in the table\n", name);
	fail();
	return NULL;
}

/* Calls what is to be checked with every device that is shipped. */
static void each(void (*check)(const struct hg_model *m))
{
	hg_error why = {""};
	hg_model *m;

	for (size_t i = 0; hg_model_builtin(i); i++) {
		assert_ok(hg_model_load(hg_model_builtin(i), NULL, &m, &why), &why);
		check(m);
		hg_model_destroy(m);
	}
}

static bool datasheet_group(const char *group)
{
	return !strcmp(group, "clock") || !strcmp(group, "power") || !strcmp(group, "peak") ||
	       !strcmp(group, "chip");
}

/* "... (2024)" or "... (2024-11)" */
static bool dated(const char *source)
{
	const char *at = strrchr(source, '(');
	size_t len = at ? strlen(at) : 0;

	if (len != 6 && len != 9)
		return false;
	for (size_t i = 1; i + 1 < len; i++)
		if (i == 5 ? at[i] != '-' : !isdigit((unsigned char)at[i]))
			return false;
	return !strncmp(at, "(20", 3) && at[len - 1] == ')';
}

static void check_source(const struct hg_model *m)
{
	for (size_t i = 0; i < SPEC_FIELDS; i++) {
		const char *source = m->source[i];

		if (!source || !datasheet_group(spec_fields[i].group))
			continue;
		if (!strncmp(source, "estimated: ", 11) || dated(source))
			continue;
		print_error("%s: %s.%s: neither \"estimated\" nor dated: %s\n", m->name,
			spec_fields[i].group, spec_fields[i].key, source);
		fail();
	}
}

static void test_sources(void **state)
{
	(void)state;
	each(check_source);
}

/* Whether a is b, but for a share. */
static bool about(double a, double b, double share)
{
	return fabs(a / b - 1.0) <= share;
}

static void check_rates(const struct hg_model *m)
{
	const struct figures *f = &m->f;
	const struct rate *r = rate_of(m->name);
	double clock = r->flops > 0.0 ? f->peak_flops / (f->sms * r->flops) : 0.0;
	double clock_32 =
		r->flops_32bit > 0.0 ? f->peak_flops_32bit / (f->sms * r->flops_32bit) : 0;
	bool ok = f->clock_rated_hz <= f->clock_max_hz;

	if (clock > 0.0 && f->clock_rated_hz > 0.0)
		ok = ok && about(clock, f->clock_rated_hz, 0.03);
	else if (clock > 0.0)
		ok = ok && clock > 0.75 * f->clock_max_hz && clock < 1.03 * f->clock_max_hz;
	if (r->flops_8bit > 0.0)
		ok = ok &&
		     about(f->peak_flops_8bit / f->peak_flops, r->flops_8bit / r->flops, 0.03);
	/* matrix units may be rated at a lower clock than the vector units */
	if (clock_32 > 0.0)
		ok = ok && (about(clock_32, f->clock_max_hz, 0.03) ||
				   about(clock_32, f->clock_rated_hz, 0.03));
	if (!ok)
		print_error("%s: peaks are those of %g and %g MHz; rated %g, highest %g\n", m->name,
			clock * 1e-6, clock_32 * 1e-6, f->clock_rated_hz * 1e-6,
			f->clock_max_hz * 1e-6);
	assert_true(ok);
}

static void test_rates(void **state)
{
	(void)state;
	each(check_rates);
}

/* Two transfers a cycle on each line of the bus; vendors round. */
static void check_memory(const struct hg_model *m)
{
	const struct figures *f = &m->f;
	double rate = 2.0 * f->memory_clock_hz * f->memory_bus_bits / 8.0;

	if (rate > 0.0 && !about(f->peak_bytes_per_s, rate, 0.04)) {
		print_error("%s: %g GB/s, by bus and clock %g\n", m->name,
			f->peak_bytes_per_s * 1e-9, rate * 1e-9);
		fail();
	}
	assert_true(f->memory_bytes > 8e9 && f->memory_bytes < 1e12);
	assert_true(f->l2_bytes > 1e6 && f->l2_bytes < 0.01 * f->memory_bytes);
	assert_true(f->host_bytes_per_s > 0.0 && f->link_bytes_per_s > 0.0);
	assert_true(f->peak_bytes_per_s > f->link_bytes_per_s);
}

static void test_memory(void **state)
{
	(void)state;
	each(check_memory);
}

static void check_powers(const struct hg_model *m)
{
	const struct figures *f = &m->f;

	if (!(f->cap_min_w < f->cap_max_w && f->cap_min_w <= f->cap_default_w &&
		    f->cap_default_w <= f->cap_max_w && f->idle_w > 0.0 &&
		    f->idle_w < 0.3 * f->cap_max_w && f->idle_w < f->cap_min_w)) {
		print_error("%s: idle %g W, limits %g to %g W, at first %g W\n", m->name, f->idle_w,
			f->cap_min_w, f->cap_max_w, f->cap_default_w);
		fail();
	}
	assert_true(f->clock_min_hz < 0.4 * f->clock_max_hz || !strncmp(m->name, "p100", 4));
	assert_true(f->clock_step_hz <= 0.05 * f->clock_max_hz);
	/* a good product at the highest clock draws about what it may */
	assert_true(about(f->static_w + f->clock_tree_w + f->compute_w, f->cap_max_w, 0.6));
}

static void test_powers(void **state)
{
	(void)state;
	each(check_powers);
}

static size_t names_of(const struct hg_model *m, const char **out)
{
	out[0] = m->name;
	for (size_t i = 0; i < m->n_aliases; i++)
		out[i + 1] = m->aliases[i];
	return m->n_aliases + 1;
}

/* A name that two devices have would be found as the first of them. */
static void check_names(const struct hg_model *m)
{
	const char *names[32];
	hg_error why = {""};
	hg_model *found;

	assert_true(m->n_aliases < 31);
	for (size_t i = names_of(m, names); i-- > 0;) {
		assert_ok(hg_model_load(names[i], NULL, &found, &why), &why);
		if (strcmp(found->name, m->name) != 0)
			print_error("%s: is %s and %s\n", names[i], found->name, m->name);
		assert_string_equal(found->name, m->name);
		hg_model_destroy(found);
	}
}

static void test_names(void **state)
{
	(void)state;
	each(check_names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_powers),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
