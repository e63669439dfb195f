/**
 * @file ops.h
 * How long single ops take: from the datasheet, from timed samples, and carried to other devices.
 *
 * A workload, hourglass-workload(5), may give its ops by their shape: matrix products, attention in
 * prefill and decode, element-wise kernels, collectives, copies, launches. Each kind has a few
 * parameters (shares of the peaks that its kernels reach, fixed times) that begin where published
 * measurements have them. Timed samples of a device fit them (Levenberg-Marquardt on ln time,
 * robust, leaning to where they began), and what the equations leave over at a sample is carried to
 * shapes near it. The parameters are shares of what a datasheet says, so they move to another
 * device by its datasheet.
 *
 * Pure functions of data: no clock, no I/O. Objects are immutable; all functions are thread-safe.
 */
#ifndef HOURGLASS_OPS_H
#define HOURGLASS_OPS_H

#include <stddef.h>
#include <stdint.h>

#include <hourglass/error.h>
#include <hourglass/export.h>
#include <hourglass/model.h>

HG_BEGIN_DECLS

/** Most timed samples of a file. */
#define HG_OPS_MAX 65536u

/** Timed ops, from a file; opaque. */
typedef struct hg_op_times hg_op_times;

/**
 * Reads timed ops: CSV with the columns op, time_s and those of the shapes, or hourglass.ops/1 as
 * `hourglass fit --ops -o` writes it. Both are in hourglass-fit(1).
 *
 * @param text    len bytes, needs no NUL
 * @param origin  what the text is called in errors
 * @param out     release with hg_op_times_destroy()
 * @return HG_OK; HG_EFORMAT, HG_EVERSION (file, line, field), HG_ELIMIT, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_op_times_parse(
	const char *text, size_t len, const char *origin, hg_op_times **out, hg_error *why);

/** Releases timed ops. NULL is fine. */
HG_API void hg_op_times_destroy(hg_op_times *times);

/** The device that a hourglass.ops/1 file is of; NULL for CSV. */
HG_API const char *hg_op_times_device(const hg_op_times *times);

/** How many there are: at least one. */
HG_API size_t hg_op_times_count(const hg_op_times *times);

/**
 * Leaves out times that cannot be right: more than 100 times what the datasheet leads to, or less
 * than a twentieth of that. (Public timings of products and collectives are half to four times
 * it.) What goes over links may take as long as 100 MB/s need, besides.
 *
 * @param m        the device that the times are of
 * @param dropped  receives how many were left out
 * @param why      may be NULL; receives the first of them, such as "3: gemm: 0.014 s is 1410 times
 *                 what the datasheet leads to; is it in ms?", which begins with its line; "" if
 *                 there is none
 * @return HG_OK; HG_ERANGE: none is left
 */
HG_API HG_NODISCARD hg_err hg_op_times_drop_odd(
	hg_op_times *times, const hg_model *m, size_t *dropped, hg_error *why);

/**
 * Writes hourglass.ops/1.
 * @param device  what to call the device
 * @param text    receives malloc()ed text with a final NUL; free() it
 * @return HG_OK, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_op_times_format(
	const hg_op_times *times, const char *device, char **text, size_t *len, hg_error *why);

/** What is known of ops' times; opaque, immutable. */
typedef struct hg_ops hg_ops;

/**
 * Fits the kinds to timed samples. Kinds without a sample stay where they began.
 * Complexity: some tens of passes over the samples of a kind for each of its parameters; 100 of
 * products take some milliseconds.
 *
 * @param m      the device that the samples are of; what is needed of it is copied
 * @param times  copied
 * @param out    release with hg_ops_destroy()
 * @return HG_OK, HG_ENOMEM
 */
HG_API HG_NODISCARD hg_err hg_ops_create(
	const hg_model *m, const hg_op_times *times, hg_ops **out, hg_error *why);

/** Releases it. NULL is fine. */
HG_API void hg_ops_destroy(hg_ops *ops);

/** What a fit found of one kind. */
typedef struct hg_ops_report {
	uint32_t size;    /**< sizeof(hg_ops_report) */
	uint32_t n;       /**< samples */
	const char *kind; /**< as in files: "gemm" */
	double left_out;  /**< mean |relative error| of each sample, predicted from the others */
	double common;    /**< sd of ln time of all ops of the kind alike */
	double each;      /**< sd of ln time of each shape, besides */
} hg_ops_report;

/**
 * The i-th kind that has samples. out->size must be set.
 * @return HG_OK; HG_ENOENT past the last
 */
HG_API HG_NODISCARD hg_err hg_ops_get_report(const hg_ops *ops, size_t i, hg_ops_report *out);

/**
 * As hg_predictor_create(), with what is known of ops' times.
 * @param ops  NULL: from the datasheet. Of another device: its parameters move to m
 */
HG_API HG_NODISCARD hg_err hg_predictor_create_with(const hg_model *m, const hg_workload *w,
	const hg_ops *ops, hg_predictor **out, hg_error *why);

HG_END_DECLS

#endif
