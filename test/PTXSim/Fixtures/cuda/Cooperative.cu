//===- Cooperative.cu - All blocks of a grid meet -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launched with --cooperative: grid.sync() finds the grid's workspace by way of
// %envreg1 and %envreg2.
//
//===----------------------------------------------------------------------===//

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

/// Smooths a ring of integers `rounds` times, from one buffer to the other.
extern "C" __global__ void gridRelax(int *even, int *odd, int n, int rounds) {
  cg::grid_group grid = cg::this_grid();
  for (int r = 0; r < rounds; ++r) {
    const int *from = r & 1 ? odd : even;
    int *to = r & 1 ? even : odd;
    for (int i = int(grid.thread_rank()); i < n; i += int(grid.num_threads()))
      to[i] = from[i ? i - 1 : n - 1] + from[i + 1 < n ? i + 1 : 0] - from[i];
    grid.sync();
  }
}

/// Every block sums up its part; after the meeting, each reads all sums.
extern "C" __global__ void gridTotal(const int *x, int *parts, int *out,
                                     int n) {
  cg::grid_group grid = cg::this_grid();
  cg::thread_block block = cg::this_thread_block();
  cg::thread_block_tile<32> warp = cg::tiled_partition<32>(block);
  __shared__ int sum;
  if (block.thread_rank() == 0)
    sum = 0;
  block.sync();
  int own = 0;
  for (int i = int(grid.thread_rank()); i < n; i += int(grid.num_threads()))
    own += x[i];
  for (int step = 16; step; step /= 2)
    own += warp.shfl_down(own, step);
  if (warp.thread_rank() == 0)
    atomicAdd(&sum, own);
  block.sync();
  if (block.thread_rank() == 0)
    parts[blockIdx.x] = sum;
  grid.sync();
  int total = 0;
  for (int i = 0; i < int(gridDim.x); ++i)
    total += parts[i];
  out[grid.thread_rank()] = total;
}
