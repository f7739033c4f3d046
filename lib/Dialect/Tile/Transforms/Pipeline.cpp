//===- Pipeline.cpp - Prefetching of copies -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILEPIPELINEPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

namespace {
/// A copy in a loop, its new position, and its prefetch distance.
struct Placement {
  CopyAsyncOp copy;
  /// The wait after which it moves; null if the copy does not move.
  WaitOp anchor;
  int64_t distance;
  /// True if only a barrier keeps the last iteration's reads before it.
  bool needsBarrier;
};
} // namespace

static RingOp getRing(Value slot) {
  auto op = slot.getDefiningOp<SlotOp>();
  return op ? op.getRing().getDefiningOp<RingOp>() : RingOp();
}

/// Finds the position of a copy: after the first wait that follows the last
/// read of the slot that it overwrites. All threads have read the slot then.
static Placement place(scf::ForOp loop, CopyAsyncOp copy, bool runsAhead) {
  RingOp ring = getRing(copy.getDestination());
  Operation *lastRead = nullptr;
  WaitOp first, next, own;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (auto wait = dyn_cast<WaitOp>(op)) {
      if (!first)
        first = wait;
      if (!next && lastRead)
        next = wait;
      if (llvm::is_contained(wait.getTokens(), copy.getToken()))
        own = wait;
    }
    bool reads = false;
    op.walk([&](vector::TransferReadOp read) {
      reads |= ring && getRing(read.getBase()) == ring;
    });
    if (reads) {
      lastRead = &op;
      next = {};
    }
  }
  int64_t slots = ring ? ring.getNumSlots() : 1;
  if (next)
    return {copy, runsAhead ? next : WaitOp(), runsAhead ? slots : 0, false};
  int64_t distance = runsAhead ? slots - 1 : 0;
  // Within its own iteration, a copy must stay before its own wait.
  if (distance == 0 && first == own)
    return {copy, {}, 0, true};
  return {copy, first, distance, false};
}

static SmallVector<Placement> placeCopies(scf::ForOp loop, bool runsAhead) {
  SmallVector<Placement> placements;
  for (auto copy : loop.getBody()->getOps<CopyAsyncOp>())
    placements.push_back(place(loop, copy, runsAhead));
  return placements;
}

/// Clones the computations of the indices and the slot directly before the
/// copy, so that they move with it.
static SmallVector<Operation *> isolate(RewriterBase &rewriter, scf::ForOp loop,
                                        CopyAsyncOp copy) {
  BackwardSliceOptions options([&](Operation *op) {
    return op == copy || (op->getBlock() == loop.getBody() && isPure(op));
  });
  options.omitBlockArguments = true;
  SetVector<Operation *> sources;
  LogicalResult found =
      getBackwardSlice(copy.getOperation(), &sources, options);
  assert(succeeded(found) && "only block arguments have no slice");
  (void)found;
  IRMapping mapping;
  SmallVector<Operation *> isolated;
  rewriter.setInsertionPoint(copy);
  for (Operation *source : sources)
    isolated.push_back(rewriter.clone(*source, mapping));
  rewriter.modifyOpInPlace(copy, [&] {
    for (OpOperand &operand : copy->getOpOperands())
      operand.set(mapping.lookupOrDefault(operand.get()));
  });
  isolated.push_back(copy);
  return isolated;
}

/// Moves the copies of a loop to their positions within their iteration.
static void arrange(RewriterBase &rewriter, scf::ForOp loop) {
  for (const Placement &placement : placeCopies(loop, /*runsAhead=*/false)) {
    SmallVector<Operation *> ops = isolate(rewriter, loop, placement.copy);
    if (placement.needsBarrier) {
      rewriter.setInsertionPoint(ops.front());
      gpu::BarrierOp::create(rewriter, loop.getLoc());
    } else if (placement.anchor) {
      Operation *position = WaitOp(placement.anchor);
      for (Operation *op : ops) {
        op->moveAfter(position);
        position = op;
      }
    }
  }
}

namespace {
/// Pipelines the copies of a loop with upstream's pipeliner.
class Pipeliner {
public:
  Pipeliner(RewriterBase &rewriter, scf::ForOp loop)
      : rewriter(rewriter), loop(loop) {}

  /// Maximum number of iterations by which copies are prefetched.
  int64_t getDepth() {
    int64_t depth = 0;
    for (const Placement &placement : placeCopies(loop, /*runsAhead=*/true))
      depth = std::max(depth, placement.distance);
    return depth;
  }

  /// Requires at least `depth` iterations.
  LogicalResult run(int64_t depth) {
    llvm::DenseMap<Operation *, SmallVector<std::pair<Operation *, unsigned>>>
        behind;
    llvm::DenseSet<Operation *> moved;
    for (const Placement &placement : placeCopies(loop, /*runsAhead=*/true)) {
      unsigned stage = depth - placement.distance;
      for (Operation *op : isolate(rewriter, loop, placement.copy)) {
        behind[placement.anchor].emplace_back(op, stage);
        moved.insert(op);
      }
    }
    scf::PipeliningOption options;
    options.getScheduleFn =
        [&](scf::ForOp loop,
            std::vector<std::pair<Operation *, unsigned>> &schedule) {
          for (Operation &op : loop.getBody()->without_terminator()) {
            if (!moved.contains(&op))
              schedule.emplace_back(&op, depth);
            llvm::append_range(schedule, behind.lookup(&op));
          }
        };
    // With at least `depth` iterations, every part runs, so the predicates of
    // the pipeliner are always true.
    options.supportDynamicLoops = true;
    llvm::SetVector<Value> guards;
    options.predicateFn = [&](RewriterBase &, Operation *op, Value guard) {
      guards.insert(guard);
      return op;
    };
    loop->removeAttr(TileDialect::kStagesAttrName);
    bool modified = false;
    rewriter.setInsertionPoint(loop);
    FailureOr<scf::ForOp> steady =
        scf::pipelineForLoop(rewriter, loop, options, &modified);
    // The loop still exists: the pipeliner checks it before it rewrites it.
    if (failed(steady))
      return loop.emitOpError(
          "cannot be pipelined: it must compute the operands of its copies, "
          "and must not carry a value unchanged (run canonicalize before)");
    (*steady)->setAttr(TileDialect::kSteadyAttrName, rewriter.getUnitAttr());
    for (Value guard : guards) {
      rewriter.setInsertionPointAfterValue(guard);
      Value always =
          arith::ConstantIntOp::create(rewriter, guard.getLoc(), 1, 1);
      rewriter.replaceAllUsesWith(guard, always);
    }
    return success();
  }

private:
  RewriterBase &rewriter;
  scf::ForOp loop;
};
} // namespace

static Value buildTripCount(OpBuilder &b, scf::ForOp loop) {
  Location loc = loop.getLoc();
  Value distance =
      arith::SubIOp::create(b, loc, loop.getUpperBound(), loop.getLowerBound());
  return arith::CeilDivSIOp::create(b, loc, distance, loop.getStep());
}

/// Pipelines the loop for sufficiently large trip counts.
static LogicalResult pipeline(RewriterBase &rewriter, scf::ForOp loop) {
  int64_t depth = Pipeliner(rewriter, loop).getDepth();
  std::optional<APInt> count = loop.getStaticTripCount();
  if (depth == 0 || (count && count->slt(depth))) {
    loop->removeAttr(TileDialect::kStagesAttrName);
    loop->setAttr(TileDialect::kSteadyAttrName, rewriter.getUnitAttr());
    arrange(rewriter, loop);
    return success();
  }
  if (count)
    return Pipeliner(rewriter, loop).run(depth);
  Location loc = loop.getLoc();
  rewriter.setInsertionPoint(loop);
  Value enough = arith::CmpIOp::create(
      rewriter, loc, arith::CmpIPredicate::sge, buildTripCount(rewriter, loop),
      arith::ConstantIndexOp::create(rewriter, loc, depth));
  auto guard = scf::IfOp::create(rewriter, loc, loop.getResultTypes(), enough,
                                 /*addThenBlock=*/true, /*addElseBlock=*/true);
  rewriter.replaceAllUsesWith(loop.getResults(), guard.getResults());
  rewriter.setInsertionPointToStart(guard.elseBlock());
  if (depth == 1) {
    scf::YieldOp::create(rewriter, loc, loop.getInitArgs());
  } else {
    auto plain = cast<scf::ForOp>(rewriter.clone(*loop));
    plain->removeAttr(TileDialect::kStagesAttrName);
    scf::YieldOp::create(rewriter, loc, plain.getResults());
    arrange(rewriter, plain);
  }
  rewriter.setInsertionPointToStart(guard.thenBlock());
  auto ahead = cast<scf::ForOp>(rewriter.clone(*loop));
  scf::YieldOp::create(rewriter, loc, ahead.getResults());
  rewriter.eraseOp(loop);
  return Pipeliner(rewriter, ahead).run(depth);
}

namespace {
struct TilePipeline : public tile::impl::TilePipelinePassBase<TilePipeline> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) {
      if (!loop.getBody()->getOps<CopyAsyncOp>().empty())
        loops.push_back(loop);
    });
    IRRewriter rewriter(&getContext());
    for (scf::ForOp loop : loops) {
      if (!loop->hasAttr(TileDialect::kStagesAttrName)) {
        arrange(rewriter, loop);
      } else if (failed(pipeline(rewriter, loop))) {
        return signalPassFailure();
      }
    }
  }
};
} // namespace
