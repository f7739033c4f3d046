//===- ShapeEvaluation.h - Sizes of tensors before a run --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_SHAPEEVALUATION_H
#define DIFF_RUNTIME_SHAPEEVALUATION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <cstdint>
#include <optional>

namespace mlir::diff {

/// What is known of an argument before a run: the sizes of a tensor, or the
/// value of an integer.
struct ArgumentSizes {
  SmallVector<int64_t> shape;
  std::optional<int64_t> integer;
};

/// Computes, without running the function, the sizes of its results from those
/// of its arguments, by interpreting the index arithmetic in its body. Checks
/// on the way that sizes which must agree do, so that a run reads and writes
/// inside its tensors only. On failure an error was emitted.
FailureOr<SmallVector<SmallVector<int64_t>>>
evaluateResultShapes(func::FuncOp function, ArrayRef<ArgumentSizes> arguments);

} // namespace mlir::diff

#endif // DIFF_RUNTIME_SHAPEEVALUATION_H
