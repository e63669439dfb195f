/* Stage profiles, schedules, and the graph of one iteration. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hourglass/pipeline.h>

#include "cmocka-all.h"
#include "near.h"

static hg_stage_profile *profile_of(const char *text)
{
	hg_stage_profile *p = NULL;
	hg_error why = {""};

	if (hg_stage_profile_parse(text, strlen(text), "p.csv", &p, &why))
		fail_msg("%s", why.text);
	return p;
}

/* Stages that take 1 s forward, 2 s backward, and 1 s each of its halves. */
static hg_stage_profile *equal_profile(uint32_t stages)
{
	char text[4096] = "stage,instruction,frequency,time,energy\n";

	for (uint32_t s = 0; s < stages; s++) {
		size_t n = strlen(text);

		(void)snprintf(text + n, sizeof text - n,
			"%u,forward,1000,1,10\n%u,backward,1000,2,20\n", s, s);
	}
	return profile_of(text);
}

static hg_schedule *schedule_of(
	hg_schedule_kind kind, uint32_t ranks, uint32_t microbatches, uint32_t chunks)
{
	hg_schedule_opts opts = {.size = sizeof opts,
		.kind = kind,
		.ranks = ranks,
		.microbatches = microbatches,
		.chunks = chunks};
	hg_schedule *s = NULL;
	hg_error why = {""};

	if (hg_schedule_create(&opts, &s, &why))
		fail_msg("%s", why.text);
	return s;
}

static hg_pipeline *pipeline_of(
	const hg_stage_profile *profile, const hg_schedule *schedule, double lag_s, double step_s)
{
	const double watts = 1;
	hg_pipeline_opts opts = {.size = sizeof opts,
		.profile = profile,
		.schedule = schedule,
		.static_power_w = &watts,
		.n_static_power = 1,
		.lag_s = lag_s,
		.step_s = step_s};
	hg_pipeline *p = NULL;
	hg_error why = {""};

	if (hg_pipeline_create(&opts, &p, &why))
		fail_msg("%s", why.text);
	return p;
}

/* Longest path with every node at its first option; ends are written where wanted. */
static double makespan(const hg_pipeline *p, double *ends)
{
	hg_dag *dag = hg_pipeline_dag(p);
	hg_dag_info info = {.size = sizeof info};
	double *end = calloc(hg_pipeline_steps(p, &(size_t){0}) ? 1u << 16 : 1, sizeof *end);
	double last = 0;
	bool changed = true;

	hg_dag_get_info(dag, &info);
	assert_in_range(info.nodes, 1, 1u << 16);
	for (uint32_t round = 0; changed; round++) {
		changed = false;
		assert_in_range(round, 0, info.nodes);
		for (uint32_t i = 0; i < info.nodes; i++) {
			hg_node node = {.size = sizeof node};
			size_t n;

			assert_int_equal(hg_dag_node(dag, i, &node), HG_OK);
			end[i] = fmax(end[i], hg_dag_options(dag, node.work, &n)->time_s);
		}
		for (uint64_t e = 0; e < info.edges; e++) {
			uint32_t from, to;
			double lag;
			hg_node node = {.size = sizeof node};
			size_t n;
			double at;

			assert_int_equal(hg_dag_edge(dag, e, &from, &to, &lag), HG_OK);
			assert_int_equal(hg_dag_node(dag, to, &node), HG_OK);
			at = end[from] + lag + hg_dag_options(dag, node.work, &n)->time_s;
			if (at > end[to] + 1e-12) {
				end[to] = at;
				changed = true;
			}
		}
	}
	for (uint32_t i = 0; i < info.nodes; i++)
		last = fmax(last, end[i]);
	if (ends)
		memcpy(ends, end, info.nodes * sizeof *end);
	free(end);
	return last;
}

static uint64_t edges_of(const hg_pipeline *p)
{
	hg_dag_info info = {.size = sizeof info};

	hg_dag_get_info(hg_pipeline_dag(p), &info);
	return info.edges;
}

/* Node and edge counts, and the makespan of equal stages (F = 1, B = 2, I = W = 1). */
static void test_counts(void **state)
{
	static const struct {
		hg_schedule_kind kind;
		uint32_t ranks, microbatches, chunks;
		size_t nodes;
		uint64_t edges; /* 0: not known */
		double makespan;
	} cases[] = {
		{HG_SCHEDULE_1F1B, 8, 12, 1, 192, 352, 19 * 3},
		{HG_SCHEDULE_1F1B, 8, 24, 1, 384, 712, 31 * 3},
		{HG_SCHEDULE_1F1B, 8, 48, 1, 768, 1432, 55 * 3},
		{HG_SCHEDULE_1F1B, 8, 96, 1, 1536, 2872, 103 * 3},
		{HG_SCHEDULE_GPIPE, 8, 24, 1, 384, 736, 31 * 3},
		{HG_SCHEDULE_ZB_H1, 8, 24, 1, 576, 1072, 3 * 24 + 7},
		{HG_SCHEDULE_ZB_H1, 4, 16, 1, 192, 0, 3 * 16 + 3},
		{HG_SCHEDULE_INTERLEAVED, 8, 24, 2, 768, 1480, (24 * 2 + 7) * 1.5},
		{HG_SCHEDULE_INTERLEAVED, 4, 8, 3, 192, 0, (8 * 3 + 3) * 1.0},
		{HG_SCHEDULE_1F1B, 1, 1, 1, 2, 1, 3},
		{HG_SCHEDULE_1F1B, 8, 3, 1, 48, 0, 10 * 3},
		{HG_SCHEDULE_GPIPE, 1, 4, 1, 8, 0, 12},
		{HG_SCHEDULE_ZB_H1, 8, 2, 1, 48, 0, 0},
		{HG_SCHEDULE_INTERLEAVED, 2, 1, 2, 8, 0, 6},
		{HG_SCHEDULE_INTERLEAVED, 4, 6, 2, 96, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_stage_profile *profile = equal_profile(cases[i].ranks);
		hg_schedule *s = schedule_of(
			cases[i].kind, cases[i].ranks, cases[i].microbatches, cases[i].chunks);
		hg_pipeline *p = pipeline_of(profile, s, 0, 0);
		size_t n;

		(void)hg_pipeline_steps(p, &n);
		assert_int_equal(n, cases[i].nodes);
		if (cases[i].edges)
			assert_int_equal(edges_of(p), cases[i].edges);
		if (cases[i].makespan > 0)
			assert_near_abs(makespan(p, NULL), cases[i].makespan, 0, 1e-9);
		hg_pipeline_destroy(p);
		hg_schedule_destroy(s);
		hg_stage_profile_destroy(profile);
	}
}

/* A recomputation before each backward but those of the last stage, without waiting. */
static void test_recompute(void **state)
{
	hg_stage_profile *profile = equal_profile(4);
	hg_schedule *s = schedule_of(HG_SCHEDULE_RECOMPUTE, 4, 8, 1);
	hg_pipeline *p = pipeline_of(profile, s, 0, 0);
	size_t n, again = 0;
	const hg_pipeline_step *steps = hg_pipeline_steps(p, &n);

	(void)state;
	assert_int_equal(n, 4 * 8 * 2 + 3 * 8);
	for (size_t i = 0; i < n; i++) {
		if (steps[i].phase != HG_PHASE_RECOMPUTE)
			continue;
		again++;
		assert_int_not_equal(steps[i].stage, 3);
		assert_int_equal(steps[i].instruction, 0); /* forward */
		assert_int_equal(steps[i + 1].phase, HG_PHASE_BACKWARD);
		assert_int_equal(steps[i + 1].microbatch, steps[i].microbatch);
	}
	assert_int_equal(again, 24);
	hg_pipeline_destroy(p);
	hg_schedule_destroy(s);
	hg_stage_profile_destroy(profile);
}

/* Every stream passes, and the bubble is not larger than that of 1F1B. */
static void test_dualpipe(void **state)
{
	static const uint32_t sizes[][2] = {{2, 4}, {4, 8}, {4, 20}, {8, 16}, {8, 24}};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint32_t ranks = sizes[i][0], m = sizes[i][1];
		hg_stage_profile *profile = equal_profile(ranks);
		hg_schedule *s = schedule_of(HG_SCHEDULE_DUALPIPE, ranks, m, 1);
		hg_pipeline *p = pipeline_of(profile, s, 0, 0);
		double t = makespan(p, NULL);

		assert_true(t >= 3 * m && t <= 3 * (m + ranks - 1));
		hg_pipeline_destroy(p);
		hg_schedule_destroy(s);
		hg_stage_profile_destroy(profile);
	}
}

/* Transfers lengthen the way there and back; the end is that of the slowest rank. */
static void test_constants(void **state)
{
	hg_stage_profile *profile = equal_profile(4);
	hg_schedule *s = schedule_of(HG_SCHEDULE_1F1B, 4, 1, 1);
	hg_pipeline *p = pipeline_of(profile, s, 0.25, 5);
	size_t n;
	const hg_pipeline_step *steps = hg_pipeline_steps(p, &n);

	(void)state;
	assert_int_equal(n, 8 + 4);
	assert_int_equal(steps[8].instruction, HG_INSTRUCTION_NONE);
	assert_near_abs(makespan(p, NULL), 4 * 3 + 6 * 0.25 + 5, 0, 1e-9);
	hg_pipeline_destroy(p);
	hg_schedule_destroy(s);
	hg_stage_profile_destroy(profile);
}

/* Whatever is written is read back as the same order. */
static void test_schedule_file(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < HG_SCHEDULE_FILE; kind++) {
		hg_schedule *s = schedule_of((hg_schedule_kind)kind, 4, 8, kind == 3 ? 2 : 1), *t;
		hg_schedule_info a = {.size = sizeof a}, b = {.size = sizeof b};
		hg_error why = {""};
		char *text, *again;
		size_t len, len_again;

		assert_int_equal(hg_schedule_format(s, &text, &len, &why), HG_OK);
		if (hg_schedule_parse(text, len, "s.csv", &t, &why))
			fail_msg("%s", why.text);
		assert_int_equal(hg_schedule_format(t, &again, &len_again, &why), HG_OK);
		assert_int_equal(len, len_again);
		assert_memory_equal(text, again, len);
		hg_schedule_get_info(s, &a);
		hg_schedule_get_info(t, &b);
		assert_int_equal(b.kind, HG_SCHEDULE_FILE);
		assert_int_equal(a.ops, b.ops);
		assert_int_equal(a.stages, b.stages);
		assert_int_equal(a.microbatches, b.microbatches);
		free(text);
		free(again);
		hg_schedule_destroy(s);
		hg_schedule_destroy(t);
	}
}

/* PyTorch's listing of a V placement: overlaps, idle steps, communication. */
static void test_schedule_pytorch(void **state)
{
	static const char text[] = "0F0,,0F1,3F0,(3F1;3B0)OVERLAP_F_B,3SEND_B0,3B1,0I0,0W0,0B1\n"
				   "1F0,2F0,1UNSHARD,1F1,2F1,2B0,2B1,1B0,1B1\n";
	hg_stage_profile *profile = equal_profile(2);
	hg_schedule *s;
	hg_pipeline *p;
	hg_error why = {""};
	size_t n;
	const hg_pipeline_step *steps;

	(void)state;
	if (hg_schedule_parse(text, sizeof text - 1, "v.csv", &s, &why))
		fail_msg("%s", why.text);
	p = pipeline_of(profile, s, 0, 0);
	steps = hg_pipeline_steps(p, &n);
	assert_int_equal(n, 17);
	assert_int_equal(steps[2].stage, 0); /* stage 3 of the model */
	assert_int_equal(steps[2].chunk, 1);
	assert_near_abs(steps[2].share, 0.5, 0, 0);
	assert_near_abs(steps[6].share, 0.25, 0, 0); /* half of a backward */
	hg_pipeline_destroy(p);
	hg_schedule_destroy(s);
	hg_stage_profile_destroy(profile);
}

static void test_schedule_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "s.csv: expected one line of cells a rank, found none"},
		{"0F0,0X0\n", "s.csv:1: cell \"0X0\": expected STAGE KIND MICROBATCH such as 0F3, "
			      "the kind one of F, B, I, W, R, or nothing"},
		{"0F0,F\n", "s.csv:1: cell \"F\": expected STAGE KIND MICROBATCH such as 0F3, the "
			    "kind one of F, B, I, W, R, or nothing"},
		{"70000F0\n", "s.csv:1: cell \"70000F0\": expected a stage below 65536 and a "
			      "microbatch below 1048576"},
		{"# hourglass.schedule/2\n",
			"s.csv:1: expected hourglass.schedule/1, found hourglass.schedule/2"},
		{"0F0\n", "s.csv: 1 stages and 1 microbatches need 2 cells at least, found 1"},
		{"0F0,0F0\n", "s.csv: 0F0: expected once, found on rank 0 and on rank 0"},
		{"0B0,0F0\n", "s.csv: 0B0: expected after 0F0 on the same rank, found it before"},
		{"0F0\n0B0\n",
			"s.csv: 0B0: expected after 0F0 on the same rank, found it on another rank"},
		{"0F0,0I0\n", "s.csv: 0W0: expected with 0I0, found nowhere"},
		{"0F0,0B0,1F0\n1B0\n",
			"s.csv: 1B0: expected after 1F0 on the same rank, found it on another rank"},
		{"1F0,1B0,0F0,0B0\n",
			"s.csv: ranks wait for each other in a circle: rank 0 never gets to 1F0"},
		{"0F0,0B0\n\n1F0,1B0\n",
			"s.csv:3: expected the ranks line after line, found cells below a line "
			"without any"},
		{"(0F0;0B0\n", "s.csv:1: cell \"(0F0;0B0\": expected (STEP;STEP)OVERLAP_F_B"},
		{"9999F99999,0B0\n", "s.csv: 10000 stages and 100000 microbatches need 2000000000 "
				     "cells at least, found 2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_schedule *s;
		hg_error why = {""};

		assert_int_not_equal(
			hg_schedule_parse(cases[i].text, strlen(cases[i].text), "s.csv", &s, &why),
			HG_OK);
		assert_string_equal(why.text, cases[i].says);
	}
}

static void test_schedule_opts_refused(void **state)
{
	static const hg_schedule_opts cases[] = {
		{sizeof(hg_schedule_opts), HG_SCHEDULE_FILE, 4, 4, 0, 0},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_1F1B, 0, 4, 0, 0},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_1F1B, 4, 0, 0, 0},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_1F1B, 4, 4, 2, 0},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_1F1B, 65536, 1048576, 0, 0},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_INTERLEAVED, 4, 8, 65536, 0},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_INTERLEAVED, 4, 8, 2, 3},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_INTERLEAVED, 4, 8, 2, 9},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_DUALPIPE, 3, 8, 0, 0},
		{sizeof(hg_schedule_opts), HG_SCHEDULE_DUALPIPE, 4, 6, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_schedule *s;
		hg_error why = {""};

		assert_int_not_equal(hg_schedule_create(&cases[i], &s, &why), HG_OK);
		assert_true(why.text[0] != '\0');
		assert_null(s);
	}
}

static void test_profile(void **state)
{
	hg_stage_profile *p = profile_of("extra,instruction,stage,time,energy,frequency\n"
					 "x,forward,0,0.5,10,1410\n"
					 "y,backward,0,1,15,900.0\n"
					 ",backward,0,0.9,20,1410\n");
	const hg_stage_option *options;
	size_t n;

	(void)state;
	assert_int_equal(hg_stage_profile_stages(p), 1);
	assert_int_equal(hg_stage_profile_instructions(p), 2);
	assert_string_equal(hg_stage_profile_instruction(p, 1), "backward");
	assert_null(hg_stage_profile_instruction(p, 2));
	options = hg_stage_profile_options(p, 0, 1, &n);
	assert_int_equal(n, 2);
	assert_string_equal(options[0].written, "900.0");
	assert_near_abs(options[0].time_s, 1, 0, 0);
	assert_null(hg_stage_profile_options(p, 1, 0, &n));
	assert_int_equal(n, 0);
	hg_stage_profile_destroy(p);
}

/* Ranks of a tensor-parallel group: the slowest one's time, everybody's energy. */
static void test_profile_ranks(void **state)
{
	hg_stage_profile *p = profile_of("stage,instruction,frequency,time,energy,rank\n"
					 "0,forward,1410,0.5,10,0\n0,forward,1410,0.6,11,1\n"
					 "0,backward,1410,1,20,1\n0,backward,1410,0.9,22,0\n");
	size_t n;
	const hg_stage_option *o = hg_stage_profile_options(p, 0, 0, &n);

	(void)state;
	assert_int_equal(n, 1);
	assert_near_abs(o->time_s, 0.6, 0, 0);
	assert_near_abs(o->energy_j, 21, 0, 0);
	hg_stage_profile_destroy(p);
}

static void test_profile_refused(void **state)
{
#define HEAD "stage,instruction,frequency,time,energy\n"
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "p.csv:1: expected a header line with stage, instruction, frequency, time, "
		     "energy, found an empty file"},
		{"stage,instruction,time,energy\n",
			"p.csv:1: column frequency: expected in the header, found none of that "
			"name"},
		{"stage,stage,instruction,frequency,time,energy\n",
			"p.csv:1: column stage: expected once in the header, found twice"},
		{HEAD, "p.csv:2: expected rows below the header, found none"},
		{HEAD "0,forward,1410,1\n", "p.csv:2: expected 5 fields as in the header, found 4"},
		{HEAD "-1,forward,1410,1,1\n", "p.csv:2: column stage: expected a whole number "
					       "from 0 to 65535, found \"-1\""},
		{HEAD "0,forward,1410,0,1\n",
			"p.csv:2: column time: expected a number > 0, found \"0\""},
		{HEAD "0,forward,1410,-1,1\n",
			"p.csv:2: column time: expected a number > 0, found \"-1\""},
		{HEAD "0,forward,1410,nan,1\n",
			"p.csv:2: column time: expected a number > 0, found \"nan\""},
		{HEAD "0,forward,1410,1,-2\n",
			"p.csv:2: column energy: expected a number >= 0, found \"-2\""},
		{HEAD "0,forward,1410,1,\n",
			"p.csv:2: column energy: expected a number >= 0, found \"\""},
		{HEAD "0,forward,fast,1,1\n",
			"p.csv:2: column frequency: expected a number >= 0, found \"fast\""},
		{HEAD "0,,1410,1,1\n", "p.csv:2: column instruction: expected a name of 1 to 64 "
				       "bytes, found \"\""},
		{HEAD "0,forward,1410,1,1\n2,forward,1410,1,1\n",
			"p.csv:3: column stage: expected stages from 0 without a gap, found stage "
			"2 but no stage 1"},
		{HEAD "0,forward,1410,1,1\n0,forward,1395,1,1\n0,forward,1410.0,2,1\n",
			"p.csv:4: stage 0 forward: frequency 1410.0 listed twice, first in line 2"},
		{"stage,instruction,frequency,time,energy,rank\n0,forward,1410,1,1,0\n"
		 "0,forward,1410,1,1,1\n0,forward,1300,1,1,1\n",
			"p.csv:4: stage 0 forward: frequency 1300: expected rows of 2 ranks, found "
			"1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_stage_profile *p;
		hg_error why = {""};

		assert_int_not_equal(hg_stage_profile_parse(cases[i].text, strlen(cases[i].text),
					     "p.csv", &p, &why),
			HG_OK);
		assert_string_equal(why.text, cases[i].says);
		assert_null(p);
	}
}

static void test_pipeline_refused(void **state)
{
	static const struct {
		const char *text;
		uint32_t ranks;
		size_t n_static;
		const char *says;
	} cases[] = {
		{HEAD "0,forward,1,1,1\n0,backward,1,1,1\n", 2, 1,
			"pipeline: expected a profile of 2 stages (one a rank), found 1"},
		{HEAD "0,forward,1,1,1\n", 1, 1,
			"profile: stage 0: expected options of instruction backward, found none"},
		{HEAD "0,forward,1,1,1\n0,backward,1,1,1\n1,backward,1,1,1\n", 2, 1,
			"profile: stage 1: expected options of instruction forward, found none"},
		{HEAD "0,forward,1,1,1\n0,backward,1,1,1\n", 1, 2,
			"static power: expected one figure, or one for each of 1 ranks, found 2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hg_stage_profile *profile = profile_of(cases[i].text);
		hg_schedule *s = schedule_of(HG_SCHEDULE_1F1B, cases[i].ranks, 2, 1);
		const double watts[] = {1, 1};
		hg_pipeline_opts opts = {.size = sizeof opts,
			.profile = profile,
			.schedule = s,
			.static_power_w = watts,
			.n_static_power = cases[i].n_static};
		hg_pipeline *p;
		hg_error why = {""};

		assert_int_equal(hg_pipeline_create(&opts, &p, &why), HG_EINVAL);
		assert_string_equal(why.text, cases[i].says);
		hg_schedule_destroy(s);
		hg_stage_profile_destroy(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_recompute),
		cmocka_unit_test(test_dualpipe),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_schedule_file),
		cmocka_unit_test(test_schedule_pytorch),
		cmocka_unit_test(test_schedule_refused),
		cmocka_unit_test(test_schedule_opts_refused),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_profile_ranks),
		cmocka_unit_test(test_profile_refused),
		cmocka_unit_test(test_pipeline_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
