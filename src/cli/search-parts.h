/* What the parts of a search share: search-job.c reads and reports, search-run.c measures. */
#ifndef HG_CLI_SEARCH_PARTS_H
#define HG_CLI_SEARCH_PARTS_H

#include "core/file-log.h"
#include "search-job.h"
#include "search-measure.h"
#include "search-tries.h"
#include "software/search/spec.h"
#include "term.h"

struct search_job {
	struct cli *cli;
	const struct args *args;
	struct spec spec;
	hg_search *search;
	const char *log_path;
	struct file_log log;
	struct vec results; /* hg_search_result: in the order in which they came */
	size_t resumed;     /* of them, from the log */
	double *table;      /* n_configs x 2: seconds and joules; NULL: measured */
	struct watch watch;
	uint64_t most; /* for the progress */
	struct measure running[SEARCH_AT_ONCE];
	struct tries tries;
	struct vec garbled; /* double: cells of what was garbled, in whose order they are tries */
	struct vec again;   /* uint32_t: to be tried once more */
	uint64_t failed_in_row;
	bool gave_up; /* so many failed in a row that it ended */
};

/** Cells of a configuration that was proposed or told. */
const double *search_cells(const struct search_job *job, uint32_t config);
/** "device=v100 batch_size=8". @param out  initialised by the call */
void search_setting_words(const struct search_job *job, const double *cells, struct buf *out);
/** Appends the name of the variable that a knob's value is in. */
void search_variable(const char *knob, struct buf *out);
/** Tells the search, and keeps it for the report. */
hg_err search_take(struct search_job *job, const hg_search_result *r, hg_error *why);
/** Counts an attempt that gave no result. @param last  receives whether its setting has failed */
hg_err search_garbled(struct search_job *job, const double *cells, bool *last, hg_error *why);
/** Appends to the log, if there is one. @param failed  why, or NULL. @return exit code */
int search_log(struct search_job *job, const hg_search_result *r, const char *failed);
/** search_log() and search_take(). @return exit code */
int search_keep(struct search_job *job, const hg_search_result *r, const char *failed);

#endif
