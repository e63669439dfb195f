/* When the firmware of an AMD GPU took its samples: its clock against ours, and what windows get of
 * it. */
#include "near.h"

#include <string.h>

#include <hourglass/hourglass.h>

#include "core/rng.h"
#include "hardware/backend/amdgpu/sampled.h"
#include "tree.h"

#define CARD "sys/class/drm/card1/device/"
#define SPEC "amdgpu:0000:03:00.0"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

/* ----- clocks */

/** A firmware that renews a sample every so often, and reads of it. */
struct firmware {
	int64_t renew_ns, shown_ns; /* how often; and how long until it is there for all to see */
	double ticks;               /* ns that its clock counts in one of ours */
	int64_t ahead_ns;           /* its clock less ours, at 0 */
};

/* The latest sample that a read within t0 and t1 shows: when it was taken. */
static int64_t taken_at(const struct firmware *f, int64_t t0, int64_t t1)
{
	int64_t at = t0 + (t1 - t0) / 2 - f->shown_ns;

	return at - at % f->renew_ns;
}

static int64_t stamp(const struct firmware *f, int64_t t)
{
	return f->ahead_ns + (int64_t)((double)t * f->ticks);
}

struct outcome {
	int64_t widest_ns; /* of the last hundred reads */
	unsigned wrong, back;
};

/* Reads n times, about every so often; a read takes 20 to 200 us. */
static struct outcome follow(
	struct sampled *s, const struct firmware *f, int64_t from_ns, size_t n, int64_t every_ns)
{
	struct outcome o = {0};
	int64_t now = from_ns, middle = INT64_MIN;
	struct rng rng;

	rng_init(&rng, 7);
	for (size_t i = 0; i < n; i++) {
		int64_t t0 = now, t1 = t0 + 20000 + (int64_t)(180000.0 * rng_double(&rng));
		int64_t taken = taken_at(f, t0, t1), truth = taken + f->shown_ns, end = t1;

		/* how long it always takes until a sample is there nobody can tell: that is a lag
		 */
		sampled_between(s, stamp(f, taken), taken / 1000, &t0, &t1);
		o.wrong += truth < t0 || truth > t1;
		o.back += t0 + (t1 - t0) / 2 < middle;
		middle = t0 + (t1 - t0) / 2;
		if (i + 100 >= n && t1 - t0 > o.widest_ns)
			o.widest_ns = t1 - t0;
		now = end + (int64_t)((double)every_ns * (0.7 + 0.6 * rng_double(&rng)));
	}
	return o;
}

static void test_clocks(void **state)
{
	static const struct {
		struct firmware f;
		int64_t every_ns, widest_ns;
	} cases[] = {
		/* as documented; drifting either way; at 1 Hz; a firmware behind ours */
		{{MS, 0, 1.0, 77 * S}, 20 * MS, 500000},
		{{MS, 0, 1.0 + 1e-4, 77 * S}, 20 * MS, 500000},
		{{MS, 0, 1.0 - 1e-4, 77 * S}, 20 * MS, 500000},
		{{MS, 300000, 1.0, 5000 * S}, 20 * MS, 750000},
		{{MS, 0, 1.0 + 5e-5, 77 * S}, S, 1400000},
		/* one that renews its samples seldom */
		{{100 * MS, 0, 1.0 - 3e-5, 77 * S}, 20 * MS, 6000000},
		{{10 * MS, 0, 1.0, 77 * S}, 3 * MS, 2500000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sampled s = {.known = false};
		/* what is slower than it is documented to be has to be found out first */
		struct outcome o = follow(&s, &cases[i].f, 3 * S, 300, cases[i].every_ns);

		if (cases[i].f.renew_ns > MS)
			o = follow(&s, &cases[i].f, s.end_ns + MS, 3000, cases[i].every_ns);
		else
			assert_int_equal(o.back, 0);
		assert_int_equal(o.wrong, 0);
		assert_false(s.refuted);
		assert_in_range(o.widest_ns, 0, cases[i].widest_ns);
	}
}

/* A clock that is none, and one that begins anew or sleeps. */
static void test_no_clock(void **state)
{
	static const double rates[] = {0.1, 0.0, 0.9, 1.1, 10.0};
	struct firmware good = {MS, 0, 1.0, 77 * S}, slept = {MS, 0, 1.0, 20 * S};
	struct sampled s = {.known = false};
	struct outcome o;
	int64_t t0, t1;

	(void)state;
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		struct firmware f = {MS, 0, rates[i], 77 * S};

		memset(&s, 0, sizeof s);
		o = follow(&s, &f, 3 * S, 4000, 20 * MS);
		assert_true(s.refuted);
		assert_int_equal(o.back, 0);
		/* then a read is what it was: of a millisecond or less before */
		t0 = 100 * S;
		t1 = t0 + 1000;
		sampled_between(&s, 1, 1, &t0, &t1);
		assert_true(t0 == 100 * S - MS && t1 == 100 * S + 1000);
	}
	/* set back; and behind as it slept: forgiven, within a few reads */
	memset(&s, 0, sizeof s);
	(void)follow(&s, &good, 3 * S, 300, 20 * MS);
	good.ahead_ns = 0;
	o = follow(&s, &good, s.end_ns + S, 300, 20 * MS);
	assert_int_equal(o.wrong, 0);
	assert_false(s.refuted);
	assert_in_range(o.widest_ns, 0, 500000);
	good.ahead_ns = 90 * S;
	(void)follow(&s, &good, s.end_ns + S, 300, 20 * MS);
	o = follow(&s, &slept, s.end_ns + S, 300, 20 * MS);
	assert_int_equal(o.wrong, 0);
	assert_false(s.refuted);
	assert_in_range(o.widest_ns, 0, 500000);
	/* our own clock steps back: that is for others to see */
	t0 = 0;
	t1 = 1000;
	sampled_between(&s, stamp(&slept, 0) + 40 * S, 1, &t0, &t1);
	assert_true(t0 == -s.age_ns && t1 == 1000);
}

/* The same sample again is of the same time; while the clock stands still nothing is known of it.
 */
static void test_again(void **state)
{
	struct sampled s = {.known = false};
	int64_t t0 = S, t1 = S + 1000, begin, end;

	(void)state;
	sampled_between(&s, 5 * S, 10, &t0, &t1);
	begin = t0;
	end = t1;
	assert_true(begin == S - MS && end == S + 1000);
	for (int64_t at = S + 10 * MS; at < S + 500 * MS; at += 10 * MS) {
		t0 = at;
		t1 = at + 1000;
		sampled_between(&s, 5 * S, 10, &t0, &t1);
		assert_true(t0 == begin && t1 == end);
	}
	t0 = 3 * S;
	t1 = 3 * S + 1000;
	sampled_between(&s, 5 * S, 10, &t0, &t1);
	assert_true(t0 == 3 * S - MS && t1 == 3 * S + 1000);
	assert_false(s.refuted);
}

/* ----- a device */

/** A GPU whose firmware renews its sample every millisecond; its file is as of the clock. */
struct card {
	struct tree tree;
	unsigned char blob[1664];
	int64_t now_ns;
	bool stamps;
};

static void put(unsigned char *at, size_t bytes, uint64_t value)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

/* 100 W and 600 W in turn, every 7 ms. */
static double joules(int64_t t_ns)
{
	int64_t whole = t_ns / (14 * MS), rest = t_ns % (14 * MS);
	int64_t low = rest < 7 * MS ? rest : 7 * MS;

	return ((double)whole * 4.9e9 + (double)low * 100.0 + (double)(rest - low) * 600.0) * 1e-9;
}

/* Reads take 40 us, as the clock is looked at before and after. */
static int64_t card_clock(void *user)
{
	struct card *c = user;
	int64_t at;

	c->now_ns += 20000;
	at = c->now_ns - c->now_ns % MS;
	put(c->blob + 16, 8, (uint64_t)(joules(at) * 65536.0) + 65536);
	put(c->blob + 256, 8, c->stamps ? (uint64_t)(at / 10) + 4200000000u : UINT64_MAX);
	tree_put_bytes(&c->tree, CARD "gpu_metrics", c->blob, sizeof c->blob);
	return c->now_ns;
}

static hg_device *card_open(struct card *c, bool stamps, hg_ctx **ctx)
{
	hg_config cfg = {.size = sizeof cfg, .clock = card_clock, .clock_user = c};
	hg_error why = {""};
	hg_device *d;

	memset(c, 0, sizeof *c);
	tree_init(&c->tree);
	tree_amdgpu(&c->tree, "card1", "0000:03:00.0");
	memset(c->blob, 0xff, sizeof c->blob);
	put(c->blob, 2, sizeof c->blob);
	put(c->blob + 2, 1, 1);
	put(c->blob + 3, 1, 6);
	c->stamps = stamps;
	c->now_ns = S;
	cfg.fs_root = c->tree.root;
	(void)card_clock(c);
	assert_ok(hg_open(&cfg, ctx, &why), &why);
	assert_ok(hg_device_open(*ctx, SPEC, &d, &why), &why);
	assert_int_equal(tree_signal(d, "energy").stamped, stamps);
	assert_int_equal(tree_signal(d, "temperature").stamped, 0);
	return d;
}

/* The joules between two reads, by the times that they come with: the largest error, as a part. */
static double worst(bool stamps)
{
	struct card c;
	double off = 0.0;
	hg_ctx *ctx;
	hg_device *d = card_open(&c, stamps, &ctx);
	hg_reading r;

	for (int i = 0; i < 400; i++) {
		int64_t middle;

		c.now_ns += 20 * MS + i % 13 * 77000;
		r = tree_read(d, "energy");
		assert_int_equal(r.rc, HG_OK);
		middle = r.t0_ns + (r.t1_ns - r.t0_ns) / 2;
		if (i >= 100)
			off = fmax(off, fabs((double)r.value * 1e-6 - 1.0 - joules(middle)));
	}
	hg_close(ctx);
	tree_finish(&c.tree);
	return off;
}

static void test_device(void **state)
{
	(void)state;
	/* a sample of a millisecond before, at 600 W */
	assert_in_range((int64_t)(worst(false) * 1e3), 300, 700);
	assert_in_range((int64_t)(worst(true) * 1e3), 0, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_no_clock),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
