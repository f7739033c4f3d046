/*===- cached.c - Compile a module once and call it ---------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Compiles a layer for this CPU, or finds it in the cache, and calls it.     *|
|* Neither MLIR nor LLVM is in this process.                                  *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#include <diff-c/Cache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Any numbers of sequences and tokens use the same code. */
static const char kLayer[] =
    "func.func @attention(%query: tensor<?x?x8x32xf32>,\n"
    "    %key: tensor<?x?x2x32xf32>, %value: tensor<?x?x2x32xf32>,\n"
    "    %lambda: tensor<?x?x4xf32>, %init: tensor<?x?x4x32xf32>)\n"
    "    -> tensor<?x?x4x32xf32> {\n"
    "  %0 = diff.attention\n"
    "         ins(%query, %key, %value, %lambda : tensor<?x?x8x32xf32>,\n"
    "             tensor<?x?x2x32xf32>, tensor<?x?x2x32xf32>,\n"
    "             tensor<?x?x4xf32>)\n"
    "         outs(%init : tensor<?x?x4x32xf32>)\n"
    "         mask<causal> -> tensor<?x?x4x32xf32>\n"
    "  return %0 : tensor<?x?x4x32xf32>\n"
    "}\n";

static int fail(void) {
  fprintf(stderr, "error: %s\n", diffCacheGetError());
  return 1;
}

/* An array of ones as a tensor. */
static DiffLaunchTensor makeTensor(size_t rank, const int64_t *shape) {
  size_t count = 1;
  for (size_t i = 0; i < rank; ++i)
    count *= (size_t)shape[i];
  float *data = malloc(count * sizeof(float));
  for (size_t i = 0; i < count; ++i)
    data[i] = 1;
  DiffLaunchTensor tensor = {(uint64_t)(uintptr_t)data,
                             DIFF_LAUNCH_HOST,
                             DIFF_LAUNCH_F32,
                             rank,
                             shape,
                             NULL};
  return tensor;
}

int main(void) {
  DiffCacheRequest request = {0};
  request.module = kLayer;
  request.moduleSize = strlen(kLayer);
  request.target = "host";

  DiffCache *cache;
  DiffCacheKernel *kernel;
  if (diffCacheOpen(NULL, &cache) != DIFF_CACHE_SUCCESS ||
      diffCacheCompile(cache, &request, &kernel) != DIFF_CACHE_SUCCESS)
    return fail();

  const int64_t query[] = {1, 64, 8, 32}, key[] = {1, 64, 2, 32},
                lambda[] = {1, 64, 4}, output[] = {1, 64, 4, 32};
  DiffLaunchTensor tensors[] = {makeTensor(4, query),  makeTensor(4, key),
                                makeTensor(4, key),    makeTensor(3, lambda),
                                makeTensor(4, output), makeTensor(4, output)};
  if (diffCacheCall(kernel, "attention", tensors, 6) != DIFF_CACHE_SUCCESS)
    return fail();
  /* Each map is a mean of ones: 1 - sigmoid(1). */
  printf("%s: %.4f\n",
         diffCacheGetOrigin(kernel) == DIFF_CACHE_FROM_COMPILER ? "compiled"
                                                                : "cached",
         ((float *)(uintptr_t)tensors[5].data)[0]);
  diffCacheRelease(kernel);
  diffCacheClose(cache);
  return 0;
}
