//===- FoldTransposes.cpp - Transposes into layouts -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFFOLDTRANSPOSESPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Returns the order of the operand's dimensions, never empty.
static SmallVector<int64_t> getPermutation(AttentionOpInterface op,
                                           unsigned operand) {
  LayoutAttr layout = op.getLayoutAttr();
  SmallVector<int64_t> permutation;
  if (layout)
    llvm::append_range(permutation,
                       layout.getPermutation(op.getOperandName(operand)));
  if (permutation.empty())
    llvm::append_range(permutation,
                       llvm::seq<int64_t>(op.getOperandDims(operand).size()));
  return permutation;
}

static bool keepsInnermost(ArrayRef<int64_t> permutation) {
  return !permutation.empty() &&
         permutation.back() == static_cast<int64_t>(permutation.size()) - 1;
}

namespace {
/// Folds the transpose of a query, key or value into the layout.
struct FoldTransposeOfOperand
    : public OpInterfaceRewritePattern<AttentionOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (!isa<TensorType>(op.getQuery().getType()))
      return rewriter.notifyMatchFailure(op, "is on memrefs");
    for (unsigned operand : {kQueryOperand, kKeyOperand, kValueOperand}) {
      auto transpose =
          op->getOperand(operand).getDefiningOp<linalg::TransposeOp>();
      if (!transpose || !keepsInnermost(transpose.getPermutation()))
        continue;
      // Dimension i of the operand is dimension permutation[i] of the source.
      SmallVector<int64_t> old = getPermutation(op, operand);
      SmallVector<int64_t> layout(old.size());
      for (auto [from, to] : llvm::zip_equal(old, transpose.getPermutation()))
        layout[to] = from;
      rewriter.modifyOpInPlace(op, [&] {
        op.setLayoutAttr(LayoutAttr::withPermutation(
            rewriter.getContext(), op.getLayoutAttr(),
            op.getOperandName(operand), layout));
        op->setOperand(operand, transpose.getInput());
      });
      return success();
    }
    return rewriter.notifyMatchFailure(
        op,
        "no operand is a transpose that keeps the head dimension innermost");
  }
};

/// Folds the transpose of an output into the layout.
struct FoldTransposeOfOutput
    : public OpInterfaceRewritePattern<AttentionCombineOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionCombineOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    if (!destination.hasPureTensorSemantics() || !op->getResult(0).hasOneUse())
      return rewriter.notifyMatchFailure(op, "has no output with one use");
    auto transpose =
        dyn_cast<linalg::TransposeOp>(*op->getResult(0).user_begin());
    OpOperand *init = destination.getDpsInitOperand(0);
    if (!transpose || transpose.getInput() != op->getResult(0) ||
        !keepsInnermost(transpose.getPermutation()))
      return rewriter.notifyMatchFailure(
          op, "the output goes into no transpose that keeps the head dimension "
              "innermost");
    // Rows that belong to no sequence would have other values.
    if (attention.hasSequences() &&
        !init->get().getDefiningOp<tensor::EmptyOp>())
      return rewriter.notifyMatchFailure(op, "the destination has values");
    Value output = getDestination(rewriter, op, transpose);
    if (!output)
      return rewriter.notifyMatchFailure(
          op, "the transpose's destination does not dominate the op");

    unsigned operand = init->getOperandNumber();
    SmallVector<int64_t> old = getPermutation(attention, operand);
    SmallVector<int64_t> layout;
    for (int64_t position : transpose.getPermutation())
      layout.push_back(old[position]);
    SmallVector<Value> operands(op->getOperands());
    operands[operand] = output;
    SmallVector<Type> types(op->getResultTypes());
    types[0] = output.getType();
    auto folded = cast<AttentionOpInterface>(
        mlir::clone(rewriter, op.getOperation(), types, operands));
    folded.setLayoutAttr(LayoutAttr::withPermutation(
        rewriter.getContext(), folded.getLayoutAttr(),
        folded.getOperandName(operand), layout));
    Value result = folded->getResult(0);
    if (result.getType() != transpose->getResult(0).getType())
      result = tensor::CastOp::create(
          rewriter, op.getLoc(), transpose->getResult(0).getType(), result);
    rewriter.replaceOp(transpose, result);
    for (unsigned i = 1; i < op->getNumResults(); ++i)
      rewriter.replaceAllUsesWith(op->getResult(i), folded->getResult(i));
    rewriter.eraseOp(op);
    return success();
  }

  /// Returns the destination of the transpose if it is defined before the
  /// attention, or a new one if its values are not used.
  static Value getDestination(PatternRewriter &rewriter,
                              AttentionCombineOpInterface op,
                              linalg::TransposeOp transpose) {
    Value init = transpose.getInit();
    if (DominanceInfo().properlyDominates(init, op))
      return init;
    if (!init.getDefiningOp<tensor::EmptyOp>())
      return {};
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, op.getLoc(), op.getOutput());
    SmallVector<OpFoldResult> transposed;
    for (int64_t position : transpose.getPermutation())
      transposed.push_back(sizes[position]);
    return tensor::EmptyOp::create(
        rewriter, op.getLoc(), transposed,
        cast<RankedTensorType>(init.getType()).getElementType());
  }
};

struct DiffFoldTransposes
    : public diff::impl::DiffFoldTransposesPassBase<DiffFoldTransposes> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateFoldTransposePatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void diff::populateFoldTransposePatterns(RewritePatternSet &patterns) {
  patterns.add<FoldTransposeOfOperand, FoldTransposeOfOutput>(
      patterns.getContext());
}
