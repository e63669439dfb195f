/*
 * Core: numbers beside libc's, JSON beside jansson, CSV, random numbers, the heap's hold model.
 * Prints "name value unit" lines. Inputs are made from a fixed seed.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#ifdef HG_BENCH_JANSSON
#include "common/options.h"
#include "jansson-ours.h"
#endif

#include "core/csv.h"
#include "core/heap.h"
#include "core/json.h"
#include "core/number.h"
#include "core/rng.h"

#define NUMBERS 200000
#define POINTS  100000
#define ROUNDS  5
#define MOST    ((size_t)1 << 30)

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void say(const char *name, double value, const char *unit)
{
	(void)printf("%s %.4g %s\n", name, value, unit);
}

/* The best of some rounds: what the machine can do when nobody disturbs. */
static double best(double a, double b)
{
	return a < b ? a : b;
}

/* ----- numbers */

struct numbers {
	double values[NUMBERS];
	char text[NUMBERS][32];
	size_t len[NUMBERS];
	double sum; /* of what was parsed, so that nothing is optimised away */
};

/* Times and energies as they are measured: all 17 digits matter. */
static void numbers_make(struct numbers *n)
{
	struct rng r;

	rng_init(&r, 1);
	for (size_t i = 0; i < NUMBERS; i++) {
		n->values[i] = exp(rng_normal(&r) * 5);
		n->len[i] = double_format(n->values[i], n->text[i]);
	}
}

static void bench_numbers(struct numbers *n)
{
	double ours = INFINITY, libc = INFINITY, print = INFINITY, print_libc = INFINITY, t, v;
	char text[64];
	size_t bytes = 0;

	for (int round = 0; round < ROUNDS; round++) {
		t = now_s();
		for (size_t i = 0; i < NUMBERS; i++)
			n->sum += double_parse(n->text[i], n->len[i], false, &v) ? v : 0;
		ours = best(ours, now_s() - t);
		t = now_s();
		for (size_t i = 0; i < NUMBERS; i++)
			n->sum += strtod(n->text[i], NULL);
		libc = best(libc, now_s() - t);
		t = now_s();
		for (size_t i = 0; i < NUMBERS; i++)
			bytes += double_format(n->values[i], text);
		print = best(print, now_s() - t);
		t = now_s();
		for (size_t i = 0; i < NUMBERS; i++)
			bytes += (size_t)snprintf(text, sizeof text, "%.17g", n->values[i]);
		print_libc = best(print_libc, now_s() - t);
	}
	n->sum += (double)bytes;
	say("double_parse", NUMBERS / ours * 1e-6, "M/s");
	say("strtod", NUMBERS / libc * 1e-6, "M/s");
	say("double_format", NUMBERS / print * 1e-6, "M/s");
	say("snprintf_17g", NUMBERS / print_libc * 1e-6, "M/s");
}

/* ----- JSON and CSV */

/* A frontier of many points, four numbers each. */
static void points_write(struct buf *b, const double *values)
{
	struct json_out o;

	json_out_init(&o, b);
	json_open(&o, '{', false);
	json_kv_string(&o, "schema", "hourglass.frontier/1");
	json_key(&o, "points");
	json_open(&o, '[', false);
	for (size_t i = 0; i < POINTS; i++) {
		const double *v = values + i % (NUMBERS / 4) * 4;

		json_open(&o, '{', true);
		json_kv_number(&o, "time_s", v[0]);
		json_kv_number(&o, "energy_j", v[1]);
		json_kv_number(&o, "time_rsd", v[2]);
		json_kv_number(&o, "energy_rsd", v[3]);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

static void jansson_parse(const struct buf *b)
{
#ifdef HG_BENCH_JANSSON
	double best_s = INFINITY;

	for (int round = 0; round < ROUNDS; round++) {
		double t = now_s();
		json_t *root = json_loadb(b->data, b->len, JSON_REJECT_DUPLICATES, NULL);

		best_s = best(best_s, now_s() - t);
		json_decref(root);
	}
	say("jansson_parse", (double)b->len / best_s * 1e-6, "MB/s");
#else
	(void)b;
	(void)printf("jansson_parse absent jansson-is-not-installed\n");
#endif
}

static int bench_json(const struct numbers *n)
{
	double write_s = INFINITY, parse_s = INFINITY, free_s = INFINITY;
	struct json_doc doc;
	struct buf b;
	size_t tree = 0;

	buf_init(&b, MOST);
	for (int round = 0; round < ROUNDS; round++) {
		double t = now_s();

		buf_clear(&b);
		points_write(&b, n->values);
		write_s = best(write_s, now_s() - t);
		t = now_s();
		if (json_parse(&doc, b.data, b.len, "bench", MOST, NULL)) {
			buf_finish(&b);
			return -1;
		}
		parse_s = best(parse_s, now_s() - t);
		tree = doc.arena.used;
		t = now_s();
		json_finish(&doc);
		free_s = best(free_s, now_s() - t);
	}
	say("json_points", POINTS, "points_of_4_numbers");
	say("json_write", (double)b.len / write_s * 1e-6, "MB/s");
	say("json_write_points", write_s * 1e3, "ms");
	say("json_parse", (double)b.len / parse_s * 1e-6, "MB/s");
	say("json_parse_points", parse_s * 1e3, "ms");
	say("json_free_points", free_s * 1e3, "ms");
	say("json_tree_per_text", (double)tree / (double)b.len, "bytes/byte");
	jansson_parse(&b);
	buf_finish(&b);
	return 0;
}

static int bench_csv(const struct numbers *n)
{
	double best_s = INFINITY, sum = 0, v;
	struct buf b;
	struct csv c;
	hg_err err = HG_OK;

	buf_init(&b, MOST);
	for (size_t i = 0; i < NUMBERS; i++) {
		csv_write_field(&b, n->text[i], n->len[i]);
		buf_addc(&b, i % 4 == 3 ? '\n' : ',');
	}
	for (int round = 0; round < ROUNDS && !err; round++) {
		double t = now_s();
		bool more = true;

		csv_init(&c, b.data, b.len, "bench");
		while (!err && more) {
			err = csv_next(&c, &more, NULL);
			for (size_t i = 0; !err && i < csv_count(&c); i++) {
				struct csv_field f = csv_get(&c, i);

				sum += double_parse(f.text, f.len, true, &v) ? v : 0;
			}
		}
		csv_finish(&c);
		best_s = best(best_s, now_s() - t);
	}
	if (!err && sum > 0)
		say("csv_read_with_numbers", (double)b.len / best_s * 1e-6, "MB/s");
	buf_finish(&b);
	return err ? -1 : 0;
}

/* ----- random numbers and the heap */

static double bench_rng(void)
{
	const int n = 20000000;
	double t = now_s(), sum = 0;
	uint64_t bits = 0;
	struct rng r;

	rng_init(&r, 1);
	for (int i = 0; i < n; i++)
		bits ^= rng_u64(&r);
	say("rng_u64", n / (now_s() - t) * 1e-6, "M/s");
	t = now_s();
	for (int i = 0; i < n / 4; i++)
		sum += rng_normal(&r);
	say("rng_normal", n / 4 / (now_s() - t) * 1e-6, "M/s");
	return sum + (double)(bits & 1);
}

/* Hold model: take the earliest event, put it back an exponential time later. */
static int bench_heap(size_t pending)
{
	const size_t events = 4000000;
	double steps[1024], t;
	struct heap h;
	struct rng r;
	char name[48];

	rng_init(&r, 1);
	for (size_t i = 0; i < 1024; i++)
		steps[i] = -log(1 - rng_double(&r));
	heap_init(&h, pending);
	for (size_t i = 0; i < pending; i++)
		if (heap_push(&h, steps[rng_below(&r, 1024)], i)) {
			heap_finish(&h);
			return -1;
		}
	for (int replace = 0; replace < 2; replace++) {
		t = now_s();
		for (size_t i = 0; i < events; i++) {
			struct heap_item it = replace ? *heap_top(&h) : heap_pop(&h);

			it.key += steps[i * 7 % 1024];
			if (replace)
				heap_replace_top(&h, it.key, it.value);
			else
				(void)heap_push(&h, it.key, it.value);
		}
		(void)snprintf(name, sizeof name, "heap_%s_%zu",
			replace ? "replace_top" : "pop_push", pending);
		say(name, (double)events / (now_s() - t) * 1e-6, "M/s");
	}
	heap_finish(&h);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct bench_option none[] = {{NULL, BENCH_FLAG, NULL, NULL, 0, 0, NULL}};
	struct numbers *n = malloc(sizeof *n);
	struct rusage usage;
	double sum;
	int rc = 0;

	(void)bench_options("bench-core", argc, argv, 0, none);
	if (!n)
		return 1;
	n->sum = 0;
	numbers_make(n);
	bench_numbers(n);
	rc |= bench_json(n);
	rc |= bench_csv(n);
	sum = n->sum + bench_rng();
	for (size_t pending = 1000; pending <= 1000000; pending *= 10)
		rc |= bench_heap(pending);
	getrusage(RUSAGE_SELF, &usage);
	say("peak_memory", (double)usage.ru_maxrss / 1024, "MiB");
	say("checksum", sum, "1");
	free(n);
	return rc ? 1 : 0;
}
