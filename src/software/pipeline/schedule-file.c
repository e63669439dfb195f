/* Schedule files, hourglass.schedule/1: the CSV that PyTorch's pipelining writes, one line a rank,
 * with a first line of comment that names the version. */
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

#include "schedule.h"

#define SCHEMA  "hourglass.schedule/"
#define VERSION "1"
/* Most bytes of a file that is written: 24 a step. */
#define FILE_BYTES (SCHEDULE_OPS * 24)

struct reader {
	hg_schedule *s;
	const char *origin;
	size_t line;
	bool ended; /* a line without cells was seen: only blank ones may follow */
	hg_error *why;
};

static hg_err bad_cell(const struct reader *r, struct slice cell, const char *expected)
{
	return fail(r->why, HG_EFORMAT, "%s:%zu: cell \"%.*s\": expected %s", r->origin, r->line,
		cell.len < 60 ? (int)cell.len : 60, cell.text, expected);
}

static hg_err full(const struct reader *r, hg_err err)
{
	if (err == HG_ELIMIT)
		return fail(r->why, err, "%s:%zu: expected at most %zu steps and %u ranks",
			r->origin, r->line, SCHEDULE_OPS, SCHEDULE_RANKS);
	return err ? fail(r->why, err, "%s: out of memory", r->origin) : HG_OK;
}

/* What PyTorch writes of communication: our edges say it already. */
static bool is_communication(struct slice word)
{
	static const char *const words[] = {
		"SEND_F", "RECV_F", "SEND_B", "RECV_B", "UNSHARD", "RESHARD", "REDUCE_GRAD"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_is(word, words[i]))
			return true;
	return false;
}

static size_t digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.text[n] >= '0' && s.text[n] <= '9')
		n++;
	return n;
}

static hg_err read_step(struct reader *r, struct slice cell)
{
	static const char expected[] = "STAGE KIND MICROBATCH such as 0F3, the kind one of F, B, "
				       "I, W, R, or nothing";
	size_t head = digits(cell), tail = cell.len;
	uint64_t stage, microbatch;

	while (tail > head && cell.text[tail - 1] >= '0' && cell.text[tail - 1] <= '9')
		tail--;
	if (!uint64_parse(cell.text, head, &stage))
		return bad_cell(r, cell, expected);
	if (is_communication((struct slice){cell.text + head, tail - head}))
		return HG_OK;
	if (tail != head + 1 || !uint64_parse(cell.text + tail, cell.len - tail, &microbatch))
		return bad_cell(r, cell, expected);
	if (stage >= SCHEDULE_RANKS || microbatch >= SCHEDULE_MICROBATCHES)
		return bad_cell(r, cell, "a stage below 65536 and a microbatch below 1048576");
	for (unsigned p = 0; p < PHASES; p++)
		if (cell.text[head] == phase_letter((hg_phase)p))
			return full(r, schedule_add(r->s, (hg_phase)p, (uint32_t)stage,
					       (uint32_t)microbatch));
	return bad_cell(r, cell, expected);
}

/* "(0F3;7B1)OVERLAP_F_B": computed at once; here one after the other. */
static hg_err read_overlap(struct reader *r, struct slice cell)
{
	const char *end = memchr(cell.text, ')', cell.len);
	struct slice rest = {cell.text + 1, 0};
	hg_err err = HG_OK;

	if (!end || !slice_is((struct slice){end + 1, cell.len - (size_t)(end + 1 - cell.text)},
			    "OVERLAP_F_B"))
		return bad_cell(r, cell, "(STEP;STEP)OVERLAP_F_B");
	rest.len = (size_t)(end - rest.text);
	while (rest.text && !err)
		err = read_step(r, slice_trim(slice_cut(&rest, ';')));
	return err;
}

static hg_err read_comment(struct reader *r, struct slice line)
{
	size_t n = strlen(SCHEMA);
	struct slice version;

	line = slice_trim((struct slice){line.text + 1, line.len - 1});
	if (line.len < n || memcmp(line.text, SCHEMA, n) != 0)
		return HG_OK;
	version = (struct slice){line.text + n, line.len - n};
	if (slice_is(version, VERSION))
		return HG_OK;
	return fail(r->why, HG_EVERSION,
		"%s:%zu: expected " SCHEMA VERSION ", found " SCHEMA "%.*s", r->origin, r->line,
		version.len < 40 ? (int)version.len : 40, version.text);
}

static hg_err read_line(struct reader *r, struct slice line)
{
	size_t before = r->s->ops.len;
	hg_err err = HG_OK;

	line = slice_trim(line);
	if (line.len && line.text[0] == '#')
		return read_comment(r, line);
	while (line.text && !err) {
		struct slice cell = slice_trim(slice_cut(&line, ','));

		if (cell.len)
			err = cell.text[0] == '(' ? read_overlap(r, cell) : read_step(r, cell);
	}
	if (err || r->s->ops.len == before) {
		r->ended |= r->s->ranks > 0;
		return err;
	}
	if (r->ended)
		return fail(r->why, HG_EFORMAT,
			"%s:%zu: expected the ranks line after line, found cells below a line "
			"without any",
			r->origin, r->line);
	r->s->ranks++;
	return full(r, schedule_end_rank(r->s));
}

/* Stages, microbatches and chunks by what the cells name. */
static hg_err measure(struct reader *r)
{
	hg_schedule *s = r->s;
	const hg_schedule_op *ops = s->ops.data;

	if (s->ops.len == 0)
		return fail(r->why, HG_EFORMAT, "%s: expected one line of cells a rank, found none",
			r->origin);
	for (size_t i = 0; i < s->ops.len; i++) {
		if (ops[i].stage >= s->stages)
			s->stages = ops[i].stage + 1;
		if (ops[i].microbatch >= s->microbatches)
			s->microbatches = ops[i].microbatch + 1;
	}
	if ((uint64_t)s->stages * s->microbatches > s->ops.len / 2)
		return fail(r->why, HG_EINVAL,
			"%s: %u stages and %u microbatches need %llu cells at least, found %zu",
			r->origin, s->stages, s->microbatches,
			2 * (unsigned long long)s->stages * s->microbatches, s->ops.len);
	s->chunks = (s->stages + s->ranks - 1) / s->ranks;
	s->group = s->ranks;
	return HG_OK;
}

hg_err hg_schedule_parse(
	const char *text, size_t len, const char *origin, hg_schedule **out, hg_error *why)
{
	struct reader r = {.origin = origin, .why = why};
	struct slice rest = {len ? text : "", len};
	hg_err err = HG_OK;

	*out = NULL;
	r.s = schedule_new(HG_SCHEDULE_FILE, 0);
	if (!r.s)
		return fail(why, HG_ENOMEM, "%s: out of memory", origin);
	while (rest.text && !err) {
		r.line++;
		err = read_line(&r, slice_cut(&rest, '\n'));
	}
	if (!err)
		err = measure(&r);
	if (!err)
		err = schedule_check(r.s, origin, why);
	if (err)
		hg_schedule_destroy(r.s);
	else
		*out = r.s;
	return err;
}

hg_err hg_schedule_format(const hg_schedule *s, char **text, size_t *len, hg_error *why)
{
	const size_t *begins = s->begins.data;
	const hg_schedule_op *ops = s->ops.data;
	struct buf out;
	hg_err err;

	*text = NULL;
	*len = 0;
	buf_init(&out, FILE_BYTES);
	buf_adds(&out, "# " SCHEMA VERSION "\n");
	for (uint32_t r = 0; r < s->ranks; r++) {
		for (size_t i = begins[r]; i < begins[r + 1]; i++)
			buf_addf(&out, "%s%u%c%u", i > begins[r] ? "," : "", ops[i].stage,
				phase_letter(ops[i].phase), ops[i].microbatch);
		buf_addc(&out, '\n');
	}
	err = out.failed;
	if (err) {
		buf_finish(&out);
		return fail(why, err, "schedule: %s", hg_err_text(err));
	}
	*len = out.len;
	*text = buf_steal(&out);
	return HG_OK;
}
