/**
 * @file version.h
 * Version of the headers, and of the library that is loaded. CMake reads these defines.
 */
#ifndef HOURGLASS_VERSION_H
#define HOURGLASS_VERSION_H

#include <hourglass/export.h>

/** Release number. 0.x may change the ABI, with a line in CHANGELOG.md. */
#define HG_VERSION_MAJOR 0
/** Release number, second part. */
#define HG_VERSION_MINOR 1
/** Release number, third part. */
#define HG_VERSION_PATCH 0
/** Number in the shared object's name, libhourglass.so.N. */
#define HG_ABI_VERSION 0

HG_BEGIN_DECLS

/**
 * Version of the library that is loaded, as "MAJOR.MINOR.PATCH".
 * @return static text, never NULL. Thread-safe.
 */
HG_API const char *hg_version(void);

HG_END_DECLS

#endif
