/* Menus: what each node of a discrete problem may pick, and which nodes pick together. */
#ifndef HG_PLAN_MENU_H
#define HG_PLAN_MENU_H

#include "discrete.h"

/** Whether every option of a node has a setting, and it runs on a device. */
bool menu_has_settings(const hg_dag *dag, uint32_t node);

/** Fills sets, menus and keys of a problem whose positions, neighbours and windows are known. */
hg_err menu_build(struct disc *d, const hg_dag *dag, const struct disc_opts *opts, hg_error *why);

#endif
