/* doctor: what keeps us from measuring and setting here, and what would change that. */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "core/arena.h"
#include "core/json.h"
#include "doctor.h"
#include "rig.h"
#include "table.h"

#define BACKENDS_MAX 64

static const struct option doctor_options[] = {
	{.name = "rules", .kind = OPTION_FLAG, .text = "list everything that is looked for"},
	{.name = NULL},
};

/** The patient, and where what backends said is kept. */
struct visit {
	struct patient patient;
	struct arena arena;
	hg_err failed;
};

static void told(void *user, const hg_discovery *found)
{
	struct visit *v = user;
	struct backend_said said = {.name = arena_strdup(&v->arena, found->backend),
		.reason = arena_strdup(&v->arena, found->reason),
		.devices = found->devices,
		.rc = found->rc};

	if (v->failed == HG_OK)
		v->failed = said.name && said.reason ? vec_push(&v->patient.backends, &said)
						     : HG_ENOMEM;
}

static int visit_begin(struct cli *cli, struct visit *v)
{
	hg_error why = {""};
	int rc = rig_context(cli, &v->patient.ctx);
	hg_err err;

	if (rc != EXIT_OK)
		return rc;
	err = hg_discover(v->patient.ctx, told, v, &why);
	if (err != HG_OK)
		return cli_input_error(cli, err, &why);
	return v->failed == HG_OK ? EXIT_OK : cli_broken(cli, v->failed);
}

static void visit_end(struct visit *v)
{
	hg_close(v->patient.ctx);
	vec_finish(&v->patient.backends);
	arena_finish(&v->arena);
}

static bool is_listed(const struct visit *v, const struct rule *rule, bool all)
{
	return all || doctor_holds(&v->patient, rule);
}

/* ----- text */

/** Text in lines of the terminal's width, the first behind `head`. */
static void paragraph(struct cli *cli, const char *head, const char *text)
{
	struct table t;

	table_init(&t, "ll");
	t.wrap = (size_t)cli->width;
	table_cell(&t, "%s", head);
	table_cell(&t, "%s", text);
	table_print(&t, &cli->out, false);
	table_finish(&t);
}

static void rule_text(struct cli *cli, const struct rule *rule)
{
	buf_addf(&cli->out, "%s: %s\n", rule->minor ? "note" : "fix", rule->id);
	paragraph(cli, "  ", rule->problem);
	/* never wrapped: they are there to be copied */
	for (size_t i = 0; i < DOCTOR_LINES && rule->lines[i]; i++)
		buf_addf(&cli->out, "      %s\n", rule->lines[i]);
	buf_addc(&cli->out, '\n');
}

static void backends_text(struct cli *cli, const struct visit *v)
{
	struct table t;

	buf_adds(&cli->out, "Looked for hardware:\n");
	table_init(&t, "lrl");
	t.wrap = (size_t)cli->width;
	for (size_t i = 0; i < v->patient.backends.len; i++) {
		const struct backend_said *b = vec_at(&v->patient.backends, i);

		table_cell(&t, "  %s", b->name);
		table_cell(&t, "%zu", b->devices);
		table_cell(&t, "%s", b->reason);
	}
	table_print(&t, &cli->out, false);
	table_finish(&t);
}

static void report_text(struct cli *cli, const struct visit *v, bool all, size_t n)
{
	for (const struct rule *r = doctor_rules; r->id; r++)
		if (is_listed(v, r, all))
			rule_text(cli, r);
	if (all)
		return;
	if (n == 0)
		buf_adds(&cli->out, "Nothing to fix.\n\n");
	backends_text(cli, v);
}

/* ----- JSON */

static void rule_json(struct json_out *j, const struct rule *rule)
{
	json_open(j, '{', false);
	json_kv_string(j, "id", rule->id);
	json_kv_string(j, "severity", rule->minor ? "note" : "fix");
	json_kv_string(j, "problem", rule->problem);
	json_key(j, "lines");
	json_open(j, '[', false);
	for (size_t i = 0; i < DOCTOR_LINES && rule->lines[i]; i++)
		json_put_string(j, rule->lines[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void report_json(struct cli *cli, const struct visit *v, bool all, size_t n)
{
	struct json_out j;

	json_out_init(&j, &cli->out);
	json_open(&j, '{', false);
	json_kv_string(&j, "schema", "hourglass.doctor/1");
	if (!all)
		json_kv_bool(&j, "well", n == 0);
	json_key(&j, all ? "rules" : "findings");
	json_open(&j, '[', false);
	for (const struct rule *r = doctor_rules; r->id; r++)
		if (is_listed(v, r, all))
			rule_json(&j, r);
	json_close(&j, ']');
	json_key(&j, "backends");
	json_open(&j, '[', false);
	for (size_t i = 0; i < v->patient.backends.len; i++) {
		const struct backend_said *b = vec_at(&v->patient.backends, i);

		json_open(&j, '{', true);
		json_kv_string(&j, "name", b->name);
		json_kv_int(&j, "devices", (int64_t)b->devices);
		json_kv_string(&j, "result", hg_err_name(b->rc));
		json_kv_string(&j, "reason", b->reason);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_addc(&cli->out, '\n');
}

static int run(struct cli *cli, const struct args *args)
{
	bool all = args_has(args, "rules");
	struct visit v = {.failed = HG_OK};
	size_t n = 0;
	int rc = EXIT_OK;

	arena_init(&v.arena, (size_t)1 << 20);
	vec_init(&v.patient.backends, sizeof(struct backend_said), BACKENDS_MAX);
	if (!all)
		rc = visit_begin(cli, &v);
	if (rc == EXIT_OK) {
		for (const struct rule *r = doctor_rules; !all && r->id; r++)
			n += !r->minor && doctor_holds(&v.patient, r);
		if (args_has(args, "json"))
			report_json(cli, &v, all, n);
		else
			report_text(cli, &v, all, n);
	}
	visit_end(&v);
	return rc == EXIT_OK && n ? EXIT_FALSE : rc;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.path = "doctor",
	.page = "hourglass-doctor",
	.usage = "[--rules] [--json]",
	.summary = "what keeps hourglass from measuring here, and the exact line that fixes it",
	.text = "Changes nothing. Exit status 1: there is something to fix.",
	.tables = {doctor_options},
	.run = run,
};
