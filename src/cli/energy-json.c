/* What commands cost, as hourglass.energy/1. */
#include <math.h>
#include <string.h>

#include <hourglass/version.h>

#include "energy-report.h"

#define CONFIDENCE 0.95

static void flags_json(struct json_out *j, uint32_t flags)
{
	json_key(j, "flags");
	json_open(j, '[', true);
	for (uint32_t bit = 1; bit != 0; bit <<= 1)
		if (flags & bit)
			json_put_string(j, hg_energy_flag_name(bit));
	json_close(j, ']');
}

/** Figures of a device or the total in one run; the object is open. */
static void joules_json(
	struct json_out *j, const struct energy_report *r, const struct joules *one, double time_s)
{
	bool known = one->energy.method != HG_METHOD_NONE;
	double off = r->idle == IDLE_SUBTRACT ? one->idle_j : 0.0;

	json_kv_number(j, "energy_j", known ? one->energy.joules - off : (double)NAN);
	json_kv_number(j, "lo_j", known ? one->energy.lo - off : (double)NAN);
	json_kv_number(j, "hi_j", known ? one->energy.hi - off : (double)NAN);
	json_kv_number(j, "sigma_j", known ? one->energy.sigma : (double)NAN);
	json_kv_number(j, "idle_j", known ? one->idle_j : (double)NAN);
	json_kv_number(j, "tail_j", known ? one->energy.tail_j : (double)NAN);
	json_kv_number(j, "avg_w",
		known && time_s > 0 ? (one->energy.joules - off) / time_s : (double)NAN);
	json_kv_number(j, "max_w", known ? one->energy.max_w : (double)NAN);
	json_kv_number(j, "temp_c", known ? one->energy.temperature_c : (double)NAN);
	json_kv_number(j, "clock_hz", known ? one->energy.clock_hz : (double)NAN);
	json_kv_string(j, "method", hg_method_name(one->energy.method));
	flags_json(j, one->energy.flags);
	if (one->why)
		json_kv_string(j, "reason", one->why);
}

static void run_json(
	struct json_out *j, const struct energy_report *r, const struct energy_run *run)
{
	json_open(j, '{', false);
	json_kv_number(j, "time_s", run->time_s);
	json_kv_number(j, "cpu_s", run->cpu_s);
	json_kv_int(j, "peak_bytes", run->peak_bytes);
	json_kv_int(j, "exit_code", run->code);
	json_kv_number(j, "energy_j", energy_of(r, run, SIZE_MAX));
	json_key(j, "devices");
	json_open(j, '[', false);
	for (size_t d = 0; d < r->n_devices; d++) {
		json_open(j, '{', true);
		json_kv_string(j, "id", r->devices[d].spec);
		joules_json(j, r, &run->devices[d], run->time_s);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_key(j, "total");
	json_open(j, '{', true);
	joules_json(j, r, &run->total, run->time_s);
	json_close(j, '}');
	json_close(j, '}');
}

static void sensor_json(struct json_out *j, const hg_sensor *s)
{
	json_key(j, "sensor");
	json_open(j, '{', true);
	json_kv_number(j, "period_s", s->period_s > 0 ? s->period_s : (double)NAN);
	json_kv_number(j, "lag_s", s->lag_s);
	json_kv_number(j, "coverage", s->coverage > 0 ? s->coverage : (double)NAN);
	json_kv_number(j, "gain", s->gain > 0 ? s->gain : (double)NAN);
	json_kv_bool(j, "trusted", s->trusted != 0);
	json_close(j, '}');
}

/** Mean, and the spread of several runs; the object is open. */
static void stat_json(struct json_out *j, const char *mean, const char *half, const struct stat *s)
{
	json_kv_number(j, mean, s->n > 0 ? s->mean : (double)NAN);
	json_kv_number(j, half, stat_half_width(s, CONFIDENCE));
}

static void device_json(struct json_out *j, const struct energy_report *r, size_t d)
{
	const struct energy_device *dev = &r->devices[d];
	struct stat energy = energy_stat(r, d);
	const char *why = r->runs.len
				  ? ((const struct energy_run *)vec_at(&r->runs, 0))->devices[d].why
				  : NULL;

	json_open(j, '{', true);
	json_kv_string(j, "id", dev->spec);
	json_kv_string(j, "uuid", dev->uuid);
	json_kv_string(j, "pci", dev->pci);
	json_kv_string(j, "model", dev->model);
	json_kv_bool(j, "simulated", dev->simulated);
	json_kv_bool(j, "estimated", dev->estimated);
	json_kv_bool(j, "in_total", dev->summed);
	stat_json(j, "energy_j", "energy_half_width_j", &energy);
	json_kv_number(j, "idle_w", dev->idle_w);
	sensor_json(j, &dev->sensor);
	if (energy.n == 0 && why)
		json_kv_string(j, "reason", why);
	json_close(j, '}');
}

static void intervals_json(struct json_out *j, const struct energy_report *r)
{
	if (r->intervals.len == 0)
		return;
	json_key(j, "intervals");
	json_open(j, '[', false);
	for (size_t i = 0; i < r->intervals.len; i++) {
		const struct energy_interval *v = vec_at(&r->intervals, i);

		json_open(j, '{', true);
		json_kv_int(j, "run", (int64_t)v->run);
		json_kv_number(j, "begin_s", v->begin_s);
		json_kv_number(j, "end_s", v->end_s);
		json_key(j, "energy_j");
		json_open(j, '[', true);
		for (size_t d = 0; d < r->n_devices; d++)
			json_put_number(j, v->energy_j[d]);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void raw_json(struct json_out *j, const struct energy_report *r)
{
	if (r->raw.len == 0)
		return;
	json_key(j, "edges");
	json_open(j, '[', false);
	for (size_t i = 0; i < r->raw.len; i++) {
		const struct energy_raw *raw = vec_at(&r->raw, i);

		for (size_t k = 0; k < raw->n; k++) {
			const hg_edge *e = &raw->edges[k];

			json_open(j, '{', true);
			json_kv_string(j, "id", r->devices[raw->device].spec);
			json_kv_int(j, "t_ns", e->t_ns);
			json_kv_int(j, "u_ns", e->u_ns);
			json_kv_int(j, "energy_uj", e->energy_uj);
			json_kv_int(j, "flags", e->flags);
			json_close(j, '}');
		}
	}
	json_close(j, ']');
}

static const char *idle_text(enum idle_policy idle)
{
	static const char *const texts[] = {"report", "subtract", "none"};

	return texts[idle];
}

static void head_json(struct json_out *j, const struct energy_report *r)
{
	struct stat time = energy_time_stat(r), energy = energy_stat(r, SIZE_MAX);

	json_kv_string(j, "schema", "hourglass.energy/1");
	json_key(j, "tool");
	json_open(j, '{', true);
	json_kv_string(j, "name", "hourglass");
	json_kv_string(j, "version", hg_version());
	json_close(j, '}');
	json_kv_string(j, "host", r->host);
	json_key(j, "command");
	json_open(j, '[', true);
	for (size_t i = 0; r->argv[i]; i++)
		json_put_string(j, r->argv[i]);
	json_close(j, ']');
	json_kv_int(j, "exit_code", r->code);
	json_kv_bool(j, "simulated", r->simulated);
	json_kv_bool(j, "estimated", r->estimated);
	json_kv_bool(j, "isolated", r->isolated);
	json_kv_string(j, "idle", idle_text(r->idle));
	json_kv_int(j, "warmup", (int64_t)r->warmup);
	stat_json(j, "time_s", "time_half_width_s", &time);
	stat_json(j, "total_j", "total_half_width_j", &energy);
	if (energy.n == 0 && r->n_devices == 0)
		json_kv_string(j, "reason", r->missing[0] ? r->missing : "no device tells energy");
}

void energy_report_json(struct buf *out, const struct energy_report *r, bool one_line)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open(&j, '{', one_line);
	head_json(&j, r);
	json_key(&j, "devices");
	json_open(&j, '[', false);
	for (size_t d = 0; d < r->n_devices; d++)
		device_json(&j, r, d);
	json_close(&j, ']');
	json_key(&j, "runs");
	json_open(&j, '[', false);
	for (size_t i = 0; i < r->runs.len; i++)
		run_json(&j, r, vec_at(&r->runs, i));
	json_close(&j, ']');
	intervals_json(&j, r);
	raw_json(&j, r);
	json_close(&j, '}');
	buf_addc(out, '\n');
}
