//===- TilePasses.cpp - From level 0 to tiles -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFTILEPASS
#define GEN_PASS_DEF_DIFFTILEKEYSPASS
#define GEN_PASS_DEF_DIFFPADTILESPASS
#define GEN_PASS_DEF_DIFFDECOMPOSEPASS
#define GEN_PASS_DEF_DIFFDECOMPOSEATTENTIONPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Returns the schedule of the loop that contains the op, or null.
static tile::ScheduleAttr getTileSchedule(Operation *op) {
  for (auto loop = op->getParentOfType<scf::ForallOp>(); loop;
       loop = loop->getParentOfType<scf::ForallOp>())
    if (auto schedule = loop->getAttrOfType<tile::ScheduleAttr>(
            tile::TileDialect::kScheduleAttrName))
      return schedule;
  return {};
}

bool diff::isOnTensorCores(Operation *op) {
  return getTileSchedule(op) != nullptr;
}

bool diff::skipsRescale(Operation *op) {
  tile::ScheduleAttr schedule = getTileSchedule(op);
  return schedule && schedule.getSkipRescale();
}

//===----------------------------------------------------------------------===//
// diff-tile
//===----------------------------------------------------------------------===//

/// Sets the attributes for the lowering to a kernel on the loop.
static void markKernel(Operation *loop, AttentionCombineOpInterface op) {
  ScheduleAttr schedule = op.getScheduleAttr();
  MLIRContext *context = op.getContext();
  auto attention = cast<AttentionOpInterface>(op.getOperation());
  MaskAttr mask = attention.getMaskAttr();
  bool laterIsHeavier = mask && mask.getRight() >= 0 && mask.getLeft() < 0 &&
                        !attention.hasSequences();
  loop->setAttr(kKernelAttrName,
                KernelAttr::get(context, op->getName().stripDialect(),
                                schedule.getThreads(), laterIsHeavier));
  if (schedule.isOnTensorCores())
    loop->setAttr(tile::TileDialect::kScheduleAttrName,
                  tile::ScheduleAttr::get(
                      context, schedule.getWarps(), schedule.getStages(),
                      schedule.getSwizzle(), schedule.getRowSumOnMma(),
                      schedule.getSkipRescale(), schedule.getTf32()));
}

/// Returns true if the number of summands of a product operand is a multiple of
/// that of a matrix instruction. Copied operands are padded with zeros,
/// computed operands are not.
static bool hasWholeSummands(AttentionOpInterface op, OpOperand &operand) {
  constexpr int64_t kSummandBits = 256;
  if (operand.getOperandNumber() != kQueryOperand)
    return true;
  Type element = getElementTypeOrSelf(operand.get().getType());
  return op.getDimSize('d') * element.getIntOrFloatBitWidth() % kSummandBits ==
         0;
}

/// Finds the elementwise ops that compute an operand, such as the query, each
/// element of which one tile reads. Fusing them repeats no computation and
/// stores no intermediate. Keys are read by many tiles.
static SmallVector<Operation *> findFusable(AttentionOpInterface op) {
  SmallVector<Operation *> producers;
  for (OpOperand *operand : cast<DestinationStyleOpInterface>(op.getOperation())
                                .getDpsInputOperands()) {
    auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
    if (producer && producer.getNumReductionLoops() == 0 &&
        producer.getNumResults() == 1 && producer->hasOneUse() &&
        producer.getBody()->getOps<linalg::IndexOp>().empty() &&
        producer.getIndexingMapMatchingResult(producer->getResult(0))
            .isPermutation() &&
        llvm::all_of(
            producer.getIndexingMapsArray(),
            [](AffineMap map) { return map.isProjectedPermutation(); }) &&
        op.getOperandDims(operand->getOperandNumber()).contains('n') &&
        hasWholeSummands(op, *operand))
      producers.push_back(producer);
  }
  return producers;
}

namespace {
struct TiledLoops {
  SmallVector<LoopLikeOpInterface> loops;
  SmallVector<Value> replacements;
};
} // namespace

/// Tiles an op, and fuses its producers into the tiles if possible.
static FailureOr<TiledLoops> tileAndFuse(RewriterBase &rewriter, Operation *op,
                                         const scf::SCFTilingOptions &options,
                                         ArrayRef<Operation *> fusable) {
  if (fusable.empty()) {
    FailureOr<scf::SCFTilingResult> tiled =
        scf::tileUsingSCF(rewriter, cast<TilingInterface>(op), options);
    if (failed(tiled))
      return failure();
    return TiledLoops{tiled->loops, tiled->replacements};
  }
  scf::SCFTileAndFuseOptions fusing;
  fusing.setTilingOptions(options);
  fusing.setFusionControlFn(
      [&](tensor::ExtractSliceOp, OpResult producer,
          bool) -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
        if (!llvm::is_contained(fusable, producer.getOwner()))
          return std::nullopt;
        return scf::SCFTileAndFuseOptions::ControlFnResult{};
      });
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(op), fusing);
  if (failed(tiled))
    return failure();
  TiledLoops loops{tiled->loops, {}};
  for (OpResult result : op->getResults())
    loops.replacements.push_back(tiled->replacements.lookup(result));
  return loops;
}

/// Reorders the query tiles of a loop on a CPU for masks that make later tiles
/// see more keys, or fewer: first, last, second, second to last, and so on.
/// Threads process adjacent tiles, so that their work is then similar.
static void balanceTiles(RewriterBase &rewriter, scf::ForallOp loop,
                         AttentionOpInterface op, int64_t queries) {
  MaskAttr mask = op.getMaskAttr();
  if (!mask || (mask.getLeft() >= 0) == (mask.getRight() >= 0))
    return;
  // The last loop is that over query tokens.
  constexpr unsigned kQueryLoop = 2;
  OpFoldResult tokens = loop.getMixedUpperBound()[kQueryLoop];
  std::optional<int64_t> numTokens = getConstantIntValue(tokens);
  if (numTokens && *numTokens <= 2 * queries)
    return;
  Location loc = loop.getLoc();
  AffineExpr d0 = rewriter.getAffineDimExpr(0),
             d1 = rewriter.getAffineDimExpr(1);
  auto apply = [&](AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return getValueOrCreateConstantIndexOp(
        rewriter, loc,
        affine::makeComposedFoldedAffineApply(rewriter, loc, expr, operands));
  };
  rewriter.setInsertionPointToStart(loop.getBody());
  Value position = loop.getInductionVar(kQueryLoop);
  OpFoldResult number = position;
  Value front = apply(d0.floorDiv(2 * queries), {number});
  Value back = apply(d1.ceilDiv(queries) - 1 - d0.floorDiv(2 * queries),
                     {number, tokens});
  Value odd = apply(d0.floorDiv(queries) % 2, {number});
  Value isOdd =
      arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::ne, odd,
                            arith::ConstantIndexOp::create(rewriter, loc, 0));
  Value tile = arith::SelectOp::create(rewriter, loc, isOdd, back, front);
  Value reordered = apply(d0 * queries, {OpFoldResult(tile)});
  SmallPtrSet<Operation *, 4> ordering;
  for (Value value : {front, back, odd})
    ordering.insert(value.getDefiningOp());
  rewriter.replaceUsesWithIf(position, reordered, [&](OpOperand &use) {
    return !ordering.contains(use.getOwner());
  });
}

static LogicalResult tileIntoForall(RewriterBase &rewriter,
                                    AttentionCombineOpInterface op) {
  ScheduleAttr schedule = op.getScheduleAttr();
  MLIRContext *context = op.getContext();
  if (failed(verifyHeadTile(cast<AttentionOpInterface>(op.getOperation()),
                            schedule.getHeads())))
    return failure();
  bool onGPU = schedule.getThreads() > 0;
  auto block = [&](gpu::MappingId id) -> Attribute {
    return gpu::GPUBlockMappingAttr::get(context, id);
  };
  if (cast<AttentionOpInterface>(op.getOperation()).hasSequences()) {
    SequenceTilingOptions options{
        schedule.getHeads(), schedule.getQueries(), {}};
    if (onGPU)
      options.mapping = {block(gpu::MappingId::DimY),
                         block(gpu::MappingId::DimX)};
    FailureOr<scf::ForallOp> loop = tileSequences(rewriter, op, options);
    if (succeeded(loop) && onGPU)
      markKernel(*loop, op);
    return loop;
  }
  scf::SCFTilingOptions options;
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.setTileSizes({rewriter.getIndexAttr(1),
                        rewriter.getIndexAttr(schedule.getHeads()),
                        rewriter.getIndexAttr(schedule.getQueries())});
  if (onGPU)
    options.setMapping({block(gpu::MappingId::DimZ),
                        block(gpu::MappingId::DimY),
                        block(gpu::MappingId::DimX)});
  // Threads would need a copy of the computed values in shared memory.
  SmallVector<Operation *> fusable;
  if (schedule.isOnTensorCores())
    fusable = findFusable(cast<AttentionOpInterface>(op.getOperation()));
  rewriter.setInsertionPoint(op);
  FailureOr<TiledLoops> tiled = tileAndFuse(rewriter, op, options, fusable);
  if (failed(tiled))
    return failure();
  for (LoopLikeOpInterface loop : tiled->loops)
    if (onGPU)
      markKernel(loop, op);
    else if (auto forall = dyn_cast<scf::ForallOp>(*loop))
      balanceTiles(rewriter, forall,
                   cast<AttentionOpInterface>(op.getOperation()),
                   schedule.getQueries());
  rewriter.replaceOp(op, tiled->replacements);
  return success();
}

namespace {
struct DiffTile : public diff::impl::DiffTilePassBase<DiffTile> {
  void runOnOperation() override {
    SmallVector<AttentionCombineOpInterface> ops;
    getOperation().walk([&](AttentionCombineOpInterface op) {
      if (op.getScheduleAttr() && !op->getParentOfType<scf::ForallOp>())
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (AttentionCombineOpInterface op : ops)
      if (failed(tileIntoForall(rewriter, op)))
        return signalPassFailure();
  }
};

//===----------------------------------------------------------------------===//
// diff-decompose-attention
//===----------------------------------------------------------------------===//

struct DiffDecomposeAttention
    : public diff::impl::DiffDecomposeAttentionPassBase<
          DiffDecomposeAttention> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result =
        getOperation().walk([&](AttentionCombineOpInterface op) {
          if (!cast<DestinationStyleOpInterface>(op.getOperation())
                   .hasPureTensorSemantics()) {
            op.emitOpError("cannot be decomposed on memrefs; run "
                           "diff-decompose-attention before bufferization");
            return WalkResult::interrupt();
          }
          FailureOr<SmallVector<Value>> results =
              decomposeAttention(rewriter, op);
          if (failed(results))
            return WalkResult::interrupt();
          rewriter.replaceOp(op, *results);
          return WalkResult::skip();
        });
    if (result.wasInterrupted())
      return signalPassFailure();
    // A query that is split into maps and heads is split before it is computed
    // and padded.
    RewritePatternSet patterns(&getContext());
    linalg::populateFoldReshapeOpsByExpansionPatterns(
        patterns, [](OpOperand *operand) {
          return isa<tensor::ExpandShapeOp>(operand->getOwner()) &&
                 isOnTensorCores(operand->getOwner());
        });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// diff-tile-keys
//===----------------------------------------------------------------------===//

std::optional<std::pair<OpFoldResult, OpFoldResult>>
diff::getVisibleKeys(OpBuilder &b, OnlineAttentionOp op) {
  MaskAttr mask = op.getMaskAttr();
  if (!mask)
    return std::nullopt;
  Location loc = op.getLoc();
  auto attention = cast<AttentionOpInterface>(*op);
  OpFoldResult queries = getMixedSize(b, attention, 'n');
  OpFoldResult keys = getMixedSize(b, attention, 'm');
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  OpFoldResult diagonal = op.getDiagonal();
  if (!op.getDiagonal())
    diagonal =
        affine::makeComposedFoldedAffineApply(b, loc, s0 - s1, {keys, queries});
  auto bound = [&](ArrayRef<AffineExpr> exprs, ArrayRef<OpFoldResult> operands,
                   bool isMax) {
    AffineMap map = AffineMap::get(0, operands.size(), exprs, b.getContext());
    return isMax ? affine::makeComposedFoldedAffineMax(b, loc, map, operands)
                 : affine::makeComposedFoldedAffineMin(b, loc, map, operands);
  };
  AffineExpr zero = b.getAffineConstantExpr(0);
  // The last query sees the last key: j <= (queries - 1) + diagonal + right.
  OpFoldResult last = keys;
  if (mask.getRight() >= 0) {
    AffineExpr s2 = b.getAffineSymbolExpr(2);
    last = bound({s2, s0 + s1 + std::min<int64_t>(mask.getRight(), 1 << 30)},
                 {queries, diagonal, keys}, /*isMax=*/false);
    last = bound({s0, zero}, {last}, /*isMax=*/true);
  }
  // The first query sees the first key: j >= diagonal - left.
  OpFoldResult first = b.getIndexAttr(0);
  if (mask.getLeft() >= 0) {
    first = bound({s0 - std::min<int64_t>(mask.getLeft(), 1 << 30), zero},
                  {diagonal}, /*isMax=*/true);
    first = bound({s0, s1}, {first, last}, /*isMax=*/false);
  }
  return std::pair(first, last);
}

/// Restricts the op to the keys that any query sees: tiling with one tile.
static FailureOr<OnlineAttentionOp> narrowToVisibleKeys(RewriterBase &rewriter,
                                                        OnlineAttentionOp op) {
  rewriter.setInsertionPoint(op);
  auto visible = getVisibleKeys(rewriter, op);
  if (!visible)
    return op;
  auto tileable = cast<TilingInterface>(op.getOperation());
  SmallVector<OpFoldResult> offsets, sizes;
  for (Range range : tileable.getIterationDomain(rewriter)) {
    offsets.push_back(range.offset);
    sizes.push_back(range.size);
  }
  AffineExpr s0 = rewriter.getAffineSymbolExpr(0),
             s1 = rewriter.getAffineSymbolExpr(1);
  offsets.back() = visible->first;
  sizes.back() = affine::makeComposedFoldedAffineApply(
      rewriter, op.getLoc(), s1 - s0, {visible->first, visible->second});
  FailureOr<TilingResult> narrowed =
      tileable.getTiledImplementation(rewriter, offsets, sizes);
  if (failed(narrowed))
    return failure();
  rewriter.replaceOp(op, narrowed->tiledValues);
  return cast<OnlineAttentionOp>(narrowed->tiledOps.front());
}

/// Builds one loop over all keys by equal tiles; the last one may be partial.
static LogicalResult tileKeys(RewriterBase &rewriter, OnlineAttentionOp op,
                              int64_t keys) {
  FailureOr<OnlineAttentionOp> narrowed = narrowToVisibleKeys(rewriter, op);
  if (failed(narrowed))
    return failure();
  rewriter.setInsertionPoint(*narrowed);
  OpFoldResult zero = rewriter.getIndexAttr(0);
  scf::SCFTilingOptions options;
  options.setTileSizes({zero, zero, zero, rewriter.getIndexAttr(keys)});
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(narrowed->getOperation()), options);
  if (failed(tiled))
    return failure();
  rewriter.replaceOp(*narrowed, tiled->replacements);
  return success();
}

namespace {
struct DiffTileKeys : public diff::impl::DiffTileKeysPassBase<DiffTileKeys> {
  void runOnOperation() override {
    SmallVector<OnlineAttentionOp> ops;
    getOperation().walk([&](OnlineAttentionOp op) {
      if (op.getScheduleAttr() && op.hasPureTensorSemantics())
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (OnlineAttentionOp op : ops) {
      ScheduleAttr schedule = op.getScheduleAttr();
      // Without keys, the running values do not change.
      if (cast<AttentionOpInterface>(*op).getDimSize('m') == 0) {
        rewriter.replaceOp(op, op.getDpsInits());
        continue;
      }
      rewriter.modifyOpInPlace(op, [&] { op.removeScheduleAttr(); });
      LogicalResult tiled =
          schedule.isOnTensorCores()
              ? tileKeysByVisibility(rewriter, op, schedule.getKeys(),
                                     schedule.getStages())
              : tileKeys(rewriter, op, schedule.getKeys());
      if (failed(tiled))
        return signalPassFailure();
    }
  }
};

//===----------------------------------------------------------------------===//
// diff-pad-tiles
//===----------------------------------------------------------------------===//

struct DiffPadTiles : public diff::impl::DiffPadTilesPassBase<DiffPadTiles> {
  using DiffPadTilesPassBase::DiffPadTilesPassBase;

  void runOnOperation() override {
    if (dim != "queries" && dim != "keys") {
      getOperation().emitError("diff-pad-tiles: option 'dim' must be 'queries' "
                               "or 'keys', found '")
          << dim << "'";
      return signalPassFailure();
    }
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](Operation *op) {
      if (auto online = dyn_cast<OnlineAttentionOp>(op)) {
        if (dim == "keys" && online.hasPureTensorSemantics())
          padKeyTokens(rewriter, online, copy && !isOnTensorCores(op));
      } else if (auto combine = dyn_cast<AttentionCombineOpInterface>(op)) {
        if (dim == "queries")
          padQueryTokens(rewriter, combine, copy && !isOnTensorCores(op));
      }
    });
  }
};

//===----------------------------------------------------------------------===//
// diff-decompose
//===----------------------------------------------------------------------===//

struct DiffDecompose : public diff::impl::DiffDecomposePassBase<DiffDecompose> {
  using DiffDecomposePassBase::DiffDecomposePassBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateDecomposeOnlineAttentionPatterns(
        patterns, {headMajorQuery, roundWeights, lazyMax});
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    // Hoist out of sequential loops only: tiles of a parallel loop keep their
    // own values.
    getOperation()->walk(hoistInvariants);
  }

  /// Hoists the common work of the steps over key tiles, mainly that of the
  /// query. A fill stays, because sharing it would require copies, which cost
  /// more.
  static void hoistInvariants(scf::ForOp loop) {
    auto loopLike = cast<LoopLikeOpInterface>(loop.getOperation());
    moveLoopInvariantCode(
        loopLike.getLoopRegions(),
        [&](Value value, Region *) {
          return loopLike.isDefinedOutsideOfLoop(value);
        },
        [](Operation *op, Region *) {
          return !isa<linalg::FillOp>(op) && isMemoryEffectFree(op) &&
                 isSpeculatable(op);
        },
        [&](Operation *op, Region *) { loopLike.moveOutOfLoop(op); });
  }
};
} // namespace
