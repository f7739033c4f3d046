/*===- attention.c - A C program with a compiled layer ------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Calls a causal DIFF V2 layer in an object file and compares the output     *|
|* with the formula in double. Nothing but the object and an OpenMP runtime,  *|
|* libomp or libdiffrt, is linked:                                            *|
|*                                                                            *|
|*   diff-gen --heads=4 --kv-heads=2 --dim=32 --causal --dynamic --type=f32 \ *|
|*     -o layer.mlir                                                          *|
|*   diff-opt layer.mlir --diff-compile=chip=host --emit=header -o layer.h    *|
|*   diff-opt layer.mlir --diff-compile=chip=host --emit=object -o layer.o    *|
|*   cc -I. attention.c layer.o -lomp -lm -o attention                        *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#include "layer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The layer has these heads; the number of tokens is free. */
enum { kBatch = 2, kTokens = 45, kHeads = 4, kKeyHeads = 2, kDim = 32 };
enum { kQueryHeads = 2 * kHeads, kGroup = kQueryHeads / kKeyHeads };

static float query[kBatch][kTokens][kQueryHeads][kDim];
static float key[kBatch][kTokens][kKeyHeads][kDim];
static float value[kBatch][kTokens][kKeyHeads][kDim];
static float lambda[kBatch][kTokens][kHeads];
static float output[kBatch][kTokens][kHeads][kDim];

/* Numbers in [-2, 2), the same in every run. */
static void fill(float *numbers, size_t count) {
  static unsigned state = 1;
  for (size_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    numbers[i] = (float)(state >> 8) / (float)(1 << 22) - 2.0f;
  }
}

/* softmax(Q K^T / sqrt(d)) V of one row of one query head. */
static void attend(int batch, int token, int head, double *result) {
  double weights[kTokens], largest = -INFINITY, sum = 0;
  int keyHead = head / kGroup;
  for (int j = 0; j <= token; ++j) {
    double score = 0;
    for (int i = 0; i < kDim; ++i)
      score += (double)query[batch][token][head][i] * key[batch][j][keyHead][i];
    weights[j] = score / sqrt(kDim);
    largest = fmax(largest, weights[j]);
  }
  for (int j = 0; j <= token; ++j) {
    weights[j] = exp(weights[j] - largest);
    sum += weights[j];
  }
  for (int i = 0; i < kDim; ++i) {
    result[i] = 0;
    for (int j = 0; j <= token; ++j)
      result[i] += weights[j] / sum * value[batch][j][keyHead][i];
  }
}

static double computeError(void) {
  double largest = 0, first[kDim], second[kDim];
  for (int batch = 0; batch < kBatch; ++batch)
    for (int token = 0; token < kTokens; ++token)
      for (int head = 0; head < kHeads; ++head) {
        double factor = 1 / (1 + exp(-(double)lambda[batch][token][head]));
        attend(batch, token, 2 * head, first);
        attend(batch, token, 2 * head + 1, second);
        for (int i = 0; i < kDim; ++i) {
          double error = fabs(output[batch][token][head][i] -
                              (first[i] - factor * second[i]));
          /* NaN is no error that fmax returns. */
          largest = error <= largest ? largest : error;
        }
      }
  return largest;
}

/* The descriptor of a contiguous tensor. */
#define TENSOR4(array, heads, dim)                                             \
  {array,                                                                      \
   array,                                                                      \
   0,                                                                          \
   {kBatch, kTokens, heads, dim},                                              \
   {kTokens * (heads) * (dim), (heads) * (dim), dim, 1}}
#define TENSOR3(array, heads)                                                  \
  {array, array, 0, {kBatch, kTokens, heads}, {kTokens * (heads), heads, 1}}
#define COUNT(array) (sizeof(array) / sizeof(float))

int main(void) {
  fill(&query[0][0][0][0], COUNT(query));
  fill(&key[0][0][0][0], COUNT(key));
  fill(&value[0][0][0][0], COUNT(value));
  fill(&lambda[0][0][0], COUNT(lambda));
  for (size_t i = 0; i < COUNT(output); ++i)
    (&output[0][0][0][0])[i] = NAN;

  diff_memref_4 q = TENSOR4(query, kQueryHeads, kDim);
  diff_memref_4 k = TENSOR4(key, kKeyHeads, kDim);
  diff_memref_4 v = TENSOR4(value, kKeyHeads, kDim);
  diff_memref_3 l = TENSOR3(lambda, kHeads);
  diff_memref_4 o = TENSOR4(output, kHeads, kDim);
  _mlir_ciface_attention(&q, &k, &v, &l, &o);

  double error = computeError();
  printf("largest error %.1e\n", error);
  return error < 2e-6 ? EXIT_SUCCESS : EXIT_FAILURE;
}
