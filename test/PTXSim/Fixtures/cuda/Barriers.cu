//===- Barriers.cu - Barriers by name, by count and with reductions -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

static __device__ __forceinline__ void sync(int name, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(name), "r"(threads) : "memory");
}

static __device__ __forceinline__ void arrive(int name, int threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(name), "r"(threads) : "memory");
}

/// Groups of 64 threads, each with its own barrier and number of rounds.
extern "C" __global__ void barrierGroups(const int *in, int *out, int rounds) {
  __shared__ int values[2][192];
  int t = threadIdx.x, group = t / 64;
  int value = in[blockIdx.x * blockDim.x + t];
  for (int r = 0; r < rounds * (group + 1); ++r) {
    values[r & 1][t] = value;
    if (group == 2)
      __barrier_sync_count(9, 64);
    else
      sync(group + 1, 64);
    value = 2 * value - values[r & 1][group * 64 + (t + 33) % 64];
  }
  __syncthreads();
  values[0][t] = value;
  __syncthreads();
  out[blockIdx.x * blockDim.x + t] = value + values[0][(t + 64) % blockDim.x];
}

/// Warp 0 fills two buffers in turn and does not wait where it need not; the
/// other three warps empty them. Names 1 and 2: full; 3 and 4: empty.
extern "C" __global__ void barrierProducer(const float *in, float *out,
                                           int chunks) {
  __shared__ float buffer[2][96];
  int t = threadIdx.x;
  if (t < 32) {
    for (int c = 0; c < chunks; ++c) {
      if (c >= 2)
        sync(3 + (c & 1), 128);
      for (int j = t; j < 96; j += 32)
        buffer[c & 1][j] = in[c * 96 + j];
      arrive(1 + (c & 1), 128);
    }
  } else {
    float sum = 0;
    for (int c = 0; c < chunks; ++c) {
      sync(1 + (c & 1), 128);
      sum += buffer[c & 1][127 - t];
      if (c + 2 < chunks)
        arrive(3 + (c & 1), 128);
      out[c * 96 + t - 32] = sum;
    }
  }
}

/// Shortest distances from vertex 0 in a graph of as many vertices as threads
/// with `degree` edges each: rounds until nothing changes anywhere.
extern "C" __global__ void barrierReduce(const int *targets, const int *lengths,
                                         int degree, int *distances,
                                         int *statistics) {
  __shared__ int distance[256];
  int t = threadIdx.x, size = blockDim.x;
  distance[t] = t ? 0x3fffffff : 0;
  __syncthreads();
  int rounds = 0, total = 0, changed;
  do {
    changed = 0;
    int mine = distance[t];
    __syncthreads();
    for (int e = 0; e < degree; ++e) {
      int length = mine + lengths[t * degree + e];
      if (mine < 0x3fffffff &&
          atomicMin(&distance[targets[t * degree + e]], length) > length)
        changed = 1;
    }
    total += __syncthreads_count(changed) > 0;
    ++rounds;
  } while (__syncthreads_or(changed));
  distances[t] = distance[t];
  int all = __syncthreads_and(distance[t] < 0x3fffffff);
  int reached = __syncthreads_count(distance[t] < 0x3fffffff);
  if (t == size - 1) {
    statistics[0] = rounds - total;
    statistics[1] = all != 0;
    statistics[2] = reached;
  }
}
