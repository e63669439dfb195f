/*
 * Vendors' libraries: opened when first needed, by the names that they are installed under, or by
 * an environment variable. Any function of one may be missing.
 */
#ifndef HG_HARDWARE_BACKEND_LIBRARY_LIBRARY_H
#define HG_HARDWARE_BACKEND_LIBRARY_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/error.h>

/** Whether nothing works without a function; in the lists of functions of a library. */
enum library_need {
	OPT,
	REQ
};

/**
 * Opens the first of some names that there is, apart from what the program itself has loaded.
 * @param variable  environment variable that names the only file to try; not read by programs that
 *                  run with more rights than their caller
 * @param names     in order; ends with NULL
 * @param hint      for the text when there is none, "is the NVIDIA driver installed?"
 * @param handle    to be closed with library_close() only as long as nothing of it was called:
 *                  a driver's library does not survive its closing
 * @return HG_OK; HG_ENOENT
 */
hg_err library_open(const char *variable, const char *const *names, const char *hint, void **handle,
	hg_error *why);

void library_close(void *handle);

/**
 * A function of a library.
 * @param older     its names in older versions, with the same prototype, separated by
 *                  blanks; "" none
 * @param function  a pointer to a function, of which size bytes receive it; NULL where it is
 *                  missing
 * @return whether it is there
 */
bool library_function(
	void *handle, const char *symbol, const char *older, void *function, size_t size);

/** Whether this process may administer the machine: root, or root's right in a container. */
bool library_may_administer(void);

#endif
