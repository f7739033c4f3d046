//===- Contractions.h - A product of matrices -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a vector.contract is to a matrix instruction: rows, columns, summands.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_CONTRACTIONS_H
#define DIFF_DIALECT_TILE_TRANSFORMS_CONTRACTIONS_H

#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::diff::tile {

/// A contraction of matrices: the result's last dimension are the columns,
/// which only the right operand has beside it; its other dimensions are rows,
/// which the left operand has, or batch dimensions, which both have; one
/// dimension is summed.
class Contraction {
public:
  /// Fails when the op is nothing of the kind, or has other types than f16,
  /// bf16 or tf32 operands and an f32 accumulator.
  static FailureOr<Contraction> get(vector::ContractionOp op);

  int64_t getColumns() const { return columns; }
  int64_t getSummands() const { return summands; }
  /// Sizes of the result's dimensions but the last, and which are batches.
  ArrayRef<int64_t> getRowSizes() const { return rowSizes; }
  ArrayRef<bool> isBatch() const { return batch; }
  /// For each dimension of the result but the last, the left operand's.
  ArrayRef<int64_t> resultRowsInLhs() const { return lhsRows; }
  /// The same for the right operand; -1 where it is no batch.
  ArrayRef<int64_t> resultRowsInRhs() const { return rhsRows; }
  /// The summed dimension of either operand, and the right one's columns.
  int64_t getLhsSum() const { return lhsSum; }
  int64_t getRhsSum() const { return rhsSum; }
  int64_t getRhsColumn() const { return rhsColumn; }

  /// The layout that the instruction takes an operand in.
  LayoutAttr getLhsLayout(MmaAttr mma) const;
  LayoutAttr getRhsLayout(MmaAttr mma) const;

private:
  int64_t columns = 0, summands = 0;
  SmallVector<int64_t> rowSizes, lhsRows, rhsRows;
  SmallVector<bool> batch;
  int64_t lhsSum = 0, rhsSum = 0, rhsColumn = 0;
};

/// The dimensions of a contraction's operand in the order that they have in its
/// result; the last one stays.
SmallVector<int64_t> getRowOrder(OpOperand &use);

/// Lets a contraction take an operand whose dimension i was dimension order[i].
void reorderOperand(RewriterBase &rewriter, OpOperand &use, Value ordered,
                    ArrayRef<int64_t> order);

} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_CONTRACTIONS_H
