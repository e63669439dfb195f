#include "pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "search.h"

#define ATTEMPTS 20   /* at something new, for each candidate that is wanted */
#define DRY      1000 /* attempts in a row at a first candidate that found nothing new */
#define FRESH    32   /* draws of a turn */
#define MOVED    96   /* moves of a turn */
#define PARENTS  64   /* of the most promising */

void pool_finish(struct pool *p)
{
	product_finish(&p->product);
	free(p->role);
	free(p->asked);
	free(p->born);
	free(p->places);
	memset(p, 0, sizeof *p);
}

/* ----- places */

static size_t place_of(const hg_search *s, const double *cells)
{
	const struct pool *p = &s->pool;
	size_t at = (size_t)space_hash(&s->space, cells) & (p->n_places - 1);

	while (p->places[at] && !space_is(&s->space, p->places[at] - 1, cells))
		at = (at + 1) & (p->n_places - 1);
	return at;
}

static const double *cells_at(const hg_search *s, size_t slot)
{
	return s->space.cells + slot * s->space.n_knobs;
}

static void place_all(hg_search *s, size_t n)
{
	memset(s->pool.places, 0, s->pool.n_places * sizeof *s->pool.places);
	for (size_t i = 0; i < n; i++)
		s->pool.places[place_of(s, cells_at(s, i))] = (uint32_t)i + 1;
}

/** Puts a setting into a slot, unless some slot has it. @return whether none had */
static bool put(hg_search *s, size_t slot, const double *cells, enum pool_role role)
{
	size_t at = place_of(s, cells);
	struct space_row row;

	if (s->pool.places[at])
		return false;
	product_row(&s->pool.product, cells, &row);
	space_put(&s->space, slot, &row);
	s->pool.places[at] = (uint32_t)slot + 1;
	s->pool.role[slot] = (uint8_t)role;
	s->pool.born[slot] = s->pool.turn;
	return true;
}

/* ----- where to begin */

/** Moves a setting to its largest shares. @return whether there is such a one */
static bool lift(const struct product *p, uint32_t fixed, double *cells)
{
	for (size_t k = 0; k < p->n_knobs; k++)
		if (scale_is_share(p->knobs[k].scale))
			cells[k] = p->knobs[k].values[p->knobs[k].n - 1];
	return product_mend(p, fixed, cells);
}

/** Moves a setting to where its set of choices is begun. */
static bool to_anchor(const struct product *p, double quantile, double *cells)
{
	uint32_t fixed = 0;

	for (size_t k = 0; k < p->n_knobs; k++) {
		double lo = p->knobs[k].values[0], hi = p->knobs[k].values[p->knobs[k].n - 1];

		if (p->knobs[k].scale == HG_SEARCH_CHOICE)
			fixed |= 1u << k;
		else if (p->knobs[k].scale == HG_SEARCH_LOG)
			cells[k] = lo * pow(hi / lo, quantile);
		else if (p->knobs[k].scale == HG_SEARCH_LINEAR)
			cells[k] = lo + quantile * (hi - lo);
	}
	return lift(p, fixed, cells);
}

static bool same_choices(const struct product *p, const double *a, const double *b)
{
	for (size_t k = 0; k < p->n_knobs; k++)
		if (p->knobs[k].scale == HG_SEARCH_CHOICE && a[k] != b[k])
			return false;
	return true;
}

static void put_anchors(hg_search *s, size_t most)
{
	struct pool *p = &s->pool;
	double cells[HG_SEARCH_MAX_KNOBS];

	for (size_t i = 0; i < ATTEMPTS * most && p->n_anchors < most; i++) {
		double quantile = 0.5 + 0.25 * rng_double(&p->rng);
		bool known = !product_draw(&p->product, &p->rng, cells);

		for (size_t a = 0; a < p->n_anchors; a++)
			known |= same_choices(&p->product, cells, cells_at(s, a));
		if (!known && to_anchor(&p->product, quantile, cells))
			p->n_anchors += put(s, p->n_anchors, cells, POOL_ANCHOR);
	}
}

/** Fills all slots, or as many as something is found for: a quarter are drawn for a while. */
static size_t put_first(hg_search *s, size_t n)
{
	struct pool *p = &s->pool;
	double cells[HG_SEARCH_MAX_KNOBS];
	size_t filled = p->n_anchors, dry = 0;

	for (size_t i = 0; i < ATTEMPTS * n && filled < n && dry++ < DRY; i++) {
		bool chance = s->opts.policy == HG_SEARCH_RANDOM || filled % 4 == 0;

		if (!product_draw(&p->product, &p->rng, cells))
			continue;
		if (!chance && filled % 2 && !lift(&p->product, 0, cells))
			continue;
		if (!put(s, filled, cells, chance ? POOL_DRAWN : POOL_CHOSEN))
			continue;
		filled++;
		dry = 0;
	}
	return filled;
}

hg_err pool_init(
	hg_search *s, const hg_search_space *given, size_t n, size_t anchors, hg_error *why)
{
	struct pool *p = &s->pool;
	hg_err rc = space_init_slots(&s->space, given, n, why);

	p->on = true;
	rng_init(&p->rng, s->opts.seed ^ 0x94d049bb133111ebu);
	if (rc == HG_OK)
		rc = product_init(&p->product, given, why);
	if (rc != HG_OK)
		return rc;
	for (p->n_places = 16; p->n_places < 4 * n;)
		p->n_places *= 2;
	p->role = calloc(n, sizeof *p->role);
	p->asked = calloc(n, sizeof *p->asked);
	p->born = calloc(n, sizeof *p->born);
	p->places = calloc(p->n_places, sizeof *p->places);
	if (!p->role || !p->asked || !p->born || !p->places)
		return fail(why, HG_ENOMEM, "no memory for %zu candidates", n);
	put_anchors(s, anchors);
	s->space.n = put_first(s, n);
	if (s->space.n == 0)
		return fail(
			why, HG_EINVAL, "no setting was found that is allowed, in %d draws", DRY);
	rc = space_number(&s->space);
	return rc == HG_OK ? rc : fail(why, rc, "no memory for %zu candidates", n);
}

/* ----- turns */

/** What a turn is made from. */
struct turn {
	struct suspect {
		double most; /* that its probability to escape can be */
		uint32_t slot;
	} * suspects; /* the most promising first */
	size_t n;
	uint32_t *parents; /* the front, then promising ones */
	size_t n_front, n_parents;
	uint32_t *changed;
	size_t n_changed;
};

static int by_most(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;

	if (x->most != y->most)
		return x->most > y->most ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

/** Draws that have been there for as long as there are turns of them are judged like the rest. */
static void judge(hg_search *s)
{
	struct pool *p = &s->pool;
	uint32_t turns = (uint32_t)(s->space.n / (4 * FRESH)) + 1;

	for (size_t i = 0; i < s->space.n; i++) {
		/* the first ones all came at once, and go one after the other */
		uint32_t age = p->turn - p->born[i];

		if (p->born[i] == 0)
			age = p->turn + (uint32_t)(i % turns) >= turns ? turns : 0;
		if (p->role[i] == POOL_DRAWN && age >= turns)
			p->role[i] = POOL_CHOSEN;
	}
}

static void find_suspects(const hg_search *s, const struct front *covered, struct turn *t)
{
	for (size_t i = 0; i < s->space.n; i++)
		if (s->marks[i] == MARK_FREE && s->pool.role[i] != POOL_ANCHOR)
			t->suspects[t->n++] = (struct suspect){
				search_escapes_most(s, i, covered) / s->space.cost[i], (uint32_t)i};
	qsort(t->suspects, t->n, sizeof *t->suspects, by_most);
}

static bool is_on_front(const hg_search *s, const struct told *told)
{
	for (size_t i = 0; i < s->front.n; i++)
		if (s->front.at[i].t == told->t && s->front.at[i].e == told->t + told->p)
			return true;
	return false;
}

static void find_parents(const hg_search *s, struct turn *t)
{
	for (size_t i = 0; i < s->told.len; i++) {
		const struct told *told = vec_at(&s->told, i);

		if (is_on_front(s, told))
			t->parents[t->n_front++] = told->config;
	}
	t->n_parents = t->n_front;
	for (size_t i = 0; i < t->n && i < PARENTS; i++)
		t->parents[t->n_parents++] = t->suspects[i].slot;
}

static uint32_t pick_parent(const struct turn *t, struct rng *rng)
{
	size_t rest = t->n_parents - t->n_front;
	bool front = t->n_front > 0 && (rest == 0 || rng_double(rng) < 0.5);

	return front ? t->parents[rng_below(rng, t->n_front)]
		     : t->parents[t->n_front + rng_below(rng, rest)];
}

/** One knob to a value next to it, or to any: choices have no neighbours. */
static void move_knob(const struct product *p, struct rng *rng, size_t k, bool far, double *cells)
{
	const struct product_knob *own = &p->knobs[k];
	size_t at = product_place(p, k, cells[k]);

	if (own->n == 1)
		return;
	if (far || own->scale == HG_SEARCH_CHOICE)
		at = (at + 1 + (size_t)rng_below(rng, own->n - 1)) % own->n;
	else if (at == 0 || (at + 1 < own->n && rng_u64(rng) >> 63))
		at++;
	else
		at--;
	cells[k] = own->values[at];
}

/** Something near a parent, or between two. @return whether that is allowed */
static bool move(hg_search *s, const struct turn *t, double *cells)
{
	struct pool *p = &s->pool;
	size_t n = s->space.n_knobs, how = (size_t)rng_below(&p->rng, 4);
	const double *other;
	uint32_t fixed = 0;

	memcpy(cells, cells_at(s, pick_parent(t, &p->rng)), n * sizeof *cells);
	if (how == 3) {
		other = cells_at(s, pick_parent(t, &p->rng));
		for (size_t k = 0; k < n; k++)
			if (rng_u64(&p->rng) >> 63)
				cells[k] = other[k];
	}
	for (size_t i = 0; how < 3 && i <= how % 2; i++) {
		size_t k = (size_t)rng_below(&p->rng, n);

		move_knob(&p->product, &p->rng, k, how == 2, cells);
		fixed |= 1u << k;
	}
	return product_mend(&p->product, fixed, cells);
}

/** Puts something new into a slot. */
static void renew(hg_search *s, struct turn *t, uint32_t slot, bool by_chance)
{
	double cells[HG_SEARCH_MAX_KNOBS];

	for (int i = 0; i < ATTEMPTS; i++) {
		bool found = by_chance ? product_draw(&s->pool.product, &s->pool.rng, cells)
				       : move(s, t, cells);

		if (!found || !put(s, slot, cells, by_chance ? POOL_DRAWN : POOL_CHOSEN))
			continue;
		t->changed[t->n_changed++] = slot;
		return;
	}
}

/** Predicts what was put into slots. */
static hg_err predict(hg_search *s, const uint32_t *slots, size_t n)
{
	hg_err rc = space_number(&s->space);

	place_all(s, s->space.n);
	for (size_t k = 0; k < SEARCH_BELIEFS; k++)
		for (int o = 0; rc == HG_OK && o < SEARCH_OUTPUTS; o++)
			rc = gp_renew(&s->gp[k][o], slots, n);
	return rc;
}

static hg_err turn_with(hg_search *s, struct turn *t)
{
	struct front covered;
	size_t wanted = FRESH + MOVED;
	hg_err rc = search_covered(s, s->opts.epsilon, &covered);

	if (rc != HG_OK)
		return rc;
	s->pool.turn++;
	judge(s);
	find_suspects(s, &covered, t);
	free(covered.at);
	find_parents(s, t);
	wanted = wanted < t->n / 2 ? wanted : t->n / 2;
	for (size_t i = t->n; i-- > t->n / 2 && t->n_changed < wanted;)
		if (s->pool.role[t->suspects[i].slot] == POOL_CHOSEN)
			renew(s, t, t->suspects[i].slot, t->n_changed % 4 == 0);
	return predict(s, t->changed, t->n_changed);
}

static hg_err turn_once(hg_search *s)
{
	struct turn t = {.n = 0};
	hg_err rc = HG_ENOMEM;

	t.suspects = malloc((s->space.n + 1) * sizeof *t.suspects);
	t.parents = malloc((s->told.len + PARENTS) * sizeof *t.parents);
	t.changed = malloc((s->space.n + 1) * sizeof *t.changed);
	if (t.suspects && t.parents && t.changed)
		rc = turn_with(s, &t);
	free(t.suspects);
	free(t.parents);
	free(t.changed);
	return rc;
}

hg_err pool_turn(hg_search *s)
{
	bool certain = true;
	hg_err rc;

	s->pool.sure = 0;
	memset(s->pool.asked, 0, s->space.n * sizeof *s->pool.asked);
	if (s->opts.policy == HG_SEARCH_RANDOM || s->told.len == 0)
		return HG_OK;
	rc = turn_once(s);
	while (rc == HG_OK && s->pool.sure < POOL_SETS) {
		rc = search_is_certain(s, &certain);
		if (rc != HG_OK || !certain)
			break;
		if (++s->pool.sure < POOL_SETS)
			rc = turn_once(s);
	}
	return rc;
}

/* ----- questions */

hg_err pool_locate(hg_search *s, const double *cells, uint32_t *config)
{
	struct pool *p = &s->pool;
	uint32_t at = p->places[place_of(s, cells)];
	size_t slot = at ? at : s->space.n; /* and 1 */

	while (!at && slot > p->n_anchors &&
		(s->marks[slot - 1] != MARK_FREE || p->asked[slot - 1]))
		slot--;
	if (!at && slot == p->n_anchors)
		return HG_ELIMIT;
	*config = (uint32_t)slot - 1;
	p->asked[*config] = true;
	if (at)
		return HG_OK;
	(void)put(s, *config, cells, POOL_CHOSEN);
	return predict(s, config, 1);
}
