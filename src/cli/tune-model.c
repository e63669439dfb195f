/* Predictions for the tuner by the model of a known device. */
#include "tune-model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define NAME_ROOM 96
/* A cap that the device cannot keep: what it then does is not known. */
#define BEYOND_RSD 0.3
/* Share of a measurement's variance that is not the setting's own. */
#define NOISE 0.5
/* No model is surer than this. */
#define LEAST_VAR (0.004 * 0.004)

/* The longest beginning of a name that is one of a known device. */
static hg_model *find(const char *device)
{
	char name[NAME_ROOM];
	hg_model *m = NULL;

	(void)snprintf(name, sizeof name, "%s", device);
	/* a path would be taken for a file */
	if (!name[0] || strchr(name, '/') || strchr(name, '.'))
		return NULL;
	while (hg_model_load(name, rig_data_dir(), &m, NULL) != HG_OK) {
		size_t end = strlen(name);

		while (end && name[end] != '-' && name[end] != ' ')
			end--;
		if (!end)
			return NULL;
		name[end] = '\0';
	}
	return m;
}

static hg_knobs setting_of(const struct tune_knobs *k, size_t row)
{
	hg_knobs s = {0, 0};

	for (size_t i = 0; i < k->n_knobs; i++) {
		double cell = k->cells[row * k->n_knobs + i];

		if (isnan(cell))
			continue;
		if (strcmp(k->info[i].name, "power_limit") == 0)
			s.cap_w = cell;
		else if (strcmp(k->info[i].name, "sm_clock") == 0)
			s.clock_hz = cell * 1e6;
	}
	return s;
}

/* A forecast says where a new measurement would fall. What counts is how far the setting itself may
 * be off: without most of the noise of measuring, which is all there is where it is surest. */
static void take_noise_off(hg_point *out, size_t n)
{
	double time = HUGE_VAL, energy = HUGE_VAL;

	for (size_t i = 0; i < n; i++) {
		time = fmin(time, out[i].time_rsd);
		energy = fmin(energy, out[i].energy_rsd);
	}
	for (size_t i = 0; i < n; i++) {
		hg_point *p = &out[i];

		p->time_rsd =
			sqrt(fmax(p->time_rsd * p->time_rsd - NOISE * time * time, LEAST_VAR));
		p->energy_rsd = sqrt(
			fmax(p->energy_rsd * p->energy_rsd - NOISE * energy * energy, LEAST_VAR));
	}
}

/* An hg_tune_predict_fn. */
static hg_err predict(void *user, const hg_point *seen, size_t n, hg_point *out, size_t n_settings)
{
	const struct tune_model *m = user;
	hg_obs *obs = calloc(n, sizeof *obs);
	hg_fit *fit = NULL;
	hg_err rc = HG_ENOMEM;

	for (size_t i = 0; obs && i < n; i++)
		obs[i] = (hg_obs){.setting = setting_of(m->knobs, seen[i].setting),
			.time_s = seen[i].time_s,
			.energy_j = seen[i].energy_j / m->devices,
			.time_rsd = seen[i].time_rsd,
			.energy_rsd = seen[i].energy_rsd};
	if (obs)
		rc = hg_fit_create(m->model, obs, n, NULL, &fit, NULL);
	for (size_t i = 0; rc == HG_OK && i < n_settings; i++) {
		hg_knobs s = setting_of(m->knobs, i);
		hg_forecast f = {.size = sizeof f};
		double more;

		rc = hg_fit_predict(fit, &s, &f);
		more = f.flags & HG_CAP_INFEASIBLE ? BEYOND_RSD : 0;
		out[i] = (hg_point){.time_s = f.time_s,
			.energy_j = f.energy_j * m->devices,
			.time_rsd = hypot(f.time_rsd, more),
			.energy_rsd = hypot(f.energy_rsd, more),
			.setting = (hg_setting)i,
			.origin = HG_ORIGIN_FITTED};
	}
	if (rc == HG_OK)
		take_noise_off(out, n_settings);
	hg_fit_destroy(fit);
	free(obs);
	return rc;
}

void tune_model_open(
	struct tune_model *m, const char *device, const struct tune_knobs *k, hg_tune_opts *o)
{
	*m = (struct tune_model){.knobs = k, .devices = (double)(k->n ? k->n : 1)};
	/* knobs that a model does not know change what it predicts */
	for (size_t i = 0; i < k->n_knobs; i++)
		if (strcmp(k->info[i].name, "power_limit") != 0 &&
			strcmp(k->info[i].name, "sm_clock") != 0)
			return;
	m->model = k->n_knobs ? find(device) : NULL;
	if (!m->model)
		return;
	o->predict = predict;
	o->predict_user = m;
}

void tune_model_close(struct tune_model *m)
{
	hg_model_destroy(m->model);
	*m = (struct tune_model){0};
}
