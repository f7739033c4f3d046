//===- Scan.cu - Inclusive sums by shuffles -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ptx.cuh"

template <typename T> static __device__ T warpScan(T value) {
  unsigned lane = threadIdx.x & 31;
  for (unsigned offset = 1; offset < 32; offset *= 2) {
    T below = __shfl_up_sync(0xffffffff, value, offset);
    if (lane >= offset)
      value += below;
  }
  return value;
}

/// Scans over a block of any number of full warps.
template <typename T> static __device__ T blockScan(T value, T *warpSums) {
  unsigned lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  value = warpScan(value);
  if (lane == 31)
    warpSums[warp] = value;
  __syncthreads();
  if (warp == 0) {
    T sum = lane < blockDim.x / 32 ? warpSums[lane] : T(0);
    warpSums[lane] = warpScan(sum);
  }
  __syncthreads();
  return warp ? value + warpSums[warp - 1] : value;
}

/// Each block scans its part alone.
extern "C" __global__ void scanBlocks(const unsigned *in, unsigned *out,
                                      int n) {
  __shared__ unsigned warpSums[32];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned value = blockScan(i < n ? in[i] : 0u, warpSums);
  if (i < n)
    out[i] = value;
}

extern "C" __global__ void scanBlocksFloat(const float *in, float *out, int n) {
  __shared__ float warpSums[32];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float value = blockScan(i < n ? in[i] : 0.0f, warpSums);
  if (i < n)
    out[i] = value;
}

/// The whole array in one launch: a block takes its part by ticket, so that
/// the blocks before it have started, and waits for the sum up to it.
extern "C" __global__ void scanChained(const unsigned long long *in,
                                       unsigned long long *out, int n,
                                       unsigned *ticket, unsigned *ready,
                                       unsigned long long *sums) {
  __shared__ unsigned long long warpSums[32], before;
  __shared__ unsigned part;
  if (threadIdx.x == 0)
    part = atomicAdd(ticket, 1);
  __syncthreads();
  unsigned mine = part;
  int i = mine * blockDim.x + threadIdx.x;
  unsigned long long value = blockScan(i < n ? in[i] : 0ull, warpSums);
  if (threadIdx.x == blockDim.x - 1) {
    unsigned long long sum = 0;
    if (mine) {
      while (!acquireLoad(ready + mine - 1))
        __nanosleep(20);
      sum = sums[mine - 1];
    }
    before = sum;
    sums[mine] = sum + value;
    releaseStore(ready + mine, 1);
  }
  __syncthreads();
  if (i < n)
    out[i] = before + value;
}
