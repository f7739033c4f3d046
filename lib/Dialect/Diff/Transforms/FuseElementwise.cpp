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
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
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

/// Returns true if the user reads each element of the operand once.
static bool readsOnce(OpOperand *operand) {
  auto user = cast<linalg::LinalgOp>(operand->getOwner());
  return user.getNumReductionLoops() == 0 &&
         user.getMatchingIndexingMap(operand).isPermutation();
}

/// Returns true if the op only extends its elements. This costs less than
/// reading wider elements.
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

/// Kernels cannot read constants of the host. A single value is inserted at its
/// use, usually as the start of sums.
static void fillSplats(RewriterBase &rewriter, func::FuncOp func) {
  SmallVector<OpOperand *> uses;
  func.walk([&](arith::ConstantOp constant) {
    if (isInTile(constant) || !isa<RankedTensorType>(constant.getType()) ||
        !isa<SplatElementsAttr>(constant.getValue()) ||
        !getElementTypeOrSelf(constant.getType()).isIntOrIndexOrFloat())
      return;
    for (OpOperand &use : constant->getUses())
      uses.push_back(&use);
  });
  for (OpOperand *use : uses) {
    auto constant = use->get().getDefiningOp<arith::ConstantOp>();
    auto type = cast<RankedTensorType>(constant.getType());
    Location loc = constant.getLoc();
    rewriter.setInsertionPoint(use->getOwner());
    Value number =
        arith::ConstantOp::create(rewriter, loc,
                                  cast<SplatElementsAttr>(constant.getValue())
                                      .getSplatValue<TypedAttr>());
    Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                          type.getElementType());
    Value filled =
        linalg::FillOp::create(rewriter, loc, number, empty).getResult(0);
    rewriter.modifyOpInPlace(use->getOwner(), [&] { use->set(filled); });
    if (constant->use_empty())
      rewriter.eraseOp(constant);
  }
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
      // An op without a generic form stays and becomes a separate kernel.
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, isWorthFusing);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    fillSplats(rewriter, getOperation());
  }
};
} // namespace
