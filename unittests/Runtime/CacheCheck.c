/*===- CacheCheck.c - Checks of the cache from C ------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* cache-check use MODULE SCALE [SECONDS]: compiles a module whose function   *|
|* @scale(x, y) returns SCALE * x + y, calls it and checks the result; again  *|
|* and again for SECONDS. Prints where the code came from.                    *|
|* cache-check get MODULE GPU [OPTIONS]: runs it on the simulator, and prints *|
|* the sizes of the code.                                                     *|
|* cache-check api MODULE: calls every function with legal and other values.  *|
|* cache-check time MODULE: prints the time of a call.                        *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "diff-c/Cache.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("line %d: %s; last error: %s\n", __LINE__, #condition,            \
             diffCacheGetError());                                             \
      fflush(stdout);                                                          \
      _exit(1);                                                                \
    }                                                                          \
  } while (0)

static char *module;
static size_t moduleSize;

static void readModule(const char *path) {
  FILE *file = fopen(path, "rb");
  CHECK(file);
  module = malloc(1 << 20);
  moduleSize = fread(module, 1, 1 << 20, file);
  fclose(file);
}

static DiffCacheRequest makeRequest(const char *target, const char *options) {
  DiffCacheRequest request;
  memset(&request, 0, sizeof(request));
  request.module = module;
  request.moduleSize = moduleSize;
  request.target = target;
  request.options = options;
  return request;
}

static DiffLaunchTensor makeTensor(const void *data, size_t rank,
                                   const int64_t *shape,
                                   const int64_t *strides) {
  DiffLaunchTensor tensor;
  tensor.data = (uint64_t)(uintptr_t)data;
  tensor.memory = DIFF_LAUNCH_HOST;
  tensor.type = DIFF_LAUNCH_F32;
  tensor.rank = rank;
  tensor.shape = shape;
  tensor.strides = strides;
  return tensor;
}

static double getTime(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static const char *getOriginName(DiffCacheOrigin origin) {
  static const char *const names[] = {"memory", "disk", "compiler"};
  return names[origin];
}

static bool hasError(const char *text) {
  if (strstr(diffCacheGetError(), text) && !strchr(diffCacheGetError(), '\n'))
    return true;
  printf("expected '%s'\n", text);
  return false;
}

#define CHECK_INVALID(call, text)                                              \
  do {                                                                         \
    CHECK((call) == DIFF_CACHE_INVALID);                                       \
    CHECK(hasError(text));                                                     \
  } while (0)

/*===----------------------------------------------------------------------===*\
|* Use
\*===----------------------------------------------------------------------===*/

/* Calls the function, or launches it if the kernel is for a GPU. */
static void checkScale(const DiffCacheKernel *kernel,
                       DiffLaunchProgram *program, float scale) {
  enum { kRows = 37, kColumns = 5, kStride = 9 };
  float x[kRows * kStride], y[kRows * kColumns], result[kRows * kStride];
  const int64_t shape[] = {kRows, kColumns}, strides[] = {kStride, 1};
  for (int i = 0; i < kRows * kStride; ++i) {
    x[i] = (float)(i % 100);
    result[i] = -1;
  }
  for (int i = 0; i < kRows * kColumns; ++i)
    y[i] = (float)i;
  DiffLaunchTensor tensors[] = {makeTensor(x, 2, shape, strides),
                                makeTensor(y, 2, shape, NULL),
                                makeTensor(result, 2, shape, strides)};
  if (program)
    CHECK(diffLaunchRun(program, "scale", tensors, 3, NULL) ==
          DIFF_LAUNCH_SUCCESS);
  else
    CHECK(diffCacheCall(kernel, "scale", tensors, 3) == DIFF_CACHE_SUCCESS);
  for (int row = 0; row < kRows; ++row)
    for (int i = 0; i < kStride; ++i)
      CHECK(result[row * kStride + i] ==
            (i < kColumns ? scale * x[row * kStride + i] + y[row * kColumns + i]
                          : -1));
}

static int use(float scale, double seconds) {
  double end = getTime() + seconds;
  do {
    DiffCache *cache = NULL;
    DiffCacheKernel *kernel = NULL;
    CHECK(diffCacheOpen(NULL, &cache) == DIFF_CACHE_SUCCESS);
    DiffCacheRequest request = makeRequest("host", NULL);
    if (diffCacheCompile(cache, &request, &kernel) != DIFF_CACHE_SUCCESS) {
      printf("error: %s\n", diffCacheGetError());
      return 1;
    }
    checkScale(kernel, NULL, scale);
    if (seconds == 0) {
      DiffCacheCounts counts;
      CHECK(diffCacheGetCounts(cache, &counts) == DIFF_CACHE_SUCCESS);
      printf("from %s, %d damaged, in '%s', problem '%s'\n",
             getOriginName(diffCacheGetOrigin(kernel)), (int)counts.damaged,
             diffCacheGetFolder(cache), diffCacheGetProblem(cache));
    }
    diffCacheRelease(kernel);
    diffCacheClose(cache);
  } while (getTime() < end);
  return 0;
}

static int get(const char *target, const char *options) {
  DiffCache *cache = NULL;
  DiffCacheKernel *kernel = NULL;
  size_t code = 0, manifest = 0;
  CHECK(diffCacheOpen(NULL, &cache) == DIFF_CACHE_SUCCESS);
  DiffCacheRequest request = makeRequest(target, options);
  if (diffCacheCompile(cache, &request, &kernel) != DIFF_CACHE_SUCCESS) {
    printf("error: %s\n", diffCacheGetError());
    return 1;
  }
  CHECK(diffCacheGetCode(kernel, &code) && diffCacheGetManifest(kernel, NULL));
  CHECK(strlen(diffCacheGetManifest(kernel, &manifest)) == manifest);
  /* Code for a GPU runs on the simulator. */
  DiffLaunchDevice *device = NULL;
  DiffLaunchProgram *program = NULL;
  CHECK(diffLaunchOpenSim(target, NULL, &device) == DIFF_LAUNCH_SUCCESS);
  CHECK(diffLaunchLoad(device, diffCacheGetManifest(kernel, NULL), manifest,
                       diffCacheGetCode(kernel, NULL), code,
                       &program) == DIFF_LAUNCH_SUCCESS);
  checkScale(kernel, program, 2);
  diffLaunchUnload(program);
  diffLaunchClose(device);
  CHECK_INVALID(diffCacheCall(kernel, "scale", NULL, 0),
                "and cannot be called on a CPU");
  printf("from %s, %zu bytes of code, %zu of the manifest\n",
         getOriginName(diffCacheGetOrigin(kernel)), code, manifest);
  diffCacheRelease(kernel);
  diffCacheClose(cache);
  return 0;
}

/*===----------------------------------------------------------------------===*\
|* Every function
\*===----------------------------------------------------------------------===*/

static int alwaysInterrupt(void *userData) {
  ++*(int *)userData;
  return 1;
}

static void checkOpen(void) {
  DiffCache *cache = NULL;
  DiffCacheCounts counts;
  CHECK_INVALID(diffCacheOpen(NULL, NULL), "cache is null");
  for (const char *const *size =
           (const char *const[]){"rice", "-1", "1T", "1MB", "M", "1.5G", NULL};
       *size; ++size) {
    setenv("DIFF_CACHE_SIZE", *size, 1);
    CHECK_INVALID(diffCacheOpen(NULL, &cache), "DIFF_CACHE_SIZE is '");
    CHECK(!cache);
  }
  for (const char *const *size =
           (const char *const[]){"", "0", "123", "10K", "512M", "2G", NULL};
       *size; ++size) {
    setenv("DIFF_CACHE_SIZE", *size, 1);
    CHECK(diffCacheOpen(NULL, &cache) == DIFF_CACHE_SUCCESS);
    diffCacheClose(cache);
    cache = NULL;
  }
  unsetenv("DIFF_CACHE_SIZE");
  diffCacheClose(NULL);
  CHECK(!*diffCacheGetFolder(NULL) && !*diffCacheGetProblem(NULL));
  CHECK_INVALID(diffCacheGetCounts(NULL, &counts), "cache is null");
  CHECK_INVALID(diffCacheClear(NULL), "cache is null");
}

static void checkCompile(DiffCache *cache) {
  DiffCacheKernel *kernel = NULL;
  DiffCacheRequest request = makeRequest("host", NULL), other;
  CHECK_INVALID(diffCacheCompile(NULL, &request, &kernel), "cache is null");
  CHECK_INVALID(diffCacheCompile(cache, NULL, &kernel), "request is null");
  CHECK_INVALID(diffCacheCompile(cache, &request, NULL), "kernel is null");
  other = request;
  other.target = NULL;
  CHECK_INVALID(diffCacheCompile(cache, &other, &kernel), "target is null");
  other = request;
  other.module = NULL;
  CHECK_INVALID(diffCacheCompile(cache, &other, &kernel), "module is null");
  other.module = module;
  other.target = "host stop-after=tiled";
  CHECK_INVALID(diffCacheCompile(cache, &other, &kernel),
                "the target is 'host stop-after=tiled'");
  other.target = "host";
  other.wantCubin = 1;
  CHECK_INVALID(diffCacheCompile(cache, &other, &kernel), "no GPU");

  other = request;
  other.pass = "emit=ptx";
  CHECK_INVALID(diffCacheCompile(cache, &other, &kernel),
                "the pass is 'emit=ptx'");

  /* The compiler's own errors. */
  other.pass = "rice";
  CHECK(diffCacheCompile(cache, &other, &kernel) == DIFF_CACHE_ERROR);
  CHECK(hasError("rice"));
  other = makeRequest("sm_1", NULL);
  CHECK(diffCacheCompile(cache, &other, &kernel) == DIFF_CACHE_ERROR);
  CHECK(hasError("unknown chip 'sm_1'; known are host, x86-64-v3"));
  other = makeRequest("host", "rice=1");
  CHECK(diffCacheCompile(cache, &other, &kernel) == DIFF_CACHE_ERROR);
  CHECK(hasError("rice"));
  other = makeRequest("host", NULL);
  other.module = "func.func @f(";
  other.moduleSize = strlen(other.module);
  CHECK(diffCacheCompile(cache, &other, &kernel) == DIFF_CACHE_ERROR);
  CHECK(hasError("line 1:"));
  other.module = NULL;
  other.moduleSize = 0;
  CHECK(diffCacheCompile(cache, &other, &kernel) == DIFF_CACHE_SUCCESS);
  CHECK_INVALID(diffCacheCall(kernel, NULL, NULL, 0), "functions: none");
  diffCacheRelease(kernel);
  CHECK(kernel);
}

static void checkCalls(const DiffCacheKernel *kernel) {
  float x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {0}, result[6] = {0};
  const int64_t shape[] = {2, 3}, other[] = {3, 2}, negative[] = {-1, 3};
  const int64_t far[] = {INT64_MAX / 2, 1}, reverse[] = {-3, 1},
                wide[] = {6, 2}, none[] = {0, 3}, same[] = {0, 1};
  DiffLaunchTensor good[] = {makeTensor(x, 2, shape, NULL),
                             makeTensor(y, 2, shape, NULL),
                             makeTensor(result, 2, shape, NULL)};
  DiffLaunchTensor tensors[3];
#define RESET() memcpy(tensors, good, sizeof(good))
#define CALL() diffCacheCall(kernel, "scale", tensors, 3)
  RESET();
  CHECK(CALL() == DIFF_CACHE_SUCCESS);
  CHECK(diffCacheCall(kernel, NULL, tensors, 3) == DIFF_CACHE_SUCCESS);
  CHECK_INVALID(diffCacheCall(NULL, "scale", tensors, 3), "kernel is null");
  CHECK_INVALID(diffCacheCall(kernel, "scale", NULL, 3), "tensors is null");
  CHECK_INVALID(diffCacheCall(kernel, "sale", tensors, 3),
                "there is no function 'sale'; functions: 'scale'");
  CHECK_INVALID(diffCacheCall(kernel, "scale", tensors, 2),
                "takes 3 tensors (1 of them results), found 2");
  tensors[0].type = DIFF_LAUNCH_F64;
  CHECK_INVALID(CALL(), "argument 0 'argument0' needs elements of type f32, "
                        "found f64");
  tensors[0].type = (DiffLaunchType)99;
  CHECK_INVALID(CALL(), "tensor 0 has the unknown type 99");
  RESET();
  tensors[1].memory = DIFF_LAUNCH_DEVICE;
  CHECK_INVALID(CALL(), "tensor 1 is in device memory");
  RESET();
  tensors[1].rank = 1;
  CHECK_INVALID(CALL(), "of rank 1");
  RESET();
  tensors[1].shape = other;
  CHECK_INVALID(CALL(), "argument 1 'argument1' has ");
  RESET();
  tensors[2].shape = other;
  CHECK_INVALID(CALL(), "result 0 'result0' has ");
  RESET();
  tensors[0].shape = negative;
  CHECK_INVALID(CALL(), "with a negative size");
  RESET();
  tensors[0].strides = far;
  CHECK_INVALID(CALL(), "exceeds the range of 64-bit addresses");
  tensors[0].strides = reverse;
  CHECK_INVALID(CALL(), "is negative");
  tensors[0].strides = wide;
  CHECK_INVALID(CALL(), "the innermost, is not 1");
  RESET();
  tensors[2].strides = same;
  CHECK_INVALID(CALL(), "overlap");
  RESET();
  tensors[0].shape = NULL;
  CHECK_INVALID(CALL(), "tensor 0 has no shape");
  RESET();
  tensors[2].data = 0;
  CHECK_INVALID(CALL(), "has no address");
  tensors[2].data = good[2].data + 2;
  CHECK_INVALID(CALL(), "is not a multiple of 4");
  tensors[2].data = good[0].data;
  CHECK_INVALID(CALL(), "the memory of result 'result0' overlaps that of "
                        "'argument0'");
  tensors[2].data = good[1].data + 8;
  CHECK_INVALID(CALL(), "overlaps that of 'argument1'");
  /* Nothing to compute. */
  for (int i = 0; i < 3; ++i)
    tensors[i] = makeTensor(NULL, 2, none, NULL);
  CHECK(CALL() == DIFF_CACHE_SUCCESS);
}

/* Elements of f64 need the unfused lowering. */
static const char kDouble[] =
    "func.func @layer(%q: tensor<1x?x2x4xf64>, %k: tensor<1x?x1x4xf64>,\n"
    "    %l: tensor<1x?x1xf64>, %init: tensor<1x?x1x4xf64>)\n"
    "    -> tensor<1x?x1x4xf64> {\n"
    "  %0 = diff.attention ins(%q, %k, %k, %l : tensor<1x?x2x4xf64>,\n"
    "      tensor<1x?x1x4xf64>, tensor<1x?x1x4xf64>, tensor<1x?x1xf64>)\n"
    "      outs(%init : tensor<1x?x1x4xf64>) -> tensor<1x?x1x4xf64>\n"
    "  return %0 : tensor<1x?x1x4xf64>\n"
    "}\n";

static void checkPass(DiffCache *cache) {
  double q[3 * 8], k[5 * 4], l[3], result[3 * 4];
  const int64_t query[] = {1, 3, 2, 4}, key[] = {1, 5, 1, 4},
                lambda[] = {1, 3, 1}, output[] = {1, 3, 1, 4};
  DiffCacheKernel *kernel = NULL;
  DiffCacheRequest request = makeRequest("host", NULL);
  request.module = kDouble;
  request.moduleSize = strlen(kDouble);
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_ERROR);
  CHECK(hasError("has f64 elements"));
  request.pass = "convert-diff-to-linalg";
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_SUCCESS);
  for (int i = 0; i < 24; ++i)
    q[i] = 0;
  for (int i = 0; i < 20; ++i)
    k[i] = i / 4;
  for (int i = 0; i < 3; ++i)
    l[i] = 0;
  DiffLaunchTensor tensors[] = {
      makeTensor(q, 4, query, NULL), makeTensor(k, 4, key, NULL),
      makeTensor(l, 3, lambda, NULL), makeTensor(result, 4, output, NULL),
      makeTensor(result, 4, output, NULL)};
  double init[3 * 4];
  tensors[3].data = (uint64_t)(uintptr_t)init;
  for (int i = 0; i < 5; ++i)
    tensors[i].type = DIFF_LAUNCH_F64;
  CHECK(diffCacheCall(kernel, "layer", tensors, 5) == DIFF_CACHE_SUCCESS);
  /* The mean of 0 to 4, minus half of it. */
  for (int i = 0; i < 12; ++i)
    CHECK(result[i] > 1 - 1e-15 && result[i] < 1 + 1e-15);
  diffCacheRelease(kernel);
}

/* A function that allocates as many rows as the second argument says. */
static const char kRows[] =
    "func.func @rows(%x: tensor<4xf32>, %rows: tensor<1xi64>)\n"
    "    -> tensor<4xf32> {\n"
    "  %c0 = arith.constant 0 : index\n"
    "  %0 = tensor.extract %rows[%c0] : tensor<1xi64>\n"
    "  %n = arith.index_cast %0 : i64 to index\n"
    "  %e = tensor.empty(%n) : tensor<?x4xf32>\n"
    "  %copies = linalg.broadcast ins(%x : tensor<4xf32>)\n"
    "      outs(%e : tensor<?x4xf32>) dimensions = [0]\n"
    "  %sum = linalg.reduce { arith.addf } ins(%copies : tensor<?x4xf32>)\n"
    "      outs(%x : tensor<4xf32>) dimensions = [0]\n"
    "  return %sum : tensor<4xf32>\n"
    "}\n";

static void checkMemory(DiffCache *cache) {
  float x[4] = {1, 2, 3, 4}, sum[4];
  int64_t rows = 3;
  const int64_t four = 4, one = 1;
  DiffCacheKernel *kernel = NULL;
  DiffCacheRequest request = makeRequest("host", NULL);
  request.module = kRows;
  request.moduleSize = strlen(kRows);
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_SUCCESS);
  DiffLaunchTensor tensors[] = {makeTensor(x, 1, &four, NULL),
                                makeTensor(&rows, 1, &one, NULL),
                                makeTensor(sum, 1, &four, NULL)};
  tensors[1].type = DIFF_LAUNCH_I64;
  for (int i = 0; i < 100; ++i) {
    rows = 3;
    CHECK(diffCacheCall(kernel, NULL, tensors, 3) == DIFF_CACHE_SUCCESS);
    CHECK(sum[0] == 4 && sum[3] == 16);
    rows = INT64_C(1) << 50;
    CHECK(diffCacheCall(kernel, NULL, tensors, 3) == DIFF_CACHE_ERROR);
    CHECK(hasError("function 'rows': not enough memory: 18014398509"));
  }
  diffCacheRelease(kernel);
}

/* A CPU of another architecture, and one that most machines have. */
#if defined(__x86_64__)
static const char kForeignChip[] = "neoverse-v1", kCommonChip[] = "x86-64-v3";
#else
static const char kForeignChip[] = "x86-64-v3", kCommonChip[] = "armv8-a";
#endif

/* Code for other CPUs is compiled, and called if this machine runs it. */
static void checkChips(DiffCache *cache) {
  DiffCacheKernel *kernel = NULL;
  DiffCacheRequest request = makeRequest(kForeignChip, NULL);
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_SUCCESS);
  CHECK(!memcmp(diffCacheGetCode(kernel, NULL), "\177ELF", 4));
  CHECK(strstr(diffCacheGetManifest(kernel, NULL), kForeignChip));
  CHECK_INVALID(diffCacheCall(kernel, "scale", NULL, 0),
                "does not run on this machine (");
  CHECK(hasError(diffCacheGetCallProblem(kernel)));
  diffCacheRelease(kernel);

  request = makeRequest(kCommonChip, NULL);
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_SUCCESS);
  const char *problem = diffCacheGetCallProblem(kernel);
  if (*problem)
    CHECK(strstr(problem, "which lacks"));
  else
    checkScale(kernel, NULL, 2);
  diffCacheRelease(kernel);

  request = makeRequest("host", NULL);
  request.wantObject = 1;
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_SUCCESS);
  CHECK(((const char *)diffCacheGetCode(kernel, NULL))[16] == 1);
  CHECK_INVALID(diffCacheCall(kernel, "scale", NULL, 0),
                "the code is an object file and must be linked");
  diffCacheRelease(kernel);
  request.target = "sm_80";
  CHECK_INVALID(diffCacheCompile(cache, &request, &kernel), "is a GPU");
}

static void checkInterrupt(void) {
  DiffCacheOptions options = diffCacheGetDefaultOptions();
  DiffCache *cache = NULL;
  DiffCacheKernel *kernel = NULL;
  int calls = 0;
  options.isInterrupted = alwaysInterrupt;
  options.userData = &calls;
  options.bytes = 0;
  CHECK(diffCacheOpen(&options, &cache) == DIFF_CACHE_SUCCESS);
  DiffCacheRequest request = makeRequest("host", "");
  module[moduleSize++] = '\n';
  request.moduleSize = moduleSize;
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_ERROR);
  CHECK(hasError("interrupted"));
  CHECK(calls > 0 && !kernel);
  diffCacheClose(cache);
}

static void *compileInThread(void *data) {
  DiffCacheKernel *kernel = NULL;
  DiffCacheRequest request = makeRequest("host", NULL);
  CHECK(diffCacheCompile(data, &request, &kernel) == DIFF_CACHE_SUCCESS);
  for (int i = 0; i < 100; ++i)
    checkScale(kernel, NULL, 2);
  diffCacheRelease(kernel);
  return NULL;
}

static int checkAPI(void) {
  DiffCache *cache = NULL;
  DiffCacheKernel *kernel = NULL, *second = NULL;
  DiffCacheCounts counts;
  size_t size = 1;
  CHECK(!*diffCacheGetError());
  checkOpen();
  CHECK(diffCacheOpen(NULL, &cache) == DIFF_CACHE_SUCCESS);
  CHECK(*diffCacheGetFolder(cache) && !*diffCacheGetProblem(cache));

  /* Threads that want the same module compile it once. */
  pthread_t threads[8];
  for (int i = 0; i < 8; ++i)
    CHECK(!pthread_create(&threads[i], NULL, compileInThread, cache));
  for (int i = 0; i < 8; ++i)
    CHECK(!pthread_join(threads[i], NULL));
  CHECK(diffCacheGetCounts(cache, &counts) == DIFF_CACHE_SUCCESS);
  CHECK(counts.compiled == 1 && counts.onDisk == 0 && counts.inMemory == 7);
  CHECK(counts.damaged == 0);
  CHECK_INVALID(diffCacheGetCounts(cache, NULL), "counts is null");

  DiffCacheRequest request = makeRequest("host", NULL);
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_SUCCESS);
  CHECK(diffCacheGetOrigin(kernel) == DIFF_CACHE_FROM_MEMORY);
  checkCalls(kernel);
  checkCompile(cache);
  checkPass(cache);
  checkMemory(cache);
  checkChips(cache);

  /* A child of a fork compiles, loads and calls. */
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    compileInThread(cache);
    CHECK(diffCacheClear(cache) == DIFF_CACHE_SUCCESS);
    compileInThread(cache);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);

  /* A kernel outlives its cache. */
  CHECK(diffCacheClear(cache) == DIFF_CACHE_SUCCESS);
  CHECK(diffCacheCompile(cache, &request, &second) == DIFF_CACHE_SUCCESS);
  CHECK(diffCacheGetOrigin(second) == DIFF_CACHE_FROM_COMPILER);
  diffCacheClose(cache);
  checkScale(kernel, NULL, 2);
  checkScale(second, NULL, 2);
  CHECK(diffCacheGetCode(kernel, &size) && size > 1000);
  CHECK(!memcmp(diffCacheGetCode(kernel, NULL), "\177ELF", 4));
  CHECK(strstr(diffCacheGetManifest(kernel, &size), "\"host\""));
  diffCacheRelease(kernel);
  checkScale(second, NULL, 2);
  diffCacheRelease(second);
  diffCacheRelease(NULL);
  CHECK(!*diffCacheGetManifest(NULL, &size) && size == 0);
  CHECK(diffCacheGetCode(NULL, &size) && size == 0);
  CHECK(diffCacheGetOrigin(NULL) == DIFF_CACHE_FROM_MEMORY);
  CHECK(!*diffCacheGetCallProblem(NULL));
  checkInterrupt();

  DiffCacheOptions options = diffCacheGetDefaultOptions();
  options.compiler = "/nowhere/diff-opt";
  CHECK(diffCacheOpen(&options, &cache) == DIFF_CACHE_SUCCESS);
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_ERROR);
  CHECK(hasError("the compiler is '/nowhere/diff-opt', which is no program"));
  diffCacheClose(cache);
  return 0;
}

/*===----------------------------------------------------------------------===*\
|* Time
\*===----------------------------------------------------------------------===*/

static int compareDoubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static int measure(void) {
  enum { kCalls = 20000 };
  static double times[kCalls];
  double start = getTime();
  DiffCache *cache = NULL;
  DiffCacheKernel *kernel = NULL;
  CHECK(diffCacheOpen(NULL, &cache) == DIFF_CACHE_SUCCESS);
  DiffCacheRequest request = makeRequest("host", NULL);
  CHECK(diffCacheCompile(cache, &request, &kernel) == DIFF_CACHE_SUCCESS);
  float x[4] = {1, 2, 3, 4}, y[4] = {0}, result[4];
  const int64_t shape[] = {2, 2}, strides[] = {2, 1};
  DiffLaunchTensor tensors[] = {makeTensor(x, 2, shape, strides),
                                makeTensor(y, 2, shape, strides),
                                makeTensor(result, 2, shape, strides)};
  CHECK(diffCacheCall(kernel, "scale", tensors, 3) == DIFF_CACHE_SUCCESS);
  double first = getTime() - start;
  for (int i = 0; i < kCalls; ++i) {
    double before = getTime();
    diffCacheCall(kernel, "scale", tensors, 3);
    times[i] = getTime() - before;
  }
  qsort(times, kCalls, sizeof(double), compareDoubles);
  printf("from %s: %.2f ms to the first result, call %.2f us (median %.2f)\n",
         getOriginName(diffCacheGetOrigin(kernel)), first * 1e3,
         times[kCalls / 100] * 1e6, times[kCalls / 2] * 1e6);
  start = getTime();
  for (int i = 0; i < 1000; ++i) {
    DiffCacheKernel *found = NULL;
    CHECK(diffCacheCompile(cache, &request, &found) == DIFF_CACHE_SUCCESS);
    diffCacheRelease(found);
  }
  printf("from memory: %.2f us\n", (getTime() - start) * 1e3);
  return 0;
}

int main(int argc, char **argv) {
  const char *mode = argc > 2 ? argv[1] : "";
  if (argc > 2)
    readModule(argv[2]);
  if (!strcmp(mode, "use") && argc > 3)
    return use((float)atof(argv[3]), argc > 4 ? atof(argv[4]) : 0);
  if (!strcmp(mode, "get") && argc > 3)
    return get(argv[3], argc > 4 ? argv[4] : NULL);
  if (!strcmp(mode, "api"))
    return checkAPI();
  if (!strcmp(mode, "time"))
    return measure();
  fprintf(stderr, "usage: cache-check use|get|api|time MODULE ...\n");
  return 2;
}
