/* What a space leaves out, and what its readers share. */
#ifndef HG_SOFTWARE_SEARCH_RULES_H
#define HG_SOFTWARE_SEARCH_RULES_H

#include "constraint.h"
#include "spec.h"

/** Most rules of a space. */
#define RULES_MAX 65536

/** A setting is left out where all parts fit, and what must hold then, if anything, does not. */
struct rule {
	struct rule_part {
		size_t knob;
		const struct json *is; /* a value, a list of values, or a range */
	} * parts;
	size_t n_parts;
	struct constraint *holds; /* or NULL */
	size_t last;              /* of the knobs that it looks at */
};

/** Reads "exclude" and "constraints"; the knobs are known. */
hg_err rules_read(struct spec *s, hg_error *why);
/** Whether the cell of knob n - 1, the last of the n that are set, leads to nothing but settings
 * that are left out. */
bool rules_refuse(const struct spec *s, const double *cells, size_t n);

/** The error that a value is of another type than `text` asks for. */
hg_err spec_bad(const struct spec *s, const struct json *at, hg_error *why, const char *text);
/** Only these members, so that a misspelt one is not passed over. */
hg_err spec_only(const struct spec *s, const struct json *obj, const char *const *known, size_t n,
	hg_error *why);

#endif
