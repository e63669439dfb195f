/*
 * Time of a collective by message size: t = a + sqrt(g s) + s / b. A start, a part that grows as
 * protocols and channels change with the size, and a bandwidth.
 */
#ifndef HG_HARDWARE_MODEL_COLLECTIVE_H
#define HG_HARDWARE_MODEL_COLLECTIVE_H

#include <stddef.h>

#include <hourglass/error.h>

/** A measured size. */
struct message {
	double size, time_s; /* size in any unit, always the same */
};

struct collective {
	double alpha_s, root, inverse_rate; /* a, sqrt(g), 1 / b; none negative */
	double noise;                       /* relative spread of repeats; 0: none */
	struct message *at;                 /* by size, repeats merged; owned */
	double *residual;                   /* ln of measured over predicted; owned */
	size_t n;
};

/**
 * Fits; repeats of a size are merged to their geometric mean. One size is enough for a bandwidth.
 * @return HG_OK, HG_EINVAL (no message, or one that is not positive), HG_ENOMEM
 */
hg_err collective_fit(struct collective *c, const struct message *messages, size_t n);
void collective_finish(struct collective *c);

/** Seconds by the three terms. */
double collective_physics(const struct collective *c, double size);

/** Seconds, with the residual interpolated in ln size. */
double collective_time(const struct collective *c, double size);

#endif
