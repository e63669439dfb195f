#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hardware/model/model.h"

#include "sweeps.h"

/* As src/cli/tune-model.c. */
#define NOISE_VAR  (0.004 * 0.004)
#define BEYOND_RSD 0.3

hg_err sweep_predict(void *user, const hg_point *seen, size_t n, hg_point *out, size_t n_settings)
{
	const struct power_sweep *s = user;
	hg_obs obs[LIVE_SETTINGS];
	double time = HUGE_VAL, energy = HUGE_VAL;
	hg_fit *fit = NULL;
	hg_err rc;

	for (size_t i = 0; i < n; i++)
		obs[i] = (hg_obs){
			.setting = {s->clock_hz[seen[i].setting], s->job.watts[seen[i].setting]},
			.time_s = seen[i].time_s,
			.energy_j = seen[i].energy_j / s->devices,
			.time_rsd = seen[i].time_rsd,
			.energy_rsd = seen[i].energy_rsd};
	rc = hg_fit_create(s->model, obs, n, NULL, &fit, NULL);
	for (size_t i = 0; rc == HG_OK && i < n_settings; i++) {
		const hg_knobs k = {s->clock_hz[i], s->job.watts[i]};
		hg_forecast f = {.size = sizeof f};

		rc = hg_fit_predict(fit, &k, &f);
		out[i] = (hg_point){.time_s = f.time_s,
			.energy_j = f.energy_j * s->devices,
			.time_rsd = f.time_rsd,
			.energy_rsd = f.energy_rsd};
		time = fmin(time, f.time_rsd);
		energy = fmin(energy, f.energy_rsd);
	}
	for (size_t i = 0; rc == HG_OK && i < n_settings; i++) {
		out[i].time_rsd =
			sqrt(fmax(pow(out[i].time_rsd, 2) - 0.5 * time * time, NOISE_VAR));
		out[i].energy_rsd =
			sqrt(fmax(pow(out[i].energy_rsd, 2) - 0.5 * energy * energy, NOISE_VAR));
	}
	hg_fit_destroy(fit);
	return rc;
}

void models_by_name(struct power_sweeps *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct power_sweep *s = &all->at[i];
		hg_model *m = NULL;

		s->model = NULL;
		for (size_t k = 0; k < i && !s->model; k++)
			if (strcmp(all->at[k].gpu, s->gpu) == 0)
				s->model = all->at[k].model;
		/* they are few, and live as long as the program */
		if (!s->model && hg_model_load(s->gpu, NULL, &m, NULL) == HG_OK)
			s->model = m;
	}
}

/* ----- from the other families */

/* A network that was profiled is a family of its own, and so is what trains the same one. */
static bool kin(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');

	if (x && y)
		return strcmp(a, b) == 0;
	return strcmp(x ? x + 1 : a, y ? y + 1 : b) == 0;
}

static int by_limit(const void *a, const void *b)
{
	double x = ((const struct work_obs *)a)->setting.cap_w;
	double y = ((const struct work_obs *)b)->setting.cap_w;

	return (x > y) - (x < y);
}

/** Sweeps to learn from. */
struct lessons {
	struct work_obs obs[MAX_SWEEPS][LIVE_SETTINGS];
	struct sweep sweeps[MAX_SWEEPS];
	size_t n;
	unsigned families;
};

/* Those of summaries on the same GPU, of other families than s. */
static void gather(const struct power_sweeps *all, const struct power_sweep *s, struct lessons *l)
{
	size_t from[MAX_SWEEPS] = {0};

	l->n = 0;
	l->families = 0;
	for (size_t i = 0; i < all->n; i++) {
		const struct power_sweep *o = &all->at[i];
		struct work_obs *obs = l->obs[l->n];
		unsigned family = l->families;

		if (strcmp(o->gpu, s->gpu) != 0 || kin(o->family, s->family) ||
			!strchr(o->family, '/'))
			continue;
		for (size_t k = 0; k < o->job.n; k++)
			obs[k] = (struct work_obs){{0, o->job.watts[k]},
				{log(o->job.time_s[k]), log(o->job.power_w[k])}, {0, 0}};
		qsort(obs, o->job.n, sizeof *obs, by_limit);
		for (size_t k = 0; k < l->n; k++)
			if (strcmp(all->at[from[k]].family, o->family) == 0)
				family = l->sweeps[k].family;
		l->families += family == l->families;
		from[l->n] = i;
		l->sweeps[l->n++] = (struct sweep){obs, o->job.n, family, {0}};
	}
}

/* A device of which only the ranges of its knobs are known. */
static struct figures neutral_device(const struct lessons *l)
{
	struct figures f = {.clock_min_hz = 1e8, .clock_max_hz = 1e9, .cap_min_w = HUGE_VAL};

	for (size_t i = 0; i < l->n; i++) {
		f.cap_min_w = fmin(f.cap_min_w, l->sweeps[i].obs[0].setting.cap_w);
		f.cap_max_w = fmax(f.cap_max_w, l->sweeps[i].obs[l->sweeps[i].n - 1].setting.cap_w);
	}
	f.cap_default_w = f.cap_max_w;
	device_neutral(&f);
	return f;
}

static const hg_model *learn(const struct power_sweeps *all, const struct power_sweep *s)
{
	struct lessons *l = calloc(1, sizeof *l);
	struct device_fit *fit = calloc(1, sizeof *fit);
	hg_model *m = NULL;

	if (!l || !fit)
		need(HG_ENOMEM, s->name);
	else
		gather(all, s, l);
	if (l && fit && l->families > 1) {
		fit->f = neutral_device(l);
		need(device_fit_run(fit, l->sweeps, l->n), "joint fit");
		device_prior_learn(fit, l->sweeps, l->n);
		need(device_calibrate(fit, l->sweeps, l->n), "calibration");
		m = calloc(1, sizeof *m);
		if (!m)
			exit(1);
		/* fit stays, as the model is of it: few, for as long as the program runs */
		m->name = m->title = s->gpu;
		m->f = fit->f;
		m->prior = &fit->prior;
		m->origin = HG_ORIGIN_FITTED;
	} else {
		free(fit);
	}
	free(l);
	return m;
}

void models_of_others(struct power_sweeps *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct power_sweep *s = &all->at[i];
		bool done = false;

		for (size_t k = 0; k < i && !done; k++) {
			done = strcmp(all->at[k].gpu, s->gpu) == 0 &&
			       strcmp(all->at[k].family, s->family) == 0;
			s->model = done ? all->at[k].model : NULL;
		}
		if (!done)
			s->model = learn(all, s);
	}
}
