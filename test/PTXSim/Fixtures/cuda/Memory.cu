//===- Memory.cu - Loads and stores of all widths and spaces --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cstring>

extern "C" __global__ void saxpy(const float *x, float *y, float a,
                                 unsigned long long n) {
  unsigned long long stride = (unsigned long long)gridDim.x * blockDim.x;
  for (unsigned long long i =
           (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
       i < n; i += stride)
    y[i] = a * x[i] + y[i];
}

/// Whole vectors, and the rest one by one.
extern "C" __global__ void vectors(const float *x, float *y,
                                   const unsigned char *bytes, int *sums,
                                   const short *shorts, short *swapped, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n / 4) {
    float4 v = reinterpret_cast<const float4 *>(x)[i];
    reinterpret_cast<float4 *>(y)[i] = make_float4(v.w, v.z * 2, v.y, v.x + 1);
    uchar4 b = reinterpret_cast<const uchar4 *>(bytes)[i];
    reinterpret_cast<int2 *>(sums)[i] = make_int2(b.x + b.y, b.z - b.w);
    short4 s = reinterpret_cast<const short4 *>(shorts)[i];
    reinterpret_cast<short4 *>(swapped)[i] = make_short4(s.y, s.x, s.w, s.z);
  } else if (i < n / 4 + n % 4) {
    int j = n / 4 * 4 + i - n / 4;
    y[j] = -x[j];
    swapped[j] = ~shorts[j];
  }
}

extern "C" __global__ void vectorsWide(const double *x, double *y,
                                       const longlong2 *l, ulonglong2 *m,
                                       int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  double2 d = reinterpret_cast<const double2 *>(x)[i];
  reinterpret_cast<double2 *>(y)[n - 1 - i] = make_double2(d.y, -d.x);
  longlong2 both = l[i];
  m[i] = make_ulonglong2(both.y >> 3, both.x * both.y);
}

/// Two arrays in one piece of dynamic shared memory.
extern "C" __global__ void dynamicShared(const double *x, const int *places,
                                         double *out, int n) {
  extern __shared__ __align__(16) unsigned char storage[];
  double *values = reinterpret_cast<double *>(storage);
  int *at = reinterpret_cast<int *>(storage + n * sizeof(double));
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    values[i] = x[blockIdx.x * n + i];
    at[n - 1 - i] = places[i];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x)
    out[blockIdx.x * n + i] = values[at[i]] + values[n - 1 - i];
}

/// A pointer that is to shared, global or local memory, as it falls out.
extern "C" __global__ void genericPointers(const int *in, int *out, int *spaces,
                                           int n) {
  __shared__ int tile[128];
  int i = blockIdx.x * blockDim.x + threadIdx.x, t = threadIdx.x;
  int own[4];
#pragma unroll 1
  for (int j = 0; j < 4; ++j)
    own[j] = i * 10 + j;
  tile[t] = i < n ? in[i] * 2 : 0;
  __syncthreads();
  if (i >= n)
    return;
  const int *from = i % 3 == 0   ? tile + (t ^ 1)
                    : i % 3 == 1 ? in + (n - 1 - i)
                                 : own + (in[i] & 3);
  out[i] = *from;
  spaces[i] = __isShared(from) + 2 * __isGlobal(from) + 4 * __isLocal(from);
}

/// Cache operators and hints change nothing.
extern "C" __global__ void cacheHints(const float *__restrict__ x, float *y,
                                      const float4 *__restrict__ z, float4 *w,
                                      int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float sum = __ldg(x + i) + __ldcs(x + n + i) + __ldcg(x + 2 * n + i) +
              __ldcv(x + 3 * n + i) + __ldlu(x + 4 * n + i) + x[5 * n + i];
  __stcs(y + i, sum);
  __stcg(y + n + i, sum + 1);
  __stwt(y + 2 * n + i, sum + 2);
  __stwb(y + 3 * n + i, sum + 3);
  float4 v;
  asm volatile("{\n"
               ".reg .b64 policy;\n"
               "createpolicy.fractional.L2::evict_first.b64 policy, 1.0;\n"
               "prefetch.global.L2 [%4];\n"
               "ld.global.nc.L1::no_allocate.L2::cache_hint.v4.f32 "
               "{%0, %1, %2, %3}, [%4], policy;\n"
               "}"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "l"(z + i));
  asm volatile(
      "st.global.L1::no_allocate.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(w + i),
      "f"(v.w), "f"(v.x), "f"(v.y), "f"(v.z)
      : "memory");
}

/// Bytes that lie anywhere: records of 13 of them are turned round.
extern "C" __global__ void records(const unsigned char *in, unsigned char *out,
                                   unsigned *words, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned char record[13];
  memcpy(record, in + i * 13, 13);
  for (int j = 0; j < 13; ++j)
    out[i * 13 + j] = record[12 - j];
  unsigned word;
  memcpy(&word, in + i * 13 + i % 10, 4);
  words[i] = word;
}
