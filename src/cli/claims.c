/* Claims of devices, by names of the kernel. */
#define _GNU_SOURCE
#include "claims.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/file.h"
#include "keep.h"

/* Simulated devices of files are seen by every process that looks at them; those of a fake library
 * are its own in each. */
static bool is_shared(const hg_device_info *info)
{
	static const char *const files[] = {"amdgpu:", "intel:", "hwmon:", "rapl:", "cpufreq:"};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (strncmp(info->spec, files[i], strlen(files[i])) == 0)
			return true;
	return !info->simulated;
}

/* Files under another root are another machine's. */
static void machine_text(char *text, size_t room)
{
	const char *path = getenv("HOURGLASS_FS_ROOT");
	struct fsroot root;
	struct stat st;

	text[0] = '\0';
	if (!path || !path[0] || fsroot_init(&root, path, NULL) != HG_OK)
		return;
	if (!fsroot_is_system(&root) && fstat(root.fd, &st) == 0)
		(void)snprintf(text, room, "%llx:%llx:", (unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino);
	fsroot_finish(&root);
}

/* A first byte of 0 makes it a name that is no file. @return its length as the kernel counts it */
static socklen_t name_of(const hg_device_info *info, struct sockaddr_un *a)
{
	char machine[48];
	int len;

	machine_text(machine, sizeof machine);
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	len = snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "hourglass:%s%.40s", machine,
		info->uuid[0] ? info->uuid : info->spec);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

/* @return 0: not known */
static pid_t holder_of(const struct sockaddr_un *a, socklen_t len)
{
	struct ucred who = {0};
	socklen_t size = sizeof who;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)a, len) != 0 ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
		who.pid = 0;
	(void)close(fd);
	return who.pid;
}

/* It has ended, also if nobody has asked how yet. */
static bool is_gone(pid_t pid)
{
	char path[32];
	const char *end;
	struct buf text;
	bool gone;

	if (kill(pid, 0) != 0 && errno == ESRCH)
		return true;
	(void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	/* "PID (NAME) STATE", where a name may hold anything */
	end = file_read(path, 4096, &text, NULL) == HG_OK && text.data ? strrchr(text.data, ')')
								       : NULL;
	gone = end && (strncmp(end, ") Z", 3) == 0 || strncmp(end, ") X", 3) == 0);
	buf_finish(&text);
	return gone;
}

/* Who asks for the holder connects, and is never answered: there is room for many of them.
 * @return the descriptor; -1: there is none, and holder is who has it, 0 if that is not known, and
 * -1 where there are no such names */
static int take(const struct sockaddr_un *a, socklen_t len, pid_t *holder)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*holder = -1;
	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)a, len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	if (errno == EADDRINUSE)
		*holder = holder_of(a, len);
	(void)close(fd);
	return -1;
}

/* What a dead process has is its keeper's, for as long as that puts back. One that is not known may
 * just have ended. */
static int take_after(const struct sockaddr_un *a, socklen_t len, pid_t *holder)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	int fd = take(a, len, holder);

	for (int i = 0; fd < 0 && i < CLAIMS_WAIT_S * 50; i++) {
		if (*holder < 0 || (*holder > 0 && !is_gone(*holder)) || (*holder == 0 && i >= 50))
			break;
		(void)nanosleep(&pause, NULL);
		fd = take(a, len, holder);
	}
	return fd;
}

static hg_err refuse(const char *spec, pid_t holder, hg_error *why)
{
	if (holder == 0)
		return fail(why, HG_EPERM, "%.80s: another process sets its knobs already", spec);
	if (is_gone(holder))
		return fail(why, HG_EPERM,
			"%.80s: the knobs that process %ld left are not put back after %d s", spec,
			(long)holder, CLAIMS_WAIT_S);
	return fail(why, HG_EPERM, "%.80s: process %ld sets its knobs already", spec, (long)holder);
}

hg_err claims_add(struct claims *c, const hg_device *d, hg_error *why)
{
	hg_device_info info = {.size = sizeof info};
	struct sockaddr_un a;
	socklen_t len;
	pid_t holder;
	int fd;

	hg_device_get_info(d, &info);
	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].device == d)
			return HG_OK;
	if (!is_shared(&info))
		return HG_OK;
	if (c->n == GAUGE_DEVICES)
		return fail(why, HG_ELIMIT, "more than %d devices", GAUGE_DEVICES);
	len = name_of(&info, &a);
	fd = take_after(&a, len, &holder);
	if (fd >= 0) {
		keep_held(fd);
		c->at[c->n++] = (struct claim){d, fd};
		return HG_OK;
	}
	/* one device by two of its drivers */
	return holder < 0 || holder == getpid() ? HG_OK : refuse(info.spec, holder, why);
}

void claims_finish(struct claims *c)
{
	for (size_t i = 0; i < c->n; i++)
		(void)close(c->at[i].fd);
	c->n = 0;
}
