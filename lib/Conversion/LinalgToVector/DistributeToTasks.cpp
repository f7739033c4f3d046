//===- DistributeToTasks.cpp - linalg ops as parallel tasks ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "diff/Conversion/LinalgToVector/LinalgToVector.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFDISTRIBUTETOTASKSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

using FusionResult = std::optional<scf::SCFTileAndFuseOptions::ControlFnResult>;

/// Tiles the op over tasks. `fuses` decides which producers are computed in the
/// task, and `fused` receives them.
static LogicalResult
distribute(RewriterBase &rewriter, linalg::LinalgOp op, ArrayRef<int64_t> sizes,
           function_ref<bool(tensor::ExtractSliceOp, Operation *)> fuses,
           llvm::SmallPtrSetImpl<Operation *> &fused) {
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.tilingOptions.setTileSizes(
      getAsIndexOpFoldResult(op.getContext(), sizes));
  options.setFusionControlFn([&](tensor::ExtractSliceOp slice,
                                 OpResult producer, bool) -> FusionResult {
    if (!fuses(slice, producer.getOwner()))
      return std::nullopt;
    fused.insert(producer.getOwner());
    return scf::SCFTileAndFuseOptions::ControlFnResult{};
  });
  rewriter.setInsertionPoint(op);
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return op->emitOpError("cannot be tiled over tasks");
  for (OpResult value : op->getResults())
    if (Value replacement = tiled->replacements.lookup(value))
      rewriter.replaceAllUsesWith(value, replacement);
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Returns the sizes of a task by the loops of `root`, the product or its user.
static SmallVector<int64_t> getTaskSizes(linalg::LinalgOp op,
                                         const HostProduct &product,
                                         const ProductTile &tile,
                                         linalg::LinalgOp root) {
  SmallVector<int64_t> loops(op.getNumLoops(), 0);
  for (unsigned loop : product.outer)
    loops[loop] = 1;
  if (product.row)
    loops[*product.row] = tile.rows;
  loops[product.column] = tile.columns;
  if (root == op)
    return loops;
  // The user has the result's dimensions in order.
  AffineMap map = op.getIndexingMapMatchingResult(op->getResult(0));
  AffineMap rootMap = root.getIndexingMapMatchingResult(root->getResult(0));
  SmallVector<int64_t> sizes(root.getNumLoops(), 0);
  for (unsigned dim = 0; dim < map.getNumResults(); ++dim)
    sizes[rootMap.getDimPosition(dim)] = loops[map.getDimPosition(dim)];
  return sizes;
}

//===----------------------------------------------------------------------===//
// Other ops
//===----------------------------------------------------------------------===//

/// Iterations of a task. The time of a task is long compared to its start.
static constexpr int64_t kTaskIterations = 16384;

/// Returns the sizes of a task: all iterations of inner loops, and parts of an
/// outer one. Loops of reductions are not divided.
static SmallVector<int64_t> getRowTaskSizes(linalg::LinalgOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<unsigned> parallel;
  int64_t budget = kTaskIterations;
  auto getSize = [&](unsigned loop) {
    constexpr int64_t kAssumed = 64;
    return ShapedType::isDynamic(ranges[loop])
               ? kAssumed
               : std::max<int64_t>(1, ranges[loop]);
  };
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
    if (linalg::isParallelIterator(iterator))
      parallel.push_back(loop);
    else
      budget /= getSize(loop);
  SmallVector<int64_t> sizes(op.getNumLoops(), 0);
  for (unsigned loop : llvm::reverse(parallel)) {
    int64_t limit = std::max<int64_t>(1, budget), range = ranges[loop];
    budget /= std::min(getSize(loop), limit);
    bool isDynamic = ShapedType::isDynamic(range);
    // Rows stay whole, so that their reductions can be in the same task. Other
    // dynamic loops may be longer than assumed.
    bool isRow = parallel.size() > 1 && loop == parallel.back();
    if (isDynamic && !isRow)
      sizes[loop] = limit;
    else if (!isDynamic && range > limit)
      sizes[loop] = llvm::divideCeil(range, llvm::divideCeil(range, limit));
  }
  return sizes;
}

/// Returns true if no two tasks need the same element of the slice: its offsets
/// are those of the task.
static bool isOfOneTask(tensor::ExtractSliceOp slice) {
  auto loop = slice->getParentOfType<scf::ForallOp>();
  return loop && llvm::all_of(loop.getInductionVars(), [&](Value offset) {
           return llvm::is_contained(slice.getOffsets(), offset);
         });
}

/// Returns true if one op reads the producer, apart from the slice in its tile.
/// The original user remains until it is replaced.
static bool hasOneOtherUser(Operation *producer, tensor::ExtractSliceOp slice) {
  return llvm::count_if(producer->getUsers(), [&](Operation *user) {
           return user != slice && !isa<tensor::DimOp>(user);
         }) == 1;
}

namespace {
struct DiffDistributeToTasks
    : public diff::impl::DiffDistributeToTasksPassBase<DiffDistributeToTasks> {
  using DiffDistributeToTasksPassBase::DiffDistributeToTasksPassBase;

  void runOnOperation() override {
    HostCaches caches{l1Bytes, l2Bytes};
    if (failed(verifyUnit(getOperation(), "diff-distribute-to-tasks",
                          vectorBytes, registers, caches)))
      return signalPassFailure();
    VectorUnit unit{vectorBytes / int64_t(sizeof(float)), registers};
    SmallVector<linalg::LinalgOp> ops, empty;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics() && op->getNumResults() > 0 &&
          !op->getParentOfType<LoopLikeOpInterface>())
        (hasNoIterations(op) ? empty : ops).push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : empty)
      rewriter.replaceOp(op, op.getDpsInits());
    llvm::SmallPtrSet<Operation *, 16> done;
    for (linalg::LinalgOp op : ops) {
      FailureOr<HostProduct> product = getHostProduct(op);
      if (failed(product) || done.contains(op))
        continue;
      linalg::LinalgOp root = getElementwiseUser(op);
      ProductTile tile =
          selectProductTile(op, *product, unit, caches, kLeastTasks);
      auto fuses = [&](tensor::ExtractSliceOp, Operation *producer) {
        return producer == op || isa<linalg::FillOp>(producer);
      };
      if (failed(distribute(rewriter, root,
                            getTaskSizes(op, *product, tile, root), fuses,
                            done)))
        return signalPassFailure();
      done.insert(op);
      done.insert(root);
    }
    // Users first: they take their producers into their tasks.
    for (linalg::LinalgOp op : llvm::reverse(ops)) {
      if (done.contains(op) || isOpTriviallyDead(op))
        continue;
      SmallVector<int64_t> sizes = getRowTaskSizes(op);
      if (llvm::all_of(sizes, [](int64_t size) { return size == 0; }))
        continue;
      auto fuses = [&](tensor::ExtractSliceOp slice, Operation *producer) {
        return isa<linalg::FillOp>(producer) ||
               (isa<linalg::LinalgOp>(producer) && !done.contains(producer) &&
                hasOneOtherUser(producer, slice) && isOfOneTask(slice));
      };
      if (failed(distribute(rewriter, op, sizes, fuses, done)))
        return signalPassFailure();
      done.insert(op);
    }
  }
};
} // namespace
