/*===- Cache.c - Wrong calls of diff-c/Cache.h --------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "diff-c/Cache.h"
#include "Misuse.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The problem of a folder, which is no error: another one is used. */
static char problem[1024];

static const char *getMessage(void) {
  return *problem ? problem : diffCacheGetError();
}

/*===----------------------------------------------------------------------===*\
|* Caches
\*===----------------------------------------------------------------------===*/

static DiffCacheStatus openWithSize(const char *size) {
  DiffCache *cache = NULL;
  setenv("DIFF_CACHE_SIZE", size, 1);
  return diffCacheOpen(NULL, &cache);
}

static int interrupt(void *userData) {
  (void)userData;
  return 1;
}

/* Compiles the good module in a cache of its own. */
static DiffCacheStatus compileIn(DiffCacheOptions options) {
  DiffCache *cache = NULL;
  DiffCacheKernel *kernel = NULL;
  DiffCacheRequest request = {0};
  request.module = kScale;
  request.moduleSize = strlen(kScale);
  request.target = "host";
  require(diffCacheOpen(&options, &cache) == DIFF_CACHE_SUCCESS,
          "diffCacheOpen");
  DiffCacheStatus status = diffCacheCompile(cache, &request, &kernel);
  snprintf(problem, sizeof(problem), "%s", diffCacheGetProblem(cache));
  diffCacheRelease(kernel);
  diffCacheClose(cache);
  return status;
}

#define COMPILE_IN(...)                                                        \
  compileIn((DiffCacheOptions){.bytes = DIFF_CACHE_DEFAULT_BYTES, __VA_ARGS__})

static void misuseFolders(const char *folder) {
  char *file = NULL;
  require(asprintf(&file, "%s/file", folder) > 0, "asprintf");
  FILE *created = fopen(file, "w");
  require(created != NULL, file);
  fclose(created);
  MISUSE(DIFF_CACHE_SUCCESS, "cannot open '.../file': Not a directory",
         COMPILE_IN(.folder = file));
  MISUSE(DIFF_CACHE_SUCCESS, "cannot ... '/proc/...': ...",
         COMPILE_IN(.folder = "/proc/self/nowhere"));
  free(file);
}

static void misuseCaches(const char *folder) {
  DiffCacheCounts counts;
  MISUSE(DIFF_CACHE_INVALID, "diffCacheOpen: cache is null",
         diffCacheOpen(NULL, NULL));
  MISUSE(DIFF_CACHE_INVALID,
         "DIFF_CACHE_SIZE is 'rice'; a number of bytes with or without the "
         "suffix K, M or G is legal, such as 512M",
         openWithSize("rice"));
  MISUSE(DIFF_CACHE_INVALID, "DIFF_CACHE_SIZE is '-1'; ...",
         openWithSize("-1"));
  MISUSE(DIFF_CACHE_ERROR, "the compiler is '/nowhere', which is no program",
         COMPILE_IN(.folder = folder, .compiler = "/nowhere"));
  MISUSE(DIFF_CACHE_ERROR, "the compiler is '/', which is no program",
         COMPILE_IN(.folder = folder, .compiler = "/"));
  MISUSE(DIFF_CACHE_ERROR, "the compiler '/bin/true' wrote no code",
         COMPILE_IN(.folder = folder, .compiler = "/bin/true"));
  MISUSE(DIFF_CACHE_ERROR, "the compiler '...' was interrupted",
         COMPILE_IN(.folder = folder, .isInterrupted = interrupt));
  MISUSE(DIFF_CACHE_INVALID, "diffCacheGetCounts: cache is null",
         diffCacheGetCounts(NULL, &counts));
  MISUSE(DIFF_CACHE_INVALID, "diffCacheClear: cache is null",
         diffCacheClear(NULL));
  MISUSE(0, "", (diffCacheClose(NULL), 0));
  MISUSE(0, "", *diffCacheGetFolder(NULL));
  MISUSE(0, "", *diffCacheGetProblem(NULL));
}

/*===----------------------------------------------------------------------===*\
|* Requests
\*===----------------------------------------------------------------------===*/

static DiffCache *cache;

static DiffCacheStatus request(DiffCacheRequest wanted) {
  DiffCacheKernel *kernel = NULL;
  DiffCacheStatus status = diffCacheCompile(cache, &wanted, &kernel);
  diffCacheRelease(kernel);
  return status;
}

/* The good module, unless the arguments have another one. */
#define GOOD .module = kScale, .moduleSize = strlen(kScale)
#define REQUEST(...) request((DiffCacheRequest){__VA_ARGS__})

static void misuseRequests(void) {
  DiffCacheRequest good = {GOOD, .target = "host"};
  DiffCacheKernel *kernel = NULL;
  MISUSE(DIFF_CACHE_INVALID, "diffCacheCompile: cache is null",
         diffCacheCompile(NULL, &good, &kernel));
  MISUSE(DIFF_CACHE_INVALID, "diffCacheCompile: request is null",
         diffCacheCompile(cache, NULL, &kernel));
  MISUSE(DIFF_CACHE_INVALID, "diffCacheCompile: kernel is null",
         diffCacheCompile(cache, &good, NULL));
  MISUSE(DIFF_CACHE_INVALID, "diffCacheCompile: request->module is null",
         REQUEST(.moduleSize = 3, .target = "host"));
  MISUSE(DIFF_CACHE_INVALID, "diffCacheCompile: request->target is null",
         REQUEST(GOOD));
  MISUSE(DIFF_CACHE_INVALID,
         "the target is ''; host and the names of CPUs and GPUs, such as "
         "x86-64-v3 and sm_90a, are legal",
         REQUEST(GOOD, .target = ""));
  MISUSE(DIFF_CACHE_INVALID, "the target is 'host tiles=threads'; ...",
         REQUEST(GOOD, .target = "host tiles=threads"));
  MISUSE(DIFF_CACHE_INVALID, "the module has ... bytes; up to ... are legal",
         REQUEST(.module = kScale, .moduleSize = SIZE_MAX, .target = "host"));
  MISUSE(DIFF_CACHE_INVALID,
         "a cubin was requested for the target 'host', which is no GPU",
         REQUEST(GOOD, .target = "host", .wantCubin = 1));
  MISUSE(DIFF_CACHE_INVALID, "the pass is '-o x'; names such as ... are legal",
         REQUEST(GOOD, .target = "host", .pass = "-o x"));
  MISUSE(DIFF_CACHE_ERROR, "unknown chip 'sm_1'; known are host, x86-64-v3...",
         REQUEST(GOOD, .target = "sm_1"));
  MISUSE(DIFF_CACHE_ERROR, "no such option rice",
         REQUEST(GOOD, .target = "host", .options = "rice=1"));
  MISUSE(DIFF_CACHE_ERROR,
         "diff-compile: f32 must be ieee or tf32, found 'f64'",
         REQUEST(GOOD, .target = "sm_80", .options = "f32=f64"));
  MISUSE(DIFF_CACHE_ERROR,
         "stop-after=tiled is for --emit=mlir, found --emit=manifest,library",
         REQUEST(GOOD, .target = "host", .options = "stop-after=tiled"));
  MISUSE(DIFF_CACHE_ERROR, "the compiler knows no pass 'no-such-pass'",
         REQUEST(GOOD, .target = "host", .pass = "no-such-pass"));
  MISUSE(
      DIFF_CACHE_ERROR, "line 1:13: expected ...",
      REQUEST(.module = "func.func @f(", .moduleSize = 13, .target = "host"));
  MISUSE(0, "", (diffCacheRelease(NULL), 0));
  MISUSE(0, "", diffCacheGetOrigin(NULL));
  MISUSE(0, "", *diffCacheGetManifest(NULL, NULL));
  MISUSE(0, "", *(const char *)diffCacheGetCode(NULL, NULL));
}

/*===----------------------------------------------------------------------===*\
|* Calls
\*===----------------------------------------------------------------------===*/

static float x[16], y[16], sum[16];
static const int64_t kShape[] = {2, 8};
static DiffLaunchTensor tensors[3];

static void reset(void) {
  float *data[] = {x, y, sum};
  for (int i = 0; i < 3; ++i)
    tensors[i] = (DiffLaunchTensor){(uint64_t)(uintptr_t)data[i],
                                    DIFF_LAUNCH_HOST,
                                    DIFF_LAUNCH_F32,
                                    2,
                                    kShape,
                                    NULL};
}

#define CALL_WITH(assignment)                                                  \
  (reset(), (void)(assignment), diffCacheCall(kernel, "scale", tensors, 3))

static void misuseCalls(const DiffCacheKernel *kernel) {
  const int64_t three[] = {3, 8};
  MISUSE(DIFF_CACHE_INVALID, "diffCacheCall: kernel is null",
         diffCacheCall(NULL, NULL, tensors, 3));
  MISUSE(DIFF_CACHE_INVALID, "diffCacheCall: tensors is null",
         diffCacheCall(kernel, NULL, NULL, 3));
  MISUSE(DIFF_CACHE_INVALID, "there is no function 'nope'; functions: 'scale'",
         diffCacheCall(kernel, "nope", tensors, 3));
  MISUSE(DIFF_CACHE_INVALID,
         "function 'scale' takes 3 tensors (1 of them results), found 1000000",
         diffCacheCall(kernel, NULL, tensors, 1000000));
  MISUSE(DIFF_CACHE_INVALID, "tensor 0 has rank 1000000000; 0 to 64 are legal",
         CALL_WITH(tensors[0].rank = 1000000000));
  MISUSE(DIFF_CACHE_INVALID,
         "tensor 0 is in device memory; code for a CPU takes host memory",
         CALL_WITH(tensors[0].memory = DIFF_LAUNCH_DEVICE));
  MISUSE(DIFF_CACHE_INVALID,
         "function 'scale': argument 1 '...' needs elements of type f32, found "
         "bool",
         CALL_WITH(tensors[1].type = DIFF_LAUNCH_BOOL));
  MISUSE(DIFF_CACHE_INVALID,
         "function 'scale': result 0 '...' has 3 as size '...' (dimension 0), "
         "but argument 0 '...' has 2 (dimension 0)",
         CALL_WITH(tensors[2].shape = three));
  MISUSE(DIFF_CACHE_INVALID,
         "function 'scale': argument 0 '...' has no address",
         CALL_WITH(tensors[0].data = 0));
  MISUSE(DIFF_CACHE_INVALID,
         "function 'scale': the memory of result '...' overlaps that of '...'",
         CALL_WITH(tensors[2].data = tensors[0].data));
  /* The kernel outlives its cache. */
  MISUSE(DIFF_CACHE_SUCCESS, "", (diffCacheClose(cache), CALL_WITH(0)));
}

void misuseCache(const char *folder) {
  DiffCacheOptions options = diffCacheGetDefaultOptions();
  DiffCacheKernel *host = NULL, *gpu = NULL;
  DiffCacheRequest good = {GOOD, .target = "host"};
  misuseFolders(folder);
  misuseCaches(folder);
  options.folder = folder;
  require(diffCacheOpen(&options, &cache) == DIFF_CACHE_SUCCESS,
          "diffCacheOpen");
  misuseRequests();
  require(diffCacheCompile(cache, &good, &host) == DIFF_CACHE_SUCCESS, "host");
  misuseCalls(host);
  good.target = "sm_80";
  require(diffCacheCompile(cache, &good, &gpu) == DIFF_CACHE_SUCCESS, "sm_80");
  MISUSE(DIFF_CACHE_INVALID,
         "the code is for sm_80 and cannot be called on a CPU; launch it with "
         "diffLaunchRun",
         diffCacheCall(gpu, "scale", tensors, 3));
  diffCacheRelease(gpu);
  diffCacheRelease(host);
  diffCacheClose(cache);
}
