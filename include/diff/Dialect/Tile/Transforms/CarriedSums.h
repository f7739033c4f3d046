//===- CarriedSums.h - Row sums that a loop carries -------------*- C++ -*-===//
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

/// A step l' = f l + sum over the last dimension of p, or without the factor f,
/// of a sum l that a loop carries, or that comes from one or goes to one.
struct CarriedSum {
  /// Null for a step by itself.
  scf::ForOp loop;
  /// The loop's argument.
  unsigned number = 0;
  /// The reduction, and the product f l if there is one.
  vector::MultiDimReductionOp reduction;
  arith::MulFOp product;
  Value factor;

  /// l in front of the loop or step.
  Value init;

  Value getSummand() { return reduction.getSource(); }

  /// The sum that the loop carries in its number-th place, if it is one.
  static std::optional<CarriedSum> match(scf::ForOp loop, unsigned number);
  /// The step that the reduction is, if it is one.
  static std::optional<CarriedSum> match(vector::MultiDimReductionOp reduction);
};

/// Tries `rewrite` on the steps in `root` that its loops carry, one a loop, and
/// on those by themselves, in the order of the program.
void rewriteCarriedSums(Operation *root,
                        function_ref<LogicalResult(CarriedSum)> rewrite);

/// Replaces a sum by one of partial sums, of type `partial`, whose last
/// dimension is an extra one. `step` builds the partial sums from those before
/// it, times the factor; `finish` reduces them after the loop or step. Fails
/// when the initial value is neither zero nor such a reduction.
LogicalResult
carryPartialSums(RewriterBase &rewriter, CarriedSum sum, VectorType partial,
                 function_ref<Value(OpBuilder &, Location, Value)> step,
                 vector::CombiningKind finish);

/// The last dimension's broadcast of a row value: `value` to `type`.
Value broadcastRows(OpBuilder &builder, Location loc, Value value,
                    VectorType type);

} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_CARRIEDSUMS_H
