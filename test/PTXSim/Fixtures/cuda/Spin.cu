//===- Spin.cu - Threads that wait for each other's memory ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ptx.cuh"

/// Warp 0 produces into a ring in shared memory, warp 1 consumes; volatile
/// counters and fences carry the data across.
extern "C" __global__ void pipeWarps(const int *in, int *out, int n) {
  constexpr unsigned slots = 4;
  __shared__ int ring[slots][32];
  __shared__ volatile unsigned produced, consumed;
  unsigned lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  unsigned chunks = (n + 31) / 32;
  if (threadIdx.x == 0)
    produced = consumed = 0;
  __syncthreads();
  if (warp == 0) {
    for (unsigned c = 0; c < chunks; ++c) {
      if (lane == 0) {
        while (c - consumed >= slots)
          ;
        __threadfence_block();
      }
      __syncwarp();
      unsigned i = c * 32 + lane;
      ring[c % slots][lane] = i < n ? in[i] : 0;
      __syncwarp();
      if (lane == 0) {
        __threadfence_block();
        produced = c + 1;
      }
    }
  } else if (warp == 1) {
    for (unsigned c = 0; c < chunks; ++c) {
      if (lane == 0) {
        while (produced <= c)
          ;
        __threadfence_block();
      }
      __syncwarp();
      unsigned i = c * 32 + lane;
      int value = ring[c % slots][31 - lane];
      __syncwarp();
      if (lane == 0) {
        __threadfence_block();
        consumed = c + 1;
      }
      value = 3 * value - __shfl_xor_sync(0xffffffff, value, 1);
      if (i < n)
        out[i] = value;
    }
  }
}

/// Pairs of blocks: one produces into a ring in global memory, the other
/// consumes. `swap` says which of a pair comes first in the grid.
/// `counters` holds two numbers for each pair, zero at first.
extern "C" __global__ void pipeBlocks(const float *in, float *out, float *ring,
                                      unsigned *counters, unsigned chunks,
                                      unsigned swap) {
  constexpr unsigned slots = 4;
  unsigned pair = blockIdx.x / 2, size = blockDim.x, t = threadIdx.x;
  bool produces = (blockIdx.x & 1) == swap;
  unsigned *produced = counters + 2 * pair, *consumed = produced + 1;
  in += (size_t)pair * chunks * size;
  out += (size_t)pair * chunks * size;
  ring += pair * slots * size;
  for (unsigned c = 0; c < chunks; ++c) {
    float *slot = ring + c % slots * size;
    if (t == 0) {
      if (produces)
        while (c - acquireLoad(consumed) >= slots)
          __nanosleep(40);
      else
        while (acquireLoad(produced) <= c)
          __nanosleep(40);
    }
    __syncthreads();
    if (produces)
      slot[t] = in[c * size + t] * 2;
    else
      out[c * size + t] = slot[size - 1 - t] + 1;
    __syncthreads();
    if (t == 0)
      releaseStore(produces ? produced : consumed, c + 1);
  }
}

/// A lock that all threads of all warps compete for, lanes of a warp too: it
/// works only if a lane that waits lets the lane that holds it go on.
extern "C" __global__ void spinLock(const int *in, int n, int *lock,
                                    long long *sum, int *holders) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  bool done = i >= n;
  while (!done) {
    if (atomicCAS(lock, 0, 1) == 0) {
      __threadfence();
      *sum += in[i];
      *holders += 1;
      __threadfence();
      atomicExch(lock, 0);
      done = true;
    }
  }
}

/// The same with tickets: served in the order in which they were drawn, so
/// lanes of one warp wait for each other.
extern "C" __global__ void ticketLock(const unsigned *in, int n,
                                      unsigned *tickets, unsigned *serving,
                                      unsigned *hash, unsigned *order) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned mine = atomicAdd(tickets, 1);
  while (acquireLoad(serving) != mine)
    ;
  *hash = *hash * 31 + in[i];
  order[mine] = i;
  releaseStore(serving, mine + 1);
}

/// All blocks meet, twice: each then reads what another has written.
extern "C" __global__ void gridBarrier(int *values, int *out, unsigned *arrived,
                                       int rounds) {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned total = gridDim.x * blockDim.x;
  for (int round = 0; round < rounds; ++round) {
    int *from = values + (round & 1) * total;
    int *to = values + (~round & 1) * total;
    to[i] = from[(i + blockDim.x + 1) % total] + round;
    __syncthreads();
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(arrived, 1);
      while (acquireLoad(arrived) < (round + 1) * gridDim.x)
        __nanosleep(40);
      __threadfence();
    }
    __syncthreads();
  }
  out[i] = values[(rounds & 1) * total + i];
}
