#define _GNU_SOURCE /* O_DIRECTORY, O_PATH */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "number.h"
#include "rng.h"

#define READ_CHUNK  ((size_t)64 << 10)
#define LINKS_MOST  40
#define TEMP_TRIES  100
#define TEMP_PREFIX ".hourglass-"

static hg_err errno_code(int e)
{
	switch (e) {
	case ENOENT:
	case ENOTDIR:
		return HG_ENOENT;
	case EACCES:
	case EPERM:
		return HG_EPERM;
	case ENOMEM:
		return HG_ENOMEM;
	default:
		return HG_EIO;
	}
}

/* "PATH: No such file or directory"; what names the step where the path alone does not say it. */
static hg_err errno_fail(hg_error *why, int e, const char *path, const char *what)
{
	return fail(why, errno_code(e), "%s: %s%s", path, what, strerrordesc_np(e));
}

static int open_retry(int dir, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dir, path, flags | O_CLOEXEC | O_NOCTTY, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* ----- reading */

static ssize_t read_retry(int fd, void *data, size_t n)
{
	ssize_t got;

	do
		got = read(fd, data, n);
	while (got < 0 && errno == EINTR);
	return got;
}

static hg_err read_all(int fd, const char *name, size_t max, struct buf *out, hg_error *why)
{
	for (;;) {
		size_t room = max - out->len;
		ssize_t got;

		/* one byte more than allowed tells "exactly max" from "longer" */
		room = room < READ_CHUNK ? room + 1 : READ_CHUNK;
		if (out->cap > out->len + 1 && out->cap - out->len - 1 < room)
			room = out->cap - out->len - 1;
		if (buf_reserve(out, room))
			return fail(why, out->failed, "%s: no memory to read it", name);
		got = read_retry(fd, out->data + out->len, room);
		if (got < 0)
			return errno_fail(why, errno, name, "");
		out->len += (size_t)got;
		out->data[out->len] = 0;
		if (out->len > max)
			return fail(why, HG_ELIMIT, "%s: longer than %zu bytes", name, max);
		if (got == 0)
			return HG_OK;
	}
}

hg_err file_read(const char *path, size_t max, struct buf *out, hg_error *why)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "standard input" : path;
	struct stat st;
	hg_err err;
	int fd;

	max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4;
	buf_init(out, max + 1);
	fd = standard ? STDIN_FILENO : open_retry(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return errno_fail(why, errno, name, "");
	if (fstat(fd, &st) < 0) {
		err = errno_fail(why, errno, name, "");
	} else if (S_ISDIR(st.st_mode)) {
		err = errno_fail(why, EISDIR, name, "");
	} else if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size > max) {
		err = fail(why, HG_ELIMIT, "%s: longer than %zu bytes", name, max);
	} else {
		if (S_ISREG(st.st_mode) && st.st_size > 0)
			buf_reserve(
				out, (size_t)st.st_size + 1 <= max ? (size_t)st.st_size + 1 : max);
		err = read_all(fd, name, max, out, why);
	}
	if (!standard)
		close(fd);
	return err;
}

/* ----- writing */

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The descriptor that a name stands for ("-", /dev/stdout, /dev/fd/3), or -1. */
static int standing_fd(const char *path)
{
	uint64_t n;

	if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	if (strcmp(path, "/dev/stderr") == 0)
		return STDERR_FILENO;
	if (strncmp(path, "/dev/fd/", 8) == 0 && uint64_parse(path + 8, strlen(path + 8), &n) &&
		n <= INT_MAX)
		return (int)n;
	return -1;
}

/* What `path` names once symbolic links at its end are followed, also dangling ones. */
static char *link_target(const char *path)
{
	char link[PATH_MAX], *at = strdup(path);

	for (int i = 0; at && i < LINKS_MOST; i++) {
		ssize_t n = readlink(at, link, sizeof link - 1);
		const char *slash = strrchr(at, '/');
		size_t dir = slash ? (size_t)(slash - at) + 1 : 0;
		char *next;

		if (n < 0)
			return at;
		link[n] = 0;
		if (link[0] == '/')
			dir = 0;
		next = malloc(dir + (size_t)n + 1);
		if (next) {
			memcpy(next, at, dir);
			memcpy(next + dir, link, (size_t)n + 1);
		}
		free(at);
		at = next;
	}
	if (at)
		errno = ELOOP;
	free(at);
	return NULL;
}

struct target {
	char *dir;        /* where the file is or will be */
	const char *base; /* its name there */
	int dir_fd;
	char temp[40]; /* name of the temporary file; empty: none */
};

static void target_finish(struct target *t)
{
	if (t->dir_fd >= 0) {
		if (t->temp[0])
			unlinkat(t->dir_fd, t->temp, 0);
		close(t->dir_fd);
	}
	free(t->dir);
}

static int target_init(struct target *t, const char *path)
{
	char *slash;

	*t = (struct target){.dir_fd = -1};
	t->dir = link_target(path);
	if (!t->dir)
		return -1;
	slash = strrchr(t->dir, '/');
	t->base = slash ? slash + 1 : t->dir;
	if (slash == t->dir)
		t->dir_fd = open_retry(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	else if (!slash)
		t->dir_fd = open_retry(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	else {
		*slash = 0;
		t->dir_fd = open_retry(AT_FDCWD, t->dir, O_RDONLY | O_DIRECTORY, 0);
	}
	return t->dir_fd < 0 ? -1 : 0;
}

/* A new file beside the target. The name need only be unlikely; O_EXCL makes it sure. */
static int temp_open(struct target *t, mode_t mode)
{
	struct timespec now;
	struct rng rng;

	clock_gettime(CLOCK_REALTIME, &now);
	rng_init(&rng,
		(uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30 ^ (uint64_t)getpid() << 48);
	for (int i = 0; i < TEMP_TRIES; i++) {
		char name[sizeof t->temp];
		int fd;

		(void)snprintf(name, sizeof name, TEMP_PREFIX "%016llx",
			(unsigned long long)rng_u64(&rng));
		fd = open_retry(t->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, mode);
		if (fd >= 0) {
			memcpy(t->temp, name, sizeof name);
			return fd;
		}
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

/* Some file systems cannot sync; that is no reason to refuse the write. */
static int sync_fd(int fd)
{
	return fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS ? -1 : 0;
}

static int temp_fill(int fd, const void *data, size_t len, const struct stat *old)
{
	if (write_all(fd, data, len) < 0)
		return -1;
	if (old) {
		/* the owner can be kept by root only; everybody else goes on without */
		if (fchown(fd, old->st_uid, old->st_gid) < 0 && errno != EPERM && errno != EINVAL)
			return -1;
		if (fchmod(fd, old->st_mode & 0777) < 0)
			return -1;
	}
	return sync_fd(fd);
}

static hg_err write_replace(
	const char *path, const void *data, size_t len, const struct stat *old, hg_error *why)
{
	struct target t;
	hg_err err = HG_OK;
	int fd;

	if (target_init(&t, path) < 0) {
		err = errno_fail(why, errno, path, "");
		goto out;
	}
	fd = temp_open(&t, old ? 0600 : 0666);
	if (fd < 0) {
		err = errno_fail(why, errno, path, "cannot make a temporary file beside it: ");
		goto out;
	}
	if (temp_fill(fd, data, len, old) < 0)
		err = errno_fail(why, errno, path, "");
	if (close(fd) < 0 && !err)
		err = errno_fail(why, errno, path, "");
	if (err)
		goto out;
	if (renameat(t.dir_fd, t.temp, t.dir_fd, t.base) < 0) {
		err = errno_fail(why, errno, path, "");
		goto out;
	}
	t.temp[0] = 0;
	if (sync_fd(t.dir_fd) < 0)
		err = errno_fail(why, errno, path, "written, but its directory cannot be synced: ");
out:
	target_finish(&t);
	return err;
}

static hg_err write_through(int fd, const char *name, const void *data, size_t len, hg_error *why)
{
	return write_all(fd, data, len) < 0 ? errno_fail(why, errno, name, "") : HG_OK;
}

hg_err file_write(const char *path, const void *data, size_t len, hg_error *why)
{
	int fd = standing_fd(path);
	struct stat st;
	hg_err err;

	if (fd >= 0)
		return write_through(
			fd, strcmp(path, "-") ? path : "standard output", data, len, why);
	/* tells what is there, and that it may be written, which rename() would not ask */
	fd = open_retry(AT_FDCWD, path, O_WRONLY, 0);
	if (fd < 0)
		return errno == ENOENT ? write_replace(path, data, len, NULL, why)
				       : errno_fail(why, errno, path, "");
	if (fstat(fd, &st) < 0)
		err = errno_fail(why, errno, path, "");
	else if (S_ISREG(st.st_mode))
		err = write_replace(path, data, len, &st, why);
	else
		err = write_through(fd, path, data, len, why);
	close(fd);
	return err;
}

hg_err file_write_check(const char *path, hg_error *why)
{
	bool made = false;
	struct stat st;
	int fd;

	if (standing_fd(path) >= 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return HG_OK;
	fd = open_retry(AT_FDCWD, path, O_WRONLY, 0);
	if (fd < 0 && errno == ENOENT) {
		fd = open_retry(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0666);
		made = fd >= 0;
	}
	if (fd < 0)
		return errno_fail(why, errno, path, "");
	close(fd);
	if (made)
		(void)unlink(path);
	return HG_OK;
}

hg_err file_stream(const char *path, int *fd, hg_error *why)
{
	*fd = standing_fd(path);
	if (*fd < 0)
		*fd = open_retry(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return *fd < 0 ? errno_fail(why, errno, path, "") : HG_OK;
}

/* ----- growing files */

hg_err file_grow_begin(struct file_growing *f, const char *path, hg_error *why)
{
	size_t len = strlen(path);

	*f = (struct file_growing){.fd = -1};
	f->path = strdup(path);
	f->part = malloc(len + sizeof ".part");
	if (!f->path || !f->part)
		return fail(why, HG_ENOMEM, "%s: out of memory", path);
	memcpy(f->part, path, len);
	memcpy(f->part + len, ".part", sizeof ".part");
	f->fd = open_retry(AT_FDCWD, f->part, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0666);
	if (f->fd < 0 && errno == EEXIST)
		return fail(why, HG_EIO,
			"%s is there already: left behind, or being written; rename or remove it",
			f->part);
	return f->fd < 0 ? errno_fail(why, errno, f->part, "") : HG_OK;
}

hg_err file_grow_add(struct file_growing *f, const void *data, size_t len, hg_error *why)
{
	return write_all(f->fd, data, len) < 0 ? errno_fail(why, errno, f->part, "") : HG_OK;
}

/* The folder of a path, so that a new name in it is synced. */
static int folder_sync(const char *path)
{
	struct target t;
	int rc = target_init(&t, path) < 0 || sync_fd(t.dir_fd) < 0 ? -1 : 0;

	target_finish(&t);
	return rc;
}

hg_err file_grow_finish(struct file_growing *f, hg_error *why)
{
	if (sync_fd(f->fd) < 0)
		return errno_fail(why, errno, f->part, "");
	if (rename(f->part, f->path) < 0)
		return errno_fail(why, errno, f->path, "");
	if (folder_sync(f->path) < 0)
		return errno_fail(
			why, errno, f->path, "written, but its directory cannot be synced: ");
	return HG_OK;
}

void file_grow_abandon(struct file_growing *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->part);
	*f = (struct file_growing){.fd = -1};
}

void file_grow_discard(struct file_growing *f)
{
	if (f->fd >= 0)
		(void)unlink(f->part);
	file_grow_abandon(f);
}

/* ----- root */

hg_err fsroot_init(struct fsroot *r, const char *path, hg_error *why)
{
	r->fd = open_retry(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	return r->fd < 0 ? errno_fail(why, errno, path, "") : HG_OK;
}

void fsroot_finish(struct fsroot *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

bool fsroot_is_system(const struct fsroot *r)
{
	struct stat ours, system;

	return fstat(r->fd, &ours) == 0 && stat("/", &system) == 0 &&
	       ours.st_dev == system.st_dev && ours.st_ino == system.st_ino;
}

static hg_err fsroot_open(
	const struct fsroot *r, const char *path, int flags, int *fd, hg_error *why)
{
	*fd = -1;
	if (!path[0] || path[0] == '/')
		return fail(why, HG_EINVAL, "%s: not a path below the root", path);
	*fd = open_retry(r->fd, path, flags, 0);
	return *fd < 0 ? errno_fail(why, errno, path, "") : HG_OK;
}

hg_err fsroot_read_bytes(const struct fsroot *r, const char *path, void *data, size_t room,
	size_t *len, hg_error *why)
{
	ssize_t got = 0;
	hg_err err;
	char more;
	int fd;

	*len = 0;
	err = fsroot_open(r, path, O_RDONLY, &fd, why);
	if (err)
		return err;
	while (*len < room) {
		got = read_retry(fd, (char *)data + *len, room - *len);
		if (got <= 0)
			break;
		*len += (size_t)got;
	}
	if (*len == room)
		got = read_retry(fd, &more, 1);
	if (got < 0)
		err = errno_fail(why, errno, path, "");
	else if (got > 0)
		err = fail(why, HG_ELIMIT, "%s: longer than %zu bytes", path, room);
	close(fd);
	if (err)
		*len = 0;
	return err;
}

hg_err fsroot_read(const struct fsroot *r, const char *path, char *text, size_t room, hg_error *why)
{
	size_t len;
	hg_err err;

	if (!room)
		return fail(why, HG_EINVAL, "%s: no room to read it", path);
	err = fsroot_read_bytes(r, path, text, room - 1, &len, why);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = 0;
	return err;
}

hg_err fsroot_write(const struct fsroot *r, const char *path, const char *text, hg_error *why)
{
	size_t len = strlen(text);
	ssize_t put;
	hg_err err;
	int fd;

	err = fsroot_open(r, path, O_WRONLY | O_TRUNC, &fd, why);
	if (err)
		return err;
	/* the kernel takes a value as one write; half of one would be another value */
	do
		put = write(fd, text, len);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		err = errno_fail(why, errno, path, "");
	else if ((size_t)put != len)
		err = fail(why, HG_EIO, "%s: took %zd of %zu bytes", path, put, len);
	if (close(fd) < 0 && !err)
		err = errno_fail(why, errno, path, "");
	return err;
}

hg_err fsroot_writable(const struct fsroot *r, const char *path, hg_error *why)
{
	hg_err err;
	int fd;

	err = fsroot_open(r, path, O_WRONLY, &fd, why);
	if (!err)
		close(fd);
	return err;
}

bool fsroot_access(const struct fsroot *r, const char *path, enum fsroot_use use)
{
	int mode = use == FSROOT_THERE ? F_OK : use == FSROOT_READ ? R_OK : W_OK;

	return path[0] && path[0] != '/' && faccessat(r->fd, path, mode, AT_EACCESS) == 0;
}

/* "card2" before "card10". */
static int by_version(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static hg_err names_read(DIR *dir, const char *path, struct fsroot_names *names, hg_error *why)
{
	for (;;) {
		const struct dirent *e;
		char *name;

		errno = 0;
		/* safe: the stream is this call's own, and readdir_r() is deprecated */
		/* cppcheck-suppress readdirCalled */
		e = readdir(dir);
		if (!e)
			return errno ? errno_fail(why, errno, path, "") : HG_OK;
		if (e->d_name[0] == '.')
			continue;
		if (names->n == FSROOT_NAMES)
			return fail(why, HG_ELIMIT, "%s: more than %d entries", path, FSROOT_NAMES);
		name = strdup(e->d_name);
		if (!name)
			return fail(why, HG_ENOMEM, "%s: no memory to list it", path);
		names->at[names->n++] = name;
	}
}

hg_err fsroot_list(
	const struct fsroot *r, const char *path, struct fsroot_names *names, hg_error *why)
{
	DIR *dir = NULL;
	hg_err err;
	int fd;

	*names = (struct fsroot_names){0};
	err = fsroot_open(r, path, O_RDONLY | O_DIRECTORY, &fd, why);
	if (err)
		return err;
	names->at = calloc(FSROOT_NAMES, sizeof *names->at);
	if (!names->at)
		err = fail(why, HG_ENOMEM, "%s: no memory to list it", path);
	else
		dir = fdopendir(fd);
	if (!dir) {
		err = err ? err : errno_fail(why, errno, path, "");
		close(fd);
	} else {
		err = names_read(dir, path, names, why);
		closedir(dir);
	}
	if (err)
		fsroot_names_finish(names);
	else
		qsort(names->at, names->n, sizeof *names->at, by_version);
	return err;
}

void fsroot_names_finish(struct fsroot_names *names)
{
	for (size_t i = 0; names->at && i < names->n; i++)
		free(names->at[i]);
	free(names->at);
	*names = (struct fsroot_names){0};
}
