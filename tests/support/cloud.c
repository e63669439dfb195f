#include "cloud.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static hg_point random_point(struct rng *r, enum cloud_shape shape, size_t i, size_t n)
{
	double u = rng_double(r), v = rng_double(r);
	hg_point p = {.setting = (hg_setting)i, .origin = HG_ORIGIN_MEASURED};

	p.time_rsd = rng_below(r, 4) ? 0.01 * rng_double(r) : (double)NAN;
	p.energy_rsd = rng_below(r, 4) ? 0.01 * rng_double(r) : (double)NAN;
	switch (shape) {
	case CLOUD_COARSE:
		p.time_s = (double)rng_below(r, 8);
		p.energy_j = (double)rng_below(r, 8);
		break;
	case CLOUD_CURVED:
		p.time_s = 1 + u;
		p.energy_j = 100 / p.time_s * (1 + 0.05 * v);
		break;
	case CLOUD_FRONTIER:
		p.time_s = (double)i + u / 2;
		p.energy_j = 10.0 * (double)(n - i) + v;
		break;
	case CLOUD_WIDE:
		p.time_s = exp(100 * (u - 0.5));
		p.energy_j = exp(100 * (v - 0.5));
		break;
	default:
		p.time_s = u;
		p.energy_j = v;
	}
	return p;
}

void cloud_fill(struct rng *r, enum cloud_shape shape, hg_point *points, size_t n)
{
	for (size_t i = 0; i < n; i++)
		points[i] = random_point(r, shape, i, n);
}

bool cloud_dominates(const hg_point *b, const hg_point *a)
{
	return b->time_s <= a->time_s && b->energy_j <= a->energy_j &&
	       (b->time_s < a->time_s || b->energy_j < a->energy_j);
}

hg_frontier *cloud_frontier(struct rng *r, size_t most)
{
	size_t n = 1 + (size_t)rng_below(r, most);
	hg_point *points = calloc(n, sizeof *points);
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_build_opts opts = {.size = sizeof opts, .info = &info, .n_settings = n};
	hg_frontier *f = NULL;

	if (rng_below(r, 3))
		info.static_power_w = rng_below(r, 2) ? 30 * rng_double(r) : 0;
	info.devices = 1;
	info.max_power_w = 300;
	if (!points)
		return NULL;
	cloud_fill(r, (enum cloud_shape)rng_below(r, CLOUD_WIDE), points, n);
	if (hg_frontier_build(points, n, &opts, &f, NULL))
		f = NULL;
	free(points);
	return f;
}

uint64_t cloud_seed(void)
{
	const char *text = getenv("HG_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;

	printf("seed %llu (HG_TEST_SEED)\n", (unsigned long long)seed);
	return seed;
}

size_t cloud_effort(void)
{
	const char *text = getenv("HG_LONG");

	return text && text[0] == '1' ? 20 : 1;
}
