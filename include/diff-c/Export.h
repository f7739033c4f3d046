/*===- diff-c/Export.h - Visibility of the C interface ------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_EXPORT_H
#define DIFF_C_EXPORT_H

/** Marks a function that a shared library exports. */
#if defined(_WIN32)
#define DIFF_C_EXPORT
#else
#define DIFF_C_EXPORT __attribute__((visibility("default")))
#endif

#endif /* DIFF_C_EXPORT_H */
