//===- SelectMma.cpp - Instructions and layouts of contractions -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Contractions.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"
#include <numeric>

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILESELECTMMAPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Rows and columns of the 8 x 8 units of fragments.
static constexpr int64_t kUnit = 8;
/// Lanes along the columns of a unit, each with two elements.
static constexpr int64_t kColumnLanes = 4;
static constexpr int64_t kColumnElems = 2;

namespace {
/// The distribution of the rows (all dimensions but columns) of a result.
struct RowLayout {
  SmallVector<int64_t> warps, lanes;
};
} // namespace

/// Distributes rows over 8 lanes, then over the warps, starting at the
/// innermost dimension. An instruction takes two units of rows of one batch
/// entry. If no row dimension outside of `innermost` is repeated in a thread, a
/// factor of two of `innermost` stays in the thread.
static FailureOr<RowLayout> distributeRows(ArrayRef<int64_t> sizes,
                                           ArrayRef<bool> isBatch,
                                           int64_t numWarps) {
  RowLayout layout;
  int64_t rank = sizes.size();
  layout.warps.assign(rank, 1);
  layout.lanes.assign(rank, 1);
  SmallVector<int64_t> left(sizes);
  int64_t lanes = kUnit;
  for (int64_t dim = rank - 1; dim >= 0 && lanes > 1; --dim) {
    if (isBatch[dim])
      continue;
    int64_t count = std::gcd(left[dim], lanes);
    layout.lanes[dim] = count;
    left[dim] /= count;
    lanes /= count;
  }
  if (lanes > 1)
    return failure();
  // The pair of units comes from the outermost row dimension that allows it.
  bool paired = false;
  for (int64_t dim = 0; dim < rank && !paired; ++dim)
    if (!isBatch[dim] && left[dim] % 2 == 0) {
      left[dim] /= 2;
      paired = true;
    }
  if (!paired)
    return failure();
  for (int64_t dim = rank - 1; dim >= 0 && numWarps > 1; --dim) {
    int64_t count = std::gcd(left[dim], numWarps);
    layout.warps[dim] = count;
    left[dim] /= count;
    numWarps /= count;
  }
  if (numWarps > 1)
    return failure();
  return layout;
}

/// Returns the contraction from whose result the value is computed elementwise.
static vector::ContractionOp findProducer(Value value) {
  llvm::SetVector<Operation *> chain;
  if (Operation *op = value.getDefiningOp())
    chain.insert(op);
  for (size_t i = 0; i < chain.size(); ++i) {
    if (auto contract = dyn_cast<vector::ContractionOp>(chain[i]))
      return contract;
    if (!OpTrait::hasElementwiseMappableTraits(chain[i]))
      continue;
    for (Value operand : chain[i]->getOperands())
      if (auto type = dyn_cast<VectorType>(operand.getType());
          type &&
          type.getShape() == cast<VectorType>(value.getType()).getShape())
        if (Operation *op = operand.getDefiningOp())
          chain.insert(op);
  }
  return {};
}

/// Converts a contraction without rows and columns, such as a sum of squares,
/// to a product and a reduction, because no matrix instruction supports it.
static void reduceProducts(RewriterBase &rewriter, vector::ContractionOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto acc = dyn_cast<VectorType>(op.getAccType());
  if (!acc || maps[0] != maps[1] || !maps[0].isIdentity() ||
      op.getKind() != vector::CombiningKind::ADD ||
      op.getLhsType() != op.getRhsType() ||
      op.getLhsType().getElementType() != acc.getElementType())
    return;
  SmallVector<bool> reduced;
  for (Attribute iterator : op.getIteratorTypes())
    reduced.push_back(vector::isReductionIterator(iterator));
  rewriter.setInsertionPoint(op);
  Value product =
      arith::MulFOp::create(rewriter, op.getLoc(), op.getLhs(), op.getRhs());
  rewriter.replaceOpWithNewOp<vector::MultiDimReductionOp>(
      op, product, op.getAcc(), reduced, op.getKind());
}

/// Rounds f32 operands to tf32, to nearest. The instruction would truncate
/// them, and the errors would accumulate. The operands of a contraction that
/// adds to the result of another one are rounded where they are computed,
/// before the other one: both then become one loop of instructions. Other
/// operands are rounded late, which needs fewer registers.
static void roundOperands(RewriterBase &rewriter, vector::ContractionOp op) {
  auto isF32 = [](Type type) { return getElementTypeOrSelf(type).isF32(); };
  if (!isF32(op.getLhsType()) || !isF32(op.getRhsType()))
    return;
  Type tf32 = FloatTF32Type::get(op.getContext());
  auto round = [&](Value operand) -> Value {
    Operation *producer = operand.getDefiningOp();
    if (producer && producer->getBlock() == op->getBlock() &&
        op.getAcc().getDefiningOp<vector::ContractionOp>())
      rewriter.setInsertionPointAfter(producer);
    else
      rewriter.setInsertionPoint(op);
    auto type = cast<VectorType>(operand.getType());
    return arith::TruncFOp::create(rewriter, op.getLoc(), type.clone(tf32),
                                   operand);
  };
  Value lhs = round(op.getLhs()), rhs = round(op.getRhs());
  rewriter.modifyOpInPlace(op, [&] {
    op.getLhsMutable().assign(lhs);
    op.getRhsMutable().assign(rhs);
  });
}

namespace {
class MmaSelector {
public:
  MmaSelector(RewriterBase &rewriter, ScheduleAttr schedule)
      : rewriter(rewriter), schedule(schedule), numWarps(schedule.getWarps()) {}

  LogicalResult select(vector::ContractionOp op) {
    if (op->hasAttr(TileDialect::kMmaAttrName))
      return success();
    if (schedule.getTf32())
      roundOperands(rewriter, op);
    FailureOr<Contraction> contraction = Contraction::get(op);
    if (failed(contraction))
      return op.emitOpError(
          "is not a matrix product that tensor cores support: it needs f16 or "
          "bf16 operands (f32 if the schedule has tf32), an f32 accumulator, "
          "one column dimension and one reduced dimension");
    bool isTF32 = op.getLhsType().getElementType().isTF32();
    int64_t summands = isTF32 ? kUnit : 2 * kUnit;
    for (auto [name, size, unit] :
         {std::tuple("columns", contraction->getColumns(), kUnit),
          {"summands", contraction->getSummands(), summands}})
      if (size % unit != 0)
        return op.emitOpError("has ")
               << size << " " << name << "; m16n8k" << summands
               << " needs a multiple of " << unit;
    FailureOr<RowLayout> rows = getRows(op, *contraction);
    if (failed(rows))
      return op.emitOpError("has rows that cannot be distributed over ")
             << numWarps << " warps of 16 rows each";
    rows->warps.push_back(1);
    rows->lanes.push_back(kColumnLanes);
    SmallVector<int64_t> elems(rows->lanes.size(), 1);
    elems.back() = kColumnElems;
    auto layout =
        LayoutAttr::get(op.getContext(), rows->warps, rows->lanes, elems);
    op->setAttr(
        TileDialect::kMmaAttrName,
        MmaAttr::get(op.getContext(), 2 * kUnit, kUnit, summands,
                     isTF32 ? getNeighbours(op, *contraction) : kColumnElems,
                     layout));
    return success();
  }

private:
  /// `ldmatrix` loads single tf32 elements along k if both operands are stored
  /// with k innermost. The results of other contractions, and operands with k
  /// not innermost, use pairs.
  static int64_t getNeighbours(vector::ContractionOp op,
                               const Contraction &contraction) {
    bool alongSummands =
        contraction.getLhsSum() + 1 == op.getLhsType().getRank() &&
        contraction.getRhsSum() + 1 == op.getRhsType().getRank();
    return alongSummands && !findProducer(op.getLhs()) ? 1 : kColumnElems;
  }

  /// Use the row distribution of the operand, or a new one.
  FailureOr<RowLayout> getRows(vector::ContractionOp op,
                               const Contraction &contraction) {
    if (vector::ContractionOp producer = findProducer(op.getLhs())) {
      if (failed(select(producer)))
        return failure();
      auto mma = producer->getAttrOfType<MmaAttr>(TileDialect::kMmaAttrName);
      RowLayout rows;
      for (int64_t dim : contraction.resultRowsInLhs()) {
        rows.warps.push_back(mma.getResult().getWarps()[dim]);
        rows.lanes.push_back(mma.getResult().getLanes()[dim]);
      }
      return rows;
    }
    return distributeRows(contraction.getRowSizes(), contraction.isBatch(),
                          numWarps);
  }

  RewriterBase &rewriter;
  ScheduleAttr schedule;
  int64_t numWarps;
};

struct TileSelectMma : public tile::impl::TileSelectMmaPassBase<TileSelectMma> {
  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](gpu::LaunchOp launch) {
      auto schedule =
          launch->getAttrOfType<ScheduleAttr>(TileDialect::kScheduleAttrName);
      if (!schedule)
        return WalkResult::advance();
      IRRewriter rewriter(&getContext());
      launch.walk(
          [&](vector::ContractionOp op) { reduceProducts(rewriter, op); });
      MmaSelector selector(rewriter, schedule);
      return launch.walk([&](vector::ContractionOp op) {
        return failed(selector.select(op)) ? WalkResult::interrupt()
                                           : WalkResult::advance();
      });
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
