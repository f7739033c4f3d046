//===- Halves.cu - f16 and bf16, alone and in pairs -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cuda_bf16.h>
#include <cuda_fp16.h>

static __device__ __forceinline__ half2 lows(half2 a, half2 b) {
  return __lows2half2(a, b);
}

static __device__ __forceinline__ __nv_bfloat162 lows(__nv_bfloat162 a,
                                                      __nv_bfloat162 b) {
  return __lows2bfloat162(a, b);
}

/// Pairs (T2) of T: arithmetic in the type itself.
template <typename T, typename T2>
static __device__ __forceinline__ void pairs(const T2 *x, const T2 *y,
                                             const T2 *z, T2 *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  T2 a = x[i], b = y[i], c = z[i];
  auto put = [&](T2 value) {
    out[i] = value;
    out += n;
  };
  put(__hadd2(a, b));
  put(__hsub2(a, b));
  put(__hmul2(a, b));
  put(__hfma2(a, b, c));
  put(__hfma2_relu(a, b, c));
  put(__hmin2(a, b));
  put(__hmax2(a, b));
  put(__hneg2(a));
  put(__habs2(b));
  put(__hgt2(a, b));
  put(__heq2(a, a));
  put(__lowhigh2highlow(a));
  put(lows(a, b));
  T low = a.x, high = b.y;
  T sum = __hadd(low, high), product = __hmul(low, high);
  T2 scalars = a;
  scalars.x = __hlt(low, high) ? sum : product;
  scalars.y = __hfma(low, high, c.x);
  put(scalars);
}

extern "C" __global__ void pairsHalf(const half2 *x, const half2 *y,
                                     const half2 *z, half2 *out, int n) {
  pairs<half>(x, y, z, out, n);
}

extern "C" __global__ void pairsBfloat(const __nv_bfloat162 *x,
                                       const __nv_bfloat162 *y,
                                       const __nv_bfloat162 *z,
                                       __nv_bfloat162 *out, int n) {
  pairs<__nv_bfloat16>(x, y, z, out, n);
}

/// Dot products with sums in f16 pairs, then f32.
extern "C" __global__ void halfDot(const half2 *x, const half2 *y, float *out,
                                   int pairs, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float total = 0;
  for (int j = 0; j < pairs; j += 4) {
    half2 sum = __float2half2_rn(0.0f);
    for (int k = j; k < j + 4 && k < pairs; ++k)
      sum = __hfma2(x[k * n + i], y[k * n + i], sum);
    float2 both = __half22float2(sum);
    total += both.x + both.y;
  }
  out[i] = total;
}

/// The approximate functions of f16.
extern "C" __global__ void halfMath(const half *x, half *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  half a = x[i], magnitude = __habs(a);
  out[i] = hexp2(a);
  out[n + i] = hlog2(magnitude);
  out[2 * n + i] = hsqrt(magnitude);
  out[3 * n + i] = hrcp(a);
  out[4 * n + i] = hrsqrt(magnitude);
  unsigned short tanh;
  asm("tanh.approx.f16 %0, %1;" : "=h"(tanh) : "h"(__half_as_ushort(a)));
  out[5 * n + i] = __ushort_as_half(tanh);
}
