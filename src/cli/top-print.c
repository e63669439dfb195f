/* What devices draw now, as text and JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "core/unit.h"
#include "table.h"
#include "top.h"

#define CURVE_WIDTH_MIN 8
#define TABLE_WIDTH     78
#define NAME_WIDTH      20

static void quantity_cell(struct table *t, enum quantity q, double value)
{
	char text[QUANTITY_TEXT];

	table_cell(t, "%s", isnan(value) ? "-" : quantity_format(q, value, text));
}

static const struct {
	uint32_t bit;
	const char *text;
} reasons[] = {{HG_THROTTLE_POWER_LIMIT, "power"}, {HG_THROTTLE_HEAT, "heat"},
	{HG_THROTTLE_HARDWARE, "hardware"}, {HG_THROTTLE_SYNC, "sync"}};

static const char *throttle_text(uint32_t throttle)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (throttle & reasons[i].bit)
			return reasons[i].text;
	return "";
}

void top_curve(struct buf *out, const struct top_row *row, int width, bool unicode)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const signs[] = {"_", ".", "-", "=", "+", "*", "%", "#"};
	size_t n = row->n_history, first = 0;
	double top = isnan(row->limit_w) ? 0 : row->limit_w;

	if (width > 0 && n > (size_t)width)
		first = n - (size_t)width;
	for (size_t i = first; i < n; i++)
		top = fmax(top, row->history[i]);
	for (size_t i = first; i < n; i++) {
		double share = top > 0 && !isnan(row->history[i]) ? row->history[i] / top : 0;
		int level = (int)(share * 8);

		level = level > 7 ? 7 : level < 0 ? 0 : level;
		buf_adds(out, unicode ? blocks[level] : signs[level]);
	}
}

static void device_row(struct table *t, const struct top_row *row, int curve, bool unicode)
{
	struct buf line;

	table_cell(t, "%.*s%s", NAME_WIDTH, row->spec, row->simulated ? "*" : "");
	quantity_cell(t, QUANTITY_POWER, row->power_w);
	quantity_cell(t, QUANTITY_POWER, row->limit_w);
	quantity_cell(t, QUANTITY_ENERGY, row->energy_j);
	quantity_cell(t, QUANTITY_CLOCK, row->clock_hz);
	if (isnan(row->busy))
		table_cell(t, "-");
	else
		table_cell(t, "%.0f %%", 100 * row->busy);
	if (isnan(row->heat_c))
		table_cell(t, "-");
	else
		table_cell(t, "%.0f C", row->heat_c);
	table_cell(t, "%s", throttle_text(row->throttle));
	buf_init(&line, 4096);
	if (curve >= CURVE_WIDTH_MIN)
		top_curve(&line, row, curve, unicode);
	table_cell(t, "%s", line.data ? line.data : "");
	buf_finish(&line);
}

void top_table(struct buf *out, const struct top *t, int width, bool unicode)
{
	static const char *const heads[] = {
		"device", "power", "limit", "energy", "clock", "busy", "heat", "throttle", ""};
	struct table table;

	table_init(&table, "lrrrrrrll");
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		table_cell(&table, "%s", heads[i]);
	for (size_t i = 0; i < t->n; i++)
		device_row(&table, &t->rows[i], width - TABLE_WIDTH, unicode);
	table_print(&table, out, false);
	table_finish(&table);
}

/** Name of a process, as the kernel has it; "?" unknown. */
static void process_name(int64_t pid, char name[64])
{
	struct fsroot root;
	char path[64];

	(void)snprintf(path, sizeof path, "proc/%lld/comm", (long long)pid);
	if (fsroot_init(&root, "/", NULL) != HG_OK ||
		fsroot_read(&root, path, name, 64, NULL) != HG_OK)
		memcpy(name, "?", 2);
	fsroot_finish(&root);
	text_clean(name);
}

void top_processes(struct buf *out, const struct top_row *row, size_t most, int width)
{
	size_t kept = row->n_processes < TOP_PROCESSES ? row->n_processes : TOP_PROCESSES;
	char name[64], memory[32];

	(void)width;
	if (!row->processes_known) {
		buf_addf(out, "processes on %s are not known\n", row->spec);
		return;
	}
	buf_addf(out, "%zu process%s on %s\n", row->n_processes, row->n_processes == 1 ? "" : "es",
		row->spec);
	for (size_t i = 0; i < kept && i < most; i++) {
		const hg_process *p = &row->processes[i];

		process_name(p->pid, name);
		(void)snprintf(
			memory, sizeof memory, "%.0f MiB", (double)p->memory_bytes / 1048576.0);
		buf_addf(out, "%10lld %12s  %s\n", (long long)p->pid,
			p->memory_known ? memory : "-", name);
	}
}

static void throttle_json(struct json_out *j, uint32_t throttle)
{
	json_key(j, "throttle");
	json_open(j, '[', true);
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (throttle & reasons[i].bit)
			json_put_string(j, reasons[i].text);
	json_close(j, ']');
}

static void processes_json(struct json_out *j, const struct top_row *row)
{
	size_t kept = row->n_processes < TOP_PROCESSES ? row->n_processes : TOP_PROCESSES;
	char name[64];

	json_key(j, "processes");
	if (!row->processes_known) {
		json_put_null(j);
		return;
	}
	json_open(j, '[', true);
	for (size_t i = 0; i < kept; i++) {
		process_name(row->processes[i].pid, name);
		json_open(j, '{', true);
		json_kv_int(j, "pid", row->processes[i].pid);
		json_kv_string(j, "name", name);
		json_kv_number(j, "memory_bytes",
			row->processes[i].memory_known ? (double)row->processes[i].memory_bytes
						       : (double)NAN);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void top_json(struct buf *out, const struct top *t)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.top/1");
	json_kv_bool(&j, "simulated", t->simulated);
	json_kv_number(&j, "elapsed_s", 1e-9 * (double)(t->look_ns - t->begin_ns));
	json_kv_number(&j, "power_w", t->n ? t->power_w : (double)NAN);
	json_kv_number(&j, "energy_j", t->n ? t->energy_j : (double)NAN);
	json_key(&j, "devices");
	json_open(&j, '[', false);
	for (size_t i = 0; i < t->n; i++) {
		const struct top_row *row = &t->rows[i];

		json_open(&j, '{', true);
		json_kv_string(&j, "id", row->spec);
		json_kv_string(&j, "model", row->title);
		json_kv_string(&j, "uuid", row->uuid);
		json_kv_bool(&j, "simulated", row->simulated);
		json_kv_bool(&j, "in_total", row->summed);
		json_kv_number(&j, "power_w", row->power_w);
		json_kv_number(&j, "limit_w", row->limit_w);
		json_kv_number(&j, "energy_j", row->energy_j);
		json_kv_number(&j, "clock_hz", row->clock_hz);
		json_kv_number(&j, "utilisation", row->busy);
		json_kv_number(&j, "temp_c", row->heat_c);
		throttle_json(&j, row->throttle);
		processes_json(&j, row);
		if (row->why.text[0])
			json_kv_string(&j, "reason", row->why.text);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(out, '\n');
}
