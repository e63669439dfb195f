/* hourglass-fake-sysfs: builds a tree of kernel files from a scenario, and keeps it alive. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/unit.h"

#include "tree.h"

static const char usage[] =
	"usage: hourglass-fake-sysfs [--scenario FILE] [--live] [--for TIME] [--every TIME]\n"
	"                            [--at TIME] DIRECTORY\n"
	"\n"
	"Builds files such as /sys/class/drm and /sys/class/powercap under DIRECTORY, as a\n"
	"scenario has them (hourglass-fake(5)), for HOURGLASS_FS_ROOT or hg_config.fs_root.\n"
	"\n"
	"  --scenario FILE  what is played; else what HOURGLASS_SCENARIO names\n"
	"  --at TIME        the time of the scenario that the files are of (0s)\n"
	"  --live           time goes on: counters count, and limits that are written hold\n"
	"  --for TIME       with --live: stop after this long\n"
	"  --every TIME     with --live: how often files are rewritten (100ms)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 done; 1 the scenario or the directory cannot be used; 2 usage.\n";

struct options {
	const char *scenario, *root;
	bool live;
	double at_s, for_s, every_s;
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static int refuse(const char *text)
{
	(void)fprintf(stderr, "hourglass-fake-sysfs: %s\n", text);
	return 2;
}

/* @return -1: go on; else the exit status */
static int options_read(int argc, char **argv, struct options *o)
{
	hg_error why = {""};

	*o = (struct options){.for_s = HUGE_VAL, .every_s = 0.1};
	o->scenario = getenv("HOURGLASS_SCENARIO");
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		double *time = !strcmp(a, "--at")      ? &o->at_s
			       : !strcmp(a, "--for")   ? &o->for_s
			       : !strcmp(a, "--every") ? &o->every_s
						       : NULL;

		if (!strcmp(a, "--help")) {
			(void)fputs(usage, stdout);
			return 0;
		}
		if (!strcmp(a, "--live")) {
			o->live = true;
		} else if (time || !strcmp(a, "--scenario")) {
			if (++i == argc)
				return refuse("an option without its value; see --help");
			if (!time)
				o->scenario = argv[i];
			else if (quantity_parse(QUANTITY_TIME, argv[i], a, time, &why))
				return refuse(why.text);
			else if (!(*time >= 0.0))
				return refuse("a time below 0");
		} else if (a[0] == '-' || o->root) {
			return refuse("unknown argument; see --help");
		} else {
			o->root = a;
		}
	}
	if (!o->root)
		return refuse("expected a directory; see --help");
	if (!(o->every_s >= 0.001))
		return refuse("--every: expected at least 1ms");
	return -1;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void pause_s(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};

	nanosleep(&t, NULL);
}

static void catch_up(struct fake_tree *t, double at_s)
{
	for (size_t i = 0; i < t->n; i++)
		fake_device_catch_up(&t->devices[i], at_s);
}

static hg_err live(struct fake_tree *t, const struct options *o)
{
	const struct sigaction action = {.sa_handler = stop};
	double begin = now_s();
	hg_err rc = HG_OK;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!rc && !stopped && now_s() - begin < o->for_s) {
		pause_s(o->every_s);
		catch_up(t, o->at_s + now_s() - begin);
		rc = fake_tree_update(t);
	}
	return rc;
}

static hg_err play(struct fake_scenario *s, const struct options *o, hg_error *why)
{
	static struct fake_device devices[FAKE_DEVICES];
	static size_t number[FAKE_DEVICES];
	struct fake_tree t = {.root = o->root, .why = why, .devices = devices, .number = number};
	hg_err rc;

	for (size_t i = 0; i < s->n_devices; i++) {
		if (!fake_tree_has(s->devices[i].vendor))
			continue;
		for (size_t k = 0; k < t.n; k++)
			number[t.n] += !strcmp(devices[k].spec->vendor, s->devices[i].vendor);
		fake_device_begin(&devices[t.n], &s->devices[i], t.n, s->seed);
		t.n++;
	}
	catch_up(&t, o->at_s);
	rc = fake_tree_build(&t);
	return rc || !o->live ? rc : live(&t, o);
}

int main(int argc, char **argv)
{
	struct fake_scenario *s;
	struct options o;
	hg_error why = {""};
	int status = options_read(argc, argv, &o);
	hg_err rc;

	if (status >= 0)
		return status;
	s = calloc(1, sizeof *s);
	if (!s)
		return refuse("out of memory") - 1;
	rc = fake_scenario_read(s, o.scenario && *o.scenario ? o.scenario : NULL, &why);
	rc = rc ? rc : play(s, &o, &why);
	if (rc)
		(void)fprintf(stderr, "hourglass-fake-sysfs: %s\n", why.text);
	fake_scenario_finish(s);
	free(s);
	return rc ? 1 : 0;
}
