//===- Chips.h - The table of chips ------------------------- -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_CHIPS_H
#define PTXSIM_CHIPS_H

#include <cstdint>
#include <string_view>
#include <vector>

namespace ptxsim {

/// Properties of a GPU: limits of launches, and rates from which a profile
/// computes bounds. The table in Chips.cpp names their sources.
struct Chip {
  /// The name in PTX's `.target`.
  const char *name;
  /// Compute capability, 10 x major + minor.
  unsigned capability;
  const char *product;

  // Limits.
  unsigned maxThreadsPerBlock;
  unsigned maxWarpsPerSM;
  unsigned maxBlocksPerSM;
  unsigned registersPerSM;
  unsigned maxRegistersPerThread;
  unsigned registerUnitPerWarp; // allocation granularity
  unsigned sharedPerBlock;      // opted in to
  unsigned sharedPerBlockDefault;
  unsigned sharedPerSM;
  unsigned sharedReservedPerBlock;
  unsigned multiprocessors;
  unsigned l2Bytes;

  // Rates: per cycle and multiprocessor.
  double clockGHz;
  double issue;            // warp instructions
  double fp32;             // lane operations (FMA counts one)
  double fp16;             // lane operations on pairs
  double fp64;             // lane operations
  double int32;            // lane operations
  double sfu;              // lane operations (MUFU)
  double convert;          // lane operations
  double sharedBytes;      // bytes
  double tensorFlops16;    // f16/bf16 FLOP, f32 accumulation
  double tensorFlops16Acc; // f16/bf16 FLOP, f16 accumulation
  double tensorFlopsTF32;
  double tensorFlops64;
  double tensorFlops8;    // f8 FLOP, f32 accumulation; 0: none
  double tensorFlops8Acc; // f8 FLOP, f16 accumulation
  double tensorOps8;      // 8-bit integers
  double dramBytes;       // bytes per cycle of the whole chip
};

const std::vector<Chip> &getChips();

/// Returns the chip of that name, or null. `sm_90` finds sm_90a, and so on for
/// every architecture-specific name and its plain one.
const Chip *lookUpChip(std::string_view name);

} // namespace ptxsim

#endif // PTXSIM_CHIPS_H
