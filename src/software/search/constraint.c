/*
 * What knobs must fulfil together. A reader by recursive descent:
 *
 *     constraint  sum RELATION sum
 *     sum         product { + or - product }
 *     product     factor { * or / or % factor }
 *     factor      NUMBER, NAME, 'NAME', ( sum ), - factor
 */
#include "constraint.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/number.h"
#include "core/text.h"

struct reader {
	struct constraint *c;
	const char *text;
	size_t at, depth;
	const hg_knob_def *knobs;
	size_t n_knobs;
	bool named; /* a knob was */
	hg_error *why;
};

static hg_err wrong(const struct reader *r, const char *what)
{
	const char *at = r->text + r->at;

	if (!*at)
		return fail(r->why, HG_EFORMAT, "at its end: %s", what);
	return fail(r->why, HG_EFORMAT, "at byte %zu, \"%.20s\": %s", r->at + 1, at, what);
}

static void skip_space(struct reader *r)
{
	while (r->text[r->at] == ' ' || r->text[r->at] == '\t')
		r->at++;
}

static hg_err emit(struct reader *r, char kind, size_t knob, double number)
{
	if (r->c->n == CONSTRAINT_OPS)
		return wrong(r, "too many numbers, knobs and operators");
	r->c->op[r->c->n++] = (struct constraint_op){kind, (uint8_t)knob, number};
	return HG_OK;
}

static hg_err read_number(struct reader *r)
{
	const char *from = r->text + r->at;
	size_t n = 0;
	double v;

	while (isalnum((unsigned char)from[n]) || from[n] == '.' ||
		(n > 0 && (from[n] == '-' || from[n] == '+') && tolower(from[n - 1]) == 'e'))
		n++;
	if (!double_parse(from, n, true, &v))
		return wrong(r, "not a number");
	r->at += n;
	return emit(r, 'n', 0, v);
}

static hg_err no_knob(const struct reader *r, const struct slice *name)
{
	const char *known[HG_SEARCH_MAX_KNOBS], *near;
	char text[64];

	(void)snprintf(
		text, sizeof text, "%.*s", (int)(name->len < 60 ? name->len : 60), name->text);
	for (size_t k = 0; k < r->n_knobs; k++)
		known[k] = r->knobs[k].name;
	near = nearest_word(text, known, r->n_knobs);
	return near ? fail(r->why, HG_EFORMAT, "no knob \"%s\"; did you mean \"%s\"?", text, near)
		    : fail(r->why, HG_EFORMAT, "no knob \"%s\"", text);
}

static hg_err emit_knob(struct reader *r, struct slice name)
{
	size_t k = 0;

	while (k < r->n_knobs && !slice_is(name, r->knobs[k].name))
		k++;
	if (k == r->n_knobs)
		return no_knob(r, &name);
	if (r->knobs[k].choices)
		return fail(r->why, HG_EFORMAT, "\"%s\" is words: nothing to compute with",
			r->knobs[k].name);
	if (!r->named || k > r->c->last)
		r->c->last = k;
	r->named = true;
	return emit(r, 'k', k, 0);
}

static hg_err read_name(struct reader *r)
{
	const char *from = r->text + r->at;
	size_t n = 0;

	if (*from == '\'') {
		const char *end = strchr(from + 1, '\'');

		if (!end)
			return wrong(r, "no ' at the name's end");
		n = (size_t)(end - from) - 1;
		r->at += n + 2;
		return emit_knob(r, (struct slice){from + 1, n});
	}
	while (isalnum((unsigned char)from[n]) || from[n] == '_' || from[n] == '.')
		n++;
	if (n == 0)
		return wrong(r, "expected a knob, a number or (");
	r->at += n;
	return emit_knob(r, (struct slice){from, n});
}

static hg_err read_sum(struct reader *r);

static hg_err read_factor(struct reader *r)
{
	char c;
	hg_err rc;

	skip_space(r);
	c = r->text[r->at];
	if (c != '(' && c != '-')
		return isdigit((unsigned char)c) || c == '.' ? read_number(r) : read_name(r);
	if (r->depth == CONSTRAINT_DEPTH)
		return wrong(r, "too many brackets and signs within each other");
	r->depth++;
	r->at++;
	rc = c == '(' ? read_sum(r) : read_factor(r);
	if (rc == HG_OK && c == '-')
		rc = emit(r, '_', 0, 0);
	if (rc == HG_OK && c == '(') {
		if (r->text[r->at] != ')')
			return wrong(r, "expected ) or an operator");
		r->at++;
	}
	r->depth--;
	return rc;
}

/** One or more operands with operators of one rank between them. */
static hg_err read_chain(
	struct reader *r, const char *operators, hg_err (*operand)(struct reader *))
{
	hg_err rc = operand(r);

	while (rc == HG_OK) {
		char c;

		skip_space(r);
		c = r->text[r->at];
		if (!c || !strchr(operators, c))
			break;
		r->at++;
		rc = operand(r);
		if (rc == HG_OK)
			rc = emit(r, c, 0, 0);
	}
	return rc;
}

static hg_err read_product(struct reader *r)
{
	return read_chain(r, "*/%", read_factor);
}

static hg_err read_sum(struct reader *r)
{
	return read_chain(r, "+-", read_product);
}

static hg_err read_relation(struct reader *r)
{
	static const struct {
		const char *text;
		char kind;
	} known[] = {{"==", '='}, {"!=", '!'}, {"<=", 'l'}, {">=", 'g'}, {"<", '<'}, {">", '>'}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strncmp(r->text + r->at, known[i].text, strlen(known[i].text)) == 0) {
			r->c->relation = known[i].kind;
			r->c->right = r->c->n;
			r->at += strlen(known[i].text);
			return HG_OK;
		}
	return wrong(r, "expected an operator, or ==, !=, <=, <, >= or >");
}

hg_err constraint_parse(struct constraint *c, const char *text, const hg_knob_def *knobs,
	size_t n_knobs, hg_error *why)
{
	struct reader r = {.c = c, .text = text, .knobs = knobs, .n_knobs = n_knobs, .why = why};
	hg_err rc;

	c->n = c->right = c->last = 0;
	rc = read_sum(&r);
	if (rc == HG_OK)
		rc = read_relation(&r);
	if (rc == HG_OK)
		rc = read_sum(&r);
	if (rc == HG_OK && text[r.at])
		rc = wrong(&r, "expected an operator or the end");
	if (rc == HG_OK && !r.named)
		rc = fail(why, HG_EFORMAT, "it names no knob");
	return rc;
}

static double compute(char kind, double a, double b)
{
	switch (kind) {
	case '+':
		return a + b;
	case '-':
		return a - b;
	case '*':
		return a * b;
	case '/':
		return a / b;
	default:
		return fmod(a, b);
	}
}

static double side(const struct constraint *c, const double *cells, size_t from, size_t to)
{
	double stack[CONSTRAINT_OPS] = {0};
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		const struct constraint_op *op = &c->op[i];

		if (op->kind == 'n' || op->kind == 'k') {
			stack[n++] = op->kind == 'n' ? op->number : cells[op->knob];
		} else if (op->kind == '_') {
			stack[n - 1] = -stack[n - 1];
		} else {
			n--;
			stack[n - 1] = compute(op->kind, stack[n - 1], stack[n]);
		}
	}
	return stack[0];
}

bool constraint_holds(const struct constraint *c, const double *cells)
{
	double a = side(c, cells, 0, c->right), b = side(c, cells, c->right, c->n);
	bool same;

	if (!isfinite(a) || !isfinite(b))
		return false;
	same = fabs(a - b) <= CONSTRAINT_ROUNDING * fmax(fabs(a), fabs(b));
	switch (c->relation) {
	case '=':
		return same;
	case '!':
		return !same;
	case 'l':
		return same || a < b;
	case 'g':
		return same || a > b;
	case '<':
		return !same && a < b;
	default:
		return !same && a > b;
	}
}
