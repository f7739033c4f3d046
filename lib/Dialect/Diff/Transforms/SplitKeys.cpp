//===- SplitKeys.cpp - Keys of a tile for several tasks -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFSPLITKEYSPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
/// Builds the loop over tasks before the loop over tiles, and the merge of
/// their results in place of the op.
class KeySplitter {
public:
  KeySplitter(RewriterBase &rewriter, OnlineAttentionOp op, int64_t keys)
      : b(rewriter), op(op), attention(cast<AttentionOpInterface>(*op)),
        loc(op.getLoc()), keys(keys),
        tiles(dyn_cast<scf::ForallOp>(op->getParentOp())) {}

  LogicalResult split() {
    if (failed(verify()))
      return failure();
    scf::ForallOp tasks = createTasks();
    if (failed(buildTask(tasks)))
      return failure();
    b.setInsertionPoint(op);
    SmallVector<Value> parts;
    for (auto [result, init] :
         llvm::zip_equal(tasks.getResults(), op.getDpsInits()))
      parts.push_back(tiles ? sliceTile(result, init) : Value(result));
    SetVector<unsigned> dims;
    dims.insert(kKeyLoop);
    auto partial = cast<PartialReductionOpInterface>(op.getOperation());
    FailureOr<MergeResult> merged =
        partial.mergeReductions(b, loc, parts, dims);
    if (failed(merged))
      return failure();
    b.replaceOp(op, merged->replacements);
    return success();
  }

private:
  static constexpr unsigned kKeyLoop = 3;

  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(b, loc, expr, operands);
  }

  /// Finds the ops of the tile that compute the operands.
  LogicalResult verify() {
    auto reject = [&](const Twine &reason) {
      return b.notifyMatchFailure(op, reason);
    };
    if (!op.hasPureTensorSemantics())
      return reject("is on memrefs");
    for (Value init : op.getDpsInits())
      if (!cast<ShapedType>(init.getType()).hasStaticShape())
        return reject("has running values of dynamic size");
    if (!tiles)
      return success();
    if (tiles.getMapping() && !tiles.getMapping()->empty())
      return reject("is in a loop with a mapping");
    if (tiles->isAncestor(getWholeKey().getParentBlock()->getParentOp()))
      return reject("computes its keys in the loop over tiles");
    BackwardSliceOptions options;
    options.omitBlockArguments = true;
    options.inclusive = true;
    options.filter = [&](Operation *producer) {
      return tiles->isProperAncestor(producer);
    };
    for (Value operand : op->getOperands().drop_back(op.getNumDpsInits()))
      if (failed(getBackwardSlice(operand, &producers, options)))
        return reject("has operands of unknown origin");
    for (Operation *producer : producers)
      if (!isPure(producer) || producer->getBlock() != tiles.getBody() ||
          llvm::any_of(producer->getOperands(), [&](Value value) {
            return llvm::is_contained(tiles.getRegionIterArgs(), value);
          }))
        return reject("has operands that tasks cannot compute");
    return success();
  }

  /// Returns the tensor that the key is a slice of.
  Value getWholeKey() {
    Value whole = op.getKey();
    while (auto slice = whole.getDefiningOp<tensor::ExtractSliceOp>())
      whole = slice.getSource();
    return whole;
  }

  /// Returns the number of tasks of a tile: for all keys, or for as many as the
  /// query tokens of a tile see at most.
  OpFoldResult getNumTasks() {
    OpFoldResult visible = b.getIndexAttr(attention.getDimSize('m'));
    if (ShapedType::isDynamic(attention.getDimSize('m')))
      visible = getMixedSize(b, loc, getWholeKey(),
                             attention.getOperandDims(kKeyOperand).find('m'));
    MaskAttr mask = op.getMaskAttr();
    constexpr int64_t kUnlimited = int64_t(1) << 30;
    if (mask && mask.getLeft() >= 0 && mask.getRight() >= 0) {
      int64_t window = std::min(mask.getLeft(), kUnlimited) +
                       std::min(mask.getRight(), kUnlimited) +
                       attention.getDimSize('n');
      AffineExpr s0 = b.getAffineSymbolExpr(0);
      visible = affine::makeComposedFoldedAffineMin(
          b, loc,
          AffineMap::get(0, 1, {s0, b.getAffineConstantExpr(window)},
                         b.getContext()),
          {visible});
    }
    return apply(b.getAffineSymbolExpr(0).ceilDiv(keys), {visible});
  }

  /// Creates the loop over tiles and tasks, with the running values of all
  /// tasks as results: [tiles..., tasks, running values of a tile].
  scf::ForallOp createTasks() {
    b.setInsertionPoint(tiles ? tiles.getOperation() : op.getOperation());
    SmallVector<OpFoldResult> lowers, uppers, steps, shape;
    if (tiles) {
      AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
                 s2 = b.getAffineSymbolExpr(2);
      lowers = tiles.getMixedLowerBound();
      uppers = tiles.getMixedUpperBound();
      steps = tiles.getMixedStep();
      for (auto [lower, upper, step] : llvm::zip_equal(lowers, uppers, steps))
        shape.push_back(apply((s1 - s0).ceilDiv(s2), {lower, upper, step}));
    }
    lowers.push_back(b.getIndexAttr(0));
    uppers.push_back(getNumTasks());
    steps.push_back(b.getIndexAttr(1));
    shape.push_back(uppers.back());
    SmallVector<Value> destinations;
    for (Value init : op.getDpsInits()) {
      SmallVector<OpFoldResult> sizes = shape;
      for (int64_t size : cast<ShapedType>(init.getType()).getShape())
        sizes.push_back(b.getIndexAttr(size));
      destinations.push_back(
          tensor::EmptyOp::create(b, loc, sizes, b.getF32Type()));
    }
    return scf::ForallOp::create(b, loc, lowers, uppers, steps, destinations,
                                 /*mapping=*/std::nullopt);
  }

  /// Returns the number of the tile at induction variables of the loop over
  /// tiles.
  SmallVector<OpFoldResult> getTile(ValueRange ivs) {
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
               s2 = b.getAffineSymbolExpr(2);
    SmallVector<OpFoldResult> numbers;
    for (auto [iv, lower, step] :
         llvm::zip_equal(ivs, tiles.getMixedLowerBound(), tiles.getMixedStep()))
      numbers.push_back(
          apply((s0 - s1).floorDiv(s2), {OpFoldResult(iv), lower, step}));
    return numbers;
  }

  LogicalResult buildTask(scf::ForallOp tasks) {
    b.setInsertionPointToStart(tasks.getBody());
    SmallVector<Value> ivs = tasks.getInductionVars();
    IRMapping mapping;
    if (tiles) {
      mapping.map(tiles.getInductionVars(), ValueRange(ivs).drop_back());
      for (Operation *producer : producers)
        b.clone(*producer, mapping);
    }
    auto whole = cast<OnlineAttentionOp>(b.clone(*op, mapping));
    FailureOr<SmallVector<Value>> results = computeKeys(whole, ivs.back());
    if (failed(results))
      return failure();
    b.eraseOp(whole);
    SmallVector<OpFoldResult> position;
    if (tiles)
      position = getTile(ValueRange(ivs).drop_back());
    position.push_back(ivs.back());
    b.setInsertionPointToEnd(tasks.getTerminator().getBody());
    for (auto [result, destination] :
         llvm::zip_equal(*results, tasks.getRegionIterArgs())) {
      auto [offsets, sizes] = getSlice(position, result.getType());
      SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
      tensor::ParallelInsertSliceOp::create(b, loc, result, destination,
                                            offsets, sizes, strides);
    }
    return success();
  }

  /// Computes the running values of the keys of a task.
  FailureOr<SmallVector<Value>> computeKeys(OnlineAttentionOp whole,
                                            Value task) {
    // The identity, from the model of the interface.
    constexpr double kIdentity[] = {0.0, kLowestMax, 0.0};
    for (auto [init, value] :
         llvm::zip_equal(whole.getDpsInitsMutable(), kIdentity)) {
      b.setInsertionPoint(whole);
      auto type = cast<RankedTensorType>(init.get().getType());
      Value empty = tensor::EmptyOp::create(b, loc, type.getShape(),
                                            type.getElementType());
      Value constant = arith::ConstantOp::create(
          b, loc, b.getFloatAttr(type.getElementType(), value));
      init.set(linalg::FillOp::create(b, loc, constant, empty).getResult(0));
    }
    whole.setScheduleAttr(withoutSplit(whole.getScheduleAttr()));
    b.setInsertionPoint(whole);
    OpFoldResult first = b.getIndexAttr(0);
    OpFoldResult last =
        getMixedSize(b, cast<AttentionOpInterface>(*whole), 'm');
    if (auto visible = getVisibleKeys(b, whole))
      std::tie(first, last) = *visible;
    AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
    auto tileable = cast<TilingInterface>(whole.getOperation());
    SmallVector<OpFoldResult> offsets, sizes;
    for (Range range : tileable.getIterationDomain(b)) {
      offsets.push_back(range.offset);
      sizes.push_back(range.size);
    }
    b.setInsertionPoint(whole);
    // No key after the last one: a task may have none.
    OpFoldResult offset = affine::makeComposedFoldedAffineMin(
        b, loc,
        AffineMap::get(0, 3, {s0 + s1 * keys, b.getAffineSymbolExpr(2)},
                       b.getContext()),
        {first, OpFoldResult(task), last});
    OpFoldResult size = affine::makeComposedFoldedAffineMin(
        b, loc,
        AffineMap::get(0, 2, {b.getAffineConstantExpr(keys), s1 - s0},
                       b.getContext()),
        {offset, last});
    offsets[kKeyLoop] = offset;
    sizes[kKeyLoop] = size;
    FailureOr<TilingResult> tiled =
        tileable.getTiledImplementation(b, offsets, sizes);
    if (failed(tiled))
      return failure();
    return tiled->tiledValues;
  }

  static ScheduleAttr withoutSplit(ScheduleAttr schedule) {
    return ScheduleAttr::get(
        schedule.getContext(), schedule.getHeads(), schedule.getQueries(),
        schedule.getKeys(), schedule.getThreads(), schedule.getStages(),
        schedule.getSwizzle(), schedule.getRowSumOnMma(),
        schedule.getSkipRescale(), schedule.getTf32(), /*split=*/int64_t(0));
  }

  /// Returns offsets and sizes of the running values of type `type` at a
  /// position, which has no sizes of its own.
  std::pair<SmallVector<OpFoldResult>, SmallVector<OpFoldResult>>
  getSlice(ArrayRef<OpFoldResult> position, Type type) {
    SmallVector<OpFoldResult> offsets(position);
    SmallVector<OpFoldResult> sizes(position.size(), b.getIndexAttr(1));
    for (int64_t size : cast<ShapedType>(type).getShape()) {
      offsets.push_back(b.getIndexAttr(0));
      sizes.push_back(b.getIndexAttr(size));
    }
    return {offsets, sizes};
  }

  /// Returns the running values of all tasks of the current tile: [tasks, ...].
  Value sliceTile(Value parts, Value init) {
    auto initType = cast<RankedTensorType>(init.getType());
    SmallVector<OpFoldResult> position = getTile(tiles.getInductionVars());
    int64_t tasksDim = position.size();
    position.push_back(b.getIndexAttr(0));
    auto [offsets, sizes] = getSlice(position, initType);
    sizes[tasksDim] = getMixedSize(b, loc, parts, tasksDim);
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    auto type = cast<RankedTensorType>(parts.getType());
    return tensor::ExtractSliceOp::create(
        b, loc,
        RankedTensorType::get(type.getShape().drop_front(tasksDim),
                              type.getElementType()),
        parts, offsets, sizes, strides);
  }

  RewriterBase &b;
  OnlineAttentionOp op;
  AttentionOpInterface attention;
  Location loc;
  int64_t keys;
  /// The loop over tiles, or null.
  scf::ForallOp tiles;
  SetVector<Operation *> producers;
};

struct DiffSplitKeys : public diff::impl::DiffSplitKeysPassBase<DiffSplitKeys> {
  void runOnOperation() override {
    SmallVector<OnlineAttentionOp> ops;
    getOperation().walk([&](OnlineAttentionOp op) {
      if (op.getScheduleAttr() && op.getScheduleAttr().getSplit() > 0)
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (OnlineAttentionOp op : ops)
      // An op that cannot be split is computed by one task.
      (void)splitKeys(rewriter, op, op.getScheduleAttr().getSplit());
  }
};
} // namespace

LogicalResult diff::splitKeys(RewriterBase &rewriter, OnlineAttentionOp op,
                              int64_t keys) {
  OpBuilder::InsertionGuard guard(rewriter);
  return KeySplitter(rewriter, op, keys).split();
}
