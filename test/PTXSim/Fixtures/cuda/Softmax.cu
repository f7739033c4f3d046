//===- Softmax.cu - Rows with a running maximum and sum -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cuda_fp16.h>

/// A warp for each row: every lane keeps the maximum and the sum of what it has
/// seen, and the lanes' pairs are merged. Minus infinity is a masked element; a
/// row of nothing else is zero.
template <typename T>
static __device__ __forceinline__ void softmax(const T *in, T *out, float *lse,
                                               int rows, int columns) {
  int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows)
    return;
  in += (size_t)row * columns;
  out += (size_t)row * columns;
  float top = -INFINITY, sum = 0;
  auto merge = [&](float otherTop, float otherSum) {
    float next = fmaxf(top, otherTop);
    if (next != -INFINITY)
      sum = sum * __expf(top - next) + otherSum * __expf(otherTop - next);
    top = next;
  };
  for (int i = lane; i < columns; i += 32)
    merge((float)in[i], 1);
  for (int mask = 16; mask; mask /= 2) {
    float otherTop = __shfl_xor_sync(0xffffffff, top, mask);
    float otherSum = __shfl_xor_sync(0xffffffff, sum, mask);
    merge(otherTop, otherSum);
  }
  for (int i = lane; i < columns; i += 32)
    out[i] = sum > 0 ? T(expf((float)in[i] - top) / sum) : T(0.0f);
  if (lane == 0)
    lse[row] = sum > 0 ? top + logf(sum) : -INFINITY;
}

extern "C" __global__ void softmaxFloat(const float *in, float *out, float *lse,
                                        int rows, int columns) {
  softmax(in, out, lse, rows, columns);
}

extern "C" __global__ void softmaxHalf(const half *in, half *out, float *lse,
                                       int rows, int columns) {
  softmax(in, out, lse, rows, columns);
}
