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

/// What the compiler knows of a GPU. Limits are those of the CUDA C++
/// Programming Guide's table of compute capabilities.
struct Chip {
  /// The architecture as ptxas and NVPTX spell it.
  llvm::StringLiteral name;
  /// The lowest PTX ISA version that knows the architecture, as 10 x major +
  /// minor (PTX ISA, release notes).
  unsigned ptxVersion;
  /// Shared memory that one block may have, opted in to, in bytes.
  int64_t sharedMemoryPerBlock;
  int64_t registersPerBlock;
  int64_t registersPerThread;
  int64_t threadsPerBlock;
};

/// The GPUs that kernels are compiled for.
llvm::ArrayRef<Chip> getChips();

/// The GPU of that name, or null.
const Chip *lookUpChip(llvm::StringRef name);

/// The names of all targets, "host" first, for messages.
std::string getTargetNames();

/// Threads of a block of the plain fused kernel.
constexpr int64_t kThreadsPerBlock = 128;

} // namespace mlir::diff

#endif // DIFF_TARGET_CHIPS_H
