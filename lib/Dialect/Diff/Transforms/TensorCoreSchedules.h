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

/// What a block may use on a chip.
struct TileLimits {
  /// Bytes of shared memory.
  int64_t sharedMemory;
  /// Threads of a block without tensor cores; 0 for a CPU.
  int64_t threads;
};

/// Whether tensor cores multiply the op's element type: f16 and bf16, and f32
/// where rounding to tf32 is allowed.
bool hasTensorCoreType(AttentionCombineOpInterface op, bool allowTF32);

/// The best tile of the table that the chip's limits allow, for an op of a type
/// that tensor cores multiply. It is an error when there is none: a dimension
/// is not one that they take, or every tile breaks a limit.
FailureOr<ScheduleAttr> chooseTensorCoreSchedule(AttentionCombineOpInterface op,
                                                 const TileLimits &limits);

/// An error that names the limit when a schedule with stages breaks one.
LogicalResult verifyTensorCoreSchedule(AttentionCombineOpInterface op,
                                       ScheduleAttr schedule,
                                       const TileLimits &limits);

} // namespace mlir::diff

#endif // DIFF_LIB_DIALECT_DIFF_TRANSFORMS_TENSORCORESCHEDULES_H
