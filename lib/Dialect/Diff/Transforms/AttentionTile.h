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

/// A tile of an attention's iteration domain, and where it lies in the op's
/// operands.
class AttentionTile {
public:
  /// Without `keys` the tile has all of them; `batch` has no meaning for
  /// sequences of variable length.
  AttentionTile(OpBuilder &b, AttentionOpInterface op, TileRange batch,
                TileRange heads, TileRange queries,
                std::optional<TileRange> keys = std::nullopt);

  /// A head tile is whole groups of a value head, or a part of one that
  /// divides it: anything else would read a part of two value heads. Emits an
  /// error.
  LogicalResult verify();

  /// Offsets and sizes of the tile in a tensor of the given dimensions.
  void getPosition(Value v, StringRef dims,
                   SmallVectorImpl<OpFoldResult> &offsets,
                   SmallVectorImpl<OpFoldResult> &sizes);

  /// The part of a tensor or memref; `slices` gets the op.
  Value slice(Value v, StringRef dims, SmallVectorImpl<Operation *> &slices);

  /// The diagonal as seen from the tile: + query offset - key offset.
  Value getDiagonal();

  /// The number of keys that exist from the tile's first on; it may be
  /// negative or reach past the tile.
  Value getKeyLength();

private:
  OpFoldResult getKeyOffset();
  TileRange getRange(Value v, unsigned position, char dim);
  /// The value heads that the tile's output heads read, times `factor`.
  TileRange getValueHeads(int64_t factor);

  OpBuilder &b;
  AttentionOpInterface op;
  Location loc;
  TileRange batch, heads, queries;
  std::optional<TileRange> keys;
};

} // namespace mlir::diff

#endif // DIFF_LIB_DIALECT_DIFF_TRANSFORMS_ATTENTIONTILE_H
