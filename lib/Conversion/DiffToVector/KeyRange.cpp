//===- KeyRange.cpp - The keys that query tokens see ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyRange.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::diff;

OpFoldResult KeyRange::apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(b, b.getLoc(), expr, operands);
}

OpFoldResult KeyRange::min(OpFoldResult a, OpFoldResult c) {
  return affine::makeComposedFoldedAffineMin(
      b, b.getLoc(), b.getMultiDimIdentityMap(2), {a, c});
}

OpFoldResult KeyRange::max(OpFoldResult a, OpFoldResult c) {
  return affine::makeComposedFoldedAffineMax(
      b, b.getLoc(), b.getMultiDimIdentityMap(2), {a, c});
}

KeyRange::KeyRange(ImplicitLocOpBuilder &b, OnlineAttentionOp op, int64_t tile)
    : b(b) {
  // A side of the window beyond this has no effect, and sums with it do not
  // overflow.
  auto limit = [](int64_t side) {
    return std::min<int64_t>(side, int64_t(1) << 30);
  };
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
  OpFoldResult zero = b.getIndexAttr(0);
  OpFoldResult keys = getMixedSize(b, attention, 'm');
  OpFoldResult queries = getMixedSize(b, attention, 'n');
  diagonal = op.getDiagonal() ? OpFoldResult(op.getDiagonal())
                              : apply(d0 - d1, {keys, queries});
  size = op.getKeyLength() ? max(min(keys, op.getKeyLength()), zero) : keys;
  if (MaskAttr mask = op.getMaskAttr()) {
    if (mask.getLeft() >= 0)
      left = limit(mask.getLeft());
    if (mask.getRight() >= 0)
      right = limit(mask.getRight());
  }
  // The last token sees the fewest keys before the diagonal, and the first one
  // the fewest after it.
  wholeBegin = zero;
  if (left)
    wholeBegin = min(max(apply(d0 + d1 - 1 - *left, {diagonal, queries}), zero),
                     size);
  wholeEnd = right ? min(apply(d0 + (1 + *right), {diagonal}), size) : size;
  wholeEnd = max(wholeEnd, wholeBegin);
  wholeEnd = apply(d0 + (d1 - d0).floorDiv(tile) * tile,
                   {wholeBegin, wholeEnd});
}

std::pair<OpFoldResult, OpFoldResult> KeyRange::getVisible(OpFoldResult first,
                                                           int64_t tokens) {
  AffineExpr d0 = b.getAffineDimExpr(0), d1 = b.getAffineDimExpr(1);
  OpFoldResult begin = b.getIndexAttr(0), end = size;
  if (right)
    end = min(max(apply(d0 + d1 + (tokens + *right), {diagonal, first}), begin),
              size);
  if (left)
    begin = max(apply(d0 + d1 - *left, {diagonal, first}), begin);
  return {begin, end};
}

bool KeyRange::isWhole() {
  return isConstantIntValue(wholeBegin, 0) && !left && !right &&
         isEqualConstantIntOrValue(wholeEnd, size);
}

OpFoldResult KeyRange::getFirst() {
  return apply(b.getAffineDimExpr(0) - *left, {diagonal});
}

OpFoldResult KeyRange::getLast() {
  return apply(b.getAffineDimExpr(0) + *right, {diagonal});
}
