/*===- diff-c/Parallel.h - Threads of compiled CPU code -----------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* The library diffrt runs the parallel loops of compiled CPU code. It        *|
|* implements the part of LLVM's OpenMP interface that this code calls, and   *|
|* takes threads from the OpenMP runtime that the process has loaded (such as *|
|* PyTorch's libgomp), so that no two pools of threads compete for the cores. *|
|* Without such a runtime, it has a pool of its own.                          *|
|*                                                                            *|
|* All functions are safe from several threads. A process that was forked     *|
|* after a libgomp was loaded uses the pool of diffrt, because libgomp does   *|
|* not survive a fork.                                                        *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_PARALLEL_H
#define DIFF_C_PARALLEL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Calls a function that calls compiled code. Returns 0 if it returned, and for
    null. If an allocation of the code fails, the call ends and returns the
    number of bytes. Results are then undefined, and other memory of the code is
    not freed. The function itself must not hold anything. */
size_t diffParallelCall(void (*function)(void *data), void *data);

/** What compiled code calls if it cannot allocate memory: ends the innermost
    diffParallelCall of the thread. Without one, prints an error and ends the
    process with status 1. Does not return. */
void diffParallelFailAllocation(size_t bytes);

/** Limits the threads of a parallel loop for the whole process. 0 and negative
    numbers remove the limit. The limit does not raise the number of threads
    that the OpenMP runtime allows. */
void diffParallelSetThreads(int threads);

/** Returns the number of threads that a loop of the calling thread gets now:
    that of the OpenMP runtime, else DIFF_NUM_THREADS, else OMP_NUM_THREADS,
    else the number of CPUs of the process; and at most the limit. A loop that
    starts while another thread uses the pool of diffrt gets one thread. */
int diffParallelGetThreads(void);

/** Returns where threads come from: "openmp" or "pool". */
const char *diffParallelGetProvider(void);

/** Returns the path of the library, or "" if it is not known. */
const char *diffParallelGetLibrary(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DIFF_C_PARALLEL_H */
