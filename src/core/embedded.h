/* Text files that were compiled in; cmake/embed.cmake writes the tables. */
#ifndef HG_CORE_EMBEDDED_H
#define HG_CORE_EMBEDDED_H

#include <stddef.h>

/** One file; a table of them ends with name NULL. */
struct embedded {
	const char *name; /* file name without extension */
	const char *text; /* content, NUL-terminated */
	size_t len;       /* NUL not counted */
};

/** devices/NAME.json, sorted by name. */
extern const struct embedded embedded_devices[];
/** workloads/NAME.json, sorted by name. */
extern const struct embedded embedded_workloads[];

#endif
