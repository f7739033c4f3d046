//===- PrepareBufferization.cpp - Tensor ops that buffers can hold --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFDECOMPOSESTRUCTUREDPASS
#define GEN_PASS_DEF_DIFFPREPAREBUFFERIZATIONPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

//===----------------------------------------------------------------------===//
// diff-decompose-structured
//===----------------------------------------------------------------------===//

namespace {
struct DecomposeAggregated
    : public OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (isa<DiffDialect>(op->getDialect()) ||
        !llvm::all_of(op->getResultTypes(), llvm::IsaPred<TensorType>) ||
        op->getNumResults() == 0)
      return failure();
    // The upstream decomposition gives its results the type of the input.
    if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op.getOperation());
        softmax &&
        softmax.getInput().getType() != softmax.getOutput().getType())
      rewriter.modifyOpInPlace(softmax, [&] {
        rewriter.setInsertionPoint(softmax);
        softmax.getInputMutable().assign(tensor::CastOp::create(
            rewriter, softmax.getLoc(), softmax.getOutput().getType(),
            softmax.getInput()));
      });
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
    if (failed(results))
      return failure();
    rewriter.replaceOp(op, *results);
    return success();
  }
};

struct LowerPack : public OpRewritePattern<linalg::PackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::PackOp op,
                                PatternRewriter &rewriter) const override {
    return success(op.hasPureTensorSemantics() &&
                   succeeded(linalg::lowerPack(rewriter, op)));
  }
};

struct LowerUnPack : public OpRewritePattern<linalg::UnPackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::UnPackOp op,
                                PatternRewriter &rewriter) const override {
    return success(op.hasPureTensorSemantics() &&
                   succeeded(linalg::lowerUnPack(rewriter, op)));
  }
};

struct DiffDecomposeStructured
    : public diff::impl::DiffDecomposeStructuredPassBase<
          DiffDecomposeStructured> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeAggregated, LowerPack, LowerUnPack>(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// diff-prepare-bufferization
//===----------------------------------------------------------------------===//

/// Returns true if a slice drops some of its dimensions of size 1 and keeps
/// others. If strides are dynamic, the type of its memref does not tell which.
static bool isAmbiguous(ArrayRef<OpFoldResult> sizes,
                        const llvm::SmallBitVector &dropped) {
  if (dropped.none())
    return false;
  for (auto [i, size] : llvm::enumerate(sizes))
    if (!dropped.test(i) && isConstantIntValue(size, 1))
      return true;
  return false;
}

/// Groups the dimensions of a slice so that each group has one dimension that
/// is kept. Returns no groups if all dimensions are dropped.
static SmallVector<ReassociationIndices>
getReassociation(const llvm::SmallBitVector &dropped) {
  SmallVector<ReassociationIndices> groups;
  ReassociationIndices group;
  for (unsigned i = 0, e = dropped.size(); i < e; ++i) {
    group.push_back(i);
    if (dropped.test(i))
      continue;
    groups.push_back(group);
    group.clear();
  }
  if (!groups.empty())
    llvm::append_range(groups.back(), group);
  return groups;
}

/// Returns true if an op overwrites its whole destination.
static bool isWhole(tensor::InsertSliceOp op) {
  return op.getDestType().hasStaticShape() && op.hasUnitStride() &&
         op.hasZeroOffset() &&
         op.getStaticSizes() == op.getDestType().getShape();
}

/// Returns true if a write writes every element of its destination.
static bool overwrites(vector::TransferWriteOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getBase().getType());
  return type && type.hasStaticShape() && !op.getMask() &&
         !op.hasOutOfBoundsDim() &&
         op.getPermutationMap().isProjectedPermutation() &&
         op.getVectorType().getNumElements() == type.getNumElements();
}

namespace {
/// Replaces a slice of a tensor that an insertion overwrites completely by a
/// slice of the inserted tensor. A read of the source and another one of the
/// slice would be reads of two buffers.
struct ReadInsertedSlice : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    auto insert = op.getSource().getDefiningOp<tensor::InsertSliceOp>();
    if (!insert || !isWhole(insert))
      return rewriter.notifyMatchFailure(op, "the source is not overwritten");
    llvm::SmallBitVector dropped = insert.getDroppedDims();
    SmallVector<OpFoldResult> offsets, sizes, strides;
    for (auto [i, offset, size, stride] : llvm::enumerate(
             op.getMixedOffsets(), op.getMixedSizes(), op.getMixedStrides())) {
      if (dropped.test(i)) {
        if (!isConstantIntValue(size, 1))
          return rewriter.notifyMatchFailure(op, "the slice may be empty");
        continue;
      }
      offsets.push_back(offset);
      sizes.push_back(size);
      strides.push_back(stride);
    }
    auto type =
        tensor::ExtractSliceOp::inferResultType(insert.getSourceType(), sizes);
    if (isRankReducedType(type, op.getType()) !=
        SliceVerificationResult::Success)
      return rewriter.notifyMatchFailure(
          op, "the slice keeps a dimension that the inserted tensor lacks");
    rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(
        op, op.getType(), insert.getSource(), offsets, sizes, strides);
    return success();
  }
};

struct WidenExtractSlice : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    llvm::SmallBitVector dropped = op.getDroppedDims();
    if (!isAmbiguous(op.getMixedSizes(), dropped))
      return failure();
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, op.getLoc(), op.getSource(), op.getMixedOffsets(),
        op.getMixedSizes(), op.getMixedStrides());
    rewriter.replaceOpWithNewOp<tensor::CollapseShapeOp>(
        op, op.getType(), slice, getReassociation(dropped));
    return success();
  }
};

template <typename OpTy>
struct WidenInsertSlice : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    llvm::SmallBitVector dropped = op.getDroppedDims();
    if (!isAmbiguous(op.getMixedSizes(), dropped))
      return failure();
    SmallVector<int64_t> shape;
    SmallVector<Value> dynamic;
    dispatchIndexOpFoldResults(op.getMixedSizes(), dynamic, shape);
    if constexpr (std::is_same_v<OpTy, tensor::ParallelInsertSliceOp>)
      rewriter.setInsertionPoint(op->getParentOp());
    Value source = tensor::ExpandShapeOp::create(
        rewriter, op.getLoc(), op.getSourceType().clone(shape), op.getSource(),
        getReassociation(dropped), op.getMixedSizes());
    rewriter.modifyOpInPlace(op, [&] { op.getSourceMutable().assign(source); });
    return success();
  }
};

/// Inserts slices into the result of a parallel loop instead of an
/// uninitialized tensor that is then inserted into it.
/// `eliminate-empty-tensors` does this for the tensor of one slice only.
struct InsertIntoResult
    : public OpRewritePattern<tensor::ParallelInsertSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ParallelInsertSliceOp op,
                                PatternRewriter &rewriter) const override {
    // The insertions, the last one first, and a cast of the last one.
    SmallVector<Operation *> chain;
    Value source = op.getSource();
    auto collapse = source.getDefiningOp<tensor::CollapseShapeOp>();
    if (collapse) {
      chain.push_back(collapse);
      source = collapse.getSrc();
    }
    while (auto insert = source.getDefiningOp<tensor::InsertSliceOp>()) {
      chain.push_back(insert);
      source = insert.getDest();
    }
    auto first = chain.empty() ? tensor::InsertSliceOp()
                               : dyn_cast<tensor::InsertSliceOp>(chain.back());
    if (!first || !source.getDefiningOp<tensor::EmptyOp>() ||
        !llvm::all_of(chain, [](Operation *op) { return op->hasOneUse(); }))
      return rewriter.notifyMatchFailure(op, "no slices of an empty tensor");
    Operation *end = op->getParentOp();
    for (Operation *op : llvm::reverse(chain))
      rewriter.moveOpBefore(op, end);
    rewriter.setInsertionPoint(first);
    Location loc = op.getLoc();
    Value place = tensor::ExtractSliceOp::create(
        rewriter, loc, op.getSourceType(), op.getDest(), op.getMixedOffsets(),
        op.getMixedSizes(), op.getMixedStrides());
    if (collapse)
      place = expand(rewriter, place, collapse);
    rewriter.modifyOpInPlace(first,
                             [&] { first.getDestMutable().assign(place); });
    return success();
  }

private:
  /// Returns a view of the collapsed value in the shape of the source.
  static Value expand(OpBuilder &b, Value value,
                      tensor::CollapseShapeOp collapse) {
    SmallVector<OpFoldResult> sizes;
    RankedTensorType type = collapse.getSrcType();
    for (auto [dim, group] :
         llvm::enumerate(collapse.getReassociationIndices()))
      for (int64_t part : group)
        sizes.push_back(
            type.isDynamicDim(part)
                ? tensor::getMixedSize(b, value.getLoc(), value, dim)
                : b.getIndexAttr(type.getDimSize(part)));
    return tensor::ExpandShapeOp::create(b, value.getLoc(), type, value,
                                         collapse.getReassociationIndices(),
                                         sizes);
  }
};

/// Writes a slice where it is then inserted, not into a slice of an earlier
/// tensor. Slices with strides that do not overlap, such as those of two maps,
/// would otherwise be a conflict for bufferization.
struct WriteIntoInsertion : public OpRewritePattern<tensor::InsertSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::InsertSliceOp op,
                                PatternRewriter &rewriter) const override {
    auto write = op.getSource().getDefiningOp<vector::TransferWriteOp>();
    auto slice = write ? write.getBase().getDefiningOp<tensor::ExtractSliceOp>()
                       : tensor::ExtractSliceOp();
    if (!slice || !overwrites(write) || slice.getSource() == op.getDest() ||
        slice.getSourceType() != op.getDestType() ||
        slice.getMixedOffsets() != op.getMixedOffsets() ||
        slice.getMixedSizes() != op.getMixedSizes() ||
        slice.getMixedStrides() != op.getMixedStrides())
      return rewriter.notifyMatchFailure(op, "no slice of another tensor");
    Operation *dest = op.getDest().getDefiningOp();
    if (dest &&
        (dest->getBlock() != write->getBlock() || write->isBeforeInBlock(dest)))
      return rewriter.notifyMatchFailure(op, "the destination comes later");
    rewriter.setInsertionPoint(write);
    Value place = tensor::ExtractSliceOp::create(
        rewriter, slice.getLoc(), slice.getType(), op.getDest(),
        op.getMixedOffsets(), op.getMixedSizes(), op.getMixedStrides());
    rewriter.modifyOpInPlace(write,
                             [&] { write.getBaseMutable().assign(place); });
    return success();
  }
};

struct DiffPrepareBufferization
    : public diff::impl::DiffPrepareBufferizationPassBase<
          DiffPrepareBufferization> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<InsertIntoResult, ReadInsertedSlice, WriteIntoInsertion,
                 WidenExtractSlice, WidenInsertSlice<tensor::InsertSliceOp>,
                 WidenInsertSlice<tensor::ParallelInsertSliceOp>>(
        &getContext());
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    WalkResult result = getOperation().walk([](Operation *op) {
      if (!llvm::any_of(op->getResultTypes(), llvm::IsaPred<TensorType>) &&
          !llvm::any_of(op->getOperandTypes(), llvm::IsaPred<TensorType>))
        return WalkResult::advance();
      if (isa<bufferization::BufferizableOpInterface>(op))
        return WalkResult::advance();
      op->emitOpError("cannot be bufferized");
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
