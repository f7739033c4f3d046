//===- Atomics.cu - Atomic operations on global and shared memory ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cuda_bf16.h>
#include <cuda_fp16.h>

/// Everything that has no result: the order does not show. Element 0 of every
/// array is the target, the numbers are such that all sums are exact.
extern "C" __global__ void atomicsGlobal(const int *in, int *ints,
                                         unsigned *words,
                                         unsigned long long *longs,
                                         float *floats, double *doubles,
                                         int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int v = in[i];
  atomicAdd(ints, v);
  atomicSub(ints + 1, v);
  atomicMin(ints + 2, v);
  atomicMax(ints + 3, v);
  atomicMin(words, v);
  atomicMax(words + 1, v);
  atomicAnd(words + 2, v | 0xf0f);
  atomicOr(words + 3, v & 0x3c);
  atomicXor(words + 4, v);
  atomicInc(words + 5, 36);
  atomicDec(words + 6, 22);
  atomicAdd(longs, (unsigned long long)(long long)v << 20);
  atomicMin((long long *)longs + 1, (long long)v << 33);
  atomicMax(longs + 2, (unsigned long long)v);
  atomicXor(longs + 3, (unsigned long long)v << 16);
  atomicAdd(floats, (float)v);
  atomicAdd(doubles, v * 0.25);
  atomicAdd_block(ints + 4 + blockIdx.x, v);
  atomicAdd_system(longs + 4, 1ull);
}

/// Results are used: draws, exchanges, and loops of compare-and-swap.
extern "C" __global__ void atomicsResults(const unsigned *in, unsigned *draws,
                                          unsigned *exchanged,
                                          unsigned *counters, float *maximum,
                                          double *product, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned drawn;
  asm volatile("atom.global.acq_rel.gpu.add.u32 %0, [%1], %2;"
               : "=r"(drawn)
               : "l"(counters), "r"(in[i])
               : "memory");
  draws[i] = drawn;
  exchanged[i] = atomicExch(counters + 1, i + 1);
  float value = (float)(int)in[i] * 0.5f;
  int *bits = reinterpret_cast<int *>(maximum);
  int old = atomicCAS(bits, 0, 0);
  while (__int_as_float(old) < value) {
    int seen = atomicCAS(bits, old, __float_as_int(value));
    if (seen == old)
      break;
    old = seen;
  }
  if (i % 16 == 0) {
    // A product of powers of two: exact in any order.
    auto *word = reinterpret_cast<unsigned long long *>(product);
    double factor = in[i] & 1 ? 4.0 : 0.5;
    unsigned long long before = atomicAdd(word, 0ull), assumed;
    do {
      assumed = before;
      before = atomicCAS(
          word, assumed,
          __double_as_longlong(__longlong_as_double(assumed) * factor));
    } while (before != assumed);
  }
}

extern "C" __global__ void atomicsHalf(const int *in, half *h, half2 *h2,
                                       __nv_bfloat16 *b, __nv_bfloat162 *b2,
                                       int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float v = in[i] & 3, w = in[i] >> 2 & 1;
  atomicAdd(h + i % 3, __float2half_rn(v));
  atomicAdd(h2 + i % 2, __floats2half2_rn(v, -w));
  atomicAdd(b + i % 3, __float2bfloat16_rn(w));
  atomicAdd(b2 + i % 2, __floats2bfloat162_rn(w, -v / 4));
}

/// The same in shared memory, where some are loops of compare-and-swap.
extern "C" __global__ void atomicsShared(const int *in, double *out, int n) {
  __shared__ int sum, low;
  __shared__ unsigned wraps, mask;
  __shared__ unsigned long long wide, wideHigh;
  __shared__ float floats;
  __shared__ double doubles;
  __shared__ half2 halves;
  __shared__ int locked, guarded;
  int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
  if (t == 0) {
    sum = 0, low = 0x7fffffff, wraps = 0, mask = 0, wide = 0, wideHigh = 0;
    floats = 0, doubles = 0, locked = 0, guarded = 0;
    halves = __floats2half2_rn(0, 0);
  }
  __syncthreads();
  if (i < n) {
    int v = in[i];
    atomicAdd(&sum, v);
    atomicMin(&low, v);
    atomicInc(&wraps, 9);
    atomicOr(&mask, 1u << (v & 31));
    atomicAdd(&wide, (unsigned long long)(v & 0xff) << 32);
    atomicMax(&wideHigh, (unsigned long long)(v & 0xfff) << 30);
    atomicAdd(&floats, (float)v);
    atomicAdd(&doubles, v / 8.0);
    atomicAdd(&halves, __floats2half2_rn(v & 3, -(v >> 2 & 1)));
    for (bool done = false; !done;)
      if (atomicExch(&locked, 1) == 0) {
        __threadfence_block();
        guarded += v ^ 1;
        __threadfence_block();
        atomicExch(&locked, 0);
        done = true;
      }
  }
  __syncthreads();
  if (t == 0) {
    out += blockIdx.x * 11;
    out[0] = sum, out[1] = low, out[2] = wraps, out[3] = mask;
    out[4] = wide, out[5] = wideHigh, out[6] = floats, out[7] = doubles;
    out[8] = __low2float(halves), out[9] = __high2float(halves);
    out[10] = guarded;
  }
}
