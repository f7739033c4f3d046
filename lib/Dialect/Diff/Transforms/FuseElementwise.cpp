//===- FuseElementwise.cpp - Elementwise ops with their users -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFFUSEELEMENTWISEPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

static bool isInTile(Operation *op) {
  return op->getParentOfType<scf::ForallOp>() != nullptr;
}

/// Whether the user computes from each element of the operand once.
static bool readsOnce(OpOperand *operand) {
  auto user = cast<linalg::LinalgOp>(operand->getOwner());
  return user.getNumReductionLoops() == 0 &&
         user.getMatchingIndexingMap(operand).isPermutation();
}

/// Whether all that an op does is to widen its elements, which costs less than
/// to read wider ones.
static bool onlyWidens(linalg::LinalgOp op) {
  return llvm::all_of(
      op.getBlock()->without_terminator(),
      llvm::IsaPred<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>);
}

static bool isWorthFusing(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::LinalgOp>();
  return producer && producer->hasOneUse() && !isInTile(operand->getOwner()) &&
         (readsOnce(operand) || onlyWidens(producer));
}

namespace {
struct DiffFuseElementwise
    : public diff::impl::DiffFuseElementwisePassBase<DiffFuseElementwise> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> named;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!isa<linalg::GenericOp, linalg::FillOp>(op) && !isInTile(op) &&
          op.getNumParallelLoops() == op.getNumLoops() &&
          op.hasPureTensorSemantics())
        named.push_back(op);
    });
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      // What has no generic form stays, a kernel of its own.
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, isWorthFusing);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
