/*===- Internal.h - Parts of the parallel runtime -----------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_LIB_RUNTIME_PARALLEL_INTERNAL_H
#define DIFF_LIB_RUNTIME_PARALLEL_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

/* The work of a team of threads: each calls run(data, id, count). */
typedef struct {
  void (*run)(void *data, int id, int count);
  void *data;
} DiffWork;

/* The functions of the OpenMP runtime that is loaded in the process. */
typedef struct {
  void (*parallel)(void (*body)(void *), void *data, unsigned threads,
                   unsigned flags);
  int (*getThreadNum)(void);
  int (*getNumThreads)(void);
  int (*getMaxThreads)(void);
} DiffOpenMP;

/* Returns the OpenMP runtime, or null if none is loaded. */
const DiffOpenMP *diffFindOpenMP(void);

/* Returns true if teams must not run on it, because the process was forked. */
bool diffIsOpenMPStale(void);

/* The pool of the library. Returns false, and runs nothing, if the pool is in
   use or has no thread. `count` is at least 2. */
bool diffRunOnPool(const DiffWork *work, int count);

/* A point that the threads of a team wait for each other at. Zeroed at first.
 */
typedef struct {
  atomic_int waiting;
  atomic_uint phase;
  atomic_bool isBroken;
} DiffBarrier;

/* Waits until `count` threads have arrived, and sleeps after `spins` rounds.
   Returns false if the barrier is broken. */
bool diffWait(DiffBarrier *barrier, int count, int spins);
/* Ends all waits, also later ones. */
void diffBreak(DiffBarrier *barrier);

/* The number of threads without an OpenMP runtime. */
int diffGetDefaultThreads(void);

#endif /* DIFF_LIB_RUNTIME_PARALLEL_INTERNAL_H */
