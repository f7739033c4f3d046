//===- Pipeline.cu - Copies of 4, 8 and 16 bytes through CUDA's pipeline --===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cuda_pipeline.h>

/// Means of `radius` neighbours on either side along rows of 128 * width
/// elements; parts come in three stages, with copies of `width` elements.
template <int width>
static __device__ __forceinline__ void smooth(const float *in, float *out,
                                              int parts) {
  constexpr int size = 128 * width, stages = 3;
  __shared__ __align__(16) float tiles[stages][size];
  int t = threadIdx.x;
  in += (size_t)blockIdx.x * parts * size;
  out += (size_t)blockIdx.x * parts * size;
  auto fetch = [&](int part) {
    if (part < parts)
      __pipeline_memcpy_async(&tiles[part % stages][t * width],
                              in + part * size + t * width,
                              width * sizeof(float));
    __pipeline_commit();
  };
  fetch(0);
  fetch(1);
  for (int part = 0; part < parts; ++part) {
    fetch(part + 2);
    __pipeline_wait_prior(2);
    __syncthreads();
    for (int j = t; j < size; j += 128) {
      float sum = 0;
      for (int k = -2; k <= 2; ++k)
        sum += tiles[part % stages][(j + k + size) % size];
      out[part * size + j] = sum * 0.2f;
    }
    __syncthreads();
  }
}

extern "C" __global__ void smooth4(const float *in, float *out, int parts) {
  smooth<1>(in, out, parts);
}

extern "C" __global__ void smooth8(const float *in, float *out, int parts) {
  smooth<2>(in, out, parts);
}

extern "C" __global__ void smooth16(const float *in, float *out, int parts) {
  smooth<4>(in, out, parts);
}
