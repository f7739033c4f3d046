//===- FoldLayouts.cpp - Transposes into layouts -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFFOLDLAYOUTSPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

static bool keepsInnermost(ArrayRef<int64_t> permutation) {
  return !permutation.empty() &&
         permutation.back() == static_cast<int64_t>(permutation.size()) - 1;
}

/// Returns the letters of an operand in the default order. With `isPair`, the
/// pair is a dimension of its own.
static std::string getDefaultDims(AttentionOpInterface op, unsigned operand,
                                  bool isPair) {
  std::string pairDims = op.getOperandPairDims(operand).str();
  StringRef dims = op.getOperandDims(operand);
  if (isPair)
    return pairDims;
  if (pairDims.size() != dims.size()) {
    LayoutAttr layout = op.getLayoutAttr();
    ArrayRef<int64_t> permutation =
        layout ? layout.getPermutation(op.getOperandName(operand))
               : ArrayRef<int64_t>();
    std::string unpermuted = dims.str();
    for (auto [position, dim] : llvm::zip(permutation, dims))
      unpermuted[position] = dim;
    return unpermuted;
  }
  for (char letter : StringRef("qkv"))
    if (size_t first = pairDims.find(diff::detail::getParts(letter));
        first != std::string::npos)
      pairDims.replace(first, 2, 1, letter);
  return pairDims;
}

/// Sets an operand whose dimensions are `dims`.
static void setOperand(RewriterBase &rewriter, AttentionOpInterface op,
                       unsigned operand, Value value, StringRef dims) {
  std::string order = getDefaultDims(
      op, operand, dims.size() == op.getOperandPairDims(operand).size());
  SmallVector<int64_t> permutation;
  for (char dim : dims)
    permutation.push_back(order.find(dim));
  rewriter.modifyOpInPlace(op, [&] {
    op.setLayoutAttr(
        LayoutAttr::withPermutation(rewriter.getContext(), op.getLayoutAttr(),
                                    op.getOperandName(operand), permutation));
    op->setOperand(operand, value);
  });
}

namespace {
/// Folds the op that produces a query, key or value into the layout.
struct FoldProducerOfOperand
    : public OpInterfaceRewritePattern<AttentionOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (!isa<TensorType>(op.getQuery().getType()))
      return rewriter.notifyMatchFailure(op, "is on memrefs");
    for (unsigned operand : {kQueryOperand, kKeyOperand, kValueOperand}) {
      Operation *producer = op->getOperand(operand).getDefiningOp();
      if (auto transpose = dyn_cast_or_null<linalg::TransposeOp>(producer)) {
        if (succeeded(foldTranspose(rewriter, op, operand, transpose)))
          return success();
      } else if (auto collapse =
                     dyn_cast_or_null<tensor::CollapseShapeOp>(producer)) {
        if (succeeded(foldCollapse(rewriter, op, operand, collapse)))
          return success();
      } else if (auto expand =
                     dyn_cast_or_null<tensor::ExpandShapeOp>(producer)) {
        if (succeeded(foldTransposeOfExpand(rewriter, op, operand, expand)))
          return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "no operand has a producer that a "
                                           "layout describes");
  }

private:
  static LogicalResult foldTranspose(RewriterBase &rewriter,
                                     AttentionOpInterface op, unsigned operand,
                                     linalg::TransposeOp transpose) {
    if (!keepsInnermost(transpose.getPermutation()))
      return failure();
    StringRef dims = op.getOperandDims(operand);
    std::string source(dims.size(), ' ');
    for (auto [dim, position] :
         llvm::zip_equal(dims, transpose.getPermutation()))
      source[position] = dim;
    setOperand(rewriter, op, operand, transpose.getInput(), source);
    return success();
  }

  /// Splits a dimension whose parts are dimensions of a transpose. Other
  /// collapses need no copy.
  static LogicalResult foldCollapse(RewriterBase &rewriter,
                                    AttentionOpInterface op, unsigned operand,
                                    tensor::CollapseShapeOp collapse) {
    StringRef dims = op.getOperandDims(operand);
    RankedTensorType source = collapse.getSrcType();
    auto transpose = collapse.getSrc().getDefiningOp<linalg::TransposeOp>();
    if (!transpose || !keepsInnermost(transpose.getPermutation()) ||
        source.getRank() !=
            static_cast<int64_t>(op.getOperandPairDims(operand).size()))
      return failure();
    std::string split;
    for (auto [dim, group] :
         llvm::zip_equal(dims, collapse.getReassociationIndices())) {
      if (group.size() == 1) {
        split += dim;
        continue;
      }
      StringRef parts = diff::detail::getParts(dim);
      if (parts.empty() || !isSplitLike(op, dim, source.getDimSize(group[0]),
                                        source.getDimSize(group[1])))
        return failure();
      split += parts;
    }
    setOperand(rewriter, op, operand, collapse.getSrc(), split);
    return success();
  }

  /// Returns true if the parts of a dimension have these sizes.
  static bool isSplitLike(AttentionOpInterface op, char dim, int64_t outer,
                          int64_t inner) {
    switch (dim) {
    case 'q':
      return inner == op.getNumMaps();
    case 'k':
      return inner == op.getNumKeyMaps();
    default:
      return outer == op.getValueWidth();
    }
  }

  /// Expands the source of a transpose instead of its result.
  static LogicalResult foldTransposeOfExpand(RewriterBase &rewriter,
                                             AttentionOpInterface op,
                                             unsigned operand,
                                             tensor::ExpandShapeOp expand) {
    auto transpose = expand.getSrc().getDefiningOp<linalg::TransposeOp>();
    if (!transpose || !keepsInnermost(transpose.getPermutation()))
      return failure();
    StringRef dims = op.getOperandDims(operand);
    SmallVector<ReassociationIndices> transposedGroups =
        expand.getReassociationIndices();
    SmallVector<ArrayRef<int64_t>> sourceGroups(transposedGroups.size());
    for (auto [position, group] :
         llvm::zip_equal(transpose.getPermutation(), transposedGroups))
      sourceGroups[position] = group;
    std::string source;
    SmallVector<OpFoldResult> sizes,
        expandedSizes = expand.getMixedOutputShape();
    SmallVector<int64_t> shape;
    SmallVector<ReassociationIndices> reassociation;
    for (ArrayRef<int64_t> group : sourceGroups) {
      ReassociationIndices &positions = reassociation.emplace_back();
      for (int64_t dim : group) {
        positions.push_back(source.size());
        source += dims[dim];
        sizes.push_back(expandedSizes[dim]);
        shape.push_back(expand.getResultType().getDimSize(dim));
      }
    }
    auto type =
        RankedTensorType::get(shape, expand.getResultType().getElementType());
    rewriter.setInsertionPoint(expand);
    Value expanded = tensor::ExpandShapeOp::create(rewriter, expand.getLoc(),
                                                   type, transpose.getInput(),
                                                   reassociation, sizes);
    setOperand(rewriter, op, operand, expanded, source);
    return success();
  }
};

/// Merges the parts of a pair's dimension that are adjacent. Operands without
/// such a dimension have the simpler kernels.
struct MergeAdjacentParts
    : public OpInterfaceRewritePattern<AttentionOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(AttentionOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (!isa<TensorType>(op.getQuery().getType()))
      return rewriter.notifyMatchFailure(op, "is on memrefs");
    for (unsigned operand : {kQueryOperand, kKeyOperand, kValueOperand}) {
      std::string dims = op.getOperandDims(operand).str();
      for (char whole : StringRef("qkv")) {
        StringRef parts = diff::detail::getParts(whole);
        size_t first = dims.find(parts);
        if (first == std::string::npos)
          continue;
        Value value = op->getOperand(operand);
        SmallVector<ReassociationIndices> groups;
        for (size_t dim = 0; dim < dims.size(); ++dim) {
          groups.push_back({static_cast<int64_t>(dim)});
          if (dim == first)
            groups.back().push_back(++dim);
        }
        Value merged = rewriter.createOrFold<tensor::CollapseShapeOp>(
            op.getLoc(), value, groups);
        setOperand(rewriter, op, operand, merged,
                   dims.replace(first, parts.size(), 1, whole));
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "no operand has adjacent parts");
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
    // The gate has the layout of the output.
    Value gate = op.getGate();
    if (gate) {
      gate = getTransposed(gate, transpose.getPermutation());
      if (!gate)
        return rewriter.notifyMatchFailure(
            op, "the gate is not the inverse transpose of a tensor");
    }
    // Rows that belong to no sequence would have other values.
    if (attention.hasSequences() &&
        !init->get().getDefiningOp<tensor::EmptyOp>())
      return rewriter.notifyMatchFailure(op, "the destination has values");
    Value output = getDestination(rewriter, op, transpose);
    if (!output)
      return rewriter.notifyMatchFailure(
          op, "the transpose's destination does not dominate the op");

    unsigned operand = init->getOperandNumber();
    StringRef dims = attention.getOperandDims(operand);
    std::string order = getDefaultDims(attention, operand, /*isPair=*/false);
    SmallVector<int64_t> layout;
    for (int64_t position : transpose.getPermutation())
      layout.push_back(order.find(dims[position]));
    SmallVector<Value> operands(op->getOperands());
    operands[operand] = output;
    if (gate)
      for (auto [number, value] : llvm::enumerate(operands))
        if (attention.getOperandName(number) == "gate")
          value = gate;
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

  /// Returns the source of a transpose by the inverse permutation, or null.
  static Value getTransposed(Value value, ArrayRef<int64_t> permutation) {
    auto transpose = value.getDefiningOp<linalg::TransposeOp>();
    if (!transpose || !llvm::equal(invertPermutationVector(permutation),
                                   transpose.getPermutation()))
      return {};
    return transpose.getInput();
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

struct DiffFoldLayouts
    : public diff::impl::DiffFoldLayoutsPassBase<DiffFoldLayouts> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateFoldLayoutPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void diff::populateFoldLayoutPatterns(RewritePatternSet &patterns) {
  patterns
      .add<FoldProducerOfOperand, FoldTransposeOfOutput, MergeAdjacentParts>(
          patterns.getContext());
}
