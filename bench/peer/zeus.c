#define _DEFAULT_SOURCE /* fdopen, fork */
#include "zeus.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char *const argv[], FILE **in)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return -1;
	pid = fork();
	if (pid == 0) {
		if (dup2(ends[1], STDOUT_FILENO) < 0)
			_exit(127);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	(void)close(ends[1]);
	*in = fdopen(ends[0], "r");
	return pid;
}

double peer_zeus(const char *python, const char *data, const char *power, uint32_t recurrences,
	uint32_t seeds)
{
	char train_path[1024], power_path[1024], n[16], k[16], job[64];
	char script[] = HG_BENCH_DIR "/peer/zeus-recur.py";
	char *argv[] = {(char *)(uintptr_t)python, script, train_path, power_path, n, k, NULL};
	double seconds = 0, done = 0, s, d, energy, failures;
	int status = 1;
	FILE *in = NULL;
	pid_t pid;

	(void)snprintf(train_path, sizeof train_path, "%s/summary_train.csv", data);
	(void)snprintf(power_path, sizeof power_path, "%s/%s", data, power);
	(void)snprintf(n, sizeof n, "%u", recurrences);
	(void)snprintf(k, sizeof k, "%u", seeds);
	pid = start(argv, &in);
	while (in && fscanf(in, "%63s %lf %lf %lf %lf", job, &s, &d, &energy, &failures) == 5) {
		seconds += s;
		done += d;
	}
	if (in)
		(void)fclose(in);
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	if (status == 0 && done > 0)
		return seconds / done;
	fprintf(stderr, "bench-recur: %s could not run Zeus's simulator\n", python);
	return 0;
}
