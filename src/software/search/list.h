/* The configurations of a space, one after the other. */
#ifndef HG_SOFTWARE_SEARCH_LIST_H
#define HG_SOFTWARE_SEARCH_LIST_H

#include "spec.h"

/** Lists all configurations, or none if there are more than may be listed. */
hg_err list_all(struct spec *s, hg_error *why);

#endif
