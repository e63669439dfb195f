#include "window.h"

#include <math.h>

#include "core/fail.h"
#include "hardware/device/backend.h"

hg_err window_init(struct window *w, hg_device *d, hg_error *why)
{
	hg_signal_info info = {.size = sizeof info};

	*w = (struct window){.device = d, .signal = hg_device_signal_index(d, "energy")};
	if (w->signal == SIZE_MAX || hg_device_signal(d, w->signal, &info))
		return fail(why, HG_EUNSUPPORTED, "%s: no energy counter", device_spec(d));
	if (info.absent)
		return fail(why, HG_EUNSUPPORTED, "%s: no energy counter: %s", device_spec(d),
			info.absent);
	w->tick_s = (double)info.period_ns * 1e-9;
	w->resolution_j = (double)info.resolution * 1e-6;
	w->modulus = info.modulus;
	return HG_OK;
}

static hg_err counter_read(struct window *w, hg_reading *r, hg_error *why)
{
	hg_err rc = hg_device_read(w->device, &w->signal, 1, r);

	rc = rc ? rc : r->rc;
	return rc ? fail(why, rc, "%s: the energy counter cannot be read: %s",
			    device_spec(w->device), hg_err_text(rc))
		  : HG_OK;
}

hg_err window_begin(struct window *w, hg_error *why)
{
	hg_reading r;
	hg_err rc = counter_read(w, &r, why);

	if (rc)
		return rc;
	w->begin_ns = w->cut_ns = r.t0_ns + (r.t1_ns - r.t0_ns) / 2;
	w->cut_uj = r.value;
	w->energy_j = 0.0;
	w->units = 0;
	w->n_parts = 0;
	return HG_OK;
}

/* Parts of equal weight say more than a few long ones: put neighbours together when they are many.
 */
static void parts_halve(struct window *w)
{
	for (size_t i = 0; i < WINDOW_PARTS / 2; i++) {
		struct window_part *to = &w->parts[i];
		const struct window_part a = w->parts[2 * i], b = w->parts[2 * i + 1];

		*to = (struct window_part){
			a.units + b.units, a.time_s + b.time_s, a.energy_j + b.energy_j};
	}
	w->n_parts = WINDOW_PARTS / 2;
}

hg_err window_cut(struct window *w, uint64_t units, hg_error *why)
{
	hg_reading r;
	hg_err rc = counter_read(w, &r, why);
	int64_t now_ns, diff_uj;

	if (rc)
		return rc;
	now_ns = r.t0_ns + (r.t1_ns - r.t0_ns) / 2;
	diff_uj = r.value - w->cut_uj;
	if (diff_uj < 0 && w->modulus && w->modulus <= INT64_MAX)
		diff_uj += (int64_t)w->modulus;
	if (diff_uj < 0)
		return fail(why, HG_EDEVICE,
			"%s: the energy counter went back from %lld to %lld uJ",
			device_spec(w->device), (long long)w->cut_uj, (long long)r.value);
	if (w->n_parts == WINDOW_PARTS)
		parts_halve(w);
	w->parts[w->n_parts++] = (struct window_part){
		units, (double)(now_ns - w->cut_ns) * 1e-9, (double)diff_uj * 1e-6};
	w->cut_ns = now_ns;
	w->cut_uj = r.value;
	w->energy_j += (double)diff_uj * 1e-6;
	w->units += units;
	return HG_OK;
}

double window_length(const struct window *w)
{
	return (double)(w->cut_ns - w->begin_ns) * 1e-9;
}

/* Variance of the sum over all parts that follows from how the parts differ, per unit of work and
 * parts weighted by their units; `noise` is the variance of one part that is not the work's. */
static double spread(const struct window *w, double total, size_t offset, double noise)
{
	double mean = total / (double)w->units, sum = 0.0, units = (double)w->units;

	for (size_t i = 0; i < w->n_parts; i++) {
		const struct window_part *part = &w->parts[i];
		double n = (double)part->units;
		double value = *(const double *)(const void *)((const char *)part + offset);
		double off = value - n * mean;

		/* each unit independent: a part's variance grows with its units */
		sum += n > 0.0 ? (off * off - noise) / n : 0.0;
	}
	sum *= units / (double)(w->n_parts - 1);
	return fmax(sum, 0.0);
}

void window_result(const struct window *w, struct window_result *out)
{
	double length_s = window_length(w), units = (double)w->units;
	double power_w = length_s > 0.0 ? w->energy_j / length_s : 0.0;
	double quantum_j = power_w * w->tick_s;
	double ends = (quantum_j * quantum_j + w->resolution_j * w->resolution_j) / 6.0;
	double energy, time;

	out->time_s = length_s / units;
	out->energy_j = w->energy_j / units;
	out->time_rsd = out->energy_rsd = (double)NAN;
	if (w->n_parts < 2 || !(length_s > 0.0) || !(w->energy_j > 0.0))
		return;
	energy = spread(w, w->energy_j, offsetof(struct window_part, energy_j), ends);
	time = spread(w, length_s, offsetof(struct window_part, time_s), 0.0);
	/* longer work costs more: the energy varies at least as the time does */
	energy = fmax(energy, time * power_w * power_w);
	out->time_rsd = sqrt(time) / length_s;
	out->energy_rsd = sqrt(ends + energy) / w->energy_j;
}
