/**
 * @file export.h
 * What every public header needs: visibility, "look at the result", C linkage.
 */
#ifndef HOURGLASS_EXPORT_H
#define HOURGLASS_EXPORT_H

/** Marks a symbol that the shared library exports. Nothing else is visible. */
#define HG_API __attribute__((visibility("default")))

/** Marks a result that must be looked at. */
#define HG_NODISCARD __attribute__((warn_unused_result))

#ifdef __cplusplus
#define HG_BEGIN_DECLS extern "C" {
#define HG_END_DECLS   }
#else
#define HG_BEGIN_DECLS
#define HG_END_DECLS
#endif

#endif
