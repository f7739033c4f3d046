/*===- Misuse.h - A table of wrong calls --------------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* MISUSE(STATUS, MESSAGE, CALL) evaluates a call in a child process, so that *|
|* a crash is a result like others and no call sees the error of another one. *|
|* The call must return STATUS and leave MESSAGE, one line, in which `...`    *|
|* stands for any text. Nothing may be written to the standard streams.       *|
|* A file defines getMessage(), which returns the message of its interface.   *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_UNITTESTS_CAPI_MISUSE_H
#define DIFF_UNITTESTS_CAPI_MISUSE_H

#include <stdbool.h>

/* Starts a row. Returns true in the child. */
bool beginRow(void);
/* Ends the child. */
void endRow(long status, const char *message);
/* Compares the results of the child. */
void checkRow(const char *call, long status, const char *message);

#define MISUSE(expectedStatus, expectedMessage, call)                          \
  do {                                                                         \
    if (beginRow()) {                                                          \
      long found = (long)(call);                                               \
      endRow(found, getMessage());                                             \
    }                                                                          \
    checkRow(#call, expectedStatus, expectedMessage);                          \
  } while (0)

/* Ends the program if a preparation fails. */
void require(bool condition, const char *what);

/* A module whose function @scale(x, y) returns 2 x + y, as text. */
extern const char kScale[];

/* The tables. */
void misuseCompiler(void);
void misuseDialects(void);
void misuseLaunch(const char *driver);
void misuseCache(const char *folder);

#endif /* DIFF_UNITTESTS_CAPI_MISUSE_H */
