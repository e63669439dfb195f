/* Files of real measurements; where they are absent a test skips, and says so. */
#ifndef HG_TEST_DATA_FILE_H
#define HG_TEST_DATA_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/file.h"

/* Reads HG_TEST_DATA/NAME; false when there is no such file. Finish text in any case. */
static inline bool data_read(const char *name, struct buf *text)
{
	char path[512];
	hg_error why;

	(void)snprintf(path, sizeof path, "%s/%s", HG_TEST_DATA, name);
	if (file_read(path, FILE_MAX, text, &why) == HG_OK)
		return true;
	printf("skipped: %s\n", why.text);
	return false;
}

#endif
