/*
 * Which devices contain which. Within a backend the parts name their wholes. Between backends it
 * is the domain of what they measure that decides, and where that leaves a doubt they overlap: a
 * total that is refused is better than one that counts twice.
 */
#include <stdbool.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"

#include "backend.h"

/** How two devices stand to each other. */
enum relation {
	APART,
	SAME,        /* one device under two names */
	FIRST_WHOLE, /* the first contains the second */
	SECOND_WHOLE,
	FIRST_MAYBE, /* the first may contain the second */
	SECOND_MAYBE
};

/** What is asked of a device, once. */
struct member {
	const hg_device *device;
	hg_device_info info;
	const char *domain; /* of what is measured; "" neither energy nor power */
};

static bool is(const char *a, const char *b)
{
	return !strcmp(a, b);
}

/* The energy's domain; where there is no energy, the power's. */
static const char *domain_of(const hg_device *d)
{
	static const char *const names[] = {"energy", "power"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t id = hg_device_signal_index(d, names[i]);
		hg_signal_info s = {.size = sizeof s};

		if (id != SIZE_MAX && hg_device_signal(d, id, &s) == HG_OK && !s.absent)
			return s.domain;
	}
	return "";
}

static struct member member_of(const hg_device *d)
{
	struct member m = {.device = d, .info = {.size = sizeof m.info}};

	hg_device_get_info(d, &m.info);
	m.domain = domain_of(d);
	return m;
}

/* Whether what has this uuid contains the device. */
static bool part_of(const struct member *m, const char *uuid)
{
	struct slice rest = {m->info.wholes, strlen(m->info.wholes)};

	while (*uuid && rest.text)
		if (slice_is(slice_cut(&rest, ' '), uuid))
			return true;
	return false;
}

/* Two whole devices in one PCI slot are one; instances of a GPU share its slot. Every opening of a
 * simulated device makes a new one. */
static bool same(const struct member *a, const struct member *b)
{
	if (a->device == b->device)
		return true;
	if (is(a->info.backend, "sim") || is(b->info.backend, "sim"))
		return false;
	if (*a->info.uuid && is(a->info.uuid, b->info.uuid))
		return true;
	return *a->info.pci && is(a->info.pci, b->info.pci) && !*a->info.parent && !*b->info.parent;
}

/* Whether a may contain b, of another backend. */
static bool may_contain(const struct member *a, const struct member *b)
{
	if (is(a->domain, "platform"))
		return true;
	/* a module is that of a superchip: its processor, its memory and its GPUs */
	if (is(a->domain, "module"))
		return is(b->info.vendor, "nvidia");
	/* a graphics unit within the processor */
	return is(a->domain, "package") && is(b->domain, "uncore");
}

/* Two GPUs that tell the figure of their whole module: on a GH200 each has its own, on others two
 * may share one. */
static bool share_module(const struct member *a, const struct member *b)
{
	return is(a->info.backend, "nvml") && is(b->info.backend, "nvml") &&
	       is(a->domain, "module") && is(b->domain, "module") &&
	       !(strstr(a->info.title, "GH200") && strstr(b->info.title, "GH200"));
}

/* Two of one backend that are not part and whole. */
static enum relation relation_within(const struct member *a, const struct member *b)
{
	/* a power meter that is no part of a superchip may be that of the machine */
	if (!is(a->info.backend, "hwmon") || is(a->domain, b->domain))
		return APART;
	return is(a->domain, "platform")   ? FIRST_MAYBE
	       : is(b->domain, "platform") ? SECOND_MAYBE
					   : APART;
}

static enum relation relation(const struct member *a, const struct member *b)
{
	if (same(a, b))
		return SAME;
	if (part_of(b, a->info.uuid))
		return FIRST_WHOLE;
	if (part_of(a, b->info.uuid))
		return SECOND_WHOLE;
	if (!*a->domain || !*b->domain || is(a->info.backend, "sim") || is(b->info.backend, "sim"))
		return APART;
	if (share_module(a, b))
		return FIRST_MAYBE;
	if (is(a->info.backend, b->info.backend))
		return relation_within(a, b);
	if (is(a->domain, "module") && is(b->domain, "package"))
		return FIRST_WHOLE;
	if (is(b->domain, "module") && is(a->domain, "package"))
		return SECOND_WHOLE;
	if (may_contain(a, b))
		return FIRST_MAYBE;
	if (may_contain(b, a))
		return SECOND_MAYBE;
	/* two backends that read the same processor */
	return is(a->domain, "package") && is(b->domain, "package") ? FIRST_MAYBE : APART;
}

/* ----- interface */

static hg_err overlap_fail(
	enum relation r, const struct member *whole, const struct member *part, hg_error *why)
{
	const char *is_a = r == SAME                               ? "is the same device as"
			   : r == FIRST_WHOLE || r == SECOND_WHOLE ? "contains"
								   : "contains, or may contain,";

	return fail(why, HG_EINVAL, "%.64s (%.16s) %s %.64s (%.16s): their sum would count twice",
		whole->info.spec, *whole->domain ? whole->domain : "no energy", is_a,
		part->info.spec, *part->domain ? part->domain : "no energy");
}

hg_err hg_device_overlap(const hg_device *const *set, size_t n, size_t *a, size_t *b, hg_error *why)
{
	for (size_t i = 0; i < n; i++) {
		struct member x = member_of(set[i]);

		for (size_t k = i + 1; k < n; k++) {
			struct member y = member_of(set[k]);
			enum relation r = relation(&x, &y);
			bool swap = r == SECOND_WHOLE || r == SECOND_MAYBE;

			if (r == APART)
				continue;
			if (a)
				*a = swap ? k : i;
			if (b)
				*b = swap ? i : k;
			return overlap_fail(r, swap ? &y : &x, swap ? &x : &y, why);
		}
	}
	return HG_OK;
}

/* ----- choosing */

/** Marks of hg_device_disjoint() before it is decided: 0 out, 1 kept, else the turn. */
enum {
	TURN_FIRST = 2,
	TURN_DEEPEST = 120,  /* more wholes than this above a device count as this many */
	TURN_DOUBTFUL = 121, /* is added to the turn of those that only may contain others */
	TURN_LAST = TURN_DEEPEST + TURN_DOUBTFUL
};

/* Wholes come before their parts. What only may contain a device comes last, since the parts are
 * measured too; a whole module that two sensors tell is no doubt of that kind. */
static unsigned char turn_of(const hg_device *const *set, size_t n, size_t i)
{
	struct member x = member_of(set[i]);
	size_t turn = TURN_FIRST;
	bool doubtful = false;

	if (!*x.domain)
		return 0;
	for (size_t k = 0; k < n; k++) {
		struct member y = member_of(set[k]);
		enum relation r = k == i ? APART : relation(&x, &y);

		turn += r == SECOND_WHOLE && *y.domain;
		doubtful = doubtful || (r == FIRST_MAYBE && !is(y.domain, "module"));
	}
	turn = turn < TURN_DEEPEST ? turn : TURN_DEEPEST;
	return (unsigned char)(turn + (doubtful ? TURN_DOUBTFUL : 0));
}

static bool overlaps_kept(
	const hg_device *const *set, size_t n, size_t i, const unsigned char *keep)
{
	struct member x = member_of(set[i]);

	for (size_t k = 0; k < n; k++) {
		struct member y;

		if (keep[k] != 1)
			continue;
		y = member_of(set[k]);
		if (relation(&x, &y) != APART)
			return true;
	}
	return false;
}

size_t hg_device_disjoint(const hg_device *const *set, size_t n, unsigned char *keep)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		keep[i] = turn_of(set, n, i);
	for (unsigned turn = TURN_FIRST; turn <= TURN_LAST; turn++)
		for (size_t i = 0; i < n; i++) {
			if (keep[i] != turn)
				continue;
			keep[i] = !overlaps_kept(set, n, i, keep);
			kept += keep[i];
		}
	return kept;
}

/* ----- adding up */

/* The signal of a device, which must add up and have this unit; "" any. */
static hg_err summand(
	const hg_device *d, const char *name, const char *unit, size_t *id, hg_error *why)
{
	hg_signal_info s = {.size = sizeof s};

	*id = hg_device_signal_index(d, name);
	if (*id == SIZE_MAX || hg_device_signal(d, *id, &s))
		return fail(why, HG_EUNSUPPORTED, "%.64s has no signal \"%.32s\"", device_spec(d),
			name);
	if (s.absent)
		return fail(
			why, HG_EUNSUPPORTED, "%.64s: %.32s: %s", device_spec(d), name, s.absent);
	if (s.agg != HG_AGG_SUM)
		return fail(why, HG_EINVAL, "%.64s: %.32s does not add up over devices",
			device_spec(d), name);
	if (s.behaviour == HG_MONOTONE)
		return fail(why, HG_EINVAL,
			"%.64s: %.32s is a counter: add up differences, not readings",
			device_spec(d), name);
	if (*unit && !is(unit, s.unit))
		return fail(why, HG_EINVAL, "%.64s: %.32s is in %s, others in %s", device_spec(d),
			name, s.unit, unit);
	return HG_OK;
}

static const char *unit_of(const hg_device *d, size_t id)
{
	hg_signal_info s = {.size = sizeof s, .unit = ""};

	return hg_device_signal(d, id, &s) ? "" : s.unit;
}

hg_err hg_device_sum(
	hg_device *const *set, size_t n, const char *name, hg_reading *out, hg_error *why)
{
	const char *unit = "";
	hg_err rc;

	*out = (hg_reading){.rc = HG_EUNSUPPORTED};
	if (!n)
		return fail(why, HG_EINVAL, "the sum over no device is not 0 but unknown");
	rc = hg_device_overlap((const hg_device *const *)set, n, NULL, NULL, why);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++) {
		hg_reading r;
		size_t id;

		rc = summand(set[i], name, unit, &id, why);
		if (rc)
			return out->rc = rc;
		unit = unit_of(set[i], id);
		rc = hg_device_read(set[i], &id, 1, &r);
		if (rc || r.rc)
			return out->rc = fail(why, HG_EDEVICE,
				       "%.64s: %.32s cannot be read now: %s", device_spec(set[i]),
				       name, hg_err_text(rc ? rc : r.rc));
		if (r.value > 0 ? out->value > INT64_MAX - r.value
				: out->value < INT64_MIN - r.value)
			return out->rc = fail(why, HG_EDEVICE, "%.64s: %.32s is too large",
				       device_spec(set[i]), name);
		out->value += r.value;
		out->t0_ns = i ? out->t0_ns : r.t0_ns;
		out->t1_ns = r.t1_ns;
	}
	return out->rc = HG_OK;
}
