/* The page of plan show. */
#ifndef HG_CLI_PLAN_PAGE_H
#define HG_CLI_PLAN_PAGE_H

#include "plan.h"

/** Most positions of the slider. */
#define PAGE_PLANS 25

/** What the page is about: all of a PLANS file, or one plan.csv. */
struct page {
	const struct plans *plans;    /* NULL: rows only */
	const struct plan_rows *rows; /* NULL: plans only */
	const char *title;
	hg_plan *plan[PAGE_PLANS]; /* by rising time */
	size_t n_plans;
};

/** Writes what the page of a plan.csv alone is made from, as members of the open object. */
hg_err page_rows_json(struct json_out *j, const struct plan_rows *rows);

/** Appends the page: one self-contained HTML file. */
hg_err plan_page(struct buf *out, const struct page *page);

#endif
