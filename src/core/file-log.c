#define _GNU_SOURCE
#include "file-log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"

#define PIECE 65536

static hg_err system_error(const char *path, const char *what, hg_error *why)
{
	int wrong = errno;
	hg_err rc = wrong == ENOENT                                       ? HG_ENOENT
		    : wrong == EACCES || wrong == EPERM || wrong == EROFS ? HG_EPERM
									  : HG_EIO;

	return fail(why, rc, "%s: %s: %s", path, what, strerror(wrong));
}

static hg_err read_all(struct file_log *l, const char *path, struct buf *text, hg_error *why)
{
	char piece[PIECE];

	for (;;) {
		ssize_t n = read(l->fd, piece, sizeof piece);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return system_error(path, "reading", why);
		if (n == 0)
			return HG_OK;
		if (buf_add(text, piece, (size_t)n) != HG_OK)
			return fail(why, text->failed, "%s: %s", path,
				text->failed == HG_ELIMIT ? "too long" : "out of memory");
	}
}

hg_err file_log_open(
	struct file_log *l, const char *path, size_t max, struct buf *text, hg_error *why)
{
	struct stat is;

	buf_init(text, max);
	l->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (l->fd < 0)
		return system_error(path, "opening", why);
	if (fstat(l->fd, &is) != 0 || !S_ISREG(is.st_mode))
		return fail(why, HG_EIO, "%s: not a regular file", path);
	if (flock(l->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
			       ? fail(why, HG_EIO, "%s: another process writes to it", path)
			       : system_error(path, "locking", why);
	return read_all(l, path, text, why);
}

hg_err file_log_cut(struct file_log *l, const char *path, size_t len, hg_error *why)
{
	if (ftruncate(l->fd, (off_t)len) != 0 || fsync(l->fd) != 0)
		return system_error(path, "cutting", why);
	return HG_OK;
}

hg_err file_log_add(
	struct file_log *l, const char *path, const void *data, size_t len, hg_error *why)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(l->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return system_error(path, "writing", why);
		at += n;
		len -= (size_t)n;
	}
	return fsync(l->fd) == 0 ? HG_OK : system_error(path, "writing", why);
}

void file_log_close(struct file_log *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
