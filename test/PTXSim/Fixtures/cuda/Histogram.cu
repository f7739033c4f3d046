//===- Histogram.cu - Counts by shared and global atomics -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// A histogram of bytes for each block, then added to the one of the grid.
extern "C" __global__ void histogramBytes(const unsigned char *in,
                                          unsigned *bins, int n) {
  __shared__ unsigned counts[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    counts[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n;
       i += gridDim.x * blockDim.x)
    atomicAdd(counts + in[i], 1u);
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    if (counts[i])
      atomicAdd(bins + i, counts[i]);
}

/// The lanes of a warp that hit one bin add once, by the lowest of them.
extern "C" __global__ void histogramMatch(const int *in, unsigned *bins, int n,
                                          int binCount) {
  unsigned lane = threadIdx.x & 31;
  int base = blockIdx.x * blockDim.x + (threadIdx.x & ~31u);
  for (; base < n; base += gridDim.x * blockDim.x) {
    int i = base + lane;
    int bin = i < n ? in[i] : -1;
    unsigned peers = __match_any_sync(0xffffffff, bin);
    if (bin >= 0 && bin < binCount && lane == __ffs(peers) - 1)
      atomicAdd(bins + bin, __popc(peers));
  }
}
