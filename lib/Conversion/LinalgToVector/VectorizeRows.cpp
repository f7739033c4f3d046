//===- VectorizeRows.cpp - linalg ops along rows --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "diff/Conversion/LinalgToVector/LinalgToVector.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFVECTORIZEROWSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Returns true if vectors of the elements have the layout of the elements in
/// memory. Those of i1 are bits.
static bool isWholeBytes(Type element) {
  return element.isIndex() ||
         (element.isIntOrFloat() &&
          llvm::isPowerOf2_64(element.getIntOrFloatBitWidth()) &&
          element.getIntOrFloatBitWidth() >= 8);
}

/// Returns true if upstream's vectorizer has a vector form of the op that is as
/// wide as its loops: elements are numbers, and operands are read by loops.
static bool isSupported(linalg::LinalgOp op) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (int64_t &size : sizes)
    size = ShapedType::isDynamic(size) ? 1 : size;
  return op.hasPureTensorSemantics() && op.getNumLoops() > 0 &&
         !hasNoIterations(op) &&
         llvm::all_of(op->getOpOperands(),
                      [&](OpOperand &operand) {
                        return isWholeBytes(getElementTypeOrSelf(
                                   operand.get().getType())) &&
                               op.getMatchingIndexingMap(&operand)
                                   .isProjectedPermutation();
                      }) &&
         op.getBlock()->getOps<tensor::ExtractOp>().empty() &&
         succeeded(linalg::vectorizeOpPrecondition(op, sizes));
}

/// Returns the loop that is contiguous in most operands, which count by their
/// dimensions, and a parallel loop if there are several.
static unsigned selectLoop(linalg::LinalgOp op) {
  SmallVector<unsigned> counts(op.getNumLoops(), 0);
  for (OpOperand &operand : op->getOpOperands())
    if (AffineMap map = op.getMatchingIndexingMap(&operand);
        map.getNumResults() > 0)
      counts[map.getDimPosition(map.getNumResults() - 1)] +=
          map.getNumResults();
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  unsigned best = 0;
  auto score = [&](unsigned loop) {
    return 2 * counts[loop] + linalg::isParallelIterator(iterators[loop]);
  };
  for (unsigned loop = 1; loop < op.getNumLoops(); ++loop)
    if (score(loop) >= score(best))
      best = loop;
  return best;
}

namespace {
/// Tiles and vectorizes one op.
class RowVectorizer {
public:
  RowVectorizer(RewriterBase &rewriter, int64_t vectorBytes)
      : rewriter(rewriter), vectorBytes(vectorBytes) {}

  LogicalResult run(linalg::LinalgOp op) {
    unsigned along = selectLoop(op);
    int64_t size = op.getStaticLoopRanges()[along];
    int64_t width = getWidth(op, size);
    bool reduces =
        linalg::isReductionIterator(op.getIteratorTypesArray()[along]);
    // One iteration of all other loops, reductions innermost.
    FailureOr<linalg::LinalgOp> row =
        tileOthers(op, along, reduces ? 0 : width);
    if (failed(row))
      return failure();
    if (!reduces)
      return vectorizeLoop(*row, along, width);
    return reduceInLanes(*row, along, width);
  }

private:
  /// Lanes of a vector: a register of the widest element or, if rows are known
  /// to be long, several.
  int64_t getWidth(linalg::LinalgOp op, int64_t size) {
    int64_t bits = 32;
    for (Value operand : op->getOperands())
      if (Type element = getElementTypeOrSelf(operand.getType());
          element.isIntOrFloat())
        bits = std::max<int64_t>(bits, element.getIntOrFloatBitWidth());
    int64_t lanes = std::max<int64_t>(1, vectorBytes * 8 / bits);
    if (ShapedType::isDynamic(size))
      return lanes;
    if (size <= lanes)
      return std::max<int64_t>(1, size);
    constexpr int64_t kMostVectors = 4;
    int64_t vectors = kMostVectors;
    while (vectors > 1 && size % (vectors * lanes) != 0)
      vectors /= 2;
    return vectors * lanes;
  }

  FailureOr<linalg::LinalgOp> tile(linalg::LinalgOp op,
                                   scf::SCFTilingOptions options) {
    rewriter.setInsertionPoint(op);
    FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
        rewriter, cast<TilingInterface>(op.getOperation()), options);
    if (failed(tiled))
      return failure();
    rewriter.replaceOp(op, tiled->replacements);
    loops.assign(tiled->loops.begin(), tiled->loops.end());
    return cast<linalg::LinalgOp>(tiled->tiledOps.front());
  }

  FailureOr<linalg::LinalgOp> tileOthers(linalg::LinalgOp op, unsigned along,
                                         int64_t width) {
    SmallVector<int64_t> ranges = op.getStaticLoopRanges(), sizes, order;
    for (auto [loop, range] : llvm::enumerate(ranges))
      sizes.push_back(loop == along ? (range == width ? 0 : width)
                                    : (range == 1 ? 0 : 1));
    if (llvm::all_of(sizes, [](int64_t size) { return size == 0; })) {
      loops.clear();
      return op;
    }
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    for (bool reductions : {false, true})
      for (auto [loop, iterator] : llvm::enumerate(iterators))
        if (linalg::isReductionIterator(iterator) == reductions)
          order.push_back(loop);
    scf::SCFTilingOptions options;
    options.setTileSizes(getAsIndexOpFoldResult(op.getContext(), sizes));
    options.setInterchange(order);
    return tile(op, options);
  }

  /// Separates the last iteration of the loop over vectors, which has a mask,
  /// and vectorizes both.
  LogicalResult vectorizeLoop(linalg::LinalgOp op, unsigned along,
                              int64_t width) {
    SmallVector<int64_t> sizes(op.getNumLoops(), 1);
    sizes[along] = width;
    SmallVector<linalg::LinalgOp> ops{op};
    for (LoopLikeOpInterface loop : loops) {
      auto forOp = dyn_cast<scf::ForOp>(loop.getOperation());
      scf::ForOp rest;
      if (!forOp || getConstantIntValue(forOp.getStep()) != width ||
          failed(scf::peelForLoopAndSimplifyBounds(rewriter, forOp, rest)))
        continue;
      rest.walk([&](linalg::LinalgOp part) { ops.push_back(part); });
      break;
    }
    for (linalg::LinalgOp part : ops)
      if (failed(vectorize(part, sizes)))
        return failure();
    return success();
  }

  /// Removes loops of one iteration, of which `sizes` loses the sizes.
  linalg::LinalgOp dropUnitLoops(linalg::LinalgOp op,
                                 SmallVector<int64_t> &sizes) {
    rewriter.setInsertionPoint(op);
    auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
    if (!generic) {
      FailureOr<linalg::GenericOp> general =
          linalg::generalizeNamedOp(rewriter, op);
      if (failed(general))
        return op;
      generic = *general;
    }
    linalg::ControlDropUnitDims control;
    control.rankReductionStrategy =
        linalg::ControlDropUnitDims::RankReductionStrategy::ExtractInsertSlice;
    rewriter.setInsertionPoint(generic);
    FailureOr<linalg::DropUnitDimsResult> dropped =
        linalg::dropUnitDims(rewriter, generic, control);
    if (failed(dropped))
      return generic;
    rewriter.replaceOp(generic, dropped->replacements);
    llvm::erase(sizes, 1);
    return cast<linalg::LinalgOp>(dropped->resultOp.getOperation());
  }

  /// Vectorizes an op with loops of these sizes or fewer iterations.
  LogicalResult vectorize(linalg::LinalgOp op, SmallVector<int64_t> sizes) {
    if (llvm::any_of(sizes, [](int64_t size) { return size > 1; }))
      op = dropUnitLoops(op, sizes);
    rewriter.setInsertionPoint(op);
    SmallVector<bool> scalable(sizes.size(), false);
    FailureOr<linalg::VectorizationResult> vectorized =
        op.getStaticLoopRanges() == sizes
            ? linalg::vectorize(rewriter, op)
            : linalg::vectorize(rewriter, op, sizes, scalable);
    if (failed(vectorized))
      return failure();
    rewriter.replaceOp(op, vectorized->replacements);
    return success();
  }

  /// Reduces a row: lanes first, and then the vector of partial sums.
  LogicalResult reduceInLanes(linalg::LinalgOp op, unsigned along,
                              int64_t width) {
    SmallVector<int64_t> ranges(op.getNumLoops(), 1);
    ranges[along] = width;
    if (op.getStaticLoopRanges()[along] == width)
      return vectorize(op, ranges);
    op = dropUnitLoops(op, ranges);
    // The loop itself has several iterations.
    along = std::distance(ranges.begin(), llvm::max_element(ranges));
    SmallVector<int64_t> sizes(op.getNumLoops(), 0);
    sizes[along] = width;
    scf::SCFTilingOptions options;
    options.setTileSizes(getAsIndexOpFoldResult(op.getContext(), sizes));
    options.setReductionTilingStrategy(
        ReductionTilingStrategy::PartialReductionOuterReduction);
    options.setReductionDims({along});
    rewriter.setInsertionPoint(op);
    FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
        rewriter, cast<TilingInterface>(op.getOperation()), options);
    if (failed(tiled))
      return failure();
    SmallVector<linalg::LinalgOp> others;
    for (Operation *merge : tiled->mergeOps)
      if (auto linalgOp = dyn_cast<linalg::LinalgOp>(merge))
        others.push_back(linalgOp);
    for (Value initial : tiled->initialValues)
      if (auto fill = initial.getDefiningOp<linalg::FillOp>())
        others.push_back(fill);
    rewriter.replaceOp(op, tiled->replacements);
    loops.assign(tiled->loops.begin(), tiled->loops.end());
    auto part = cast<linalg::LinalgOp>(tiled->tiledOps.front());
    if (failed(vectorizeLoop(part, along, width)))
      return failure();
    for (linalg::LinalgOp other : others)
      if (!other.hasDynamicShape())
        (void)vectorize(other, other.getStaticLoopRanges());
    return success();
  }

  RewriterBase &rewriter;
  int64_t vectorBytes;
  /// The loops of the last tiling.
  SmallVector<LoopLikeOpInterface> loops;
};

struct DiffVectorizeRows
    : public diff::impl::DiffVectorizeRowsPassBase<DiffVectorizeRows> {
  using DiffVectorizeRowsPassBase::DiffVectorizeRowsPassBase;

  void runOnOperation() override {
    if (vectorBytes < 8 || vectorBytes > 256 ||
        !llvm::isPowerOf2_64(vectorBytes)) {
      getOperation().emitError("diff-vectorize-rows: option 'vector-bytes' "
                               "must be a power of two from 8 to 256, found ")
          << int64_t(vectorBytes);
      return signalPassFailure();
    }
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (isSupported(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    // Ops without a vector form are lowered to loops.
    for (linalg::LinalgOp op : ops)
      (void)RowVectorizer(rewriter, vectorBytes).run(op);
    RewritePatternSet patterns(&getContext());
    vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
    vector::populateVectorMultiReductionLoweringPatterns(
        patterns, vector::VectorMultiReductionLowering::InnerReduction);
    vector::populateVectorMaskLoweringPatternsForSideEffectingOps(patterns);
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
} // namespace
