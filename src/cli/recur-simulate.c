/* recur simulate: its answer as text and as JSON. */
#include "recur-simulate.h"

#include <string.h>

#include "core/json.h"
#include "table.h"

/* Sums over all jobs. */
struct means {
	double first20, first50, last10, back, within;
	size_t n;
};

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct means means_of(const struct replay *r)
{
	struct means m = {.n = 0};

	for (size_t i = 0; i < r->tables.len; i++) {
		const struct replay_table *t = vec_at(&r->tables, i);

		for (size_t k = 0; k < t->results.len; k++) {
			const struct campaign_result *c = vec_at(&t->results, k);

			m.first20 += c->first20;
			m.first50 += c->first50;
			m.last10 += c->last10;
			m.back += c->back;
			m.within += c->back_within_10;
			m.n++;
		}
	}
	if (m.n > 0) {
		m.first20 /= (double)m.n;
		m.first50 /= (double)m.n;
		m.last10 /= (double)m.n;
		m.back /= (double)m.n;
		m.within /= (double)m.n;
	}
	return m;
}

static void text_row(struct table *t, const struct replay *r, const char *power,
	const struct sim_job *job, const struct campaign_result *c)
{
	const struct sim_arm *best = &job->arms[job->best_arm];

	table_cell(t, "%.*s", (int)strcspn(job->name, "/"), job->name);
	table_cell(t, "%s", power);
	table_cell(t, "%u", job->sizes[job->default_arm]);
	table_cell(t, "%u @ %g W", best->batch_size, best->limit_w);
	table_cell(t, "%.1f %%", 100 * c->first20);
	table_cell(t, "%.1f %%", 100 * c->first50);
	table_cell(t, "%.1f %%", 100 * c->last10);
	if (r->options.drift.factor > 0)
		table_cell(t, "%.1f", c->back);
	else
		table_cell(t, "%.3f", c->last5_energy);
	table_cell(t, "%.3f", c->last5_time);
	table_cell(t, "%g", c->wedged + c->exhausted);
}

void replay_text(struct cli *cli, const struct replay *r)
{
	bool drift = r->options.drift.factor > 0;
	const char *const heads[] = {"job", "power", "default", "best fixed", "first 20",
		"first 50", "last 10", drift ? "back after" : "energy", "time", "stuck"};
	struct means m = means_of(r);
	struct table t;

	buf_addf(&cli->out,
		"policy %s, %u recurrences, %u seeds, eta %g%s (simulated)\n"
		"excess cost over the best fixed batch size and power limit; %s\n",
		hg_recur_policy_name(r->options.policy), r->options.recurrences, r->seeds, r->eta,
		r->options.known_costs ? ", costs of epochs known" : "",
		drift ? "recurrences from the drift until within 5 % of the new best"
		      : "energy and time of the last 5 over the default size at the highest limit");
	table_init(&t, "llrrrrrrrr");
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		table_cell(&t, "%s", heads[i]);
	for (size_t i = 0; i < r->tables.len; i++) {
		const struct replay_table *table = vec_at(&r->tables, i);

		for (size_t k = 0; k < table->jobs.len; k++)
			text_row(&t, r, file_name(table->path), vec_at(&table->jobs, k),
				vec_at(&table->results, k));
	}
	table_print(&t, &cli->out, cli->color);
	table_finish(&t);
	buf_addf(&cli->out, "mean: first 20 %.2f %%, first 50 %.2f %%, last 10 %.2f %%",
		100 * m.first20, 100 * m.first50, 100 * m.last10);
	if (drift)
		buf_addf(&cli->out, ", back after %.1f, within 10 in %.0f %% of the replays",
			m.back, 100 * m.within);
	buf_addc(&cli->out, '\n');
}

static void json_steps(struct json_out *j, const struct replay *r, const struct campaign_result *c)
{
	json_key(j, "per_recurrence");
	json_open(j, '[', false);
	for (uint32_t i = 0; i < r->options.recurrences; i++) {
		const struct campaign_step *s = &c->steps[i];

		json_open(j, '{', true);
		json_kv_number(j, "cost_j", s->cost_j);
		json_kv_number(j, "best_j", s->best_j);
		json_kv_number(j, "cumulative_regret_j", s->regret_j);
		json_kv_number(j, "energy_j", s->energy_j);
		json_kv_number(j, "time_s", s->time_s);
		json_kv_number(j, "failed_attempts", s->failed);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_result(struct json_out *j, const struct replay *r, const struct replay_table *t,
	const struct sim_job *job, const struct campaign_result *c)
{
	const struct sim_arm *best = &job->arms[job->best_arm];

	json_open(j, '{', false);
	json_kv_string(j, "job", job->name);
	json_kv_string(j, "power", t->path);
	json_kv_int(j, "default_batch_size", job->sizes[job->default_arm]);
	json_kv_int(j, "best_batch_size", best->batch_size);
	json_kv_number(j, "best_power_limit_w", best->limit_w);
	json_kv_number(j, "best_cost_j", sim_best(job, &r->options, false));
	json_kv_number(j, "excess_first20", c->first20);
	json_kv_number(j, "excess_first50", c->first50);
	json_kv_number(j, "excess_last10", c->last10);
	json_kv_number(j, "excess_all", c->all);
	json_kv_number(j, "last5_energy_ratio", c->last5_energy);
	json_kv_number(j, "last5_energy_ratio_sd", c->last5_energy_sd);
	json_kv_number(j, "last5_time_ratio", c->last5_time);
	json_kv_number(j, "last5_time_ratio_sd", c->last5_time_sd);
	json_kv_number(j, "wait_runs", c->wait);
	json_kv_number(j, "span_runs", c->span);
	json_kv_number(j, "replays_given_up", c->wedged);
	json_kv_number(j, "replays_without_usable_size", c->exhausted);
	if (r->options.drift.factor > 0) {
		json_kv_number(j, "best_cost_after_drift_j", sim_best(job, &r->options, true));
		json_kv_number(j, "back_after_mean", c->back);
		json_kv_number(j, "back_after_p90", c->back_worst);
		json_kv_number(j, "back_within_10", c->back_within_10);
	}
	json_steps(j, r, c);
	json_close(j, '}');
}

static void json_means(struct json_out *j, const struct replay *r)
{
	struct means m = means_of(r);

	json_key(j, "mean");
	json_open(j, '{', true);
	json_kv_int(j, "jobs", (int64_t)m.n);
	json_kv_number(j, "excess_first20", m.first20);
	json_kv_number(j, "excess_first50", m.first50);
	json_kv_number(j, "excess_last10", m.last10);
	if (r->options.drift.factor > 0) {
		json_kv_number(j, "back_after_mean", m.back);
		json_kv_number(j, "back_within_10", m.within);
	}
	json_close(j, '}');
}

void replay_json(struct cli *cli, const struct replay *r)
{
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.recur-simulation/1");
	json_kv_bool(&j, "simulated", true);
	json_kv_string(&j, "policy", hg_recur_policy_name(r->options.policy));
	json_kv_int(&j, "recurrences", r->options.recurrences);
	json_kv_int(&j, "seeds", r->seeds);
	json_kv_int(&j, "concurrent", r->options.concurrent);
	json_kv_string(
		&j, "arrivals", r->options.arrivals == SIM_STAGGERED ? "staggered" : "together");
	json_kv_int(&j, "pilots", r->options.pilots);
	json_kv_bool(&j, "blind", r->options.blind);
	json_kv_number(&j, "eta", r->eta);
	json_kv_bool(&j, "known_costs", r->options.known_costs);
	if (r->options.drift.factor > 0) {
		json_key(&j, "drift");
		json_open(&j, '{', true);
		json_kv_number(&j, "factor", r->options.drift.factor);
		json_kv_int(&j, "at", r->options.drift.at);
		if (r->options.drift.from > 0)
			json_kv_int(&j, "from_batch_size", r->options.drift.from);
		json_close(&j, '}');
	}
	json_key(&j, "jobs");
	json_open(&j, '[', false);
	for (size_t i = 0; i < r->tables.len; i++) {
		const struct replay_table *t = vec_at(&r->tables, i);

		for (size_t k = 0; k < t->jobs.len; k++)
			json_result(&j, r, t, vec_at(&t->jobs, k), vec_at(&t->results, k));
	}
	json_close(&j, ']');
	json_means(&j, r);
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}
