#include "sampled.h"

/** No two clocks drift apart faster than one part in so many. */
#define DRIFT_PART 5000
/** Long enough for a sample that was taken to be there for all to see. */
#define SHOWN_NS SAMPLED_AGE_NS
/** So many jumps of the clock, each within so long after the one before: it is none. */
#define JUMPS         4u
#define JUMPS_NEAR_NS INT64_C(3600000000000)

struct read {
	int64_t stamp_ns, energy_uj, t0_ns, t1_ns;
};

static int64_t least_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Nothing is known of the clocks but what this read says. */
static void begin(struct sampled *s, const struct read *r)
{
	s->known = true;
	s->least_ns = r->t0_ns - s->age_ns - r->stamp_ns;
	s->most_ns = r->t1_ns - r->stamp_ns;
}

/* Reads contradict each other by so much: samples may be older, or the firmware slept. */
static void contradict(struct sampled *s, const struct read *r, int64_t gap_ns)
{
	int64_t age_ns = s->age_ns;

	if (gap_ns <= SAMPLED_AGE_MAX_NS - age_ns) {
		while (s->age_ns < age_ns + gap_ns)
			s->age_ns *= 2;
		s->least_ns -= s->age_ns - age_ns;
		return;
	}
	s->n_jumps = r->t1_ns - s->jump_ns > JUMPS_NEAR_NS ? 1 : s->n_jumps + 1;
	s->jump_ns = r->t1_ns;
	s->refuted = s->n_jumps == JUMPS;
	s->age_ns = SAMPLED_AGE_NS;
	begin(s, r);
}

/* What a read says of the clocks, beside what was known. */
static void learn(struct sampled *s, const struct read *r)
{
	int64_t drift = (r->t1_ns - s->end_ns) / DRIFT_PART + 1, since;

	if (!s->known || r->t1_ns < s->end_ns || r->stamp_ns < s->stamp_ns) {
		/* either clock began anew */
		begin(s, r);
		return;
	}
	s->least_ns -= drift;
	s->most_ns += drift;
	if (r->stamp_ns == s->stamp_ns) {
		/* seen before, of whatever age; another one has to have another stamp */
		s->refuted = r->energy_uj != s->energy_uj;
		return;
	}
	since = most_of(r->t0_ns - s->age_ns, s->begin_ns - SHOWN_NS);
	s->least_ns = most_of(s->least_ns, since - r->stamp_ns);
	s->most_ns = least_of(s->most_ns, r->t1_ns - r->stamp_ns);
	if (s->least_ns > s->most_ns)
		contradict(s, r, s->least_ns - s->most_ns);
}

void sampled_between(
	struct sampled *s, int64_t stamp_ns, int64_t energy_uj, int64_t *t0_ns, int64_t *t1_ns)
{
	const struct read r = {stamp_ns, energy_uj, *t0_ns, *t1_ns};
	bool again = s->known && stamp_ns == s->stamp_ns && r.t1_ns >= s->end_ns;

	if (!s->known || r.t1_ns < s->end_ns)
		s->t0_ns = s->t1_ns = INT64_MIN / 2; /* nothing to be after */
	s->age_ns = s->age_ns ? s->age_ns : SAMPLED_AGE_NS;
	if (!s->refuted)
		learn(s, &r);
	if (s->refuted || (again && r.t0_ns - s->t0_ns > SAMPLED_AGE_MAX_NS)) {
		/* no clock, or one that stands still */
		*t0_ns = r.t0_ns - SAMPLED_AGE_NS;
	} else if (again) {
		*t0_ns = s->t0_ns;
		*t1_ns = s->t1_ns;
	} else {
		*t0_ns = stamp_ns + s->least_ns;
		*t1_ns = stamp_ns + s->most_ns;
	}
	/* samples keep their order when more becomes known of the clocks */
	if (*t0_ns + *t1_ns < s->t0_ns + s->t1_ns)
		*t1_ns = s->t0_ns + s->t1_ns - *t0_ns;
	s->stamp_ns = stamp_ns;
	s->energy_uj = energy_uj;
	s->begin_ns = r.t0_ns;
	s->end_ns = r.t1_ns;
	s->t0_ns = *t0_ns;
	s->t1_ns = *t1_ns;
}
