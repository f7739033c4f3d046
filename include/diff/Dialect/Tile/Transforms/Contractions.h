//===- Contractions.h - Matrix contractions ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows, columns and summands of a vector.contract for matrix instructions.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_CONTRACTIONS_H
#define DIFF_DIALECT_TILE_TRANSFORMS_CONTRACTIONS_H

#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::diff::tile {

/// A contraction of matrices. The last dimension of the result is the column
/// dimension, which only the right operand has. The other dimensions are rows,
/// which only the left operand has, or batch dimensions, which both operands
/// have. One dimension is reduced.
class Contraction {
public:
  /// Fails if the op is not such a contraction, or if its types are not f16,
  /// bf16 or tf32 operands and an f32 accumulator.
  static FailureOr<Contraction> get(vector::ContractionOp op);

  int64_t getColumns() const { return columns; }
  int64_t getSummands() const { return summands; }
  /// Sizes of the result's dimensions without the last; true for batches.
  ArrayRef<int64_t> getRowSizes() const { return rowSizes; }
  ArrayRef<bool> isBatch() const { return batch; }
  /// The left operand's dimension for each result dimension but the last.
  ArrayRef<int64_t> resultRowsInLhs() const { return lhsRows; }
  /// The same for the right operand; -1 for dimensions that are not batches.
  ArrayRef<int64_t> resultRowsInRhs() const { return rhsRows; }
  /// The reduced dimension of each operand, and the columns of the right one.
  int64_t getLhsSum() const { return lhsSum; }
  int64_t getRhsSum() const { return rhsSum; }
  int64_t getRhsColumn() const { return rhsColumn; }

  /// Returns the layout that the instruction requires for an operand.
  LayoutAttr getLhsLayout(MmaAttr mma) const;
  LayoutAttr getRhsLayout(MmaAttr mma) const;

private:
  int64_t columns = 0, summands = 0;
  SmallVector<int64_t> rowSizes, lhsRows, rhsRows;
  SmallVector<bool> batch;
  int64_t lhsSum = 0, rhsSum = 0, rhsColumn = 0;
};

/// Returns the dimensions of a contraction operand in the order in which the
/// result has them; the last dimension stays last.
SmallVector<int64_t> getRowOrder(OpOperand &use);

/// Updates a contraction for an operand permuted by `order`.
void reorderOperand(RewriterBase &rewriter, OpOperand &use, Value ordered,
                    ArrayRef<int64_t> order);

} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_CONTRACTIONS_H
