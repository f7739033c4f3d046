//===- DeferReductions.cpp - Cross-lane sums after the loop ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/CarriedSums.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILEDEFERREDUCTIONSPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Sums over repetitions and elements: [rows..., columns] is reshaped to
/// [rows..., repetitions, lanes, elems], and only lanes are kept.
static LogicalResult deferSum(RewriterBase &rewriter, CarriedSum sum,
                              int64_t lanes, int64_t elems) {
  auto summand = cast<VectorType>(sum.getSummand().getType());
  int64_t columns = summand.getShape().back();
  if (columns % (lanes * elems) != 0)
    return failure();
  SmallVector<int64_t> rows(summand.getShape().drop_back());
  SmallVector<int64_t> split(rows), kept(rows);
  split.append({columns / (lanes * elems), lanes, elems});
  kept.push_back(lanes);
  Type element = summand.getElementType();
  auto partial = VectorType::get(kept, element);
  return carryPartialSums(
      rewriter, sum, partial,
      [&](OpBuilder &b, Location loc, Value scaled) -> Value {
        Value cut = vector::ShapeCastOp::create(
            b, loc, VectorType::get(split, element), sum.getSummand());
        SmallVector<bool> mask(split.size(), false);
        mask[rows.size()] = mask[rows.size() + 2] = true;
        return vector::MultiDimReductionOp::create(b, loc, cut, scaled, mask,
                                                   vector::CombiningKind::ADD);
      },
      vector::CombiningKind::ADD);
}

namespace {
struct TileDeferReductions
    : public tile::impl::TileDeferReductionsPassBase<TileDeferReductions> {
  using TileDeferReductionsPassBase::TileDeferReductionsPassBase;

  void runOnOperation() override {
    if (lanes < 1 || elems < 1) {
      emitError(getOperation()->getLoc(),
                "tile-defer-reductions: options 'lanes' and 'elems' must be "
                "positive");
      return signalPassFailure();
    }
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](gpu::LaunchOp launch) {
      if (launch->hasAttr(TileDialect::kScheduleAttrName))
        rewriteCarriedSums(launch, [&](CarriedSum sum) {
          return deferSum(rewriter, sum, lanes, elems);
        });
    });
  }
};
} // namespace
