// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What follows a composition of standard attentions, in bf16 with f32
// arithmetic, 16 bytes an access: the kernels that a compiler of pointwise
// operations makes of it. A thread takes 8 elements, `chunks` threads a row.

#include <cuda_bf16.h>

// One access of 16 bytes: 8 elements.
using Chunk = uint4;

static __device__ float2 unpack(unsigned bits) {
  return {__uint_as_float(bits << 16), __uint_as_float(bits & 0xffff0000)};
}

static __device__ unsigned pack(float low, float high) {
  __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<unsigned *>(&pair);
}

/// DIFF V2: out[row] = maps[2 row] - sigmoid(logits[row]) maps[2 row + 1]; a
/// row is a token and a head, 1 << log2Chunks chunks wide.
extern "C" __global__ void subtract(const Chunk *__restrict__ maps,
                                    const __nv_bfloat16 *__restrict__ logits,
                                    Chunk *__restrict__ out, unsigned rows,
                                    unsigned log2Chunks) {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned row = i >> log2Chunks;
  if (row >= rows)
    return;
  size_t first = (size_t(row) << log2Chunks) + i;
  Chunk one = maps[first];
  Chunk two = maps[first + (size_t(1) << log2Chunks)];
  float gate = 1.0f / (1.0f + __expf(-__bfloat162float(logits[row])));
  auto combine = [&](unsigned left, unsigned right) {
    float2 a = unpack(left), b = unpack(right);
    return pack(fmaf(-gate, b.x, a.x), fmaf(-gate, b.y, a.y));
  };
  out[i] = {combine(one.x, two.x), combine(one.y, two.y), combine(one.z, two.z),
            combine(one.w, two.w)};
}

/// The two halves of DIFF V1's values, 1 << log2Chunks chunks wide each, side
/// by side.
extern "C" __global__ void concatenate(const Chunk *__restrict__ left,
                                       const Chunk *__restrict__ right,
                                       Chunk *__restrict__ out, unsigned rows,
                                       unsigned log2Chunks) {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned row = i >> log2Chunks;
  if (row >= rows)
    return;
  Chunk l = left[i];
  Chunk r = right[i];
  size_t to = (size_t(row) << log2Chunks) + i;
  out[to] = l;
  out[to + (size_t(1) << log2Chunks)] = r;
}

/// DIFF V1: out = factor RMSNorm(map0 - lambda map1) weight; a row is a token
/// and a head, 1 << log2Chunks (at most 32) chunks wide; the grid has no more
/// threads than there are chunks.
extern "C" __global__ void
subtractNormalise(const Chunk *__restrict__ map0,
                  const Chunk *__restrict__ map1,
                  const float *__restrict__ lambda,
                  const float4 *__restrict__ weight, Chunk *__restrict__ out,
                  unsigned heads, unsigned log2Chunks, float factor) {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned row = i >> log2Chunks;
  unsigned place = i & ((1u << log2Chunks) - 1);
  Chunk one = map0[i];
  Chunk two = map1[i];
  float by = lambda[row % heads];
  auto subtract = [&](unsigned left, unsigned right) -> float2 {
    float2 a = unpack(left), b = unpack(right);
    return {fmaf(-by, b.x, a.x), fmaf(-by, b.y, a.y)};
  };
  float2 x[] = {subtract(one.x, two.x), subtract(one.y, two.y),
                subtract(one.z, two.z), subtract(one.w, two.w)};
  float sum = 0.0f;
  for (float2 pair : x)
    sum += pair.x * pair.x + pair.y * pair.y;
  for (unsigned step = 1u << log2Chunks; step >>= 1;)
    sum += __shfl_xor_sync(0xffffffff, sum, step);
  float scale = factor * rsqrtf(sum / float(8u << log2Chunks) + 1e-5f);
  float4 low = weight[2 * place], high = weight[2 * place + 1];
  out[i] = {pack(x[0].x * scale * low.x, x[0].y * scale * low.y),
            pack(x[1].x * scale * low.z, x[1].y * scale * low.w),
            pack(x[2].x * scale * high.x, x[2].y * scale * high.y),
            pack(x[3].x * scale * high.z, x[3].y * scale * high.w)};
}
