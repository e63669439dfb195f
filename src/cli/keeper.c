#define _GNU_SOURCE
#include "keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/number.h"
#include "core/text.h"
#include "rig.h"

#define DONE      "done\n"
#define NOTES_MAX ((size_t)1 << 20)
/* A write to a socket of no more than that is whole. */
#define LINE_ROOM 1024

/* ----- on this side */

static bool outlives_us(const char *spec)
{
	return strncmp(spec, "sim:", 4) != 0 && strncmp(spec, "replay:", 7) != 0;
}

static bool is_needed(hg_ctx *ctx)
{
	for (hg_device *d = hg_device_next(ctx, NULL); d; d = hg_device_next(ctx, d)) {
		hg_device_info info = {.size = sizeof info};

		hg_device_get_info(d, &info);
		if (outlives_us(info.spec) && hg_device_knobs(d) > 0)
			return true;
	}
	return false;
}

/* In a new process, which other threads' locks may have been copied into: nothing but system
 * calls. */
static _Noreturn void become_keeper(int from)
{
	static char name[] = KEEPER_NAME;
	char *const argv[] = {name, NULL};
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2};
	sigset_t none;

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		(void)signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* standard output may be a pipe that someone reads to its end */
	(void)close(1);
	if (dup2(from, 0) >= 0)
		(void)execv("/proc/self/exe", argv);
	_exit(1);
}

int keeper_start(hg_ctx *ctx)
{
	int fds[2];
	pid_t pid;

	if (!is_needed(ctx) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		/* not our child: who waits for all of those would wait for it */
		(void)setsid();
		if (fork() == 0)
			become_keeper(fds[0]);
		_exit(0);
	}
	(void)close(fds[0]);
	if (pid < 0) {
		(void)close(fds[1]);
		return -1;
	}
	(void)waitpid(pid, NULL, 0);
	return fds[1];
}

hg_err keeper_note(void *user, const hg_guard_entry *e)
{
	const int *fd = user;
	char line[LINE_ROOM];
	int len;

	if (*fd < 0 || !outlives_us(e->spec))
		return HG_OK;
	len = snprintf(line, sizeof line, "%s\t%s\t%s\t%lld\n", e->spec, e->uuid, e->name,
		(long long)e->baseline);
	if (len < 0 || (size_t)len >= sizeof line)
		return HG_ELIMIT;
	/* a keeper that is gone keeps nobody from working */
	(void)!write(*fd, line, (size_t)len);
	return HG_OK;
}

/* Room for one descriptor, aligned as the kernel wants it. */
union passed {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

void keeper_hold(int fd, int held)
{
	static char nothing[] = "\n";
	struct iovec line = {nothing, 1};
	union passed control = {{0}};
	struct msghdr m = {.msg_iov = &line,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room};
	struct cmsghdr *head = CMSG_FIRSTHDR(&m);

	if (fd < 0)
		return;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof held);
	memcpy(CMSG_DATA(head), &held, sizeof held);
	(void)!sendmsg(fd, &m, MSG_NOSIGNAL);
}

void keeper_dismiss(int fd)
{
	if (fd < 0)
		return;
	(void)!write(fd, DONE, strlen(DONE));
}

/* ----- on the other */

static void put_back(struct cli *cli, hg_ctx *ctx, struct slice line)
{
	hg_device_info info = {.size = sizeof info};
	struct slice spec = slice_cut(&line, '\t'), uuid = slice_cut(&line, '\t');
	struct slice name = slice_cut(&line, '\t');
	char text[LINE_ROOM];
	hg_error why = {""};
	int64_t value;
	hg_device *d;
	size_t knob;

	(void)snprintf(text, sizeof text, "%.*s", (int)spec.len, spec.text);
	if (!int64_parse(line.text, line.len, &value) || rig_device(cli, ctx, text, &d) != EXIT_OK)
		return;
	hg_device_get_info(d, &info);
	(void)snprintf(text, sizeof text, "%.*s", (int)uuid.len, uuid.text);
	if (strcmp(text, info.uuid) != 0) {
		cli_note(cli, "%s is another device now: nothing was put back", info.spec);
		return;
	}
	(void)snprintf(text, sizeof text, "%.*s", (int)name.len, name.text);
	knob = hg_device_knob_index(d, text);
	if (knob == SIZE_MAX || hg_device_set(d, knob, value, NULL, &why) != HG_OK)
		cli_note(cli, "%s of %s could not be put back: %s", text, info.spec, why.text);
	else
		cli_note(cli, "%s of %s is put back: hourglass was killed, or could not", text,
			info.spec);
}

/* What comes with the text, the descriptors of keeper_hold(), stays open until this process ends.
 */
static ssize_t receive(int from, char *piece, size_t room)
{
	struct iovec text = {piece, room};
	union passed control;
	struct msghdr m = {.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room};

	return recvmsg(from, &m, MSG_CMSG_CLOEXEC);
}

int keeper_main(struct cli *cli)
{
	struct buf notes;
	hg_ctx *ctx = NULL;
	char piece[4096];
	ssize_t n;

	buf_init(&notes, NOTES_MAX);
	while ((n = receive(0, piece, sizeof piece)) > 0)
		buf_add(&notes, piece, (size_t)n);
	if (notes.len > 0 &&
		(notes.len < strlen(DONE) ||
			memcmp(notes.data + notes.len - strlen(DONE), DONE, strlen(DONE)) != 0) &&
		rig_context(cli, &ctx) == EXIT_OK) {
		struct slice rest = {notes.data, notes.len};

		while (rest.text && rest.len > 0) {
			struct slice line = slice_cut(&rest, '\n');

			if (line.len > 0)
				put_back(cli, ctx, line);
		}
	}
	hg_close(ctx);
	buf_finish(&notes);
	return EXIT_OK;
}
