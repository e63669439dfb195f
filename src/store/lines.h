/*
 * Stores as JSON lines, hourglass.store/1: one record a line, each job followed by its trials, each
 * trial by its reports. What can be moved between databases, kept in version control, read by jq.
 */
#ifndef HG_STORE_LINES_H
#define HG_STORE_LINES_H

#include "store.h"

/** What was written or read. */
struct lines_count {
	int64_t jobs, trials, reports;
	int64_t known; /* trials that were here already */
};

/**
 * Appends everything, or one job, in a transaction of its own.
 * @param job  NULL: all
 */
hg_err lines_export(struct store *s, const char *job, struct buf *out, struct lines_count *count,
	hg_error *why);

/**
 * Reads such lines into a store: all of them, or nothing. What is here already stays, and grows by
 * reports that it lacks; so the same file read twice changes nothing.
 * @param origin  what the text is called
 * @return HG_OK; HG_EFORMAT, HG_EVERSION (file, line, field); HG_EINVAL (a job is here with another
 *         spec); as store_commit()
 */
hg_err lines_import(struct store *s, const char *text, size_t len, const char *origin,
	struct lines_count *count, hg_error *why);

/* ----- one line each, for tests */

enum lines_kind {
	LINE_STORE,
	LINE_JOB,
	LINE_KIN,
	LINE_TRIAL,
	LINE_REPORT,
	LINE_END
};

/** A line that was read. */
struct line {
	enum lines_kind kind;
	char job[STORE_NAME]; /* of kin and report */
	int64_t number;       /* of report: its trial */
	struct store_job of_job;
	struct store_kin kin;
	struct store_trial trial;
	struct store_report report;
	struct lines_count end;
};

void line_write(struct buf *out, const struct line *l);
/** @param number  of the line, from 1 */
hg_err line_read(const char *data, size_t len, const char *origin, uint32_t number,
	struct line *out, hg_error *why);

#endif
