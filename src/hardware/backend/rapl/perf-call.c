/* The system call, and what is told about it. */
#define _GNU_SOURCE
#include "perf.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "core/fail.h"

hg_err perf_counter_open(const struct hg_ctx *ctx, const struct perf_pmu *pmu,
	enum perf_event event, int64_t cpu, int *fd, hg_error *why)
{
	struct perf_event_attr attr = {
		.type = pmu->type, .size = sizeof attr, .config = pmu->config[event]};
	long got;

	*fd = -1;
	if (!fsroot_is_system(&ctx->root))
		return fail(why, HG_EUNSUPPORTED,
			"perf: these files are of another machine than this process runs on");
	got = syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (got >= 0) {
		*fd = (int)got;
		return HG_OK;
	}
	if (errno == EACCES || errno == EPERM)
		return fail(why, HG_EPERM,
			"perf: not permitted: sysctl kernel.perf_event_paranoid=0, or for one "
			"program setcap cap_perfmon+ep PROGRAM");
	return fail(
		why, HG_EIO, "perf: processor %lld: %s", (long long)cpu, strerrordesc_np(errno));
}

hg_err perf_counter_read(int fd, uint64_t *count, hg_error *why)
{
	ssize_t got = read(fd, count, sizeof *count);

	if (got == (ssize_t)sizeof *count)
		return HG_OK;
	return fail(why, HG_EIO, "perf: %s", got < 0 ? strerrordesc_np(errno) : "nothing counted");
}

void perf_counter_close(int fd)
{
	(void)close(fd);
}
