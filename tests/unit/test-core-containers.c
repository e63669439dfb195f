/* buf, vec, arena, heap. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/heap.h"
#include "core/rng.h"
#include "core/vec.h"

static void buf_grows_to_its_maximum_and_no_further(void **state)
{
	struct buf b;
	char *stolen;

	(void)state;
	buf_init(&b, 10);
	assert_null(b.data);
	assert_int_equal(buf_adds(&b, "12345"), HG_OK);
	assert_int_equal(buf_addc(&b, '6'), HG_OK);
	assert_int_equal(buf_addf(&b, "%d", 78), HG_OK);
	assert_string_equal(b.data, "12345678");
	assert_int_equal(buf_adds(&b, "xyz"), HG_ELIMIT);
	assert_string_equal(b.data, "12345678");
	/* sticky, though this would fit */
	assert_int_equal(buf_addc(&b, '9'), HG_ELIMIT);
	assert_int_equal(buf_addf(&b, "%d", 9), HG_ELIMIT);
	assert_int_equal(b.len, 8);
	buf_clear(&b);
	assert_int_equal(b.failed, HG_OK);
	assert_string_equal(b.data, "");
	assert_int_equal(buf_add(&b, "0123456789", 10), HG_OK);
	assert_int_equal(buf_addf(&b, "%s", ""), HG_OK);
	assert_int_equal(buf_addf(&b, "%s", "x"), HG_ELIMIT);
	stolen = buf_steal(&b);
	assert_string_equal(stolen, "0123456789");
	assert_null(b.data);
	free(stolen);
	stolen = buf_steal(&b);
	assert_non_null(stolen);
	free(stolen);
	buf_finish(&b);
	buf_finish(&b);
	b = (struct buf){0};
	buf_finish(&b);
}

static void buf_refuses_sizes_that_overflow(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	assert_int_equal(buf_addc(&b, 'a'), HG_OK);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), HG_ELIMIT);
	assert_string_equal(b.data, "a");
	buf_finish(&b);
}

static void vec_grows_to_its_maximum_and_no_further(void **state)
{
	struct vec v;

	(void)state;
	vec_init(&v, sizeof(int), 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(vec_push(&v, &i), HG_OK);
	assert_int_equal(vec_push(&v, &(int){0}), HG_ELIMIT);
	assert_int_equal(vec_reserve(&v, 1), HG_ELIMIT);
	assert_int_equal(vec_reserve(&v, 0), HG_OK);
	assert_int_equal(v.len, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(*(int *)vec_at(&v, (size_t)i), i);
	vec_finish(&v);
	vec_init(&v, 24, SIZE_MAX);
	assert_int_equal(vec_reserve(&v, SIZE_MAX / 24), HG_ELIMIT);
	vec_finish(&v);
	v = (struct vec){0};
	vec_finish(&v);
}

static void arena_keeps_its_maximum(void **state)
{
	struct arena a;
	char *s;

	(void)state;
	arena_init(&a, 1000);
	assert_non_null(arena_alloc(&a, 400));
	s = arena_strndup(&a, "hello", 3);
	assert_string_equal(s, "hel");
	assert_int_equal(a.used, 404);
	assert_null(arena_alloc(&a, 597));
	assert_non_null(arena_alloc(&a, 596));
	assert_null(arena_alloc(&a, 1));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_strndup(&a, "", SIZE_MAX));
	assert_string_equal(s, "hel");
	arena_finish(&a);
	assert_int_equal(a.used, 0);
	a = (struct arena){0};
	arena_finish(&a);
}

static void arena_memory_is_aligned_and_apart(void **state)
{
	struct arena a;
	struct rng r;
	unsigned char *pieces[2000];
	size_t sizes[2000];

	(void)state;
	arena_init(&a, SIZE_MAX);
	rng_init(&r, 1);
	for (size_t i = 0; i < 2000; i++) {
		sizes[i] = i == 1000 ? (size_t)3 << 20 : rng_below(&r, 5000);
		if (i % 3) {
			pieces[i] = arena_alloc(&a, sizes[i]);
			assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		} else {
			pieces[i] = (unsigned char *)arena_strndup(&a, "", 0);
			sizes[i] = 1;
		}
		assert_non_null(pieces[i]);
		memset(pieces[i], (int)(i & 0xff), sizes[i]);
	}
	for (size_t i = 0; i < 2000; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], i & 0xff);
	arena_finish(&a);
}

static void heap_sorts(void **state)
{
	struct heap h;
	struct rng r;
	struct heap_item last = {-1, 0};

	(void)state;
	rng_init(&r, 2);
	heap_init(&h, 5000);
	assert_null(heap_top(&h));
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(heap_push(&h, (double)rng_below(&r, 500), i), HG_OK);
	assert_int_equal(heap_push(&h, 1, 1), HG_ELIMIT);
	for (size_t i = 0; i < 5000; i++) {
		struct heap_item top = *heap_top(&h), it = heap_pop(&h);

		assert_true(top.key == it.key && top.value == it.value);
		/* equal keys come in the order of their values */
		assert_true(it.key > last.key || (it.key == last.key && it.value > last.value));
		last = it;
	}
	assert_null(heap_top(&h));
	heap_finish(&h);
	h = (struct heap){0};
	heap_finish(&h);
}

/* replace_top and any mix of calls against a plain array. */
static void heap_agrees_with_a_scan(void **state)
{
	struct heap_item plain[64];
	struct heap h;
	struct rng r;
	size_t n = 0;

	(void)state;
	rng_init(&r, 3);
	heap_init(&h, 64);
	for (uint64_t i = 0; i < 20000; i++) {
		struct heap_item item = {(double)rng_below(&r, 20), i};
		uint64_t what = rng_below(&r, 3);
		size_t least = 0;

		for (size_t j = 1; j < n; j++)
			if (plain[j].key < plain[least].key ||
				(plain[j].key == plain[least].key &&
					plain[j].value < plain[least].value))
				least = j;
		if (n)
			assert_true(heap_top(&h)->value == plain[least].value);
		if (what == 0 && n < 64) {
			assert_int_equal(heap_push(&h, item.key, item.value), HG_OK);
			plain[n++] = item;
		} else if (what == 1 && n) {
			assert_true(heap_pop(&h).value == plain[least].value);
			plain[least] = plain[--n];
		} else if (what == 2 && n) {
			heap_replace_top(&h, item.key, item.value);
			plain[least] = item;
		}
		assert_int_equal(h.len, n);
	}
	heap_finish(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_grows_to_its_maximum_and_no_further),
		cmocka_unit_test(buf_refuses_sizes_that_overflow),
		cmocka_unit_test(vec_grows_to_its_maximum_and_no_further),
		cmocka_unit_test(arena_keeps_its_maximum),
		cmocka_unit_test(arena_memory_is_aligned_and_apart),
		cmocka_unit_test(heap_sorts),
		cmocka_unit_test(heap_agrees_with_a_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
