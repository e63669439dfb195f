#define _POSIX_C_SOURCE 200809L
/* The questions that a caller may ask. */
#include "search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/size.h"

#define UNKNOWN_RSD 0.01
#define CANDIDATES  4096 /* of a product */
#define LEAST       1024 /* of them */

static const char *const scale_names[] = {
#define NAME(name, value, text) [value] = (text),
	HG_SEARCH_SCALE_LIST(NAME)};
static const char *const policy_names[] = {HG_SEARCH_POLICY_LIST(NAME)
#undef NAME
};

const char *hg_search_scale_name(uint32_t scale)
{
	return scale < sizeof scale_names / sizeof *scale_names ? scale_names[scale] : "?";
}

const char *hg_search_policy_name(uint32_t policy)
{
	return policy < sizeof policy_names / sizeof *policy_names ? policy_names[policy] : "?";
}

static hg_err read_opts(const hg_search_opts *given, hg_search_opts *o, hg_error *why)
{
	*o = (hg_search_opts){.size = sizeof *o};
	if (given && size_read(o, sizeof *o, given) != 0)
		return fail(why, HG_EINVAL, "the options' size is not set");
	if (o->epsilon == 0)
		o->epsilon = 0.02;
	if (o->confidence == 0)
		o->confidence = 0.98;
	if (o->origin == 0)
		o->origin = HG_ORIGIN_MEASURED;
	if (o->n_candidates == 0)
		o->n_candidates = CANDIDATES;
	if (o->n_candidates < LEAST || o->n_candidates > HG_SEARCH_MAX_CONFIGS)
		return fail(why, HG_EINVAL, "candidates must be %d to %d, not %u", LEAST,
			HG_SEARCH_MAX_CONFIGS, o->n_candidates);
	if (!(o->epsilon > 0 && o->epsilon < 1e6))
		return fail(why, HG_EINVAL, "epsilon must be above 0, not %g", o->epsilon);
	if (!(o->confidence > 0 && o->confidence < 1))
		return fail(why, HG_EINVAL, "confidence must be between 0 and 1, not %g",
			o->confidence);
	if (o->policy > HG_SEARCH_RANDOM)
		return fail(why, HG_EINVAL, "no such policy: %u", o->policy);
	return HG_OK;
}

static hg_err copy_info(hg_search *s, const hg_search_space *g)
{
	s->name = strdup(g->name ? g->name : "");
	s->work_unit = strdup(g->work_unit ? g->work_unit : "");
	s->device = strdup(g->device ? g->device : "");
	s->devices = g->devices;
	s->marks = calloc(s->space.n, sizeof *s->marks);
	return s->name && s->work_unit && s->device && s->marks ? HG_OK : HG_ENOMEM;
}

hg_err search_create(const hg_search_space *space, const hg_search_opts *opts,
	const struct scales *scales, hg_search **out, hg_error *why)
{
	hg_search_space given;
	hg_search *s = calloc(1, sizeof *s);
	hg_err rc;

	*out = NULL;
	if (!s)
		return fail(why, HG_ENOMEM, "no memory for a search");
	rc = size_read(&given, sizeof given, space) == 0
		     ? read_opts(opts, &s->opts, why)
		     : fail(why, HG_EINVAL, "the space's size is not set");
	if (rc == HG_OK)
		rc = given.n_values ? pool_init(s, &given, s->opts.n_candidates, SEARCH_SETS, why)
				    : space_init(&s->space, &given, why);
	if (rc != HG_OK)
		goto out;
	if (scales)
		space_expect(&s->space, scales, given.prior_time_s != NULL);
	vec_init(&s->told, sizeof(struct told), HG_SEARCH_MAX_MEASURED);
	vec_init(&s->failed, sizeof(uint32_t), HG_SEARCH_MAX_CONFIGS);
	vec_init(&s->pending, sizeof(uint32_t), HG_SEARCH_MAX_CONFIGS);
	for (size_t k = 0; k < SEARCH_BELIEFS; k++)
		for (int o = 0; o < SEARCH_OUTPUTS; o++)
			hyper_init(&s->hyper[k][o], &s->space, o);
	s->next_fit = 4;
	rc = copy_info(s, &given);
	if (rc == HG_OK)
		rc = search_rebuild(s);
	if (rc != HG_OK)
		(void)fail(why, rc, "no memory for a search");
out:
	if (rc == HG_OK)
		*out = s;
	else
		hg_search_destroy(s);
	return rc;
}

hg_err hg_search_create(
	const hg_search_space *space, const hg_search_opts *opts, hg_search **out, hg_error *why)
{
	return search_create(space, opts, NULL, out, why);
}

void hg_search_destroy(hg_search *s)
{
	if (!s)
		return;
	for (size_t k = 0; k < SEARCH_BELIEFS; k++)
		for (int o = 0; o < SEARCH_OUTPUTS; o++)
			gp_finish(&s->gp[k][o]);
	space_finish(&s->space);
	pool_finish(&s->pool);
	vec_finish(&s->told);
	vec_finish(&s->failed);
	vec_finish(&s->pending);
	free(s->front.at);
	free(s->name);
	free(s->work_unit);
	free(s->device);
	free(s->marks);
	free(s);
}

static void forget(struct vec *v, uint32_t config)
{
	uint32_t *at = v->data;
	size_t kept = 0;

	for (size_t i = 0; i < v->len; i++)
		if (at[i] != config)
			at[kept++] = at[i];
	v->len = kept;
}

void hg_search_forget(hg_search *s, uint32_t config)
{
	if (config >= s->space.n || s->marks[config] != MARK_PENDING)
		return;
	s->marks[config] = MARK_FREE;
	forget(&s->pending, config);
}

/** The front of what was measured. */
static hg_err refront(hg_search *s)
{
	struct spot *at = realloc(s->front.at, (s->told.len + 1) * sizeof *at);

	if (!at)
		return HG_ENOMEM;
	s->front.at = at;
	s->ref = (struct spot){-INFINITY, -INFINITY};
	for (size_t i = 0; i < s->told.len; i++) {
		const struct told *t = vec_at(&s->told, i);

		at[i] = (struct spot){t->t, t->t + t->p};
		s->ref.t = fmax(s->ref.t, at[i].t + 0.1);
		s->ref.e = fmax(s->ref.e, at[i].e + 0.1);
	}
	s->front.n = front_filter(at, s->told.len);
	return HG_OK;
}

static double variance_of(double rsd)
{
	double sd = isnan(rsd) ? UNKNOWN_RSD : rsd;

	return sd * sd;
}

/** One more, or one that replaces another. */
static hg_err take(hg_search *s, const hg_search_result *r)
{
	struct told t = {.config = r->config,
		.t = log(r->time_s),
		.p = log(r->energy_j / r->time_s),
		.t_var = variance_of(r->time_rsd),
		.p_var = variance_of(r->time_rsd) + variance_of(r->energy_rsd),
		.result = *r};
	hg_err rc;

	if (s->marks[r->config] == MARK_MEASURED) {
		for (size_t i = 0; i < s->told.len; i++) {
			struct told *old = vec_at(&s->told, i);

			if (old->config == r->config)
				*old = t;
		}
		return search_rebuild(s);
	}
	rc = vec_push(&s->told, &t);
	if (rc != HG_OK)
		return rc;
	forget(&s->failed, r->config);
	hg_search_forget(s, r->config);
	s->marks[r->config] = MARK_MEASURED;
	if (s->told.len < s->next_fit) {
		for (size_t k = 0; rc == HG_OK && k < SEARCH_BELIEFS; k++) {
			rc = gp_add(&s->gp[k][SEARCH_TIME], r->config, t.t, t.t_var);
			if (rc == HG_OK)
				rc = gp_add(&s->gp[k][SEARCH_POWER], r->config, t.p, t.p_var);
		}
		return rc;
	}
	s->next_fit = s->told.len >= 96 ? SIZE_MAX : s->told.len + 1 + s->told.len / 8;
	rc = search_fit(s);
	return rc == HG_OK ? search_rebuild(s) : rc;
}

static bool is_positive(double v)
{
	return v > 0 && isfinite(v);
}

static hg_err check_result(const hg_search *s, const hg_search_result *r, hg_error *why)
{
	if (r->config >= s->space.n)
		return fail(why, HG_EINVAL, "no configuration %u: there are %zu", r->config,
			s->space.n);
	if (r->failed)
		return HG_OK;
	if (!is_positive(r->time_s))
		return fail(why, HG_EINVAL, "time must be finite and above 0, not %g", r->time_s);
	if (!is_positive(r->energy_j))
		return fail(
			why, HG_EINVAL, "energy must be finite and above 0, not %g", r->energy_j);
	if (r->time_rsd < 0 || r->energy_rsd < 0 || isinf(r->time_rsd) || isinf(r->energy_rsd))
		return fail(why, HG_EINVAL, "a standard deviation must be finite and not negative");
	if (s->told.len == HG_SEARCH_MAX_MEASURED && s->marks[r->config] != MARK_MEASURED)
		return fail(why, HG_ELIMIT, "%d results are the most", HG_SEARCH_MAX_MEASURED);
	return HG_OK;
}

hg_err hg_search_tell(hg_search *s, const hg_search_result *result, hg_error *why)
{
	hg_search_result r;
	hg_err rc;

	if (size_read(&r, sizeof r, result) != 0)
		return fail(why, HG_EINVAL, "the result's size is not set");
	rc = check_result(s, &r, why);
	if (rc != HG_OK)
		return rc;
	if (r.failed) {
		if (s->marks[r.config] == MARK_MEASURED || s->marks[r.config] == MARK_FAILED)
			return HG_OK;
		hg_search_forget(s, r.config);
		s->marks[r.config] = MARK_FAILED;
		rc = vec_push(&s->failed, &r.config);
	} else {
		rc = take(s, &r);
		if (rc == HG_OK)
			rc = refront(s);
	}
	if (rc == HG_OK && s->pool.on)
		rc = pool_turn(s);
	return rc == HG_OK ? HG_OK : fail(why, rc, "no memory for a result");
}

/** Whether results are as many as they may be. */
static bool is_spent(const hg_search *s)
{
	size_t told = s->told.len + s->failed.len + s->pending.len;

	return (s->opts.max_measured > 0 && told >= s->opts.max_measured) ||
	       s->told.len + s->pending.len >= HG_SEARCH_MAX_MEASURED;
}

hg_err search_is_certain(const hg_search *s, bool *out)
{
	double most = 1 - s->opts.confidence;
	struct front covered;
	hg_err rc;

	*out = false;
	if (s->told.len == 0)
		return HG_OK;
	rc = search_covered(s, s->opts.epsilon, &covered);
	if (rc != HG_OK)
		return rc;
	*out = search_escape(s, &covered, most) <= most;
	free(covered.at);
	return HG_OK;
}

/** Whether candidates, if the space has some, have changed often enough to believe them. */
static bool is_settled(const hg_search *s)
{
	return !s->pool.on || s->pool.sure == POOL_SETS;
}

/** Until it is told, it came out as expected. */
static hg_err expect(hg_search *s, uint32_t config)
{
	hg_err rc = vec_push(&s->pending, &config);

	if (rc == HG_OK)
		s->marks[config] = MARK_PENDING;
	return rc;
}

/** How many expected results each process holds, which drop() takes back. */
struct expected {
	size_t n[SEARCH_BELIEFS][SEARCH_OUTPUTS];
};

static void drop(hg_search *s, struct expected *e)
{
	for (size_t k = 0; k < SEARCH_BELIEFS; k++)
		for (int o = 0; o < SEARCH_OUTPUTS; o++)
			while (e->n[k][o] > 0) {
				gp_drop(&s->gp[k][o]);
				e->n[k][o]--;
			}
}

/** Adds a pending one to the processes. */
static hg_err believe(hg_search *s, uint32_t config, struct expected *e)
{
	hg_err rc = HG_OK;

	for (size_t k = 0; k < SEARCH_BELIEFS; k++)
		for (int o = 0; rc == HG_OK && o < SEARCH_OUTPUTS; o++) {
			rc = gp_add(&s->gp[k][o], config, NAN, 0);
			e->n[k][o] += rc == HG_OK;
		}
	return rc;
}

hg_err hg_search_next(hg_search *s, size_t want, uint32_t *configs, size_t *n, hg_error *why)
{
	struct expected believed = {{{0}}};
	hg_err rc = HG_OK;

	*n = 0;
	if (want == 0)
		return fail(why, HG_EINVAL, "at least one configuration must be asked for");
	for (size_t i = 0; rc == HG_OK && i < s->pending.len; i++)
		rc = believe(s, *(uint32_t *)vec_at(&s->pending, i), &believed);
	while (rc == HG_OK && *n < want && !is_spent(s)) {
		bool certain = false;
		size_t config;

		if (s->opts.policy != HG_SEARCH_RANDOM)
			rc = search_is_certain(s, &certain);
		if (rc != HG_OK || (certain && is_settled(s)))
			break;
		rc = search_choose(s, &config);
		if (rc != HG_OK || config == SIZE_MAX)
			break;
		rc = expect(s, (uint32_t)config);
		if (rc == HG_OK)
			rc = believe(s, (uint32_t)config, &believed);
		if (rc == HG_OK)
			configs[(*n)++] = (uint32_t)config;
	}
	drop(s, &believed);
	return rc == HG_OK ? HG_OK : fail(why, rc, "no memory to choose");
}

const double *hg_search_cells(const hg_search *s, uint32_t config)
{
	return config < s->space.n ? s->space.cells + config * s->space.n_knobs : NULL;
}

hg_err hg_search_locate(hg_search *s, const double *cells, uint32_t *config, hg_error *why)
{
	hg_err rc;

	*config = UINT32_MAX;
	if (s->pool.on && product_has(&s->pool.product, cells)) {
		rc = pool_locate(s, cells, config);
		if (rc == HG_ELIMIT)
			return fail(why, rc, "no candidate of %zu can give way", s->space.n);
		return rc == HG_OK ? HG_OK : fail(why, rc, "no memory for a candidate");
	}
	for (size_t i = 0; !s->pool.on && i < s->space.n; i++)
		if (space_is(&s->space, i, cells)) {
			*config = (uint32_t)i;
			return HG_OK;
		}
	return fail(why, HG_EINVAL, "the space has no such setting");
}

hg_err hg_search_believe(
	const hg_search *s, uint32_t config, hg_search_belief *belief, hg_error *why)
{
	hg_search_belief b = {.size = sizeof b};
	struct front front = {0};
	struct guess g;
	hg_err rc;

	if (config >= s->space.n)
		return fail(
			why, HG_EINVAL, "no configuration %u: there are %zu", config, s->space.n);
	g = search_guess_all(s, config);
	b.told = s->marks[config] == MARK_MEASURED ? 1 : s->marks[config] == MARK_FAILED ? 2 : 0;
	b.time_s = exp(g.t);
	b.energy_j = exp(g.t + g.p);
	b.time_rsd = g.t_sd;
	b.energy_rsd = sqrt(g.t_sd * g.t_sd + g.p_sd * g.p_sd);
	b.feasible = search_feasible(s, config);
	if (b.told != 2 && s->told.len > 0) {
		rc = search_covered(s, s->opts.epsilon, &front);
		if (rc != HG_OK)
			return fail(why, rc, "no memory for a front");
		b.escape = search_escapes(s, config, &front);
		free(front.at);
		b.ehvi = front_ehvi(&s->front, &s->ref, &g);
	}
	size_write(belief, &b, sizeof b);
	return HG_OK;
}

/** The smallest epsilon whose escape is at most that: by bisection of its logarithm. */
static hg_err bound(const hg_search *s, double most, double *out)
{
	double lo = 1e-6, hi = 1e3;

	for (int i = 0; i < 20 && hi / lo > 1.02; i++) {
		double middle = sqrt(lo * hi), escape;
		struct front covered;
		hg_err rc = search_covered(s, middle, &covered);

		if (rc != HG_OK)
			return rc;
		escape = search_escape(s, &covered, most);
		free(covered.at);
		if (escape <= most)
			hi = middle;
		else
			lo = middle;
	}
	*out = hi;
	return HG_OK;
}

/** Mean probability to escape: of a product, of what was drawn by chance. */
static double escape_drawn(const hg_search *s, const struct front *covered)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < s->space.n; i++) {
		if (s->pool.on && s->pool.role[i] != POOL_DRAWN)
			continue;
		n++;
		if (s->marks[i] == MARK_FREE || s->marks[i] == MARK_PENDING)
			sum += search_escapes(s, i, covered);
	}
	return n > 0 ? sum / n : 1;
}

static void count(const hg_search *s, hg_search_state *state)
{
	state->measured = (uint32_t)s->told.len;
	state->failed = (uint32_t)s->failed.len;
	state->pending = (uint32_t)s->pending.len;
	state->left = (uint32_t)s->space.n - state->measured - state->failed - state->pending;
	state->points = (uint32_t)s->front.n;
	state->candidates = (uint32_t)s->space.n;
	state->combinations = s->pool.on ? product_count(&s->pool.product) : (double)s->space.n;
}

hg_err hg_search_look(const hg_search *s, hg_search_state *state, hg_error *why)
{
	hg_search_state now = {
		.size = sizeof now, .epsilon_bound = INFINITY, .escape = 1, .escape_drawn = 1};
	double most = 1 - s->opts.confidence;
	struct front covered = {0};
	hg_err rc = HG_OK;

	count(s, &now);
	if (s->told.len > 0) {
		rc = bound(s, most, &now.epsilon_bound);
		if (rc == HG_OK)
			rc = search_covered(s, s->opts.epsilon, &covered);
		if (rc == HG_OK)
			now.escape = fmin(1, search_escape(s, &covered, 1));
		if (rc == HG_OK)
			now.escape_drawn = escape_drawn(s, &covered);
		free(covered.at);
	}
	if (rc != HG_OK)
		return fail(why, rc, "no memory for a certificate");
	now.certified = s->told.len > 0 && now.escape <= most && is_settled(s);
	now.done = now.certified || now.left + now.pending == 0 || is_spent(s);
	size_write(state, &now, sizeof now);
	return HG_OK;
}

/* ----- the frontier */

static hg_err build(const hg_search *s, const hg_point *points, const hg_knob_def *knobs,
	const double *settings, size_t n_settings, hg_frontier **out, hg_error *why)
{
	hg_frontier_info info = HG_FRONTIER_INFO_INIT;
	hg_build_opts opts = {.size = sizeof opts,
		.flags = HG_BUILD_KEEP_DOMINATED,
		.info = &info,
		.knobs = knobs,
		.n_knobs = s->space.n_knobs,
		.settings = settings,
		.n_settings = n_settings};

	info.name = s->name;
	info.work_unit = s->work_unit;
	info.device = s->device;
	info.devices = s->devices;
	info.source = "hourglass search";
	return hg_frontier_build(points, s->told.len, &opts, out, why);
}

/** Points of a product have settings of their own: candidates that are not told are left out. */
static hg_err build_told(const hg_search *s, hg_point *points, const hg_knob_def *knobs,
	hg_frontier **out, hg_error *why)
{
	size_t n = s->space.n_knobs;
	double *settings = malloc(s->told.len * n * sizeof *settings);
	hg_err rc;

	if (!settings)
		return fail(why, HG_ENOMEM, "no memory for a frontier");
	for (size_t i = 0; i < s->told.len; i++) {
		memcpy(settings + i * n, s->space.cells + points[i].setting * n,
			n * sizeof *settings);
		points[i].setting = (uint32_t)i;
	}
	rc = build(s, points, knobs, settings, s->told.len, out, why);
	free(settings);
	return rc;
}

hg_err hg_search_frontier(const hg_search *s, hg_frontier **out, hg_error *why)
{
	hg_knob_def knobs[HG_SEARCH_MAX_KNOBS];
	hg_point *points;
	hg_err rc;

	*out = NULL;
	if (s->told.len == 0)
		return fail(why, HG_EINVAL, "nothing was measured: there is no frontier");
	points = malloc(s->told.len * sizeof *points);
	if (!points)
		return fail(why, HG_ENOMEM, "no memory for a frontier");
	for (size_t i = 0; i < s->space.n_knobs; i++) {
		const struct search_knob *k = &s->space.knobs[i];

		knobs[i] = (hg_knob_def){
			k->name, k->unit, (const char *const *)k->choices, k->n_choices};
	}
	for (size_t i = 0; i < s->told.len; i++) {
		const hg_search_result *r = &((struct told *)vec_at(&s->told, i))->result;

		points[i] = (hg_point){r->time_s, r->energy_j, r->time_rsd, r->energy_rsd,
			r->config, s->opts.origin};
	}
	rc = s->pool.on ? build_told(s, points, knobs, out, why)
			: build(s, points, knobs, s->space.cells, s->space.n, out, why);
	free(points);
	return rc;
}
