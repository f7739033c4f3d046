//===- Utils.cpp - Functions of the transform ops -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/TransformOps/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::diff;

FailureOr<DecomposedOp>
diff::decomposeAggregatedOp(RewriterBase &rewriter,
                            linalg::AggregatedOpInterface op) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  // The new ops are between this op and `op`.
  Operation *before = op->getPrevNode();
  FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
  Operation *first = before ? before->getNextNode() : &op->getBlock()->front();
  SmallVector<Operation *> made;
  for (Operation *it = first; it != op; it = it->getNextNode())
    made.push_back(it);
  if (failed(values)) {
    for (Operation *it : llvm::reverse(made))
      rewriter.eraseOp(it);
    return failure();
  }

  DecomposedOp result;
  for (Operation *it : made) {
    if (isa<linalg::AggregatedOpInterface>(it))
      result.aggregated.push_back(it);
    else if (isa<TilingInterface>(it))
      result.parts.push_back(it);
  }
  rewriter.replaceOp(op, *values);
  return result;
}

/// Returns the slice of `result` of the outermost loop that an iteration of the
/// nest writes, or null if the nest was not produced by tiling.
static OffsetSizeAndStrideOpInterface
getWrittenSlice(OpResult result, ArrayRef<LoopLikeOpInterface> loops) {
  if (auto forall = dyn_cast<scf::ForallOp>(result.getOwner())) {
    SmallVector<Operation *> writers = forall.getCombiningOps(
        forall.getRegionIterArgs()[result.getResultNumber()]);
    if (loops.size() != 1 || writers.size() != 1)
      return nullptr;
    return dyn_cast<OffsetSizeAndStrideOpInterface>(writers.front());
  }
  Value written = result;
  for (LoopLikeOpInterface loop : loops) {
    auto carried = dyn_cast<OpResult>(written);
    if (!carried || carried.getOwner() != loop)
      return nullptr;
    OpOperand *yielded =
        loop.getTiedLoopYieldedValue(loop.getTiedLoopRegionIterArg(carried));
    if (!yielded)
      return nullptr;
    written = yielded->get();
  }
  return written.getDefiningOp<OffsetSizeAndStrideOpInterface>();
}

static bool dependsOn(Value value, Value source, DenseSet<Value> &seen) {
  if (value == source)
    return true;
  Operation *op = value.getDefiningOp();
  if (!op || !seen.insert(value).second)
    return false;
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    return dependsOn(operand, source, seen);
  });
}

/// Returns true if every iteration of the nest has a separate slice. Slices of
/// a loop over a reduction hold partial results.
static bool ownsSlices(OffsetSizeAndStrideOpInterface slice,
                       ArrayRef<LoopLikeOpInterface> loops) {
  return llvm::all_of(loops, [&](LoopLikeOpInterface loop) {
    std::optional<SmallVector<Value>> ivs = loop.getLoopInductionVars();
    return ivs && llvm::all_of(*ivs, [&](Value iv) {
             return llvm::any_of(slice.getMixedOffsets(), [&](OpFoldResult o) {
               auto offset = dyn_cast<Value>(o);
               DenseSet<Value> seen;
               return offset && dependsOn(offset, iv, seen);
             });
           });
  });
}

/// Returns the reason why the consumer cannot be fused, before any change.
static LogicalResult checkConsumer(RewriterBase &rewriter, Operation *consumer,
                                   ArrayRef<LoopLikeOpInterface> loops) {
  auto refuse = [&](const Twine &why) {
    return rewriter.notifyMatchFailure(consumer, why);
  };
  if (loops.empty())
    return refuse("there is no loop");
  Operation *outermost = loops.front();
  for (auto [outer, inner] : llvm::zip(loops, loops.drop_front()))
    if (inner->getParentOp() != outer)
      return refuse("the loops are not nested, outermost first");
  if (!isa<TilingInterface>(consumer))
    return refuse("the consumer does not implement TilingInterface");
  if (!isa<DestinationStyleOpInterface>(consumer))
    return refuse("the consumer does not implement "
                  "DestinationStyleOpInterface");
  if (consumer->getBlock() != outermost->getBlock())
    return refuse("the consumer and the loops are in different blocks");
  bool takesResult = false;
  for (Value operand : consumer->getOperands()) {
    if (operand.getDefiningOp() != outermost)
      continue;
    takesResult = true;
    auto slice = getWrittenSlice(cast<OpResult>(operand), loops);
    if (!slice)
      return refuse("the loops are not a nest produced by tiling: an iteration "
                    "does not yield one slice of the operand");
    if (!ownsSlices(slice, loops))
      return refuse("a loop iterates over a reduction: its slices of the "
                    "operand hold partial results until the last iteration");
  }
  if (!takesResult)
    return refuse("the consumer uses no result of the outermost loop");
  return success();
}

FailureOr<Operation *>
diff::fuseConsumerIntoLoops(RewriterBase &rewriter, Operation *consumer,
                            MutableArrayRef<LoopLikeOpInterface> loops) {
  if (failed(checkConsumer(rewriter, consumer, loops)))
    return failure();
  OpBuilder::InsertionGuard guard(rewriter);
  FailureOr<scf::SCFFuseConsumerOfSliceResult> fused =
      scf::tileAndFuseConsumer(rewriter, consumer, loops);
  if (failed(fused) || fused->tiledOps.empty())
    return failure();
  // The results of the loop have replaced its uses.
  if (consumer->use_empty())
    rewriter.eraseOp(consumer);
  return fused->tiledOps.front();
}
