/*
 * A training that comes again and again, made up here: an epoch costs less with larger batches, and
 * more of them are needed. The engine is asked before each run, told after each epoch, and finds
 * the batch size that reaches the target for the least energy.
 *
 *     cc recurring_training.c $(pkg-config --cflags --libs hourglass) -lm
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <hourglass/recur.h>

#define RUNS   25
#define EPOCHS 100

static const uint32_t sizes[] = {16, 32, 64, 128, 256, 512, 1024};

/* Stands for the training script: joules and seconds of one epoch, accuracy after some. */
static double epoch_joules(uint32_t batch)
{
	return 2000 + 200000.0 / batch;
}

static double accuracy(uint32_t batch, double epochs)
{
	return 0.75 * (1 - exp(-epochs / (5 + batch / 50.0)));
}

/* One run, until its target, its bound, or its last epoch. */
static hg_err train(const hg_recur_job *job, hg_recur_trial *trials, size_t n,
	hg_recur_sight *sights, hg_error *why)
{
	hg_recur_trial *t = &trials[n];
	hg_recur_check_result check = {.size = sizeof check};
	hg_err err = HG_OK;

	t->sights = sights; /* how its metric comes along */
	for (int epoch = 1; err == HG_OK && t->state == HG_RECUR_RUNNING; epoch++) {
		hg_recur_report report = {.size = sizeof report,
			.epochs = epoch,
			.metric = accuracy(t->batch_size, epoch),
			.energy_j = epoch * epoch_joules(t->batch_size),
			.time_s = epoch * epoch_joules(t->batch_size) / 250};

		sights[t->n_sights++] = (hg_recur_sight){epoch, report.metric};
		err = hg_recur_enter(job, t, &report, NULL, why);
		if (err != HG_OK || t->state != HG_RECUR_RUNNING)
			break;
		err = hg_recur_check(job, trials, n + 1, n, &check, why);
		if (err == HG_OK && check.verdict == HG_RECUR_STOP)
			t->state = HG_RECUR_STOPPED;
	}
	return err;
}

int main(void)
{
	static hg_recur_sight sights[RUNS][EPOCHS];
	hg_recur_trial trials[RUNS] = {{0}};
	hg_recur_job job = {.size = sizeof job,
		.n_sizes = sizeof sizes / sizeof *sizes,
		.default_size = 512,
		.batch_sizes = sizes,
		.eta = 1,
		.max_power_w = 300,
		.target = 0.6,
		.max_epochs = EPOCHS,
		.watched = 1};
	hg_error why = {""};
	hg_err err = HG_OK;
	char *text = NULL;

	for (size_t n = 0; n < RUNS; n++) {
		hg_recur_decision next = {.size = sizeof next};

		err = hg_recur_next(&job, trials, n, 1, &next, &why);
		if (err != HG_OK)
			goto out;
		trials[n].batch_size = next.batch_size;
		err = train(&job, trials, n, sights[n], &why);
		if (err != HG_OK)
			goto out;
		printf("run %2zu: batch size %4u, %-9s after %3.0f epochs, %7.0f J\n", n + 1,
			trials[n].batch_size, hg_recur_state_name(trials[n].state),
			trials[n].epochs, trials[n].energy_j);
	}
	err = hg_recur_explain(&job, trials, RUNS, 1, HG_RECUR_TEXT, &text, &why);
	if (err == HG_OK)
		fputs(text, stdout);
out:
	free(text);
	if (err != HG_OK)
		fprintf(stderr, "%s: %s\n", hg_err_text(err), why.text);
	return err == HG_OK ? 0 : 1;
}
