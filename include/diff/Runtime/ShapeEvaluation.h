//===- ShapeEvaluation.h - Sizes of tensors before execution ----*- C++ -*-===//
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

/// The known properties of an argument before a run: the sizes of a tensor, or
/// the value of an integer.
struct ArgumentSizes {
  SmallVector<int64_t> shape;
  std::optional<int64_t> integer;
};

/// Computes the sizes of the results of a function from those of its arguments
/// by interpreting the index arithmetic in its body, without running it. Checks
/// that sizes which must agree do, so that a run accesses its tensors in bounds
/// only. Emits an error on failure.
FailureOr<SmallVector<SmallVector<int64_t>>>
evaluateResultShapes(func::FuncOp function, ArrayRef<ArgumentSizes> arguments);

} // namespace mlir::diff

#endif // DIFF_RUNTIME_SHAPEEVALUATION_H
