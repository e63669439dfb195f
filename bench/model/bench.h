/* What the parts of bench-model share. */
#ifndef HG_BENCH_MODEL_H
#define HG_BENCH_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/error.h>
#include <hourglass/model.h>

#include "core/csv.h"

#define FILES_MAX 32
/** Room for what a GPU is called in a file's name. */
#define WORD_ROOM 32

/** Files of a folder. */
struct names {
	char at[FILES_MAX][256];
	size_t n;
};

/**
 * The device that a file's name speaks of: "gemm_bf16_h200_sxm_x.csv", "summary_power_p100.csv".
 * @param word  out: how the file calls it, in lower case
 * @return to be destroyed; NULL where no device file has such a name
 */
hg_model *gpu_of(const char *file, char word[WORD_ROOM]);

/** Prints "what name value unit". */
void report(const char *what, const char *name, double value, const char *unit);

/** Ends the program when a call failed or memory ran out. */
void require(hg_err rc, const char *what);
void *need(void *p);

/** A number, NAN where there is none. */
double number(struct csv_field f);
/**
 * Where columns stand in a file, by the names in its first record.
 * @param say  whether to say on stderr which is missing
 * @return whether all are there
 */
bool columns_find(const char *path, const char *const *names, size_t n, size_t *at, bool say);

/** Calls fn for every record but the first; those that are shorter than it are left out. */
void csv_each(const char *path, void (*fn)(void *user, const struct csv *c), void *user);

/** Files of DIR/modelling/aic that hold matrix products, and collectives. */
void gemm_bench(const char *dir, const struct names *files);
void collective_bench(const char *dir, const struct names *files);
void collective_kind_bench(const char *dir, const struct names *files);
/** Files of DIR/serving/vidur that hold operators of Llama-2. */
void operators_bench(const char *dir, const struct names *files);
/** Requests to a model in DIR/serving/v100-mistral7b-freq. */
void phases_bench(const char *dir);

/** Whether a file can be read. */
bool file_there(const char *path);

#endif
