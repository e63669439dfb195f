/* The options of a bench: one table of them drives the reading, what is refused, and --help. */
#ifndef HG_BENCH_OPTIONS_H
#define HG_BENCH_OPTIONS_H

/** What comes after an option. */
enum bench_kind {
	BENCH_FLAG,   /* nothing; to is a bool */
	BENCH_TEXT,   /* anything; to is a const char * */
	BENCH_NUMBER, /* a number from min to max; to is a double */
	BENCH_WORD    /* one of the words in value, "a|b"; to is an unsigned, whose bit is set */
};

/** One option. A list of them ends with a name of NULL. */
struct bench_option {
	const char *name; /* "--seeds" */
	enum bench_kind kind;
	void *to;
	const char *value; /* "N", or the words */
	double min, max;
	const char *text;
};

/**
 * Reads the options of a bench into what they point to. --help lists them and ends the program;
 * what is not known, lacks its value or has a wrong one is named on standard error, and ends it
 * with status 2. Lines go out one by one from here on, to files and pipes too.
 *
 * @param most  operands that the bench takes; they are moved to argv[1] and on
 * @return how many operands there are
 */
int bench_options(
	const char *bench, int argc, char **argv, int most, const struct bench_option *options);

#endif
