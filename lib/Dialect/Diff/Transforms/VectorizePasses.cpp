//===- VectorizePasses.cpp - Vectorization of tiles -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorTransforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFVECTORIZETILESPASS
#define GEN_PASS_DEF_DIFFEXPANDCOPIESPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Collects the linalg ops inside parallel loops. Others are whole tensors.
static SmallVector<linalg::LinalgOp> collectTileOps(func::FuncOp func) {
  SmallVector<linalg::LinalgOp> ops;
  func.walk([&](linalg::LinalgOp op) {
    if (op->getParentOfType<scf::ForallOp>())
      ops.push_back(op);
  });
  return ops;
}

namespace {
/// Returns the operand's dimension whose index is a quotient of a loop, if the
/// indices of all other dimensions are loops.
static std::optional<unsigned> findQuotient(AffineMap map) {
  std::optional<unsigned> found;
  for (auto [position, index] : llvm::enumerate(map.getResults())) {
    if (isa<AffineDimExpr>(index))
      continue;
    auto quotient = dyn_cast<AffineBinaryOpExpr>(index);
    if (found || !quotient || quotient.getKind() != AffineExprKind::FloorDiv ||
        !isa<AffineDimExpr>(quotient.getLHS()) ||
        !isa<AffineConstantExpr>(quotient.getRHS()))
      return std::nullopt;
    found = position;
  }
  return found;
}

/// Repeats the parts of operands that several iterations read, such as the keys
/// of the signal maps, as vectors. linalg::vectorize reads each element once.
static void repeatParts(RewriterBase &rewriter, linalg::LinalgOp op) {
  auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
  if (!generic || !generic.hasPureTensorSemantics())
    return;
  Location loc = op.getLoc();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (OpOperand *operand : generic.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    std::optional<unsigned> position = findQuotient(map);
    auto type = dyn_cast<RankedTensorType>(operand->get().getType());
    if (!position || !type)
      continue;
    auto quotient = cast<AffineBinaryOpExpr>(map.getResult(*position));
    auto loop = cast<AffineDimExpr>(quotient.getLHS());
    int64_t divisor = cast<AffineConstantExpr>(quotient.getRHS()).getValue();
    // The dimension comes first, as vector.shuffle requires.
    SmallVector<int64_t> shape = {type.getDimSize(*position)};
    SmallVector<AffineExpr> order = {rewriter.getAffineDimExpr(*position)},
                            indices = {loop};
    for (unsigned dim = 0; dim < map.getNumResults(); ++dim)
      if (dim != *position) {
        shape.push_back(type.getDimSize(dim));
        order.push_back(rewriter.getAffineDimExpr(dim));
        indices.push_back(map.getResult(dim));
      }
    SmallVector<int64_t> parts;
    for (int64_t i = 0; i < ranges[loop.getPosition()]; ++i)
      parts.push_back(i / divisor);
    rewriter.setInsertionPoint(op);
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value padding = arith::ConstantOp::create(
        rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
    auto inBounds =
        rewriter.getBoolArrayAttr(SmallVector<bool>(shape.size(), true));
    MLIRContext *context = rewriter.getContext();
    Value read = vector::TransferReadOp::create(
        rewriter, loc, VectorType::get(shape, type.getElementType()),
        operand->get(), SmallVector<Value>(shape.size(), zero),
        AffineMapAttr::get(AffineMap::get(shape.size(), 0, order, context)),
        padding, /*mask=*/Value(), inBounds);
    Value repeated =
        vector::ShuffleOp::create(rewriter, loc, read, read, parts);
    shape.front() = parts.size();
    Value empty =
        tensor::EmptyOp::create(rewriter, loc, shape, type.getElementType());
    Value whole =
        vector::TransferWriteOp::create(
            rewriter, loc, repeated, empty,
            SmallVector<Value>(shape.size(), zero),
            AffineMapAttr::get(rewriter.getMultiDimIdentityMap(shape.size())),
            inBounds)
            .getResult();
    SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
    maps[operand->getOperandNumber()] =
        AffineMap::get(map.getNumDims(), 0, indices, context);
    rewriter.modifyOpInPlace(generic, [&] {
      operand->set(whole);
      generic.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    });
  }
}

/// Matches a read of a padded tensor with a split dimension. Reads the tensor
/// before the split, and splits the dimension of the vector. The dimension
/// comes first, as the rows of a contraction do.
struct ReadOfExpand : public OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferReadOp read,
                                PatternRewriter &rewriter) const override {
    auto expand = read.getBase().getDefiningOp<tensor::ExpandShapeOp>();
    if (!expand || !isOnTensorCores(read) || !isPadded(expand.getSrc()) ||
        read.getMask() || read.hasOutOfBoundsDim() ||
        !read.getPermutationMap().isProjectedPermutation() ||
        !expand.getResultType().hasStaticShape() ||
        read.getVectorType().getNumElements() !=
            expand.getResultType().getNumElements())
      return rewriter.notifyMatchFailure(read, "no read of a whole expansion");
    SmallVector<ReassociationIndices> groups = expand.getReassociationIndices();
    auto isSplit = [](ArrayRef<int64_t> group) { return group.size() > 1; };
    if (llvm::count_if(groups, isSplit) != 1)
      return rewriter.notifyMatchFailure(expand, "splits several dimensions");
    int64_t split = llvm::find_if(groups, isSplit) - groups.begin();
    // The dimensions of the source that the vector has, and those of the
    // expansion, both with the split dimension first.
    AffineMap map = read.getPermutationMap();
    SmallVector<int64_t> dims = {split},
                         parts = llvm::to_vector_of<int64_t>(groups[split]);
    for (auto [dim, group] : llvm::enumerate(groups))
      if (!isSplit(group) && map.isFunctionOfDim(group.front())) {
        dims.push_back(dim);
        parts.push_back(group.front());
      }
    SmallVector<int64_t> order, sizes, partSizes;
    for (unsigned i = 0; i < map.getNumResults(); ++i)
      order.push_back(llvm::find(parts, map.getDimPosition(i)) - parts.begin());
    if (order.size() != parts.size())
      return rewriter.notifyMatchFailure(read, "drops a part");
    SmallVector<AffineExpr> results;
    RankedTensorType source = expand.getSrcType();
    for (int64_t dim : dims) {
      sizes.push_back(source.getDimSize(dim));
      results.push_back(rewriter.getAffineDimExpr(dim));
    }
    for (int64_t part : parts)
      partSizes.push_back(expand.getResultType().getDimSize(part));
    Location loc = read.getLoc();
    Type element = source.getElementType();
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value whole = vector::TransferReadOp::create(
        rewriter, loc, VectorType::get(sizes, element), expand.getSrc(),
        SmallVector<Value>(source.getRank(), zero),
        AffineMapAttr::get(AffineMap::get(source.getRank(), 0, results,
                                          rewriter.getContext())),
        read.getPadding(), /*mask=*/Value(),
        rewriter.getBoolArrayAttr(SmallVector<bool>(sizes.size(), true)));
    Value cast = vector::ShapeCastOp::create(
        rewriter, loc, VectorType::get(partSizes, element), whole);
    rewriter.replaceOpWithNewOp<vector::TransposeOp>(read, cast, order);
    return success();
  }

private:
  static bool isPadded(Value tensor) {
    if (auto slice = tensor.getDefiningOp<tensor::ExtractSliceOp>())
      tensor = slice.getSource();
    return tensor.getDefiningOp<tensor::PadOp>() != nullptr;
  }
};

struct DiffVectorizeTiles
    : public diff::impl::DiffVectorizeTilesPassBase<DiffVectorizeTiles> {
  using DiffVectorizeTilesPassBase::DiffVectorizeTilesPassBase;

  void runOnOperation() override {
    if (!llvm::is_contained({"all", "tensor-cores", "threads"}, tiles)) {
      getOperation().emitError("diff-vectorize-tiles: option 'tiles' must be "
                               "'all', 'tensor-cores' or 'threads', found '")
          << tiles << "'";
      return signalPassFailure();
    }
    bool onTensorCores = tiles == "tensor-cores";
    auto isSelected = [&](Operation *op) {
      return tiles == "all" || isOnTensorCores(op) == onTensorCores;
    };
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : collectTileOps(getOperation())) {
      if (op.hasDynamicShape() || !isSelected(op))
        continue;
      if (onTensorCores)
        repeatParts(rewriter, op);
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::VectorizationResult> vectorized =
          linalg::vectorize(rewriter, op);
      // Ops without a vector form are lowered to loops.
      if (succeeded(vectorized))
        rewriter.replaceOp(op, vectorized->replacements);
    }
    RewritePatternSet patterns(&getContext());
    if (onTensorCores) {
      patterns.add<ReadOfExpand>(&getContext());
      vector::populateFoldArithExtensionPatterns(patterns);
    }
    linalg::populatePadOpVectorizationPatterns(patterns);
    vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
    vector::populateVectorReductionToContractPatterns(patterns);
    vector::populateSinkVectorOpsPatterns(patterns);
    tensor::populateFoldTensorSubsetIntoVectorTransferPatterns(patterns);
    vector::TransferReadOp::getCanonicalizationPatterns(patterns,
                                                        &getContext());
    vector::TransferWriteOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    tensor::ExtractSliceOp::getCanonicalizationPatterns(patterns,
                                                        &getContext());
    tensor::InsertSliceOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

/// Returns true if starting threads would take longer than the op.
static bool isSmall(linalg::LinalgOp op) {
  constexpr int64_t kFewIterations = int64_t(1) << 15;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  return llvm::none_of(ranges, ShapedType::isDynamic) &&
         llvm::product_of(ranges) <= kFewIterations;
}

struct DiffExpandCopies
    : public diff::impl::DiffExpandCopiesPassBase<DiffExpandCopies> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) {
      if (isa<MemRefType>(copy.getSource().getType()) &&
          isa<MemRefType>(copy.getTarget().getType()))
        copies.push_back(copy);
    });
    for (memref::CopyOp copy : copies) {
      rewriter.setInsertionPoint(copy);
      if (copy.getSource() != copy.getTarget())
        linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(),
                                 copy.getTarget());
      rewriter.eraseOp(copy);
    }
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op->getParentOfType<scf::ForallOp>() || isSmall(op))
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      rewriter.setInsertionPoint(op);
      if (op.hasPureBufferSemantics() &&
          succeeded(linalg::linalgOpToLoops(rewriter, op)))
        rewriter.eraseOp(op);
    }
    getOperation().walk([&](Operation *op) { expandElement(rewriter, op); });
  }

  /// Expands a transfer of one element. Upstream's conversion needs contiguous
  /// memory, also for one element.
  static void expandElement(RewriterBase &rewriter, Operation *op) {
    auto transfer = dyn_cast<VectorTransferOpInterface>(op);
    if (!transfer || transfer.getVectorType().getRank() != 0 ||
        transfer.getMask() || !isa<MemRefType>(transfer.getShapedType()))
      return;
    Location loc = op->getLoc();
    rewriter.setInsertionPoint(op);
    if (auto write = dyn_cast<vector::TransferWriteOp>(op)) {
      Value element = vector::ExtractOp::create(
          rewriter, loc, write.getVector(), ArrayRef<int64_t>());
      memref::StoreOp::create(rewriter, loc, element, write.getBase(),
                              write.getIndices());
      rewriter.eraseOp(op);
    } else {
      Value element = memref::LoadOp::create(rewriter, loc, transfer.getBase(),
                                             transfer.getIndices());
      rewriter.replaceOpWithNewOp<vector::BroadcastOp>(
          op, transfer.getVectorType(), element);
    }
  }
};
} // namespace
