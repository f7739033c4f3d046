//===- Mbarrier.cu - mbarrier objects, as sm_80 has them ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ptx.cuh"

using Barrier = unsigned long long;

static __device__ __forceinline__ void init(Barrier *b, unsigned count) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(sharedAddress(b)),
               "r"(count)
               : "memory");
}

static __device__ __forceinline__ void invalidate(Barrier *b) {
  asm volatile("mbarrier.inval.shared.b64 [%0];" ::"r"(sharedAddress(b))
               : "memory");
}

static __device__ __forceinline__ unsigned long long arrive(Barrier *b) {
  unsigned long long token;
  asm volatile("mbarrier.arrive.shared.b64 %0, [%1];"
               : "=l"(token)
               : "r"(sharedAddress(b))
               : "memory");
  return token;
}

static __device__ __forceinline__ void drop(Barrier *b) {
  asm volatile("{\n"
               ".reg .b64 token;\n"
               "mbarrier.arrive_drop.shared.b64 token, [%0];\n"
               "}" ::"r"(sharedAddress(b))
               : "memory");
}

static __device__ __forceinline__ void wait(Barrier *b,
                                            unsigned long long token) {
  asm volatile("{\n"
               ".reg .pred done;\n"
               "again:\n"
               "mbarrier.test_wait.shared.b64 done, [%0], %1;\n"
               "@!done bra again;\n"
               "}" ::"r"(sharedAddress(b)),
               "l"(token)
               : "memory");
}

static __device__ __forceinline__ void waitParity(Barrier *b, unsigned parity) {
  asm volatile("{\n"
               ".reg .pred done;\n"
               "again:\n"
               "mbarrier.test_wait.parity.shared.b64 done, [%0], %1;\n"
               "@done bra over;\n"
               "bra again;\n"
               "over:\n"
               "}" ::"r"(sharedAddress(b)),
               "r"(parity)
               : "memory");
}

/// A ring of three stages: 64 threads fill, 64 others empty.
extern "C" __global__ void mbarrierRing(const int *in, int *out, int chunks) {
  constexpr int stages = 3;
  __shared__ Barrier full[stages], empty[stages];
  __shared__ int ring[stages][64];
  int t = threadIdx.x;
  if (t < stages) {
    init(full + t, 64);
    init(empty + t, 64);
  }
  __syncthreads();
  for (int c = 0; c < chunks; ++c) {
    int stage = c % stages, parity = c / stages & 1;
    if (t < 64) {
      waitParity(empty + stage, parity ^ 1);
      ring[stage][t] = in[c * 64 + t];
      arrive(full + stage);
    } else {
      waitParity(full + stage, parity);
      int value = ring[stage][127 - t];
      arrive(empty + stage);
      out[c * 64 + t - 64] = value * (c + 1);
    }
  }
  __syncthreads();
  if (t < stages) {
    invalidate(full + t);
    invalidate(empty + t);
  }
}

/// Copies that arrive at a barrier by themselves: with `counted`, the arrival
/// is among those that the barrier expects; else it adds itself and the thread
/// arrives too.
extern "C" __global__ void mbarrierCopy(const float *in, float *out, int chunks,
                                        int counted) {
  __shared__ __align__(16) float tiles[2][128 * 4];
  __shared__ Barrier full[2];
  int t = threadIdx.x;
  if (t < 2)
    init(full + t, 128);
  __syncthreads();
  unsigned long long tokens[2] = {0, 0};
  auto fetch = [&](int c) {
    int stage = c & 1;
    copyAsync16(&tiles[stage][t * 4], in + (c * 128 + t) * 4, 16);
    if (counted) {
      asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(
                       sharedAddress(full + stage))
                   : "memory");
    } else {
      asm volatile("cp.async.mbarrier.arrive.shared.b64 [%0];" ::"r"(
                       sharedAddress(full + stage))
                   : "memory");
      unsigned long long token = arrive(full + stage);
      if (stage)
        tokens[1] = token;
      else
        tokens[0] = token;
    }
  };
  fetch(0);
  for (int c = 0; c < chunks; ++c) {
    if (c + 1 < chunks)
      fetch(c + 1);
    if (counted)
      waitParity(full + (c & 1), c / 2 & 1);
    else
      wait(full + (c & 1), c & 1 ? tokens[1] : tokens[0]);
    for (int j = 0; j < 4; ++j)
      out[(c * 4 + j) * 128 + t] = tiles[c & 1][(t * 4 + 4 * 37 + j) % 512];
    __syncthreads();
  }
}

/// Threads that leave the barrier for good: in round r all whose number is
/// above r count themselves, and see how many they were. Thread 0 stays.
extern "C" __global__ void mbarrierDrop(const int *rounds, int *out,
                                        int total) {
  __shared__ Barrier barrier;
  __shared__ int present[32];
  int t = threadIdx.x;
  if (t == 0)
    init(&barrier, blockDim.x);
  if (t < 32)
    present[t] = 0;
  __syncthreads();
  int mine = t ? rounds[t] : total, sum = 0;
  for (int r = 0; r < total; ++r) {
    if (r == mine) {
      drop(&barrier);
      break;
    }
    atomicAdd(present + r, 1);
    wait(&barrier, arrive(&barrier));
    sum += present[r] * (r + 1);
  }
  out[t] = sum;
}

/// One thread arrives for several.
extern "C" __global__ void mbarrierCount(const int *in, int *out) {
  __shared__ Barrier barrier;
  __shared__ int values[32];
  int t = threadIdx.x;
  if (t == 0)
    init(&barrier, 32);
  __syncthreads();
  if (t < 4) {
    for (int j = 0; j < 8; ++j)
      values[t * 8 + j] = in[t * 8 + j] * 3;
    // Seven of this thread's eight arrivals; the last one may complete.
    asm volatile("{\n"
                 ".reg .b64 token;\n"
                 "mbarrier.arrive.noComplete.shared.b64 token, [%0], 7;\n"
                 "}" ::"r"(sharedAddress(&barrier))
                 : "memory");
    arrive(&barrier);
  }
  waitParity(&barrier, 0);
  out[t] = values[31 - t % 32] + t;
}
