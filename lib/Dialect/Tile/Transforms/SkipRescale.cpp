//===- SkipRescale.cpp - Row factors that are 1 ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/CarriedSums.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILESKIPRESCALEPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Returns the row value that `value` repeats along its columns, or null.
static Value getRowFactor(Value value) {
  if (auto transpose = value.getDefiningOp<vector::TransposeOp>())
    value = transpose.getVector();
  auto broadcast = value.getDefiningOp<vector::BroadcastOp>();
  if (!broadcast || !isa<VectorType>(broadcast.getSource().getType()))
    return {};
  return broadcast.getSource();
}

/// A product with a row factor that only contractions add to.
static Value matchRescale(arith::MulFOp op) {
  if (!isa<VectorType>(op.getType()))
    return {};
  for (OpOperand &use : op->getUses()) {
    auto contract = dyn_cast<vector::ContractionOp>(use.getOwner());
    if (!contract || use.getOperandNumber() != 2)
      return {};
  }
  return getRowFactor(op.getRhs());
}

/// Moves products with one row factor into one branch, directly after the
/// factor, so that it does not delay later ops.
static void skipRescales(RewriterBase &rewriter, Value factor,
                         ArrayRef<arith::MulFOp> products) {
  Operation *position = factor.getDefiningOp();
  DominanceInfo dominance;
  if (!position || llvm::any_of(products, [&](arith::MulFOp product) {
        return !dominance.properlyDominates(product.getLhs(), position);
      }))
    return;
  Location loc = position->getLoc();
  rewriter.setInsertionPointAfter(position);
  auto type = cast<VectorType>(factor.getType());
  Value one = arith::ConstantOp::create(
      rewriter, loc,
      DenseElementsAttr::get(
          type, rewriter.getFloatAttr(type.getElementType(), 1.0)));
  // A NaN also differs from 1.
  Value changed = arith::CmpFOp::create(rewriter, loc,
                                        arith::CmpFPredicate::UNE, factor, one);
  Value any = WarpAnyOp::create(rewriter, loc, rewriter.getI1Type(), changed);
  SmallVector<Type> types;
  for (arith::MulFOp product : products)
    types.push_back(product.getType());
  auto branch = scf::IfOp::create(rewriter, loc, types, any,
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  SmallVector<Value> scaled, unscaled;
  rewriter.setInsertionPointToStart(branch.thenBlock());
  for (arith::MulFOp product : products) {
    Value rows = broadcastRows(rewriter, loc, factor,
                               cast<VectorType>(product.getType()));
    scaled.push_back(
        arith::MulFOp::create(rewriter, loc, product.getLhs(), rows));
    unscaled.push_back(product.getLhs());
  }
  scf::YieldOp::create(rewriter, loc, scaled);
  rewriter.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(rewriter, loc, unscaled);
  for (auto [product, result] : llvm::zip_equal(products, branch.getResults()))
    rewriter.replaceOp(product, result);
}

namespace {
struct TileSkipRescale
    : public tile::impl::TileSkipRescalePassBase<TileSkipRescale> {
  void runOnOperation() override {
    llvm::MapVector<Value, SmallVector<arith::MulFOp>> rescales;
    getOperation()->walk([&](gpu::LaunchOp launch) {
      auto schedule =
          launch->getAttrOfType<ScheduleAttr>(TileDialect::kScheduleAttrName);
      if (schedule && schedule.getSkipRescale())
        launch.walk([&](arith::MulFOp op) {
          if (Value factor = matchRescale(op))
            rescales[factor].push_back(op);
        });
    });
    IRRewriter rewriter(&getContext());
    for (auto &[factor, products] : rescales)
      skipRescales(rewriter, factor, products);
  }
};
} // namespace
