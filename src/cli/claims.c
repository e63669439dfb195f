/* Claims of devices, by names of the kernel. */
#define _GNU_SOURCE
#include "claims.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/file.h"

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

/* Who asks for the holder connects, and is never answered: there is room for many of them. */
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
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return HG_OK;
	len = name_of(&info, &a);
	if (bind(fd, (const struct sockaddr *)&a, len) == 0 && listen(fd, SOMAXCONN) == 0) {
		c->at[c->n++] = (struct claim){d, fd};
		return HG_OK;
	}
	holder = errno == EADDRINUSE ? holder_of(&a, len) : -1;
	(void)close(fd);
	/* one device by two of its drivers */
	if (holder < 0 || holder == getpid())
		return HG_OK;
	if (holder == 0)
		return fail(
			why, HG_EPERM, "%.80s: another process sets its knobs already", info.spec);
	return fail(why, HG_EPERM, "%.80s: process %ld sets its knobs already", info.spec,
		(long)holder);
}

void claims_finish(struct claims *c)
{
	for (size_t i = 0; i < c->n; i++)
		(void)close(c->at[i].fd);
	c->n = 0;
}
