/*===- OpenMP.c - Finds the OpenMP runtime of the process ---------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Internal.h"
#include "diff-c/Parallel.h"
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static DiffOpenMP functions;
/* Null until a runtime is found, which is then used for good. */
static _Atomic(const DiffOpenMP *) found;
static atomic_bool isStale;
static pthread_mutex_t searchLock = PTHREAD_MUTEX_INITIALIZER;
/* The number of libraries that the process had loaded at the last search. */
static atomic_ullong searched;

static bool resolve(void *library) {
  void *parallel = dlsym(library, "GOMP_parallel");
  void *threadNum = dlsym(library, "omp_get_thread_num");
  void *numThreads = dlsym(library, "omp_get_num_threads");
  void *maxThreads = dlsym(library, "omp_get_max_threads");
  if (!parallel || !threadNum || !numThreads || !maxThreads)
    return false;
  /* ISO C has no conversion from an object pointer to a function. */
  memcpy(&functions.parallel, &parallel, sizeof(parallel));
  memcpy(&functions.getThreadNum, &threadNum, sizeof(threadNum));
  memcpy(&functions.getNumThreads, &numThreads, sizeof(numThreads));
  memcpy(&functions.getMaxThreads, &maxThreads, sizeof(maxThreads));
  return true;
}

/* Wheels contain copies with other names, such as libgomp-a34b3233.so.1.
   Prefers the copy of PyTorch. */
static int findLibrary(struct dl_phdr_info *info, size_t size, void *data) {
  char *path = data;
  const char *slash = strrchr(info->dlpi_name, '/');
  const char *name = slash ? slash + 1 : info->dlpi_name;
  (void)size;
  if (strncmp(name, "libgomp", 7) != 0 ||
      strlen(info->dlpi_name) >= (size_t)PATH_MAX)
    return 0;
  bool ofTorch = strstr(info->dlpi_name, "torch") != NULL;
  if (!*path || ofTorch)
    strcpy(path, info->dlpi_name);
  return ofTorch;
}

static bool search(void) {
  /* The runtime that the symbols of the program itself are bound to. */
  if (resolve(RTLD_DEFAULT))
    return true;
  char path[PATH_MAX] = "";
  dl_iterate_phdr(findLibrary, path);
  if (!*path)
    return false;
  /* Stays open, so that it cannot be unloaded. */
  void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
  return library && resolve(library);
}

static int countLibraries(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  *(unsigned long long *)data = info->dlpi_adds;
  return 1;
}

const DiffOpenMP *diffFindOpenMP(void) {
  const DiffOpenMP *result = atomic_load_explicit(&found, memory_order_acquire);
  if (result)
    return result;
  /* Search again if libraries were loaded since the last time. */
  unsigned long long loaded = 0;
  dl_iterate_phdr(countLibraries, &loaded);
  if (atomic_load_explicit(&searched, memory_order_relaxed) == loaded)
    return NULL;
  pthread_mutex_lock(&searchLock);
  result = atomic_load_explicit(&found, memory_order_relaxed);
  if (!result && search()) {
    result = &functions;
    atomic_store_explicit(&found, result, memory_order_release);
  }
  atomic_store_explicit(&searched, loaded, memory_order_relaxed);
  pthread_mutex_unlock(&searchLock);
  return result;
}

bool diffIsOpenMPStale(void) {
  return atomic_load_explicit(&isStale, memory_order_relaxed);
}

/* The child has none of the threads of a runtime that is loaded now. */
static void prepareFork(void) {
  diffFindOpenMP();
  pthread_mutex_lock(&searchLock);
}

static void finishFork(void) { pthread_mutex_unlock(&searchLock); }

static void finishForkInChild(void) {
  if (atomic_load_explicit(&found, memory_order_relaxed))
    atomic_store_explicit(&isStale, true, memory_order_relaxed);
  pthread_mutex_unlock(&searchLock);
}

const char *diffParallelGetLibrary(void) {
  static const char anchor = 0;
  Dl_info info;
  return dladdr(&anchor, &info) && info.dli_fname ? info.dli_fname : "";
}

static __attribute__((constructor)) void watchForks(void) {
  pthread_atfork(prepareFork, finishFork, finishForkInChild);
}
