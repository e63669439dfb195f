#include "fits.h"

#include "core/file.h"
#include "load.h"

int observations_read(struct cli *cli, const char *path, hg_obs_set **out)
{
	hg_error why = {""};
	struct buf text;
	hg_err rc = file_read(path, FILE_MAX, &text, &why);

	*out = NULL;
	if (rc == HG_OK)
		rc = hg_obs_parse(text.data ? text.data : "", text.len, path_text(path), out, &why);
	buf_finish(&text);
	return rc == HG_OK ? EXIT_OK : cli_input_error(cli, rc, &why);
}

void knobs_json(struct json_out *j, const hg_knobs *k)
{
	json_open(j, '{', true);
	if (k->cap_w > 0)
		json_kv_number(j, "power_limit_w", k->cap_w);
	if (k->clock_hz > 0)
		json_kv_number(j, "clock_hz", k->clock_hz);
	json_close(j, '}');
}

void knobs_cell(struct table *t, const hg_knobs *k)
{
	char cap[QUANTITY_TEXT], clock[QUANTITY_TEXT];
	bool both = k->cap_w > 0 && k->clock_hz > 0;

	table_cell(t, "%s%s%s%s",
		k->cap_w > 0 ? quantity_format(QUANTITY_POWER, k->cap_w, cap) : "",
		both ? ", " : "",
		k->clock_hz > 0 ? quantity_format(QUANTITY_CLOCK, k->clock_hz, clock) : "",
		k->cap_w > 0 || k->clock_hz > 0 ? "" : "default");
}
