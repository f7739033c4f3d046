/*===- CLaunch.h - The C interface, used from C -------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_UNITTESTS_RUNTIME_CLAUNCH_H
#define DIFF_UNITTESTS_RUNTIME_CLAUNCH_H

#ifdef __cplusplus
extern "C" {
#endif

/* Uses the C interface. Returns an error or null. */
const char *testCInterface(const char *manifest, const char *ptx);

#ifdef __cplusplus
}
#endif

#endif
