/* What knobs must fulfil together: "gpus * batch_size <= 4096". */
#ifndef HG_SOFTWARE_SEARCH_CONSTRAINT_H
#define HG_SOFTWARE_SEARCH_CONSTRAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/search.h>

/** Most numbers, knobs and operators of one. */
#define CONSTRAINT_OPS 64
/** Most brackets and signs within each other. */
#define CONSTRAINT_DEPTH 24
/** How much two sides may differ and still be equal, as a share of the larger: rounding. */
#define CONSTRAINT_ROUNDING 1e-12

/** A constraint, as a program for a stack. */
struct constraint {
	struct constraint_op {
		char kind; /* 'n'umber, 'k'nob, '_' for a sign, + - * / % */
		uint8_t knob;
		double number;
	} op[CONSTRAINT_OPS];
	size_t n, right; /* ops; where those of the right side begin */
	char relation;   /* = ! < > l(ess or equal) g(reater or equal) */
	size_t last;     /* the last knob that it names */
};

/**
 * Reads a constraint: two sums of products and quotients of knobs and numbers, and == != <= < >= or
 * > between them. Knobs whose names are more than letters, digits, '_' and '.' stand in ''.
 * @param why  the text names the byte, not the file
 * @return HG_OK, HG_EFORMAT
 */
hg_err constraint_parse(struct constraint *c, const char *text, const hg_knob_def *knobs,
	size_t n_knobs, hg_error *why);

/** Whether it holds. A side that is no finite number, such as a quotient by 0, holds nowhere. */
bool constraint_holds(const struct constraint *c, const double *cells);

#endif
