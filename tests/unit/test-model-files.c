/* Device and workload files: bad ones, where they are looked for, names and aliases. */
#define _POSIX_C_SOURCE 200809L

#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/file.h"
#include "hardware/model/model.h"

static void load_text(const char *path, struct buf *text)
{
	hg_error why = {""};

	assert_ok(file_read(path, 1 << 20, text, &why), &why);
}

/* The text with one piece of it replaced. */
static void replaced(const struct buf *text, const char *find, const char *with, struct buf *out)
{
	const char *at = strstr(text->data, find);

	buf_init(out, 1 << 20);
	if (!at) {
		print_error("\"%s\" is not in the file\n", find);
		fail();
	}
	assert_int_equal(buf_add(out, text->data, (size_t)(at - text->data)), HG_OK);
	assert_int_equal(buf_adds(out, with), HG_OK);
	assert_int_equal(buf_adds(out, at + strlen(find)), HG_OK);
}

struct bad {
	const char *find, *with;
	hg_err code;
	const char *says;
};

/* Of the highest clock, the first number with this one. */
#define SOURCE                                                                                     \
	"\"source\": \"published: nvidia-smi of an H100 SXM5 in github.com/thamada/gls (2024-11)\""

static void test_bad_devices(void **state)
{
	static const struct bad cases[] = {
		{"hourglass.device/1", "hourglass.device/2", HG_EVERSION, "hourglass.device/2"},
		{"hourglass.device/1", "hourglass.workload/1", HG_EFORMAT, "schema"},
		{"\"name\": \"h100-sxm\"", "\"name\": \"H100 SXM\"", HG_EFORMAT, "x.json:3: name"},
		{"\"title\": \"NVIDIA H100 SXM5 80GB\",", "", HG_EFORMAT, "title"},
		{"\"aliases\": [", "\"aliases\": [3, ", HG_EFORMAT, "aliases"},
		{"\"clock\": {", "\"clocks\": {", HG_EFORMAT, "did you mean \"clock\""},
		{"\"static_power\":", "\"static_powr\":", HG_EFORMAT,
			"physics.static_power: missing"},
		{"\"value\": 1980", "\"value\": 0.1", HG_EFORMAT, "clock.max.value"},
		{"\"value\": 1980", "\"value\": \"1980\"", HG_EFORMAT, "clock.max.value"},
		{"\"value\": 1980", "\"valeu\": 1980", HG_EFORMAT, "did you mean \"value\""},
		{"\"value\": 1980", "\"value\": 200", HG_EFORMAT, "clock.min"},
		{"\"value\": 1980, \"unit\": \"MHz\"", "\"value\": 1980, \"unit\": \"W\"",
			HG_EFORMAT,
			"clock.max.unit: expected one of Hz, kHz, MHz, GHz, found \"W\""},
		{"\"value\": 989.4, \"unit\": \"TFLOP/s\"", "\"value\": 989.4", HG_EFORMAT,
			"peak.flops.unit"},
		{SOURCE, "\"source\": \"hearsay\"", HG_EFORMAT, "clock.max.source"},
		{SOURCE, "\"source\": \"datasheet: \"", HG_EFORMAT, "clock.max.source"},
		{", " SOURCE, "", HG_EFORMAT, "clock.max.source: expected a string, found nothing"},
		{"\"limit_default\": {\"value\": 700", "\"limit_default\": {\"value\": 800",
			HG_EFORMAT, "limit_default"},
		{"\"limit_min\": {\"value\": 200", "\"limit_min\": {\"value\": 900", HG_EFORMAT,
			"limit_min"},
		{"\"overlap\": {", "\"overlap\": [], \"x\": {", HG_EFORMAT, "physics.overlap"},
		{"\"l2\": {", "\"l3\": {", HG_EFORMAT, "chip: unknown field \"l3\""},
	};
	struct buf text, bad;
	hg_error why;
	hg_model *m;

	(void)state;
	load_text(HG_SOURCE_DIR "/devices/h100-sxm.json", &text);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		replaced(&text, cases[i].find, cases[i].with, &bad);
		assert_int_equal(model_parse(bad.data, bad.len, "x.json", &m, &why), cases[i].code);
		assert_null(m);
		assert_has(why.text, "x.json");
		assert_has(why.text, cases[i].says);
		buf_finish(&bad);
	}
	/* truncated anywhere: an error, never a model */
	for (size_t len = 0; len + 2 < text.len; len += 7) {
		assert_int_not_equal(model_parse(text.data, len, "x.json", &m, &why), HG_OK);
		assert_null(m);
	}
	assert_int_equal(model_parse(text.data, text.len, "x.json", &m, &why), HG_OK);
	hg_model_destroy(m);
	hg_model_destroy(NULL);
	buf_finish(&text);
}

static void test_bad_workloads(void **state)
{
	static const struct bad cases[] = {
		{"hourglass.workload/1", "hourglass.workload/9", HG_EVERSION,
			"hourglass.workload/9"},
		{"\"unit\": \"step\"", "\"unit\": \"\"", HG_EFORMAT, "unit"},
		{"\"unit\": \"step\",", "", HG_EFORMAT, "unit"},
		{"\"ops\": [", "\"opps\": [", HG_EFORMAT, "did you mean \"ops\""},
		{"\"repeat\": 64", "\"repeat\": 1.5", HG_EFORMAT,
			"repeat: expected a whole number"},
		{"\"repeat\": 64", "\"repeat\": 0", HG_EFORMAT, "repeat"},
		{"\"repeat\": 64", "\"repeat\": -2", HG_EFORMAT, "repeat"},
		{"\"bytes\": 794624", "\"bytes\": -1", HG_EFORMAT, "bytes"},
		{"\"bytes\": 794624", "\"bytes\": \"many\"", HG_EFORMAT, "bytes"},
		{"\"bytes\": 794624", "\"byte\": 794624", HG_EFORMAT, "did you mean \"bytes\""},
		{"\"host_gap_s\": 0.0004", "\"host_gap_s\": 0", HG_EFORMAT, "op \"schedule\""},
		{"{\"name\": \"norm\", ", "{", HG_EFORMAT, "name"},
		{"{\"name\": \"norm\", ", "7, {", HG_EFORMAT, "ops: expected objects"},
	};
	static const char empty[] =
		"{\"schema\": \"hourglass.workload/1\", \"name\": \"a\", \"unit\": \"b\", \"ops\": []}";
	struct buf text, bad;
	hg_error why;
	hg_workload *w;

	(void)state;
	load_text(HG_SOURCE_DIR "/workloads/llm-decode.json", &text);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		replaced(&text, cases[i].find, cases[i].with, &bad);
		assert_int_equal(
			workload_parse(bad.data, bad.len, "w.json", &w, &why), cases[i].code);
		assert_null(w);
		assert_has(why.text, "w.json");
		assert_has(why.text, cases[i].says);
		buf_finish(&bad);
	}
	assert_int_equal(workload_parse(empty, sizeof empty - 1, "w.json", &w, &why), HG_EFORMAT);
	assert_has(why.text, "w.json:1: ops: expected 1 to");
	for (size_t len = 0; len + 2 < text.len; len += 7)
		assert_int_not_equal(workload_parse(text.data, len, "w.json", &w, &why), HG_OK);
	hg_workload_destroy(NULL);
	buf_finish(&text);
}

static void write_file(const char *path, const char *text)
{
	hg_error why = {""};

	assert_ok(file_write(path, text, strlen(text), &why), &why);
}

static void test_names(void **state)
{
	hg_model_info info = {.size = sizeof info};
	hg_model *m;
	hg_workload *w;
	hg_error why;

	(void)state;
	assert_ok(hg_model_load("h100", NULL, &m, &why), &why);
	hg_model_get_info(m, &info);
	assert_string_equal(info.name, "h100-sxm");
	assert_near(info.clock_max_hz, 1980e6, 1e-15);
	hg_model_destroy(m);
	assert_int_equal(hg_model_load("h10", NULL, &m, &why), HG_ENOENT);
	assert_null(m);
	assert_has(why.text, "did you mean \"h100-sxm\"");
	assert_has(why.text, "a100-pcie");
	/* more than there is room for */
	assert_has(why.text, ", ...");
	assert_int_equal(hg_model_load("quantum", NULL, &m, &why), HG_ENOENT);
	assert_null(strstr(why.text, "did you mean"));
	assert_int_equal(hg_model_load("", NULL, &m, NULL), HG_ENOENT);
	assert_int_equal(hg_model_load("./nowhere.json", NULL, &m, &why), HG_ENOENT);
	assert_has(why.text, "./nowhere.json");
	assert_ok(hg_model_load(HG_SOURCE_DIR "/devices/a40.json", NULL, &m, &why), &why);
	hg_model_destroy(m);
	assert_int_equal(hg_workload_load("llm-decod", NULL, &w, &why), HG_ENOENT);
	assert_has(why.text, "did you mean \"llm-decode\"");
	assert_int_equal(hg_workload_load("x", NULL, &w, &why), HG_ENOENT);
	assert_has(why.text, "resnet50-training");
	assert_null(hg_model_builtin(1000));
	assert_null(hg_workload_builtin(1000));
}

/* Names as drivers say them and as files of sweeps are called. */
static void test_names_of_drivers(void **state)
{
	static const char *const names[][2] = {{"NVIDIA A100-SXM4-80GB", "a100-sxm"},
		{"NVIDIA A100-PCIE-40GB", "a100-pcie"}, {"NVIDIA A100 80GB PCIe", "a100-pcie-80gb"},
		{"NVIDIA H100 80GB HBM3", "h100-sxm"}, {"NVIDIA H100 PCIe", "h100-pcie"},
		{"NVIDIA H100 NVL", "h100-nvl"}, {"NVIDIA GH200 480GB", "gh200"},
		{"Tesla P100-PCIE-16GB", "p100"}, {"Tesla P100-PCIE-12GB", "p100-12gb"},
		{"Tesla P100-SXM2-16GB", "p100-sxm2"}, {"Tesla V100-PCIE-32GB", "v100"},
		{"Tesla V100-SXM2-16GB", "v100-sxm2"}, {"Tesla T4", "t4"},
		{"Quadro RTX 6000", "quadro-rtx-6000"}, {"Quadro RTX 8000", "quadro-rtx-8000"},
		{"NVIDIA RTX A6000", "rtx-a6000"},
		{"NVIDIA RTX 6000 Ada Generation", "rtx-6000-ada"},
		{"NVIDIA GeForce RTX 3090", "rtx-3090"}, {"AMD Instinct MI250X", "mi250x"},
		{"NVIDIA A100-SXM4-40GB", "a100-sxm-40gb"}, {"NVIDIA A10G", "a10g"},
		{"NVIDIA GeForce RTX 5090", "rtx-5090"}, {"NVIDIA H200 NVL", "h200-nvl"},
		{"NVIDIA H20", "h20"},
		{"NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000-server"},
		{"AMD Instinct MI355X", "mi355x"}, {"HL-225", "gaudi2"},
		{"NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "rtx-pro-6000"},
		{"HL-325L", "gaudi3"}, {"P100", "p100"}, {"RTX6000", "quadro-rtx-6000"},
		{"rtx6000", "quadro-rtx-6000"}};
	hg_error why;
	hg_model *m;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		hg_model_info info = {.size = sizeof info};

		assert_ok(hg_model_load(names[i][0], NULL, &m, &why), &why);
		hg_model_get_info(m, &info);
		assert_string_equal(info.name, names[i][1]);
		hg_model_destroy(m);
	}
	assert_int_equal(hg_model_load("NVIDIA H100 PCIe Plus", NULL, &m, &why), HG_ENOENT);
}

static void test_data_dir(void **state)
{
	char dir[] = "/tmp/hg-test-XXXXXX", path[64];
	struct buf text, changed;
	hg_model_info info = {.size = sizeof info};
	hg_error why;
	hg_model *m;
	hg_workload *w;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/devices", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof path, "%s/devices/h100-sxm.json", dir);
	load_text(HG_SOURCE_DIR "/devices/h100-sxm.json", &text);
	replaced(&text, "NVIDIA H100 SXM5 80GB", "mine", &changed);
	write_file(path, changed.data);
	/* found by name and by alias, before the compiled-in one; others are still there */
	assert_ok(hg_model_load("h100-sxm", dir, &m, &why), &why);
	hg_model_get_info(m, &info);
	assert_string_equal(info.title, "mine");
	hg_model_destroy(m);
	assert_ok(hg_model_load("h100", dir, &m, &why), &why);
	hg_model_get_info(m, &info);
	assert_string_equal(info.title, "mine");
	hg_model_destroy(m);
	assert_ok(hg_model_load("v100", dir, &m, &why), &why);
	hg_model_destroy(m);
	assert_ok(hg_workload_load("llm-decode", dir, &w, &why), &why);
	hg_workload_destroy(w);
	/* a broken file is an error that names it, not a reason to take the compiled-in one */
	write_file(path, "{");
	assert_int_equal(hg_model_load("h100", dir, &m, &why), HG_EFORMAT);
	assert_has(why.text, path);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof path, "%s/devices", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
	buf_finish(&text);
	buf_finish(&changed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_devices),
		cmocka_unit_test(test_bad_workloads),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_of_drivers),
		cmocka_unit_test(test_data_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
