/* Which numbers a device file has: their groups, units and bounds. */
#ifndef HG_HARDWARE_MODEL_SPEC_FIELD_H
#define HG_HARDWARE_MODEL_SPEC_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/** How many numbers there are. */
#define SPEC_FIELDS 40

enum spec_kind {
	KIND_NUMBER,
	KIND_CLOCK,
	KIND_POWER,
	KIND_TIME,
	KIND_FLOPS,
	KIND_RATE,
	KIND_BYTES,
	KIND_CELSIUS,
	KIND_RESISTANCE,
	KIND_PER_KELVIN
};

/** A unit; a name NULL ends the table. */
struct spec_unit {
	enum spec_kind kind;
	const char *name;
	double factor;
};

/** A number of the file; `fallback` stands in where it may be absent. A key NULL ends the table. */
struct spec_field {
	const char *group, *key;
	enum spec_kind kind;
	double min, max; /* SI, inclusive */
	size_t offset;   /* in struct figures */
	bool optional;
	double fallback;
};

extern const struct spec_unit spec_units[];
extern const struct spec_field spec_fields[SPEC_FIELDS + 1];

#endif
