//===- RowSums.cpp - Row sums on the tensor cores -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/CarriedSums.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILEROWSUMONMMAPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// The minimum number of columns of a matrix instruction.
static constexpr int64_t kColumns = 8;

/// Returns the rounded summand that a contraction multiplies, if any.
static arith::TruncFOp findRounded(CarriedSum sum) {
  for (Operation *user : sum.getSummand().getUsers())
    if (auto rounded = dyn_cast<arith::TruncFOp>(user);
        rounded && rounded->getBlock() == sum.reduction->getBlock())
      for (OpOperand &use : rounded->getUses())
        if (isa<vector::ContractionOp>(use.getOwner()) &&
            use.getOperandNumber() == 0)
          return rounded;
  return {};
}

static LogicalResult sumOnMma(RewriterBase &rewriter, CarriedSum sum) {
  arith::TruncFOp rounded = findRounded(sum);
  if (!rounded)
    return failure();
  auto weights = cast<VectorType>(rounded.getType());
  int64_t rank = weights.getRank();
  SmallVector<int64_t> shape(weights.getShape());
  auto ones =
      VectorType::get({shape.back(), kColumns}, weights.getElementType());
  shape.back() = kColumns;
  auto partial = VectorType::get(shape, rewriter.getF32Type());
  // (rows, m) x (m, c) -> (rows, c): rows come first, then c, then m.
  SmallVector<AffineExpr> rows;
  for (int64_t dim = 0; dim + 1 < rank; ++dim)
    rows.push_back(rewriter.getAffineDimExpr(dim));
  AffineExpr c = rewriter.getAffineDimExpr(rank - 1),
             m = rewriter.getAffineDimExpr(rank);
  SmallVector<AffineExpr> lhs(rows), result(rows);
  lhs.push_back(m);
  result.push_back(c);
  SmallVector<SmallVector<AffineExpr>> maps = {lhs, {m, c}, result};
  SmallVector<vector::IteratorType> iterators(rank,
                                              vector::IteratorType::parallel);
  iterators.push_back(vector::IteratorType::reduction);
  return carryPartialSums(
      rewriter, sum, partial,
      [&](OpBuilder &b, Location loc, Value scaled) -> Value {
        // The rounding may be after the sum.
        if (sum.loop)
          b.setInsertionPoint(sum.reduction->getBlock()->getTerminator());
        else
          rewriter.moveOpBefore(rounded, sum.reduction);
        Value one = arith::ConstantOp::create(
            b, loc,
            DenseElementsAttr::get(
                ones, b.getFloatAttr(weights.getElementType(), 1.0)));
        SmallVector<AffineMap> affineMaps;
        for (ArrayRef<AffineExpr> results : maps)
          affineMaps.push_back(
              AffineMap::get(rank + 1, 0, results, b.getContext()));
        SmallVector<Attribute> iteratorAttrs;
        for (vector::IteratorType iterator : iterators)
          iteratorAttrs.push_back(
              vector::IteratorTypeAttr::get(b.getContext(), iterator));
        return vector::ContractionOp::create(
            b, loc, rounded, one, scaled, b.getAffineMapArrayAttr(affineMaps),
            b.getArrayAttr(iteratorAttrs), vector::CombiningKind::ADD);
      },
      vector::CombiningKind::MAXIMUMF);
}

namespace {
struct TileRowSumOnMma
    : public tile::impl::TileRowSumOnMmaPassBase<TileRowSumOnMma> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](gpu::LaunchOp launch) {
      auto schedule =
          launch->getAttrOfType<ScheduleAttr>(TileDialect::kScheduleAttrName);
      if (schedule && schedule.getRowSumOnMma())
        rewriteCarriedSums(
            launch, [&](CarriedSum sum) { return sumOnMma(rewriter, sum); });
    });
  }
};
} // namespace
