//===- TensorCoreSchedules.h - Tiles for tensor cores -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_DIALECT_DIFF_TRANSFORMS_TENSORCORESCHEDULES_H
#define DIFF_LIB_DIALECT_DIFF_TRANSFORMS_TENSORCORESCHEDULES_H

#include "diff/Dialect/Diff/IR/Diff.h"

namespace mlir::diff {

/// Bytes of the summands of one matrix instruction: 16 elements of 16 bits, or
/// 8 of tf32.
inline constexpr int64_t kSummandBytes = 32;

/// The resources that a block may use on a chip.
struct TileLimits {
  /// Bytes of shared memory.
  int64_t sharedMemory;
  /// Threads of a block without tensor cores; 0 for a CPU.
  int64_t threads;
};

/// Returns true if tensor cores support the op's element type: f16 and bf16,
/// and f32 if rounding to tf32 is allowed.
bool hasTensorCoreType(AttentionCombineOpInterface op, bool allowTF32);

/// Returns the best tile of the table that the limits of the chip allow, for an
/// op whose element type tensor cores support. Emits an error if there is none,
/// because a dimension is not supported or every tile exceeds a limit.
FailureOr<ScheduleAttr> chooseTensorCoreSchedule(AttentionCombineOpInterface op,
                                                 const TileLimits &limits);

/// Emits an error that names the limit if a schedule with stages exceeds one.
LogicalResult verifyTensorCoreSchedule(AttentionCombineOpInterface op,
                                       ScheduleAttr schedule,
                                       const TileLimits &limits);

} // namespace mlir::diff

#endif // DIFF_LIB_DIALECT_DIFF_TRANSFORMS_TENSORCORESCHEDULES_H
