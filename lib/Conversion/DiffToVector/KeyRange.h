//===- KeyRange.h - The keys that query tokens see --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_DIFFTOVECTOR_KEYRANGE_H
#define DIFF_LIB_CONVERSION_DIFFTOVECTOR_KEYRANGE_H

#include "RowPanels.h"

namespace mlir::diff {

/// The keys of the query tokens of a tile. Keys [wholeBegin, wholeEnd) are
/// whole tiles that all query tokens see. A panel sees [begin, end): of these,
/// the keys before `wholeBegin` and from `wholeEnd` on need masks or a smaller
/// tile.
class KeyRange {
public:
  KeyRange(ImplicitLocOpBuilder &b, OnlineAttentionOp op, int64_t tile);

  /// The positions, relative to the operands of the op.
  OpFoldResult wholeBegin, wholeEnd;

  /// Returns the keys that one of `tokens` query tokens from `first` on sees.
  std::pair<OpFoldResult, OpFoldResult> getVisible(OpFoldResult first,
                                                   int64_t tokens);

  /// Builds a loop over the tiles of the keys that one of `tokens` query tokens
  /// from `first` on sees before and after the whole tiles. Calls `body` with
  /// the first key of a tile and the number of keys, up to `size`.
  void forEachPartialTile(PanelBuilder &p, Value first, int64_t tokens,
                          int64_t size, function_ref<void(Value, Value)> body);

  /// Returns true if all keys are in whole tiles.
  bool isWhole();

  bool hasFirst() { return left.has_value(); }
  bool hasLast() { return right.has_value(); }
  /// Return the first and the last key that query token 0 sees, without regard
  /// to the number of keys. Each later token sees those one key later.
  OpFoldResult getFirst();
  OpFoldResult getLast();

private:
  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> operands);
  OpFoldResult min(OpFoldResult a, OpFoldResult c);
  OpFoldResult max(OpFoldResult a, OpFoldResult c);

  ImplicitLocOpBuilder &b;
  OpFoldResult diagonal, size;
  std::optional<int64_t> left, right;
};

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_DIFFTOVECTOR_KEYRANGE_H
