/* Devices by name. */
#ifndef HG_TESTS_DEVICE_H
#define HG_TESTS_DEVICE_H

#include "near.h"

#include "hardware/model/model.h"

/** To be destroyed by the caller. */
static inline hg_model *device(const char *name)
{
	hg_model *m;
	hg_error why;

	assert_ok(hg_model_load(name, NULL, &m, &why), &why);
	return m;
}

#endif
