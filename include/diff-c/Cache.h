/*===- diff-c/Cache.h - C interface to the cache ------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* A cache of compiled modules, in memory and on disk. A module is compiled   *|
|* once, by the compiler in a process of its own; later processes load the    *|
|* result. Does not need MLIR or LLVM; link DiffCache.                        *|
|*                                                                            *|
|* Functions that may fail return a status, and diffCacheGetError returns the *|
|* message, one line. All functions may be called from several threads at     *|
|* once, and after a fork.                                                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_CACHE_H
#define DIFF_C_CACHE_H

#include "diff-c/Launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(modernize-use-using): this is C. */

typedef enum DiffCacheStatus {
  DIFF_CACHE_SUCCESS = 0,
  /** The compiler or the system reported an error. */
  DIFF_CACHE_ERROR = 1,
  /** An argument of the call is not legal. Nothing was done. */
  DIFF_CACHE_INVALID = 2
} DiffCacheStatus;

/** A folder with compiled modules, and the modules in memory. */
typedef struct DiffCache DiffCache;
/** A compiled module. */
typedef struct DiffCacheKernel DiffCacheKernel;

/** Returns the message of the last failed call of the calling thread, or "".
    It is valid until the next call of the thread. */
const char *diffCacheGetError(void);

/*===-- Caches ------------------------------------------------------------===*/

/** The value of `bytes` that stands for the default. */
#define DIFF_CACHE_DEFAULT_BYTES UINT64_MAX

/** Options of a cache. Start with diffCacheGetDefaultOptions, because later
    versions may add members. */
typedef struct DiffCacheOptions {
  /** The folder. Null: DIFF_CACHE_DIR, else diff-mlir in XDG_CACHE_HOME, else
      ~/.cache/diff-mlir. If it cannot be used, because this user may not write
      to it or another user owns it, a folder of this user below TMPDIR is used
      instead, and without that, memory only. */
  const char *folder;
  /** The program that compiles. Null: DIFF_COMPILER, else the diff-opt that is
      installed with libdiffrt, else the diff-opt in PATH. */
  const char *compiler;
  /** The most that the files in the folder take, in bytes. The least recently
      used ones are removed. 0: nothing is written. The default is that of
      DIFF_CACHE_SIZE, a number with or without the suffix K, M or G, else 1G.
   */
  uint64_t bytes;
  /** Unless null, called several times a second with `userData` while a call
      waits; other than 0 ends the call with an error. */
  int (*isInterrupted)(void *userData);
  void *userData;
} DiffCacheOptions;

/** Returns the default options. */
DiffCacheOptions diffCacheGetDefaultOptions(void);

/** Opens a cache. `options` may be null. A folder that cannot be used is not an
    error; see diffCacheGetProblem. */
DiffCacheStatus diffCacheOpen(const DiffCacheOptions *options,
                              DiffCache **cache);

/** Closes a cache. Its kernels stay valid. Null is legal. */
void diffCacheClose(DiffCache *cache);

/** Returns the folder of new entries, or "" if there is none. It is valid as
    long as the cache. */
const char *diffCacheGetFolder(const DiffCache *cache);

/** Returns why another folder than the wanted one is used, one sentence, or "".
    It is valid as long as the cache. */
const char *diffCacheGetProblem(const DiffCache *cache);

/** What a cache has done in this process. */
typedef struct DiffCacheCounts {
  /** Requests that were answered from memory, from disk and by the compiler. */
  uint64_t inMemory, onDisk, compiled;
  /** Damaged files that were not loaded. */
  uint64_t damaged;
} DiffCacheCounts;

DiffCacheStatus diffCacheGetCounts(const DiffCache *cache,
                                   DiffCacheCounts *counts);

/** Forgets the modules in memory and removes those in the folder. */
DiffCacheStatus diffCacheClear(DiffCache *cache);

/*===-- Kernels -----------------------------------------------------------===*/

/** What to compile. Start with a zeroed struct, because later versions may add
    members. */
typedef struct DiffCacheRequest {
  /** The text or bytecode of a module; needs no terminating zero. */
  const char *module;
  size_t moduleSize;
  /** "host", another CPU such as "x86-64-v3", or a GPU such as "sm_90a". */
  const char *target;
  /** Other options of diff-compile, such as "f32=tf32". May be null. */
  const char *options;
  /** Not 0: the code for a GPU is a cubin. Otherwise, it is PTX. */
  int wantCubin;
  /** A pass that runs before diff-compile, such as "convert-diff-to-linalg" for
      elements of f64. May be null. */
  const char *pass;
  /** Not 0: the code for a CPU is an object file, which cannot be called.
      Otherwise, it is a shared object. */
  int wantObject;
} DiffCacheRequest;

/** Finds or compiles a module, and loads code for CPUs if this machine runs it.
    Waits for other threads and processes that compile the same module. */
DiffCacheStatus diffCacheCompile(DiffCache *cache,
                                 const DiffCacheRequest *request,
                                 DiffCacheKernel **kernel);

/** Frees a kernel. Null is legal. */
void diffCacheRelease(DiffCacheKernel *kernel);

/** Where a kernel came from. */
typedef enum DiffCacheOrigin {
  DIFF_CACHE_FROM_MEMORY,
  DIFF_CACHE_FROM_DISK,
  DIFF_CACHE_FROM_COMPILER
} DiffCacheOrigin;

/** Returns where the diffCacheCompile that returned the kernel found it. */
DiffCacheOrigin diffCacheGetOrigin(const DiffCacheKernel *kernel);

/** Returns why this machine cannot call the functions of a kernel for a CPU,
    because it lacks features or the code is an object file, or "". For a GPU,
   it says to launch the kernel. It is valid as long as the kernel. */
const char *diffCacheGetCallProblem(const DiffCacheKernel *kernel);

/** Return the manifest (docs/manifest.schema.json), followed by a zero, and the
    code: a shared object or an object for a CPU, or PTX or a cubin for
    diffLaunchLoad.
   They are valid as long as the kernel. `size` may be null. */
const char *diffCacheGetManifest(const DiffCacheKernel *kernel, size_t *size);
const void *diffCacheGetCode(const DiffCacheKernel *kernel, size_t *size);

/** Calls a function of a kernel for a CPU. It is an error if this machine does
    not run its code. `tensors` are its arguments,
    followed by its results, in host memory. Results must not overlap other
    tensors. Null as name is the only function. Types, shapes, strides,
    addresses and offsets are checked before anything runs. If the code cannot
    allocate memory, the call fails and the contents of results are undefined.
 */
DiffCacheStatus diffCacheCall(const DiffCacheKernel *kernel,
                              const char *function,
                              const DiffLaunchTensor *tensors, size_t count);

/* NOLINTEND(modernize-use-using) */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DIFF_C_CACHE_H */
