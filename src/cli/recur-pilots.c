#include "recur-pilots.h"

#include "child.h"

/* How often one that waits asks again. */
#define ASK_NS 2000000000

const struct option recur_pilots_options[] = {
	{.name = "pilots",
		.kind = OPTION_COUNT,
		.max = HG_RECUR_MAX_SIZES,
		.value = "N",
		.fallback = "0: nobody waits",
		.text = "wait while N others run, and one more for each that reached the target"},
	{.name = NULL},
};

int recur_ask(struct cli *cli, const struct recur_asks *asks, struct store_trial *out)
{
	struct desk_pilots pilots = {.most = asks->pilots};
	int64_t from = child_now_ns();
	struct child nobody = {.cli = cli};
	bool told = false;
	char owner[STORE_NAME];

	recur_owner(owner);
	for (;;) {
		hg_error why = {""};
		hg_err err;

		/* the store may fail before it says whether to wait */
		pilots.wait = false;
		err = desk_next(
			asks->store, asks->job, owner, asks->lease_ms, NULL, &pilots, out, &why);
		if (err == HG_OK)
			return EXIT_OK;
		if (!pilots.wait)
			return recur_error(cli, err, &why);
		if (!told)
			cli_note(cli,
				"%s: %u %s under way, enough until more is known of it: "
				"waiting",
				asks->job, pilots.running,
				pilots.running == 1 ? "run is" : "runs are");
		told = true;
		if ((double)(child_now_ns() + ASK_NS - from) > asks->wait_s * 1e9)
			return EXIT_INFEASIBLE;
		if (!child_wait(&nobody, child_now_ns() + ASK_NS))
			return EXIT_INTERRUPTED;
	}
}
