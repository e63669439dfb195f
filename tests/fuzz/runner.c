/*
 * Runs a fuzz target without libFuzzer: every file of the corpus directories named as arguments,
 * and mutations of each, the same in every run. Memory errors are the sanitizers' to find.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"

/* Mutants of one file, and the longest file that is mutated. */
#define MUTANTS     200
#define MUTATE_MAX  ((size_t)1 << 16)
#define MUTANT_ROOM (MUTATE_MAX + 64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What parsers of numbers, text and nesting trip over. */
static const char *const tokens[] = {"0", "-1", "1e999", "nan", "\"", "\\u0000", "{", "[", "}", "]",
	",", ":", "\n", "\r\n", "\xff", "\xef\xbb\xbf", "18446744073709551616", "null", "#", "="};

static uint8_t *read_whole(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long end;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (end = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
		*size = (size_t)end;
		data = malloc(*size + 1);
		if (data && fread(data, 1, *size, f) != *size) {
			free(data);
			data = NULL;
		}
	}
	fclose(f);
	return data;
}

/* The target gets memory of exactly its size, so that reading past the end is seen. */
static void run_exact(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		return;
	memcpy(exact, data, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static size_t insert(uint8_t *data, size_t size, size_t at, const char *token)
{
	size_t n = strlen(token);

	memmove(data + at + n, data + at, size - at);
	memcpy(data + at, token, n);
	return size + n;
}

/* One step of mutation; data has MUTANT_ROOM bytes, size + 32 of which are enough. */
static size_t mutate(struct rng *rng, uint8_t *data, size_t size)
{
	size_t at = (size_t)rng_below(rng, size + 1);

	switch (rng_below(rng, 4)) {
	case 0:
		return at; /* cut off */
	case 1:
		if (at < size)
			data[at] = (uint8_t)(data[at] ^ (1u << rng_below(rng, 8)));
		return size;
	case 2:
		if (at < size) {
			memmove(data + at, data + at + 1, size - at - 1);
			return size - 1;
		}
		return size;
	default:
		return insert(
			data, size, at, tokens[rng_below(rng, sizeof tokens / sizeof *tokens)]);
	}
}

static void run_mutants(const uint8_t *data, size_t size)
{
	uint8_t *mutant = malloc(MUTANT_ROOM);
	struct rng rng;

	if (!mutant)
		return;
	rng_init(&rng, size);
	for (int i = 0; i < MUTANTS; i++) {
		size_t n = size;
		uint64_t steps = 1 + rng_below(&rng, 3);

		memcpy(mutant, data, size);
		while (steps--)
			n = mutate(&rng, mutant, n);
		run_exact(mutant, n);
	}
	free(mutant);
}

static int run_file(const char *dir, const char *name)
{
	char path[4096];
	size_t size = 0;
	uint8_t *data;

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return -1;
	data = read_whole(path, &size);
	if (!data) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return -1;
	}
	run_exact(data, size);
	if (size <= MUTATE_MAX)
		run_mutants(data, size);
	free(data);
	return 0;
}

static int run_dir(const char *path, unsigned *files)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int bad = 0;

	if (!dir) {
		fprintf(stderr, "%s: no such corpus\n", path);
		return -1;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			bad |= run_file(path, entry->d_name);
			++*files;
		}
	closedir(dir);
	return bad;
}

int main(int argc, char **argv)
{
	unsigned files = 0;
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= run_dir(argv[i], &files);
	printf("%u files, %d mutants of each\n", files, MUTANTS);
	return bad || files == 0;
}
