//===- CarriedSums.h - Loop-carried row sums --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_CARRIEDSUMS_H
#define DIFF_DIALECT_TILE_TRANSFORMS_CARRIEDSUMS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include <optional>

namespace mlir::diff::tile {

/// A step l' = f l + sum over the last dimension of p, with or without the
/// factor f, of a sum l that a loop carries, starts with or ends with.
struct CarriedSum {
  /// The loop, or null for a step outside of a loop.
  scf::ForOp loop;
  /// The argument of the loop.
  unsigned number = 0;
  /// The reduction, and the product f l if there is one.
  vector::MultiDimReductionOp reduction;
  arith::MulFOp product;
  Value factor;

  /// The value of l before the loop or step.
  Value init;

  Value getSummand() { return reduction.getSource(); }

  /// Returns the sum that the loop carries as its number-th value, or none.
  static std::optional<CarriedSum> match(scf::ForOp loop, unsigned number);
  /// Returns the step of this reduction, or none.
  static std::optional<CarriedSum> match(vector::MultiDimReductionOp reduction);
};

/// Applies `rewrite` to the steps in `root`, in program order: those that loops
/// carry, one for each loop, and those outside of loops.
void rewriteCarriedSums(Operation *root,
                        function_ref<LogicalResult(CarriedSum)> rewrite);

/// Replaces a sum by partial sums of type `partial`, which has an additional
/// last dimension. `step` builds the partial sums from the previous ones times
/// the factor; `finish` reduces them after the loop or step. Fails if the
/// initial value is neither zero nor such a reduction.
LogicalResult
carryPartialSums(RewriterBase &rewriter, CarriedSum sum, VectorType partial,
                 function_ref<Value(OpBuilder &, Location, Value)> step,
                 vector::CombiningKind finish);

/// Broadcasts a row value along the last dimension of `type`.
Value broadcastRows(OpBuilder &builder, Location loc, Value value,
                    VectorType type);

} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_CARRIEDSUMS_H
