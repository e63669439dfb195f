/*
 * Vendors' libraries: opened when first needed, by the names that they are installed under, or by
 * an environment variable. Any function of one may be missing.
 */
#ifndef HG_HARDWARE_BACKEND_LIBRARY_LIBRARY_H
#define HG_HARDWARE_BACKEND_LIBRARY_LIBRARY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

/** A function of a library, and where its pointer goes in a struct of them. */
struct library_entry {
	const char *symbol, *older; /* as of library_function() */
	size_t offset;
	enum library_need need;
};

/** An entry of a backend's list of functions; its struct is LIBRARY_OF. */
#define LIBRARY_ENTRY(kind, member, symbol, older, result, arguments)                              \
	{#symbol, older, offsetof(LIBRARY_OF, member), (kind)},

/** A library, and what is used of it. */
struct library_kind {
	const char *variable, *hint; /* as of library_open() */
	const char *const *names;
	const char *title; /* for texts */
	const char *older; /* what it is that lacks a function, ": it is older than 1.9"; or "" */
	const struct library_entry *entries;
	size_t n;
};

/**
 * Opens a library and finds its functions. It stays open for ever, unless one is missing without
 * which nothing works.
 * @param functions  a struct of pointers to functions
 * @return HG_OK; HG_ENOENT; HG_EUNSUPPORTED (names the function)
 */
hg_err library_load(const struct library_kind *k, void *functions, hg_error *why);

/** A return code of a library, what it becomes, and what it means. */
struct library_result {
	int result;
	hg_err error;
	const char *text;
};

/** An entry of a backend's list of return codes. */
#define LIBRARY_RESULT(name, value, error, text) {(value), (error), (text)},

/** What is known of a return code, or NULL. */
const struct library_result *library_result(const struct library_result *all, size_t n, int result);
/** What it becomes; HG_EDEVICE where it is not known. */
hg_err library_error(const struct library_result *known);
/** What it means. */
const char *library_text(const struct library_result *known);

/**
 * Whether a library is a fake one, and whether it lets knobs be set.
 * @param fake  the fake's own function; NULL: it is none
 */
void library_rights(int (*fake)(uint32_t *may_set), bool *simulated, bool *may_set);

/** Whether the environment names a library, as library_open() reads it. */
bool library_is_named(const char *variable);

/** Whether the program has loaded one of these libraries itself; names ends with NULL. */
bool library_is_loaded(const char *const *names);

/** Some libraries are not to be called by two threads at once: there is one turn in a process. */
struct library_turn {
	pthread_mutex_t lock;
	unsigned users; /* devices that hold the library initialised */
	pid_t pid;      /* in this process: what a fork has copied is not initialised */
};

#define LIBRARY_TURN                                                                               \
	{                                                                                          \
		PTHREAD_MUTEX_INITIALIZER, 0, 0                                                    \
	}

/**
 * Waits for the turn, but not for a thread whose call never comes back. In a child of the process
 * that had users there are none.
 * @return whether it was taken
 */
bool library_take(struct library_turn *t);
void library_give(struct library_turn *t);

/**
 * One user more: takes the turn, and where there was no user yet calls first. On success the
 * turn is to be given back, and the use ended with library_finish().
 * @param name  of the library, for the text when a call of it does not come back
 * @return HG_OK; HG_EDEVICE; what first() says
 */
hg_err library_begin(
	struct library_turn *t, const char *name, hg_err (*first)(hg_error *why), hg_error *why);

/** One user less; takes the turn itself. Where a call hangs the library stays initialised. */
void library_finish(struct library_turn *t, int (*const *shutdown)(void));

/** Whether this process may administer the machine: root, or root's right in a container. */
bool library_may_administer(void);

#endif
