#include "recur-policy.h"

#include <string.h>

#include <hourglass/recur.h>

static const char *const policies[] = {
#define NAME(name, value, text) [value] = (text),
	HG_RECUR_POLICY_LIST(NAME)
#undef NAME
		NULL,
};

const struct option recur_policy_options[] = {
	{.name = "eta",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_NUMBER,
		.max = 1,
		.value = "X",
		.fallback = "0.5",
		.text = "weight of energy against time, 0 to 1"},
	{.name = "policy",
		.kind = OPTION_CHOICE,
		.choices = policies,
		.value = "learn|zeus|...",
		.fallback = "learn",
		.text = "who chooses"},
	{.name = "beta",
		.kind = OPTION_QUANTITY,
		.quantity = QUANTITY_FACTOR,
		.min = 1,
		.max = 1e6,
		.value = "F",
		.fallback = "2.5x of the least expected cost; zeus, grid: 2x",
		.text = "no run may cost more"},
	{.name = "horizon",
		.kind = OPTION_COUNT,
		.min = 1,
		.max = 1e6,
		.value = "N",
		.fallback = "40",
		.text = "runs that what is learnt will serve"},
	{.name = NULL},
};

struct recur_policy recur_policy_read(const struct args *args)
{
	const char *policy = args_text(args, "policy", "learn");
	struct recur_policy p = {.eta = args_number(args, "eta", 0.5),
		.beta = args_number(args, "beta", 0),
		.horizon = (uint32_t)args_number(args, "horizon", 0)};

	while (strcmp(policies[p.policy], policy) != 0)
		p.policy++;
	return p;
}
