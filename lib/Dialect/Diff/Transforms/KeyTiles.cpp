//===- KeyTiles.cpp - Completely visible tiles, and others ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace mlir::diff;

namespace {
/// The tiles of the visible keys, counted from the first visible key: tile t
/// starts at key first + t keys. Every query sees all keys of the tiles [begin,
/// end).
class KeyTiles {
public:
  KeyTiles(OpBuilder &b, OnlineAttentionOp op, int64_t keys)
      : b(b), op(op), loc(op.getLoc()), keys(keys) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    OpFoldResult size = getMixedSize(b, attention, 'm');
    first = b.getIndexAttr(0);
    last = size;
    if (auto visible = getVisibleKeys(b, op))
      std::tie(first, last) = *visible;
    if (op.getKeyLength())
      last = atLeast(min({s0, s1}, {last, op.getKeyLength()}), first);
    count = apply((s1 - s0).ceilDiv(keys), {first, last});
    begin = b.getIndexAttr(0);
    // The end of the keys makes the last visible tile partial.
    OpFoldResult whole = last;
    if (MaskAttr mask = op.getMaskAttr()) {
      OpFoldResult queries = getMixedSize(b, attention, 'n');
      OpFoldResult diagonal = op.getDiagonal();
      if (!op.getDiagonal())
        diagonal = apply(s0 - s1, {size, queries});
      // The last query sees the fewest keys before it: j >= queries - 1 + d -
      // left.
      if (mask.getLeft() >= 0) {
        OpFoldResult seen = atLeast(
            apply(s0 + s1 - (1 + limit(mask.getLeft())), {queries, diagonal}),
            first);
        begin = min({s0, s1},
                    {apply((s1 - s0).ceilDiv(keys), {first, seen}), count});
      }
      // The first query sees the fewest keys after it: j <= d + right.
      if (mask.getRight() >= 0)
        whole = min({s0 + (1 + limit(mask.getRight())), s1}, {diagonal, last});
    }
    end = atLeast(
        apply((s1 - s0).floorDiv(keys), {first, atLeast(whole, first)}), begin);
    // True if the tiles cover all keys and none is partial.
    std::optional<int64_t> total = getConstantIntValue(size);
    isWhole = total && *total % keys == 0 && isConstantIntValue(first, 0) &&
              !op.getKeyLength();
  }

  /// Builds the loop over the completely visible tiles.
  SmallVector<Value> buildWholeLoop(ValueRange inits, int64_t stages) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    auto bound = [&](OpFoldResult tile) {
      return apply(s0 + s1 * keys, {first, tile});
    };
    auto unmasked = cast<OnlineAttentionOp>(b.clone(*op));
    unmasked.removeMaskAttr();
    unmasked.getDiagonalMutable().clear();
    unmasked.getKeyLengthMutable().clear();
    scf::ForOp loop =
        buildLoop(unmasked, bound(begin), bound(end), b.getIndexAttr(keys),
                  inits, [&](Value key) {
                    return std::pair(OpFoldResult(key),
                                     OpFoldResult(b.getIndexAttr(keys)));
                  });
    unmasked.erase();
    loop->setAttr(tile::TileDialect::kStagesAttrName,
                  b.getI64IntegerAttr(stages));
    return loop.getResults();
  }

  /// Builds the loop over the other tiles, before `begin` and from `end` on.
  SmallVector<Value> buildPartialLoop(ValueRange inits) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
               s2 = b.getAffineSymbolExpr(2);
    OpFoldResult others = apply(s0 + s1 - s2, {begin, count, end});
    if (isConstantIntValue(others, 0))
      return SmallVector<Value>(inits);
    return buildLoop(op, b.getIndexAttr(0), others, b.getIndexAttr(1), inits,
                     [&](Value number) {
                       OpFoldResult offset = getPartialOffset(number);
                       return std::pair(offset, getPartialSize(offset));
                     })
        .getResults();
  }

private:
  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(b, loc, expr, operands);
  }
  OpFoldResult min(ArrayRef<AffineExpr> exprs,
                   ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineMin(
        b, loc, AffineMap::get(0, operands.size(), exprs, b.getContext()),
        operands);
  }
  OpFoldResult atLeast(OpFoldResult value, OpFoldResult least) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    return affine::makeComposedFoldedAffineMax(
        b, loc, AffineMap::get(0, 2, {s0, s1}, b.getContext()), {value, least});
  }
  /// Limits a side of the window, so that sums with it do not overflow.
  static int64_t limit(int64_t side) {
    return std::min<int64_t>(side, int64_t(1) << 30);
  }

  OpFoldResult getPartialOffset(Value number) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
               s2 = b.getAffineSymbolExpr(2);
    OpFoldResult behind = apply(s0 - s1 + s2, {number, begin, end});
    OpFoldResult tile = behind;
    if (!isConstantIntValue(begin, 0)) {
      Value inFront =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, number,
                                getValueOrCreateConstantIndexOp(b, loc, begin));
      tile = arith::SelectOp::create(
                 b, loc, inFront, number,
                 getValueOrCreateConstantIndexOp(b, loc, behind))
                 .getResult();
    }
    return apply(s0 + s1 * keys, {first, tile});
  }

  OpFoldResult getPartialSize(OpFoldResult offset) {
    if (isWhole)
      return b.getIndexAttr(keys);
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    return min({b.getAffineConstantExpr(keys), s1 - s0}, {offset, last});
  }

  /// Builds a loop that accumulates one tile of the keys of `source` in each
  /// iteration.
  scf::ForOp buildLoop(
      OnlineAttentionOp source, OpFoldResult lower, OpFoldResult upper,
      OpFoldResult step, ValueRange inits,
      function_ref<std::pair<OpFoldResult, OpFoldResult>(Value)> getTile) {
    auto value = [&](OpFoldResult bound) {
      return getValueOrCreateConstantIndexOp(b, loc, bound);
    };
    auto loop = scf::ForOp::create(b, loc, value(lower), value(upper),
                                   value(step), inits);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    auto [tileOffset, tileSize] = getTile(loop.getInductionVar());
    auto carrying = cast<OnlineAttentionOp>(b.clone(*source));
    carrying.getDpsInitsMutable().assign(loop.getRegionIterArgs());
    auto tileable = cast<TilingInterface>(carrying.getOperation());
    SmallVector<OpFoldResult> offsets, sizes;
    for (Range range : tileable.getIterationDomain(b)) {
      offsets.push_back(range.offset);
      sizes.push_back(range.size);
    }
    offsets.back() = tileOffset;
    sizes.back() = tileSize;
    FailureOr<TilingResult> tiled =
        tileable.getTiledImplementation(b, offsets, sizes);
    if (failed(tiled)) {
      isFailed = true;
      scf::YieldOp::create(b, loc, loop.getRegionIterArgs());
    } else {
      scf::YieldOp::create(b, loc, tiled->tiledValues);
    }
    carrying.erase();
    return loop;
  }

public:
  bool isFailed = false;

private:
  OpBuilder &b;
  OnlineAttentionOp op;
  Location loc;
  int64_t keys;
  OpFoldResult first, last, count, begin, end;
  bool isWhole;
};
} // namespace

LogicalResult diff::tileKeysByVisibility(RewriterBase &rewriter,
                                         OnlineAttentionOp op, int64_t keys,
                                         int64_t stages) {
  rewriter.setInsertionPoint(op);
  KeyTiles tiles(rewriter, op, keys);
  // Process the partial tiles first. There is no accumulator yet when their
  // masks need registers, and the epilogue directly follows the steady loop.
  SmallVector<Value> values = tiles.buildPartialLoop(op.getDpsInits());
  values = tiles.buildWholeLoop(values, stages);
  if (tiles.isFailed)
    return failure();
  rewriter.replaceOp(op, values);
  return success();
}
