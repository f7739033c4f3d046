//===- TensorCoreSchedules.h - Tiles for tensor cores -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_DIALECT_DIFF_TRANSFORMS_TENSORCORESCHEDULES_H
#define DIFF_LIB_DIALECT_DIFF_TRANSFORMS_TENSORCORESCHEDULES_H

#include "diff/Dialect/Diff/IR/Diff.h"

namespace mlir::diff {

/// What a block may use on a chip.
struct TileLimits {
  /// Bytes of shared memory.
  int64_t sharedMemory;
  /// Threads of a block without tensor cores; 0 for a CPU.
  int64_t threads;
};

/// The best tile of the table that the chip's limits allow, or null when none
/// does: the element type or a dimension is not one that the tensor cores take.
ScheduleAttr chooseTensorCoreSchedule(AttentionCombineOpInterface op,
                                      const TileLimits &limits);

/// An error that names the limit when a schedule with stages breaks one.
LogicalResult verifyTensorCoreSchedule(AttentionCombineOpInterface op,
                                       ScheduleAttr schedule,
                                       const TileLimits &limits);

} // namespace mlir::diff

#endif // DIFF_LIB_DIALECT_DIFF_TRANSFORMS_TENSORCORESCHEDULES_H
