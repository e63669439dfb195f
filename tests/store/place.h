/* Where the stores of a test are: in files, or with HG_TEST_POSTGRES in that server. */
#ifndef HG_TEST_PLACE_H
#define HG_TEST_PLACE_H

#include <stdbool.h>

#include "cmocka-all.h"
#include "store/desk.h"

struct place {
	char dir[64], url[512];
	bool sqlite;
};

/** Nothing is in it. */
void place_init(struct place *p);
void place_finish(struct place *p);
/** Opens it; must succeed. */
struct store *place_open(const struct place *p, enum open_mode mode);
/** A job of four sizes, target accuracy >= 0.9, 10 epochs. */
struct store_spec place_spec(void);
/** Runs a statement behind the store's back. */
void place_script(const struct place *p, const char *sql);

#define HOUR_MS 3600000

/** One test: an empty place, and the time that stores opened by open_as() believe in. */
struct fixture {
	struct place place;
	int64_t wall_ms; /* what stores opened by open_at() take for the time */
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/** As a program of that schema; 0: this one. */
struct store *open_as(struct fixture *f, enum open_mode mode, unsigned schema);
/** A new store with a job "job". */
struct store *with_job(struct fixture *f);
/** The next trial of it. */
struct store_trial claim(struct store *s, int64_t lease_ms);
/** A report of one of its trials. */
struct desk_answer tell(struct store *s, int64_t number, double epochs, double metric,
	double energy_j, double time_s);
struct store_trial trial(struct store *s, int64_t number);
/** store_check() finds nothing. */
void assert_sound(struct store *s);

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		hg_err assert_ok_err = (call);                                                     \
		if (assert_ok_err != HG_OK)                                                        \
			fail_msg("%s: %s: %s", #call, hg_err_name(assert_ok_err), why.text);       \
	} while (0)

#endif
