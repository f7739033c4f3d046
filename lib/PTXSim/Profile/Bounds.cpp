//===- Bounds.cpp - Lower bounds of the cycles ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bounds.h"
#include <algorithm>

using namespace ptxsim;

void ptxsim::computeOccupancy(const Chip &chip, const KernelInfo &kernel,
                              const LaunchConfig &config, Bound &bound) {
  uint64_t warps = (config.block.count() + kLanes - 1) / kLanes;
  uint64_t shared = uint64_t(kernel.staticShared) + config.dynamicShared +
                    chip.sharedReservedPerBlock;
  uint64_t blocks = chip.maxBlocksPerSM;
  bound.occupancyLimit = "blocks";
  auto limit = [&](uint64_t most, const char *what) {
    if (most < blocks) {
      blocks = most;
      bound.occupancyLimit = what;
    }
  };
  limit(chip.maxWarpsPerSM / warps, "warps");
  limit(chip.sharedPerSM / shared, "shared memory");
  if (unsigned registers = config.registersPerThread) {
    uint64_t unit = chip.registerUnitPerWarp;
    uint64_t perWarp = (uint64_t(registers) * kLanes + unit - 1) / unit * unit;
    limit(chip.registersPerSM / (perWarp * warps), "registers");
  }
  bound.blocksPerSM = unsigned(blocks);
  bound.warpsPerSM = unsigned(blocks * warps);
}

/// FLOP per cycle for the types of a tensor instruction, operands and
/// accumulator: "bf16.f32".
static double getTensorRate(const Chip &chip, const std::string &types) {
  std::string operands = types.substr(0, types.find('.'));
  bool f16Acc = types.size() > 4 && types.substr(types.size() - 4) == ".f16";
  if (operands == "tf32")
    return chip.tensorFlopsTF32;
  if (operands == "f16" || operands == "bf16")
    return f16Acc ? chip.tensorFlops16Acc : chip.tensorFlops16;
  if (operands == "f64")
    return chip.tensorFlops64;
  if (operands == "s8" || operands == "u8")
    return chip.tensorOps8;
  return f16Acc ? chip.tensorFlops8Acc : chip.tensorFlops8;
}

Bound ptxsim::computeBound(const Chip &chip, const Launch &launch,
                           const Counters &counters) {
  Bound bound;
  computeOccupancy(chip, launch.kernel->info, launch.config, bound);
  bound.blocks = launch.config.grid.count();
  bound.multiprocessors = chip.multiprocessors;
  double multiprocessors =
      double(std::min<uint64_t>(chip.multiprocessors, bound.blocks));
  auto add = [&](const char *pipe, double work, double rate) {
    if (work > 0 && rate > 0)
      bound.cyclesByPipe[pipe] += work / rate / multiprocessors;
  };
  // A warp occupies a pipe for all of its lanes.
  auto lanes = [&](InstClass cls) {
    auto found = counters.byClass.find(getInstClassName(cls));
    return found == counters.byClass.end() ? 0.0
                                           : double(found->second) * kLanes;
  };
  double moves = lanes(InstClass::Move) / kLanes;
  add("issue", double(counters.warpInstructions) - moves, chip.issue);
  add("fp32", lanes(InstClass::Float32), chip.fp32);
  add("fp16", lanes(InstClass::Float16), chip.fp16);
  add("fp64", lanes(InstClass::Float64), chip.fp64);
  add("int32",
      lanes(InstClass::Integer) + lanes(InstClass::Logic) +
          lanes(InstClass::Compare),
      chip.int32);
  add("convert", lanes(InstClass::Convert), chip.convert);
  add("sfu", lanes(InstClass::Sfu), chip.sfu);
  add("shared", double(counters.sharedWavefronts) * 128, chip.sharedBytes);
  for (const auto &[types, flops] : counters.tensorFlops)
    add("tensor", double(flops), getTensorRate(chip, types));
  if (counters.globalUniqueBytes)
    bound.cyclesByPipe["dram"] =
        double(counters.globalUniqueBytes) / chip.dramBytes;
  for (const auto &[pipe, cycles] : bound.cyclesByPipe)
    if (cycles > bound.cycles) {
      bound.cycles = cycles;
      bound.pipe = pipe;
    }
  return bound;
}
