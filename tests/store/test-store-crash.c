/*
 * Many processes at once, and processes that are killed at any instant.
 *
 * HG_LONG: 1,000 kills and 10,000 trials among 64 processes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/rng.h"
#include "place.h"

#define PROCESSES 64
#define LEASE_MS  3600000

static bool is_long(void)
{
	return getenv("HG_LONG") != NULL;
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct store_spec spec = place_spec();
	struct store *s;
	hg_error why = {""};

	place_init(p);
	s = place_open(p, OPEN_CREATE);
	spec.max_epochs = 1000000;
	spec.target = 2;
	assert_ok(desk_new(s, "job", &spec, NULL, 0, &why));
	store_close(s);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	place_finish(*state);
	free(*state);
	return 0;
}

static hg_err first_size(
	void *user, struct store *s, struct store_job *job, hg_recur_decision *out, hg_error *why)
{
	(void)s;
	(void)why;
	*out = (hg_recur_decision){.size = sizeof *out,
		.batch_size = job->spec.batch_sizes[0],
		.max_epochs = 10,
		.bound_j = 1e9};
	return user && job->trials >= *(const int64_t *)user ? HG_EABORTED : HG_OK;
}

static _Noreturn void leave(int code)
{
	/* no handlers: those of the parent's tests are not ours */
	_exit(code);
}

/* ----- each trial once */

static _Noreturn void claim_all(const struct place *p, int64_t total, int out)
{
	const struct store_opts opts = {.mode = OPEN_WRITE};
	struct store *s;
	struct store_trial t;
	hg_error why = {""};
	hg_err err = store_open(p->url, &opts, &s, &why);

	while (err == HG_OK) {
		err = desk_next(s, "job", "x", LEASE_MS, first_size, &total, &t, &why);
		if (err == HG_OK && write(out, &t.number, sizeof t.number) != sizeof t.number)
			leave(3);
	}
	if (err != HG_EABORTED)
		(void)fprintf(stderr, "claim: %s\n", why.text);
	leave(err == HG_EABORTED ? 0 : 2);
}

static void test_claims(void **state)
{
	const struct place *p = *state;
	int64_t total = is_long() ? 10000 : 2000, number, n = 0;
	unsigned char *seen = calloc((size_t)total + 1, 1);
	int fds[2], status;

	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			claim_all(p, total, fds[1]);
	close(fds[1]);
	while (read(fds[0], &number, sizeof number) == sizeof number) {
		assert_in_range(number, 1, total);
		assert_int_equal(seen[number], 0);
		seen[number] = 1;
		n++;
	}
	close(fds[0]);
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(n, total);
	free(seen);
}

/* ----- killed at any instant */

/* What a client was told is done. */
struct told {
	int64_t number, reports;
};

static _Noreturn void work(const struct place *p, int out)
{
	const struct store_opts opts = {.mode = OPEN_WRITE};
	struct store *s;
	struct store_trial t;
	hg_error why = {""};

	if (store_open(p->url, &opts, &s, &why) != HG_OK)
		goto bad;
	for (;;) {
		if (desk_next(s, "job", "x", LEASE_MS, first_size, NULL, &t, &why) != HG_OK)
			goto bad;
		for (int64_t k = 1; k <= 4; k++) {
			const hg_recur_report r = {.size = sizeof r,
				.epochs = (double)k,
				.metric = 0.1,
				.energy_j = (double)k,
				.time_s = (double)k};
			const struct told told = {t.number, k};
			struct desk_answer a;

			if (desk_report(s, "job", t.number, &r, 0, &a, &why) != HG_OK)
				goto bad;
			if (write(out, &told, sizeof told) != sizeof told)
				leave(3);
		}
	}
bad:
	(void)fprintf(stderr, "work: %s\n", why.text);
	leave(2);
}

static void sleep_us(uint64_t us)
{
	nanosleep(&(struct timespec){0, (long)us * 1000}, NULL);
}

/* The last thing that the victim was told; all before is implied by the order of numbers. */
static struct told kill_one(const struct place *p, struct rng *rng, uint64_t most_us)
{
	struct told told = {0, 0}, next;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		work(p, fds[1]);
	}
	close(fds[1]);
	/* one in eight may be at its start, the others are at work */
	if (rng_below(rng, 8) != 0 && read(fds[0], &next, sizeof next) == sizeof next)
		told = next;
	sleep_us(rng_below(rng, most_us));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &next, sizeof next) == sizeof next)
		told = next;
	close(fds[0]);
	return told;
}

static void assert_there(struct store *s, const struct told *told)
{
	struct store_trial t;
	hg_error why = {""};

	if (told->number == 0)
		return;
	assert_ok(store_begin(s, ACCESS_LOOK, &why));
	assert_ok(store_trial_get(s, "job", told->number, &t, &why));
	store_rollback(s);
	assert_true(t.reports >= told->reports);
	assert_true(t.t.epochs >= (double)told->reports);
}

static void test_kills(void **state)
{
	const struct place *p = *state;
	int rounds = is_long() ? 1000 : 200, heard = 0;
	struct rng rng;

	rng_init(&rng, 11);
	for (int i = 0; i < rounds; i++) {
		struct told told = kill_one(p, &rng, p->sqlite ? 4000 : 8000);
		struct store *s = place_open(p, OPEN_WRITE);

		heard += told.number > 0;
		assert_there(s, &told);
		if (i % 10 == 9 || i == rounds - 1)
			assert_sound(s);
		store_close(s);
	}
	/* most were killed at work, not before */
	print_message("%d of %d were told something before they died\n", heard, rounds);
	assert_true(heard > rounds / 2);
}

/* The file is made by a process that is killed: the next one makes it, or finds it whole. */
static void test_killed_birth(void **state)
{
	struct place *p = *state;
	const struct store_opts opts = {.mode = OPEN_CREATE};
	struct rng rng;

	if (!p->sqlite)
		skip();
	rng_init(&rng, 12);
	for (int i = 0; i < (is_long() ? 300 : 60); i++) {
		struct store *s;
		hg_error why = {""};
		int status;
		pid_t pid;

		(void)snprintf(p->url, sizeof p->url, "%s/born-%d.db", p->dir, i);
		pid = fork();
		if (pid == 0) {
			(void)store_open(p->url, &opts, &s, &why);
			pause();
			leave(0);
		}
		sleep_us(rng_below(&rng, 6000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_ok(store_open(p->url, &opts, &s, &why));
		assert_true(strlen(store_uid(s)) > 0);
		assert_sound(s);
		store_close(s);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_claims),
		TEST(test_kills),
		TEST(test_killed_birth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
