/* A tuner that must come into being, and what it reports; for tests. */
#ifndef HG_TESTS_TUNER_H
#define HG_TESTS_TUNER_H

#include "cmocka-all.h"

#include <hourglass/tune.h>

static inline hg_tune *tuner(const hg_tune_opts *o)
{
	hg_error why = {""};
	hg_tune *t = NULL;

	if (hg_tune_create(o, &t, &why) != HG_OK)
		print_error("%s\n", why.text);
	assert_non_null(t);
	return t;
}

static inline hg_tune_report report_of(const hg_tune *t)
{
	hg_tune_report r = {.size = sizeof r};

	hg_tune_get_report(t, &r);
	return r;
}

#endif
