//===- KeyRange.cpp - The keys that query tokens see ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyRange.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
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
    wholeBegin =
        min(max(apply(d0 + d1 - 1 - *left, {diagonal, queries}), zero), size);
  wholeEnd = right ? min(apply(d0 + (1 + *right), {diagonal}), size) : size;
  wholeEnd = max(wholeEnd, wholeBegin);
  wholeEnd =
      apply(d0 + (d1 - d0).floorDiv(tile) * tile, {wholeBegin, wholeEnd});
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

void KeyRange::forEachPartialTile(PanelBuilder &p, Value first, int64_t tokens,
                                  int64_t size,
                                  function_ref<void(Value, Value)> body) {
  auto toValue = [&](OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), value);
  };
  auto [visibleBegin, visibleEnd] = getVisible(first, tokens);
  Value begin = toValue(visibleBegin), end = toValue(visibleEnd);
  Value frontEnd = p.min(toValue(wholeBegin), end);
  Value backBegin = p.max(toValue(wholeEnd), begin);
  auto countTiles = [&](Value from, Value to) -> Value {
    Value keys = p.max(b.createOrFold<arith::SubIOp>(to, from), p.index(0));
    return p.div(p.add(keys, p.index(size - 1)), size);
  };
  Value front = hasFirst() ? countTiles(begin, frontEnd) : p.index(0);
  Value tiles = p.add(front, countTiles(backBegin, end));
  p.loop(p.index(0), tiles, 1, [&](Value number) {
    Value key, last = end;
    if (hasFirst()) {
      Value inFront =
          arith::CmpIOp::create(b, arith::CmpIPredicate::slt, number, front);
      Value behind = arith::SubIOp::create(b, number, front);
      key = p.add(
          arith::SelectOp::create(b, inFront, begin, backBegin),
          p.mul(arith::SelectOp::create(b, inFront, number, behind), size));
      last = arith::SelectOp::create(b, inFront, frontEnd, end);
    } else {
      key = p.add(backBegin, p.mul(number, size));
    }
    body(key, p.min(p.index(size), arith::SubIOp::create(b, last, key)));
  });
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
