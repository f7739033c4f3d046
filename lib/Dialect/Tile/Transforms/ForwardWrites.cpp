//===- ForwardWrites.cpp - Forwarding of written vectors to reads ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "llvm/ADT/SmallBitVector.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILEFORWARDWRITESPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Returns true if the vector of the op holds the whole tensor, in the order of
/// its dimensions, possibly without dimensions of size 1.
static bool writesWholeTensor(vector::TransferWriteOp write) {
  auto type = dyn_cast<RankedTensorType>(write.getShapedType());
  if (!type || !type.hasStaticShape() || write.getMask() ||
      !llvm::all_of(write.getIndices(),
                    [](Value index) { return isConstantIntValue(index, 0); }))
    return false;
  AffineMap map = write.getPermutationMap();
  if (!map.isProjectedPermutation())
    return false;
  int64_t last = -1;
  for (unsigned i = 0; i < map.getNumResults(); ++i) {
    int64_t position = map.getDimPosition(i);
    if (position <= last ||
        type.getDimSize(position) != write.getVectorType().getDimSize(i))
      return false;
    last = position;
  }
  return type.getNumElements() == write.getVectorType().getNumElements();
}

namespace {
/// Replaces read(write(v)) by the part of v that is read.
struct ReadOfWrite : public OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferReadOp read,
                                PatternRewriter &rewriter) const override {
    auto write = read.getBase().getDefiningOp<vector::TransferWriteOp>();
    if (!write || !writesWholeTensor(write) || read.getMask())
      return rewriter.notifyMatchFailure(read, "no write of a whole tensor");
    AffineMap readMap = read.getPermutationMap();
    AffineMap writeMap = write.getPermutationMap();
    if (!readMap.isProjectedPermutation())
      return rewriter.notifyMatchFailure(read, "not a projected permutation");
    auto type = cast<RankedTensorType>(read.getShapedType());
    // Leading dimensions are read at one index, the others completely or from
    // their first index on. Unit dimensions may be missing.
    SmallVector<int64_t> position, sizes;
    bool isPartial = false;
    bool dropsUnitDims = false;
    unsigned next = 0;
    for (unsigned i = 0; i < writeMap.getNumResults(); ++i) {
      unsigned dim = writeMap.getDimPosition(i);
      if (next < readMap.getNumResults() &&
          readMap.getDimPosition(next) == dim) {
        if (read.getVectorType().getDimSize(next) > type.getDimSize(dim) ||
            !isConstantIntValue(read.getIndices()[dim], 0))
          return rewriter.notifyMatchFailure(
              read, "reads a dimension not from its start or beyond its end");
        sizes.push_back(read.getVectorType().getDimSize(next));
        isPartial |= sizes.back() != type.getDimSize(dim);
        ++next;
        continue;
      }
      std::optional<int64_t> index =
          getConstantIntValue(read.getIndices()[dim]);
      bool isUnit = type.getDimSize(dim) == 1;
      if (!index || *index >= type.getDimSize(dim) || (next != 0 && !isUnit))
        return rewriter.notifyMatchFailure(read, "no leading constant index");
      if (next != 0)
        dropsUnitDims = true;
      else
        position.push_back(*index);
    }
    if (next != readMap.getNumResults() || (isPartial && dropsUnitDims))
      return rewriter.notifyMatchFailure(read, "reads a dropped dimension");
    Value value = write.getValueToStore();
    if (!position.empty())
      value =
          vector::ExtractOp::create(rewriter, read.getLoc(), value, position);
    if (dropsUnitDims)
      value = vector::ShapeCastOp::create(rewriter, read.getLoc(),
                                          read.getVectorType(), value);
    if (isPartial)
      value = vector::ExtractStridedSliceOp::create(
          rewriter, read.getLoc(), value, SmallVector<int64_t>(sizes.size(), 0),
          sizes, SmallVector<int64_t>(sizes.size(), 1));
    rewriter.replaceOp(read, value);
    return success();
  }
};

/// Forwards a read of every s-th index of one dimension of a written tensor:
/// this dimension of the vector is reshaped from [n] to [n / s, s], and the
/// inner part is read at the offset.
struct ReadOfStridedSlice : public OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferReadOp read,
                                PatternRewriter &rewriter) const override {
    auto slice = read.getBase().getDefiningOp<tensor::ExtractSliceOp>();
    auto write =
        slice ? slice.getSource().getDefiningOp<vector::TransferWriteOp>()
              : vector::TransferWriteOp();
    if (!write || !writesWholeTensor(write) || read.getMask() ||
        !read.getPermutationMap().isIdentity() ||
        read.getVectorType().getShape() != slice.getType().getShape())
      return rewriter.notifyMatchFailure(read, "no whole slice of a write");
    // The strided dimension in the vector, its offset and stride. All others
    // are read completely.
    AffineMap map = write.getPermutationMap();
    std::optional<unsigned> strided;
    int64_t offset = 0, stride = 1;
    RankedTensorType type = slice.getSourceType();
    for (unsigned i = 0; i < map.getNumResults(); ++i) {
      unsigned dim = map.getDimPosition(i);
      if (slice.getStaticOffset(dim) == 0 && slice.getStaticStride(dim) == 1 &&
          slice.getStaticSize(dim) == type.getDimSize(dim))
        continue;
      if (strided)
        return rewriter.notifyMatchFailure(read, "cut along two dimensions");
      strided = i;
      offset = slice.getStaticOffset(dim);
      stride = slice.getStaticStride(dim);
      if (ShapedType::isDynamic(offset) || ShapedType::isDynamic(stride) ||
          offset >= stride ||
          slice.getStaticSize(dim) * stride != type.getDimSize(dim))
        return rewriter.notifyMatchFailure(read, "no even part");
    }
    if (!strided ||
        slice.getType().getNumElements() * stride != type.getNumElements())
      return rewriter.notifyMatchFailure(read, "not strided");
    Location loc = read.getLoc();
    VectorType vector = write.getVectorType();
    SmallVector<int64_t> shape(vector.getShape()), permutation;
    int64_t dim = *strided, rank = shape.size();
    shape[dim] /= stride;
    shape.insert(shape.begin() + dim + 1, stride);
    permutation.push_back(dim + 1);
    for (int64_t i = 0; i <= rank; ++i)
      if (i != dim + 1)
        permutation.push_back(i);
    Value cut = vector::ShapeCastOp::create(
        rewriter, loc, VectorType::get(shape, vector.getElementType()),
        write.getValueToStore());
    Value part = vector::ExtractOp::create(
        rewriter, loc,
        vector::TransposeOp::create(rewriter, loc, cut, permutation), offset);
    rewriter.replaceOpWithNewOp<vector::ShapeCastOp>(read, read.getVectorType(),
                                                     part);
    return success();
  }
};

/// Writes a slice of a written tensor, starting at its origin, to a slice of
/// the destination: elements outside of it are out of bounds.
struct SliceOfWrite : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto write = slice.getSource().getDefiningOp<vector::TransferWriteOp>();
    if (!write || write.getMask() ||
        !write.getPermutationMap().isProjectedPermutation())
      return rewriter.notifyMatchFailure(slice, "not of a write");
    RankedTensorType whole = slice.getSourceType(), part = slice.getType();
    if (part.getRank() != whole.getRank() || !slice.hasUnitStride() ||
        !slice.hasZeroOffset())
      return rewriter.notifyMatchFailure(slice, "not a slice at the origin");
    AffineMap map = write.getPermutationMap();
    llvm::SmallBitVector isVector(whole.getRank());
    SmallVector<bool> inBounds;
    for (unsigned i = 0; i < map.getNumResults(); ++i) {
      unsigned dim = map.getDimPosition(i);
      isVector.set(dim);
      inBounds.push_back(write.isDimInBounds(i) &&
                         part.getDimSize(dim) == whole.getDimSize(dim) &&
                         !part.isDynamicDim(dim));
    }
    for (int64_t dim = 0; dim < whole.getRank(); ++dim)
      if (!isVector[dim] && (part.getDimSize(dim) != whole.getDimSize(dim) ||
                             part.isDynamicDim(dim)))
        return rewriter.notifyMatchFailure(slice, "cuts an index off");
    auto destination = tensor::ExtractSliceOp::create(
        rewriter, slice.getLoc(), part, write.getBase(),
        slice.getMixedOffsets(), slice.getMixedSizes(),
        slice.getMixedStrides());
    rewriter.replaceOpWithNewOp<vector::TransferWriteOp>(
        slice, write.getValueToStore(), destination, write.getIndices(),
        AffineMapAttr::get(map), rewriter.getBoolArrayAttr(inBounds));
    return success();
  }
};

/// The old contents of a slice that is written completely are not needed.
struct SliceOfOverwritten : public OpRewritePattern<vector::TransferWriteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferWriteOp write,
                                PatternRewriter &rewriter) const override {
    auto slice = write.getBase().getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice ||
        !isa_and_nonnull<vector::TransferWriteOp, tensor::PadOp>(
            slice.getSource().getDefiningOp()) ||
        write.getMask() || !write.getPermutationMap().isIdentity() ||
        !llvm::all_of(
            write.getIndices(),
            [](Value index) { return isConstantIntValue(index, 0); }) ||
        slice.getSourceType().getShape() != write.getVectorType().getShape())
      return rewriter.notifyMatchFailure(write, "no slice that it covers");
    Location loc = slice.getLoc();
    Value nothing =
        tensor::EmptyOp::create(rewriter, loc, slice.getSourceType().getShape(),
                                slice.getType().getElementType());
    auto destination = tensor::ExtractSliceOp::create(
        rewriter, loc, slice.getType(), nothing, slice.getMixedOffsets(),
        slice.getMixedSizes(), slice.getMixedStrides());
    rewriter.modifyOpInPlace(
        write, [&] { write.getBaseMutable().assign(destination); });
    return success();
  }
};

/// Writes a tensor without its unit dimensions.
struct CollapseOfWrite : public OpRewritePattern<tensor::CollapseShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::CollapseShapeOp collapse,
                                PatternRewriter &rewriter) const override {
    auto write = collapse.getSrc().getDefiningOp<vector::TransferWriteOp>();
    if (!write || write.getMask() ||
        !write.getPermutationMap().isProjectedPermutation())
      return rewriter.notifyMatchFailure(collapse, "not of a write");
    AffineMap map = write.getPermutationMap();
    auto usesDim = [&](int64_t dim) {
      return map.isFunctionOfDim(dim) ||
             !isConstantIntValue(write.getIndices()[dim], 0) ||
             collapse.getSrcType().getDimSize(dim) != 1;
    };
    // For each group, the dimension that is larger than 1.
    SmallVector<int64_t> kept;
    for (ArrayRef<int64_t> group : collapse.getReassociationIndices()) {
      int64_t found = group.front();
      for (int64_t dim : group) {
        if (!usesDim(dim))
          continue;
        if (found != dim && usesDim(found))
          return rewriter.notifyMatchFailure(collapse, "merges dimensions");
        found = dim;
      }
      kept.push_back(found);
    }
    SmallVector<Value> indices;
    SmallVector<AffineExpr> results(map.getNumResults());
    for (auto [dim, old] : llvm::enumerate(kept)) {
      indices.push_back(write.getIndices()[old]);
      for (unsigned i = 0; i < map.getNumResults(); ++i)
        if (map.getDimPosition(i) == old)
          results[i] = rewriter.getAffineDimExpr(dim);
    }
    auto small = tensor::CollapseShapeOp::create(
        rewriter, collapse.getLoc(), collapse.getResultType(), write.getBase(),
        collapse.getReassociationIndices());
    rewriter.replaceOpWithNewOp<vector::TransferWriteOp>(
        collapse, write.getValueToStore(), small, indices,
        AffineMapAttr::get(
            AffineMap::get(kept.size(), 0, results, rewriter.getContext())),
        write.getInBoundsAttr());
    return success();
  }
};

/// Reads the source of a tensor whose innermost dimensions are merged, and
/// merges those of the vector.
struct ReadOfCollapse : public OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferReadOp read,
                                PatternRewriter &rewriter) const override {
    auto collapse = read.getBase().getDefiningOp<tensor::CollapseShapeOp>();
    if (!collapse || read.getMask() || !read.getPermutationMap().isIdentity() ||
        !collapse.getSrcType().hasStaticShape() ||
        read.getVectorType().getShape() != collapse.getResultType().getShape())
      return rewriter.notifyMatchFailure(read, "no read of a whole collapse");
    auto groups = collapse.getReassociationIndices();
    for (ArrayRef<int64_t> group : ArrayRef(groups).drop_back())
      if (group.size() > 1)
        return rewriter.notifyMatchFailure(collapse, "merges outer dimensions");
    Location loc = read.getLoc();
    RankedTensorType source = collapse.getSrcType();
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    auto whole = vector::TransferReadOp::create(
        rewriter, loc,
        VectorType::get(source.getShape(), source.getElementType()),
        collapse.getSrc(), SmallVector<Value>(source.getRank(), zero),
        read.getPadding(), SmallVector<bool>(source.getRank(), true));
    rewriter.replaceOpWithNewOp<vector::ShapeCastOp>(read, read.getVectorType(),
                                                     whole);
    return success();
  }
};

/// Cuts the end off a tensor before a slice is inserted into it, if all of the
/// cut dimensions are whole in the slice.
struct SliceOfInsert : public OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto insert = slice.getSource().getDefiningOp<tensor::InsertSliceOp>();
    if (!insert ||
        !insert.getSource().getDefiningOp<vector::TransferWriteOp>() ||
        slice.getType().getRank() != slice.getSourceType().getRank() ||
        !slice.hasUnitStride() || !slice.hasZeroOffset())
      return rewriter.notifyMatchFailure(slice, "not of an insertion");
    RankedTensorType whole = insert.getDestType(),
                     part = insert.getSourceType();
    llvm::SmallBitVector dropped = insert.getDroppedDims();
    SmallVector<OpFoldResult> sizes = insert.getMixedSizes(), partSizes;
    for (int64_t dim = 0; dim < whole.getRank(); ++dim) {
      if (!isConstantIntValue(slice.getMixedSizes()[dim],
                              whole.getDimSize(dim))) {
        if (dropped[dim] ||
            !isConstantIntValue(insert.getMixedOffsets()[dim], 0) ||
            !isConstantIntValue(insert.getMixedStrides()[dim], 1) ||
            !isConstantIntValue(sizes[dim], whole.getDimSize(dim)))
          return rewriter.notifyMatchFailure(slice, "cuts a part of the slice");
        sizes[dim] = slice.getMixedSizes()[dim];
      }
      if (!dropped[dim])
        partSizes.push_back(sizes[dim]);
    }
    Location loc = slice.getLoc();
    SmallVector<OpFoldResult> zeros(part.getRank(), rewriter.getIndexAttr(0)),
        ones(part.getRank(), rewriter.getIndexAttr(1));
    Value source = tensor::ExtractSliceOp::create(
        rewriter, loc, insert.getSource(), zeros, partSizes, ones);
    Value destination = tensor::ExtractSliceOp::create(
        rewriter, loc, slice.getType(), insert.getDest(),
        slice.getMixedOffsets(), slice.getMixedSizes(),
        slice.getMixedStrides());
    rewriter.replaceOpWithNewOp<tensor::InsertSliceOp>(
        slice, source, destination, insert.getMixedOffsets(), sizes,
        insert.getMixedStrides());
    return success();
  }
};

/// Makes a loop carry vectors instead of the tensors from which they are read,
/// and hoists loop invariants.
void carryVectors(RewriterBase &rewriter, scf::ForOp loop) {
  moveLoopInvariantCode(cast<LoopLikeOpInterface>(loop.getOperation()));
  DictionaryAttr attributes = loop->getDiscardableAttrDictionary();
  LoopLikeOpInterface hoisted = hoistLoopInvariantSubsets(
      rewriter, cast<LoopLikeOpInterface>(loop.getOperation()));
  hoisted->setDiscardableAttrs(attributes);
}

/// Sinks vectors that are computed before a loop and used after it to their
/// first use. Otherwise they would occupy registers during the loop.
void sinkBehindLoops(scf::ForallOp forall) {
  Block *body = forall.getBody();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*body))) {
    if (op.getNumResults() == 0 ||
        !isa<VectorType>(op.getResult(0).getType()) ||
        op.getNumRegions() != 0 || !isMemoryEffectFree(&op))
      continue;
    Operation *first = nullptr;
    for (Operation *user : op.getUsers()) {
      Operation *ancestor = body->findAncestorOpInBlock(*user);
      if (!first || (ancestor && ancestor->isBeforeInBlock(first)))
        first = ancestor;
    }
    auto between = first ? llvm::make_range(std::next(op.getIterator()),
                                            first->getIterator())
                         : llvm::make_range(body->end(), body->end());
    if (llvm::any_of(between, llvm::IsaPred<scf::ForOp>))
      op.moveBefore(first);
  }
}

struct TileForwardWrites
    : public tile::impl::TileForwardWritesPassBase<TileForwardWrites> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForallOp forall) {
      if (forall->hasAttr(TileDialect::kScheduleAttrName))
        forall.walk([&](scf::ForOp loop) { loops.push_back(loop); });
    });
    for (scf::ForOp loop : loops)
      carryVectors(rewriter, loop);
    RewritePatternSet patterns(&getContext());
    patterns.add<CollapseOfWrite, ReadOfCollapse, ReadOfStridedSlice,
                 ReadOfWrite, SliceOfInsert, SliceOfWrite, SliceOfOverwritten>(
        &getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    tensor::populateFoldTensorSubsetIntoVectorTransferPatterns(patterns);
    // Forward reads of a padded tensor to its source.
    linalg::populatePadOpVectorizationPatterns(patterns);
    // Replace a tensor that a loop carries unchanged by its initial value.
    scf::ForOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation()->walk([](scf::ForallOp forall) {
      if (forall->hasAttr(TileDialect::kScheduleAttrName))
        sinkBehindLoops(forall);
    });
  }
};
} // namespace
