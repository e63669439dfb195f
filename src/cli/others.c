#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include "others.h"

/** Processes that are looked at. */
#define OTHERS_ROOM 256

bool others_known(hg_device *d)
{
	size_t n;

	return hg_device_processes(d, NULL, 0, &n, NULL) == HG_OK;
}

static bool is_ours(pid_t pid, const struct vec *ours)
{
	if (pid == getpid())
		return true;
	for (size_t i = 0; i < ours->len; i++)
		if (*(pid_t *)vec_at(ours, i) == pid)
			return true;
	return false;
}

bool others_use(hg_device *d, const struct vec *ours)
{
	hg_process list[OTHERS_ROOM];
	size_t n;

	if (hg_device_processes(d, list, OTHERS_ROOM, &n, NULL) != HG_OK)
		return false;
	for (size_t i = 0; i < n && i < OTHERS_ROOM; i++) {
		pid_t pid = (pid_t)list[i].pid;

		if (pid > 0 && !is_ours(pid, ours) && (kill(pid, 0) == 0 || errno == EPERM))
			return true;
	}
	return false;
}
