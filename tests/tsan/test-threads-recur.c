/*
 * Replays spread over eight threads, some of which end early by a failing one, and others that a
 * progress function stops: the same result as from one thread, and no race.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "software/recur/campaign.h"

#define STEPS 25

static const char train[] = "dataset,network,batch_size,optimizer,run,target_metric,target_epoch\n"
			    "d,n,8,o,1,0.9,10\nd,n,8,o,2,0.9,12\nd,n,16,o,1,0.9,11\n"
			    "d,n,16,o,2,0.9,13\nd,n,32,o,1,0.9,19\nd,n,64,o,1,0.9,nan\n";
static const char power[] = "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,"
			    "average_power\nd,n,8,o,100,40,90\nd,n,8,o,200,30,160\n"
			    "d,n,16,o,100,22,95\nd,n,16,o,200,15,175\nd,n,32,o,200,10,180\n"
			    "d,n,64,o,200,9,190\n";

static int count_calls(void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)what;
	(void)done;
	(void)total;
	++*(unsigned *)user;
	return 0;
}

static int stop_at_once(void *user, const char *what, uint64_t done, uint64_t total)
{
	(void)user;
	(void)what;
	(void)done;
	(void)total;
	return 1;
}

static int same(const struct campaign_result *a, const struct campaign_result *b)
{
	return !memcmp(a->steps, b->steps, STEPS * sizeof *a->steps) &&
	       !memcmp(&a->first20, &b->first20, sizeof a->first20) &&
	       !memcmp(&a->last5_energy, &b->last5_energy, sizeof a->last5_energy);
}

static int failed(const char *what, const hg_error *why)
{
	printf("FAIL: %s: %s\n", what, why->text);
	return 1;
}

static int check(struct campaign *c)
{
	struct campaign_result one, many;
	unsigned calls = 0;
	hg_error why = {""};
	int bad = 0;

	c->threads = 1;
	if (campaign_run(c, &one, &why))
		return failed("one thread", &why);
	c->threads = 8;
	c->progress = count_calls;
	c->progress_user = &calls;
	if (campaign_run(c, &many, &why))
		return failed("eight threads", &why);
	if (!same(&one, &many) || calls == 0)
		bad = failed("eight threads differ from one", &why);
	campaign_finish(&one, 1);
	campaign_finish(&many, 1);
	c->progress = stop_at_once;
	if (campaign_run(c, &many, &why) != HG_EABORTED)
		bad = failed("not stopped", &why);
	campaign_finish(&many, 1);
	c->progress = NULL;
	c->options.concurrent = 0;
	if (campaign_run(c, &many, &why) != HG_EINVAL)
		bad = failed("an error on every thread is none", &why);
	campaign_finish(&many, 1);
	return bad;
}

int main(void)
{
	struct sim_trace t;
	struct sim_job job;
	const struct sim_spec spec = {
		.job = "d/n/o", .target = 0.9, .max_epochs = 40, .default_size = 32, .eta = 0.5};
	struct campaign c = {.jobs = &job,
		.n_jobs = 1,
		.options = {.recurrences = STEPS, .concurrent = 3},
		.seeds = 64};
	hg_error why = {""};
	int bad;

	sim_trace_init(&t);
	if (sim_trace_read_train(&t, train, sizeof train - 1, "train", &why) ||
		sim_trace_read_power(&t, power, sizeof power - 1, "power", &why) ||
		sim_job_init(&job, &t, &spec, &why)) {
		sim_trace_finish(&t);
		return failed("tables", &why);
	}
	bad = check(&c);
	sim_job_finish(&job);
	sim_trace_finish(&t);
	if (!bad)
		puts("64 replays on eight threads: as on one");
	return bad;
}
