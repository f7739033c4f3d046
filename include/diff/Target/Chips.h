//===- Chips.h - The table of chips -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_CHIPS_H
#define DIFF_TARGET_CHIPS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace mlir::diff {

/// Properties of a GPU. The limits are those of the table of compute
/// capabilities in the CUDA C++ Programming Guide.
struct Chip {
  /// The name of the architecture for ptxas and NVPTX.
  llvm::StringLiteral name;
  /// The first PTX ISA version that supports the architecture, as 10 x major +
  /// minor (PTX ISA, release notes).
  unsigned ptxVersion;
  /// Maximum opt-in shared memory of a block, in bytes.
  int64_t sharedMemoryPerBlock;
  int64_t registersPerBlock;
  int64_t registersPerThread;
  int64_t threadsPerBlock;
};

/// Returns the supported GPUs.
llvm::ArrayRef<Chip> getChips();

/// Returns the GPU of that name, or null.
const Chip *lookUpChip(llvm::StringRef name);

/// Returns the names of all GPUs, for messages.
std::string getChipNames();

/// Returns the names of all targets, CPUs first, for messages.
std::string getTargetNames();

/// Returns tables of the CPUs and the GPUs with their properties, for people.
std::string formatTargets();

/// Threads of a block in kernels without tensor cores.
constexpr int64_t kThreadsPerBlock = 128;

} // namespace mlir::diff

#endif // DIFF_TARGET_CHIPS_H
