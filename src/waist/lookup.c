/* Hash tables of the readers and writers: words by text, setting rows by content. */
#include "lookup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ (x >> 32);
}

static uint64_t hash_text(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
	return mix(h);
}

void intern_init(struct intern *t)
{
	arena_init(&t->arena, INTERN_MAX_BYTES);
	vec_init(&t->words, sizeof(const char *), INTERN_MAX_WORDS);
	t->slots = NULL;
	t->n_slots = 0;
}

void intern_finish(struct intern *t)
{
	arena_finish(&t->arena);
	vec_finish(&t->words);
	free(t->slots);
	t->slots = NULL;
	t->n_slots = 0;
}

const char *const *intern_words(const struct intern *t)
{
	return t->words.data;
}

static bool is_word(const char *word, const char *text, size_t len)
{
	return strncmp(word, text, len) == 0 && word[len] == '\0';
}

/* The slot that holds the word, or the free one where it belongs. */
static size_t find_slot(const struct intern *t, const char *text, size_t len)
{
	size_t mask = t->n_slots - 1;
	size_t at = (size_t)hash_text(text, len) & mask;

	while (t->slots[at] != 0 && !is_word(intern_words(t)[t->slots[at] - 1], text, len))
		at = (at + 1) & mask;
	return at;
}

uint32_t intern_find(const struct intern *t, const char *text, size_t len)
{
	size_t at;

	if (t->n_slots == 0)
		return INTERN_NONE;
	at = find_slot(t, text, len);
	return t->slots[at] ? t->slots[at] - 1 : INTERN_NONE;
}

static hg_err grow(struct intern *t)
{
	size_t n_slots = t->n_slots ? t->n_slots * 2 : 16;
	uint32_t *slots;

	if (t->words.len + 1 <= t->n_slots / 2)
		return HG_OK;
	slots = calloc(n_slots, sizeof *slots);
	if (!slots)
		return HG_ENOMEM;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_slots;
	for (size_t i = 0; i < t->words.len; i++) {
		const char *word = intern_words(t)[i];

		slots[find_slot(t, word, strlen(word))] = (uint32_t)i + 1;
	}
	return HG_OK;
}

hg_err intern_add(struct intern *t, const char *text, size_t len, uint32_t *index)
{
	const char *word;
	hg_err err;

	*index = intern_find(t, text, len);
	if (*index != INTERN_NONE)
		return HG_OK;
	if (t->words.len >= INTERN_MAX_WORDS || len > INTERN_MAX_BYTES - t->arena.used)
		return HG_ELIMIT;
	err = grow(t);
	if (err)
		return err;
	word = arena_strndup(&t->arena, text, len);
	if (!word)
		return HG_ENOMEM;
	err = vec_push(&t->words, &word);
	if (err)
		return err;
	*index = (uint32_t)t->words.len - 1;
	t->slots[find_slot(t, text, len)] = *index + 1;
	return HG_OK;
}

bool row_is_empty(const double *row, size_t n_cols)
{
	for (size_t i = 0; i < n_cols; i++)
		if (!isnan(row[i]))
			return false;
	return true;
}

static uint64_t hash_row(const double *row, size_t n_cols)
{
	uint64_t h = 0;

	for (size_t i = 0; i < n_cols; i++) {
		double cell = row[i] + 0.0; /* -0 and 0 are the same setting */
		uint64_t bits = 1;

		if (!isnan(cell))
			memcpy(&bits, &cell, sizeof bits);
		h = mix(h ^ bits) + i;
	}
	return mix(h);
}

static bool rows_equal(const double *a, const double *b, size_t n_cols)
{
	for (size_t i = 0; i < n_cols; i++)
		if (isnan(a[i]) ? !isnan(b[i]) : !(a[i] <= b[i] && a[i] >= b[i]))
			return false;
	return true;
}

hg_err rows_find_repeat(const double *cells, size_t n_cols, const uint32_t *row_of, size_t n,
	size_t *first, size_t *second)
{
	size_t n_slots = 16;
	size_t *slots; /* place + 1; 0 free */

	*first = *second = SIZE_MAX;
	if (n_cols == 0 || n < 2)
		return HG_OK;
	while (n_slots / 2 < n)
		n_slots *= 2;
	slots = calloc(n_slots, sizeof *slots);
	if (!slots)
		return HG_ENOMEM;
	for (size_t i = 0; i < n && *second == SIZE_MAX; i++) {
		const double *row = cells + (row_of ? row_of[i] : i) * n_cols;
		size_t at = (size_t)hash_row(row, n_cols) & (n_slots - 1);

		if (row_is_empty(row, n_cols))
			continue;
		while (slots[at] != 0 && *second == SIZE_MAX) {
			size_t j = slots[at] - 1;

			if (rows_equal(row, cells + (row_of ? row_of[j] : j) * n_cols, n_cols)) {
				*first = j;
				*second = i;
			}
			at = (at + 1) & (n_slots - 1);
		}
		slots[at] = i + 1;
	}
	free(slots);
	return HG_OK;
}

bool utf8_is_valid(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(text + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
