/* What the files of the store share. */
#ifndef HG_STORE_INSIDE_H
#define HG_STORE_INSIDE_H

#include "store.h"

struct store {
	const struct store_driver *driver;
	void *db;
	enum open_mode mode;
	int64_t (*wall_ms)(void *user);
	void *user;
	unsigned schema; /* of this program */
	bool busy;       /* a transaction is under way */
	int64_t now_ms;
	char uid[STORE_UID];
};

/** Numbers of statements, for the driver's memory of prepared ones. */
enum statement_id {
	ST_EXISTS,
	ST_VERSION,
	ST_META_ADD,
	ST_META_SET,
	ST_META_GET,
	ST_JOB_ADD,
	ST_JOB_GET,
	ST_JOB_HOLD,
	ST_JOB_COUNT,
	ST_JOBS,
	ST_NAMES,
	ST_KIN_ADD,
	ST_KINS,
	ST_TRIAL_ADD,
	ST_TRIAL_GET,
	ST_TRIAL_PUT,
	ST_TRIAL_FIND,
	ST_TRIALS,
	ST_OVERDUE,
	ST_REPORT_ADD,
	ST_REPORTS,
	ST_NEWEST_REPORTS,
	ST_CHECK /* and so many more as there are checks */
};

/** Runs a statement in the transaction under way. */
hg_err store_run(struct store *s, enum statement_id id, const char *sql, const struct value *args,
	size_t n, row_fn row, void *user, int64_t *changed, hg_error *why);

static inline struct value value_int(int64_t i)
{
	return (struct value){.type = VALUE_INT, .i = i};
}

static inline struct value value_text(const char *s)
{
	return (struct value){.type = VALUE_TEXT, .s = s};
}

/** NAN is NULL: databases differ in what they make of it. */
struct value value_real(double d);
/* Columns of a row; what is NULL is 0, NAN or "". */
int64_t row_int(const struct value *v);
double row_real(const struct value *v);
void row_text(const struct value *v, char *text, size_t room);

/** Makes the schema, or brings it up to date. @return as store_open() */
hg_err schema_settle(struct store *s, hg_error *why);
/** That the schema is still that of this program. */
hg_err schema_still(struct store *s, hg_error *why);

#endif
