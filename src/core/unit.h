/* Quantities with units, as users write them: 250ms, 1.5h, 300W, 5kJ, 10%, 1.1x. */
#ifndef HG_CORE_UNIT_H
#define HG_CORE_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#include <hourglass/error.h>

/** What a quantity measures; the SI unit it is turned into. */
enum quantity {
	QUANTITY_NUMBER, /* plain; no unit allowed */
	QUANTITY_TIME,   /* s: ns us ms s min h d */
	QUANTITY_ENERGY, /* J: uJ mJ J kJ MJ GJ mWh Wh kWh MWh */
	QUANTITY_POWER,  /* W: uW mW W kW MW */
	QUANTITY_CLOCK,  /* Hz: Hz kHz MHz GHz */
	QUANTITY_RATIO,  /* 1: plain, or 10% = 0.1 */
	QUANTITY_FACTOR  /* 1: plain or 1.1x = 1.1; 10% = 1.1 (that much more) */
};

/**
 * Factor from a unit to the SI unit of q.
 * @return false when q has no such unit
 */
bool unit_factor(enum quantity q, const char *unit, size_t len, double *factor);

/**
 * Parses a quantity; a plain number is in the SI unit. Blanks between number and unit are fine.
 * @param what  what is parsed, for the error text: "--deadline"
 * @return HG_OK, HG_EINVAL: names the text and the units that are known
 */
hg_err quantity_parse(
	enum quantity q, const char *text, const char *what, double *out, hg_error *why);

/** Room for quantity_format() with its NUL. */
#define QUANTITY_TEXT 40

/** For people: four significant digits and a fitting prefix: "12.34 kJ", "1 h 02 min", "87.5 ms".
 */
const char *quantity_format(enum quantity q, double value, char text[QUANTITY_TEXT]);

#endif
