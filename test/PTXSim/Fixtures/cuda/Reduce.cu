//===- Reduce.cu - Sums and extrema of blocks -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// Grid-stride partial sums, then a tree in shared memory, then one warp's
/// shuffles. The block is a power of two of at least 64 threads.
extern "C" __global__ void reduceTree(const float *in, float *out, int n) {
  __shared__ float tree[1024];
  unsigned t = threadIdx.x;
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x)
    sum += in[i];
  tree[t] = sum;
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half >= 32; half /= 2) {
    if (t < half)
      tree[t] += tree[t + half];
    __syncthreads();
  }
  if (t < 32) {
    sum = tree[t];
    for (int offset = 16; offset; offset /= 2)
      sum += __shfl_down_sync(0xffffffff, sum, offset);
    if (t == 0)
      out[blockIdx.x] = sum;
  }
}

/// Minimum, maximum and sum of a block's integers: shuffles within the warps,
/// then across them. The block is any multiple of 32 threads.
extern "C" __global__ void reduceExtrema(const int *in, int *minimum,
                                         int *maximum, long long *total,
                                         int n) {
  __shared__ int minima[32], maxima[32];
  __shared__ long long sums[32];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int low = i < n ? in[i] : 0x7fffffff;
  int high = i < n ? in[i] : -0x7fffffff - 1;
  long long sum = i < n ? in[i] : 0;
  for (int mask = 16; mask; mask >>= 1) {
    low = min(low, __shfl_xor_sync(0xffffffff, low, mask));
    high = max(high, __shfl_xor_sync(0xffffffff, high, mask));
    sum += __shfl_xor_sync(0xffffffff, sum, mask);
  }
  unsigned lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  if (lane == 0) {
    minima[warp] = low;
    maxima[warp] = high;
    sums[warp] = sum;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    for (unsigned w = 1; w < blockDim.x / 32; ++w) {
      low = min(low, minima[w]);
      high = max(high, maxima[w]);
      sum += sums[w];
    }
    minimum[blockIdx.x] = low;
    maximum[blockIdx.x] = high;
    total[blockIdx.x] = sum;
  }
}

/// Every block leaves its partial sum; the one that finishes last adds them up.
extern "C" __global__ void reduceLastBlock(const float *in, float *partial,
                                           unsigned *finished, float *out,
                                           int n) {
  __shared__ float warpSums[32];
  __shared__ bool last;
  unsigned t = threadIdx.x, lane = t & 31, warps = blockDim.x / 32;
  auto blockSum = [&](float sum) {
    for (int offset = 16; offset; offset /= 2)
      sum += __shfl_down_sync(0xffffffff, sum, offset);
    if (lane == 0)
      warpSums[t / 32] = sum;
    __syncthreads();
    sum = lane < warps ? warpSums[lane] : 0;
    for (int offset = 16; offset; offset /= 2)
      sum += __shfl_down_sync(0xffffffff, sum, offset);
    __syncthreads();
    return sum; // thread 0 has it
  };
  int i = blockIdx.x * blockDim.x + t;
  float sum = blockSum(i < n ? in[i] : 0);
  if (t == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    last = atomicInc(finished, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last)
    return;
  sum = 0;
  for (unsigned b = t; b < gridDim.x; b += blockDim.x)
    sum += __ldcg(partial + b);
  sum = blockSum(sum);
  if (t == 0)
    *out = sum;
}

/// A dot product in double; the blocks meet in one atomic.
extern "C" __global__ void dotDouble(const double *a, const double *b,
                                     double *out, int n) {
  __shared__ double sums[256];
  unsigned t = threadIdx.x;
  double sum = 0;
  for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x)
    sum = fma(a[i], b[i], sum);
  sums[t] = sum;
  for (unsigned half = blockDim.x / 2; half; half /= 2) {
    __syncthreads();
    if (t < half)
      sums[t] += sums[t + half];
  }
  if (t == 0)
    atomicAdd(out, sums[0]);
}
