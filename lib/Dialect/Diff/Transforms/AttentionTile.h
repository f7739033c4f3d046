//===- AttentionTile.h - Tiles of an attention's operands -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_DIALECT_DIFF_TRANSFORMS_ATTENTIONTILE_H
#define DIFF_LIB_DIALECT_DIFF_TRANSFORMS_ATTENTIONTILE_H

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/IR/Builders.h"

namespace mlir::diff {

/// The part [offset, offset + size) of a dimension.
struct TileRange {
  OpFoldResult offset, size;
};

/// A tile of an attention's iteration domain, and its position in the operands
/// of the op.
class AttentionTile {
public:
  /// Without `keys`, the tile has all keys. `batch` is not used for sequences
  /// of variable length.
  AttentionTile(OpBuilder &b, AttentionOpInterface op, TileRange batch,
                TileRange heads, TileRange queries,
                std::optional<TileRange> keys = std::nullopt);

  /// Checks the size of a head tile: whole groups of a value head, or a divisor
  /// of one. Other sizes would read parts of two value heads. Emits an error.
  LogicalResult verify();

  /// Computes offsets and sizes of the tile in a tensor with these dimensions.
  void getPosition(Value v, StringRef dims,
                   SmallVectorImpl<OpFoldResult> &offsets,
                   SmallVectorImpl<OpFoldResult> &sizes);

  /// Returns the slice of a tensor or memref. `slices` receives the op.
  Value slice(Value v, StringRef dims, SmallVectorImpl<Operation *> &slices);

  /// Returns the diagonal of the tile: plus query offset, minus key offset.
  Value getDiagonal();

  /// Returns the number of keys from the first one of the tile. It may be
  /// negative or exceed the tile.
  Value getKeyLength();

private:
  OpFoldResult getKeyOffset();
  TileRange getRange(Value v, unsigned position, char dim);
  /// Returns the value heads of the tile's output heads, times `factor`.
  TileRange getValueHeads(int64_t factor);

  OpBuilder &b;
  AttentionOpInterface op;
  Location loc;
  TileRange batch, heads, queries;
  std::optional<TileRange> keys;
};

} // namespace mlir::diff

#endif // DIFF_LIB_DIALECT_DIFF_TRANSFORMS_ATTENTIONTILE_H
