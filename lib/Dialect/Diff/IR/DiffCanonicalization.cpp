//===- DiffCanonicalization.cpp - Canonical forms of the diff ops ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include <limits>

using namespace mlir;
using namespace mlir::diff;

namespace {
/// Makes a side of the window unlimited if it hides no key, and removes a mask
/// that hides no key. Without a diagonal, j - i - (M - N) is in the range from
/// -(M - 1) to N - 1.
struct WidenMask
    : public OpInterfaceRewritePattern<AttentionCombineOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionCombineOpInterface combine,
                                PatternRewriter &rewriter) const override {
    auto op = cast<AttentionOpInterface>(combine.getOperation());
    MaskAttr mask = op.getMaskAttr();
    if (!mask)
      return rewriter.notifyMatchFailure(op, "no mask");
    int64_t left = mask.getLeft(), right = mask.getRight();
    if (!op.getDiagonal()) {
      // No sequence has more tokens than all sequences together.
      int64_t queries = op.getDimSize('n'), keys = op.getDimSize('m');
      if (!ShapedType::isDynamic(keys) && left >= keys - 1)
        left = -1;
      if (!ShapedType::isDynamic(queries) && right >= queries - 1)
        right = -1;
    }
    auto widened = MaskAttr::get(rewriter.getContext(), left, right);
    if (widened == mask && !mask.isUnlimited())
      return rewriter.notifyMatchFailure(op, "every side hides a key");
    rewriter.modifyOpInPlace(op, [&] {
      if (widened.isUnlimited())
        op->removeAttr("mask");
      else
        op->setAttr("mask", widened);
    });
    return success();
  }
};

/// The diagonal is not used without a mask.
template <typename OpTy>
struct DropUnusedDiagonal : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (op.getMaskAttr() || !op.getDiagonal())
      return rewriter.notifyMatchFailure(op, "the diagonal is used or absent");
    rewriter.modifyOpInPlace(op, [&] { op.getDiagonalMutable().clear(); });
    return success();
  }
};

/// Removes layouts that name the default order of an operand.
struct DropDefaultLayout
    : public OpInterfaceRewritePattern<AttentionOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionOpInterface op,
                                PatternRewriter &rewriter) const override {
    LayoutAttr layout = op.getLayoutAttr();
    LayoutAttr canonical =
        LayoutAttr::withPermutation(rewriter.getContext(), layout, "", {});
    if (canonical == layout)
      return rewriter.notifyMatchFailure(op, "no layout is the default one");
    rewriter.modifyOpInPlace(op, [&] { op.setLayoutAttr(canonical); });
    return success();
  }
};

/// An op without batch entries or queries has no result elements.
struct DropEmptyAttention
    : public OpInterfaceRewritePattern<AttentionCombineOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionCombineOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    int64_t entries = attention.hasSequences() ? attention.getDimSize('s') - 1
                                               : attention.getDimSize('b');
    if (!destination.hasPureTensorSemantics() ||
        (entries != 0 && attention.getDimSize('n') != 0))
      return rewriter.notifyMatchFailure(op, "there may be work to do");
    rewriter.replaceOp(op, destination.getDpsInits());
    return success();
  }
};

/// Without keys, no row sees any. Which rows belong to a sequence is only known
/// at run time.
struct ReplaceAttentionWithoutKeys
    : public OpInterfaceRewritePattern<AttentionCombineOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionCombineOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    if (!destination.hasPureTensorSemantics() || attention.hasSequences() ||
        attention.getDimSize('m') != 0)
      return rewriter.notifyMatchFailure(op, "there may be work to do");
    SmallVector<Value> results;
    for (Value init : destination.getDpsInits()) {
      auto type = cast<RankedTensorType>(init.getType());
      auto element = cast<FloatType>(type.getElementType());
      double row =
          init == op.getLse() ? -std::numeric_limits<double>::infinity() : 0.0;
      Value value = arith::ConstantOp::create(
          rewriter, op.getLoc(), rewriter.getFloatAttr(element, row));
      SmallVector<Value> sizes;
      for (auto [dim, size] : llvm::enumerate(type.getShape()))
        if (ShapedType::isDynamic(size))
          sizes.push_back(
              tensor::DimOp::create(rewriter, op.getLoc(), init, dim));
      results.push_back(
          tensor::SplatOp::create(rewriter, op.getLoc(), type, value, sizes));
    }
    rewriter.replaceOp(op, results);
    return success();
  }
};

/// A gate of sigmoid(-inf) = 0 removes the second map of each pair, so the op
/// is standard attention on the even query heads. An op that returns the
/// log-sum-exp keeps its maps, because it needs that of the odd heads.
struct DropVanishingMap : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool isNegativeInfinity(Value lambda) {
    if (auto splat = lambda.getDefiningOp<tensor::SplatOp>())
      return matchPattern(splat.getInput(), m_NegInfFloat());
    DenseElementsAttr constant;
    return matchPattern(lambda, m_Constant(&constant)) && constant.isSplat() &&
           constant.getSplatValue<APFloat>().isInfinity() &&
           constant.getSplatValue<APFloat>().isNegative();
  }

  /// Returns the order of a query's dimensions after the one of the maps is
  /// dropped.
  static SmallVector<int64_t> getOrderWithoutMaps(StringRef dims) {
    StringRef order = dims.contains('b') ? "bnpd" : "npd";
    SmallVector<int64_t> permutation;
    for (char dim : dims)
      if (dim != 'a')
        permutation.push_back(order.find(dim));
    return permutation;
  }

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || op.getLse() || op.getNumSignals() > 1)
      return rewriter.notifyMatchFailure(
          op, "needs all maps, is on memrefs, or has "
              "signal heads that are no slice");
    if (!isNegativeInfinity(op.getLambda()))
      return rewriter.notifyMatchFailure(op, "lambda is not known to be -inf");
    Location loc = op.getLoc();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, op.getQuery());
    auto attention = cast<AttentionOpInterface>(op.getOperation());
    SmallVector<OpFoldResult> offsets(sizes.size(), rewriter.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(sizes.size(), rewriter.getIndexAttr(1));
    RankedTensorType type = cast<RankedTensorType>(op.getQuery().getType());
    SmallVector<int64_t> shape(type.getShape());
    StringRef dims = attention.getOperandDims(kQueryOperand);
    LayoutAttr layout = op.getLayoutAttr();
    if (size_t maps = dims.find('a'); maps != StringRef::npos) {
      sizes[maps] = rewriter.getIndexAttr(1);
      shape.erase(shape.begin() + maps);
      layout = LayoutAttr::withPermutation(rewriter.getContext(), layout,
                                           "query", getOrderWithoutMaps(dims));
    } else {
      size_t heads = dims.find('q');
      shape[heads] = attention.getNumOutputHeads();
      sizes[heads] = rewriter.getIndexAttr(shape[heads]);
      strides[heads] = rewriter.getIndexAttr(2);
    }
    Value firstMaps = tensor::ExtractSliceOp::create(
        rewriter, loc, RankedTensorType::get(shape, type.getElementType()),
        op.getQuery(), offsets, sizes, strides);
    rewriter.replaceOpWithNewOp<SoftmaxAttentionOp>(
        op, op->getResultTypes(), firstMaps, op.getKey(), op.getValue(),
        op.getCuSeqlensQ(), op.getCuSeqlensK(), op.getGate(), op.getDiagonal(),
        op.getOutput(), /*lse=*/Value(), op.getMaskAttr(), op.getScaleAttr(),
        op.getSoftcapAttr(), layout, op.getScheduleAttr());
    return success();
  }
};
} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                              MLIRContext *context) {
  results.add<DropDefaultLayout, DropEmptyAttention, WidenMask,
              DropUnusedDiagonal<AttentionOp>, DropVanishingMap>(context);
}

void AttentionV1Op::getCanonicalizationPatterns(RewritePatternSet &results,
                                                MLIRContext *context) {
  results.add<DropDefaultLayout, DropEmptyAttention, WidenMask,
              DropUnusedDiagonal<AttentionV1Op>>(context);
}

void OnlineAttentionOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                                    MLIRContext *context) {
  // Without keys, the running values do not change.
  results.add(+[](OnlineAttentionOp op, PatternRewriter &rewriter) {
    if (!op.hasPureTensorSemantics() ||
        cast<AttentionOpInterface>(op.getOperation()).getDimSize('m') != 0)
      return failure();
    rewriter.replaceOp(op, op.getDpsInits());
    return success();
  });
}

void SoftmaxAttentionOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                                     MLIRContext *context) {
  results.add<DropDefaultLayout, DropEmptyAttention, WidenMask,
              DropUnusedDiagonal<SoftmaxAttentionOp>>(context);
}

void diff::populateEmptyAttentionPatterns(RewritePatternSet &patterns) {
  // Runs before lowerings, whose empty slices would not verify.
  patterns.add<DropEmptyAttention, ReplaceAttentionWithoutKeys>(
      patterns.getContext(), /*benefit=*/2);
}
