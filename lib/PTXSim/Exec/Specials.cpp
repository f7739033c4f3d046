//===- Specials.cpp - Constants and special registers ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Warp.h"

using namespace ptxsim;

/// Granularity of the allocation of shared memory in bytes.
static constexpr uint64_t kSharedUnit = 128;

template <typename T> static void fill(std::byte *lanes, T value) {
  for (unsigned l = 0; l < kLanes; ++l)
    std::memcpy(lanes + l * sizeof(T), &value, sizeof(T));
}

static void fillConstant(std::byte *lanes, unsigned size, uint64_t bits) {
  switch (size) {
  case 0:
    return fill<uint16_t>(lanes, bits ? 0xffff : 0);
  case 2:
    return fill<uint16_t>(lanes, uint16_t(bits));
  case 4:
    return fill<uint32_t>(lanes, uint32_t(bits));
  case 8:
    return fill<uint64_t>(lanes, bits);
  default:
    for (unsigned l = 0; l < kLanes; ++l) {
      uint64_t words[2] = {bits, 0};
      std::memcpy(lanes + l * 16, words, 16);
    }
  }
}

void ptxsim::fillConstants(Launch &launch) {
  const KernelCode &kernel = *launch.kernel;
  launch.constants.assign(kernel.registerBytes - kernel.writableBytes,
                          std::byte(0));
  std::byte *begin = launch.constants.data() - kernel.writableBytes;
  for (const Constant &constant : kernel.constants)
    fillConstant(begin + constant.offset, constant.size, constant.bits[0]);
  for (const AddressConstant &constant : kernel.addressConstants)
    fillConstant(begin + constant.offset, constant.size,
                 launch.loaded->addresses[constant.variable] +
                     uint64_t(constant.addend));
}

/// The value of a special register in a thread. Clocks are read at their use.
static uint64_t getSpecial(const Warp &warp, unsigned lane, Special special) {
  const Block &block = *warp.block;
  const Launch &launch = *warp.launch;
  const LaunchConfig &config = launch.config;
  Dim3 tid = getThread(block, warp.firstThread() + lane);
  switch (special) {
  case Special::TidX:
    return tid.x;
  case Special::TidY:
    return tid.y;
  case Special::TidZ:
    return tid.z;
  case Special::NtidX:
    return config.block.x;
  case Special::NtidY:
    return config.block.y;
  case Special::NtidZ:
    return config.block.z;
  case Special::CtaidX:
  case Special::ClusterIdX:
    return block.id.x;
  case Special::CtaidY:
  case Special::ClusterIdY:
    return block.id.y;
  case Special::CtaidZ:
  case Special::ClusterIdZ:
    return block.id.z;
  case Special::NctaidX:
  case Special::NClusterIdX:
    return config.grid.x;
  case Special::NctaidY:
  case Special::NClusterIdY:
    return config.grid.y;
  case Special::NctaidZ:
  case Special::NClusterIdZ:
    return config.grid.z;
  case Special::LaneId:
    return lane;
  case Special::WarpId:
    return warp.index;
  case Special::NWarpId:
    return block.warps.size();
  case Special::SmId:
    return block.number % launch.chip->multiprocessors;
  case Special::NSmId:
    return launch.chip->multiprocessors;
  case Special::LanemaskEq:
    return 1u << lane;
  case Special::LanemaskLt:
    return (1u << lane) - 1;
  case Special::LanemaskLe:
    return (2u << lane) - 1;
  case Special::LanemaskGe:
    return ~((1u << lane) - 1);
  case Special::LanemaskGt:
    return ~((2u << lane) - 1);
  case Special::DynamicSmemSize:
    return config.dynamicShared;
  case Special::TotalSmemSize: // without what CUDA reserves
    return (block.shared.size() + kSharedUnit - 1) / kSharedUnit * kSharedUnit;
  case Special::AggrSmemSize:
    return kSharedBase +
           (block.shared.size() + kSharedUnit - 1) / kSharedUnit * kSharedUnit;
  case Special::ReservedSmemOffsetEnd:
  case Special::ReservedSmemOffsetCap:
    return kSharedBase;
  // The address at which cooperative groups find the word of the grid barrier.
  case Special::EnvReg1:
    return launch.gridWorkspace >> 32;
  case Special::EnvReg2:
    return launch.gridWorkspace & 0xffffffff;
  case Special::ClusterNCtaIdX:
  case Special::ClusterNCtaIdY:
  case Special::ClusterNCtaIdZ:
  case Special::ClusterNCtaRank:
    return 1; // clusters of one block
  default:
    return 0;
  }
}

void ptxsim::fillSpecials(Warp &warp) {
  for (const SpecialSlot &slot : warp.kernel->specials) {
    std::byte *lanes = warp.registers + slot.offset;
    unsigned size = getSpecialSize(slot.special);
    for (unsigned l = 0; l < kLanes; ++l) {
      uint64_t value = getSpecial(warp, l, slot.special);
      if (size == 0)
        std::memset(lanes, value ? 0xff : 0, 4);
      else
        std::memcpy(lanes + size_t(l) * size, &value, size);
    }
  }
}
