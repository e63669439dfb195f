/* completion: a script that teaches a shell our commands and options. */
#include <string.h>

#include "cmd.h"
#include "completion.h"
#include "core/json.h"
#include "core/text.h"

static const char *const shells[] = {"bash", "zsh", "fish"};

static int run(struct cli *cli, const struct args *args)
{
	const char *shell = args->operands[0];
	struct json_out j;
	struct buf script;
	int rc = EXIT_OK;

	buf_init(&script, 1u << 24);
	if (strcmp(shell, "bash") == 0) {
		completion_bash(&script);
	} else if (strcmp(shell, "zsh") == 0) {
		completion_zsh(&script);
	} else if (strcmp(shell, "fish") == 0) {
		completion_fish(&script);
	} else {
		const char *near = nearest_word(shell, shells, 3);

		rc = near ? cli_usage(cli, "no shell '%.80s'; did you mean '%s'?", shell, near)
			  : cli_usage(cli, "no shell '%.80s'; known are bash, zsh, fish", shell);
		goto out;
	}
	if (script.failed != HG_OK) {
		rc = cli_broken(cli, script.failed);
	} else if (args_has(args, "json")) {
		json_out_init(&j, &cli->out);
		json_open(&j, '{', true);
		json_kv_string(&j, "schema", "hourglass.completion/1");
		json_kv_string(&j, "shell", shell);
		json_kv_string(&j, "script", script.data);
		json_close(&j, '}');
		buf_addc(&cli->out, '\n');
	} else {
		buf_add(&cli->out, script.data, script.len);
	}
out:
	buf_finish(&script);
	return rc;
}

const struct command cmd_completion = {
	.name = "completion",
	.path = "completion",
	.page = "hourglass-completion",
	.usage = "bash | zsh | fish",
	.summary = "print a completion script for a shell",
	.text = "bash: hourglass completion bash >/etc/bash_completion.d/hourglass\n"
		"zsh:  hourglass completion zsh >/usr/local/share/zsh/site-functions/_hourglass\n"
		"fish: hourglass completion fish >~/.config/fish/completions/hourglass.fish",
	.operand = OPERAND_SHELL,
	.operand_name = "SHELL",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
