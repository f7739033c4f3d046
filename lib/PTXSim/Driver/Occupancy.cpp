//===- Occupancy.cpp - Blocks on a multiprocessor -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Code.h"
#include <algorithm>

using namespace ptxsim;
using namespace ptxsim::driver;

/// The allocation unit of shared memory.
static constexpr uint64_t kSharedUnit = 128;
/// The registers of a multiprocessor belong to four schedulers, by warps.
static constexpr unsigned kSchedulers = 4;

unsigned driver::getBlocksPerSM(const Driver &driver, const KernelInfo &info,
                                unsigned threads, uint64_t dynamicShared) {
  const Chip &chip = driver.getChip();
  unsigned warps = (threads + 31) / 32;
  if (!warps || threads > getMaxThreads(driver, info))
    return 0;
  uint64_t blocks = std::min(chip.maxBlocksPerSM, chip.maxWarpsPerSM / warps);

  uint64_t wanted = info.staticShared + dynamicShared;
  if (wanted > chip.sharedPerBlock)
    return 0;
  uint64_t shared = wanted + chip.sharedReservedPerBlock;
  shared = (shared + kSharedUnit - 1) / kSharedUnit * kSharedUnit;
  if (shared)
    blocks = std::min(blocks, chip.sharedPerSM / shared);

  if (driver.settings.registersPerThread) {
    unsigned unit = std::max(1u, chip.registerUnitPerWarp);
    unsigned perWarp =
        (getRegisters(driver, info) * 32 + unit - 1) / unit * unit;
    unsigned residentWarps =
        chip.registersPerSM / kSchedulers / perWarp * kSchedulers;
    blocks = std::min<uint64_t>(blocks, residentWarps / warps);
  }
  return unsigned(blocks);
}

CU_API cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, CUfunction handle, int threads, size_t dynamicShared,
    unsigned flags) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    LoadedFunction *function = nullptr;
    if (CUresult result = findFunction(driver, context, handle, function))
      return result;
    if (!blocks || threads <= 0 || flags > 1)
      return CUDA_ERROR_INVALID_VALUE;
    *blocks = int(getBlocksPerSM(driver, *function->info, unsigned(threads),
                                 dynamicShared));
    return CUDA_SUCCESS;
  });
}

CU_API cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                   CUfunction handle,
                                                   int threads,
                                                   size_t dynamicShared) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
      blocks, handle, threads, dynamicShared, 0);
}

CU_API cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction handle,
                                               int blocks, int threads) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    LoadedFunction *function = nullptr;
    if (CUresult result = findFunction(driver, context, handle, function))
      return result;
    const Chip &chip = driver.getChip();
    const KernelInfo &info = *function->info;
    if (!bytes || blocks <= 0 || threads <= 0 ||
        unsigned(blocks) > getBlocksPerSM(driver, info, unsigned(threads), 0))
      return CUDA_ERROR_INVALID_VALUE;
    uint64_t share =
        chip.sharedPerSM / unsigned(blocks) / kSharedUnit * kSharedUnit;
    uint64_t taken = chip.sharedReservedPerBlock + info.staticShared;
    *bytes = std::min<uint64_t>(share - std::min(share, taken),
                                chip.sharedPerBlock - info.staticShared);
    return CUDA_SUCCESS;
  });
}

CU_API cuOccupancyMaxPotentialBlockSizeWithFlags(
    int *minGrid, int *blockSize, CUfunction handle,
    CUoccupancyB2DSize getDynamicShared, size_t dynamicShared, int limit,
    unsigned flags) {
  // Call the program's function without the lock: it may call the driver.
  if (!minGrid || !blockSize || limit < 0 || flags > 1)
    return withContext(Use::Wait, [](Driver &, Context &) {
      return CUDA_ERROR_INVALID_VALUE;
    });
  int most = 0, multiprocessors = 0;
  if (CUresult result = withContext(Use::Wait, [&](Driver &driver,
                                                   Context &context) {
        LoadedFunction *function = nullptr;
        if (CUresult result = findFunction(driver, context, handle, function))
          return result;
        most = int(getMaxThreads(driver, *function->info));
        multiprocessors = int(driver.getChip().multiprocessors);
        return CUDA_SUCCESS;
      }))
    return result;
  if (limit)
    most = std::min(most, limit);
  int best = 0, bestBlocks = 0;
  for (int threads = most; threads > 0; threads = (threads - 1) / 32 * 32) {
    size_t shared =
        getDynamicShared ? getDynamicShared(threads) : dynamicShared;
    int blocks = 0;
    if (CUresult result = cuOccupancyMaxActiveBlocksPerMultiprocessor(
            &blocks, handle, threads, shared))
      return result;
    if (blocks * threads > bestBlocks * best) {
      best = threads;
      bestBlocks = blocks;
    }
  }
  *blockSize = best;
  *minGrid = bestBlocks * multiprocessors;
  return CUDA_SUCCESS;
}

CU_API cuOccupancyMaxPotentialBlockSize(int *minGrid, int *blockSize,
                                        CUfunction handle,
                                        CUoccupancyB2DSize getDynamicShared,
                                        size_t dynamicShared, int limit) {
  return cuOccupancyMaxPotentialBlockSizeWithFlags(
      minGrid, blockSize, handle, getDynamicShared, dynamicShared, limit, 0);
}
