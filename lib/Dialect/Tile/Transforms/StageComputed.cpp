//===- StageComputed.cpp - Computed operands in shared memory -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Contractions.h"
#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILESTAGECOMPUTEDPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Returns true if a vector is computed elementwise from reads of global
/// memory, and not from contractions or loop-carried values.
static bool isComputedFromReads(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return !isa<VectorType>(value.getType());
  if (auto read = dyn_cast<vector::TransferReadOp>(op)) {
    auto type = dyn_cast<MemRefType>(read.getShapedType());
    return type && !gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type);
  }
  if (!isa<VectorType>(value.getType()) ||
      op->hasTrait<OpTrait::ConstantLike>())
    return true;
  return (isa<vector::BroadcastOp, vector::TransposeOp, vector::ShapeCastOp,
              vector::ExtractOp>(op) ||
          OpTrait::hasElementwiseMappableTraits(op)) &&
         llvm::all_of(op->getOperands(), isComputedFromReads);
}

namespace {
/// Stages the computed operands of one launch.
class ComputedStager {
public:
  ComputedStager(RewriterBase &rewriter, gpu::LaunchOp launch,
                 ScheduleAttr schedule)
      : rewriter(rewriter), launch(launch), schedule(schedule) {}

  void run() {
    llvm::MapVector<Value, SmallVector<OpOperand *>> computed;
    launch.walk([&](vector::ContractionOp op) {
      // An elementwise sum of products is not a matrix product.
      if (op.getIndexingMapsArray()[0] == op.getIndexingMapsArray()[1])
        return;
      for (unsigned number : {0u, 1u}) {
        OpOperand &operand = op->getOpOperand(number);
        Operation *source = operand.get().getDefiningOp();
        if (source && !isa<vector::TransferReadOp>(source) &&
            !source->hasTrait<OpTrait::ConstantLike>() &&
            launch->isProperAncestor(source) &&
            isComputedFromReads(operand.get()))
          computed[operand.get()].push_back(&operand);
      }
    });
    for (auto &[value, uses] : computed)
      stage(value, uses);
  }

private:
  void stage(Value value, ArrayRef<OpOperand *> uses) {
    SmallVector<int64_t> order = getRowOrder(*uses.front());
    auto type = cast<VectorType>(value.getType());
    SmallVector<int64_t> shape;
    for (int64_t dim : order)
      shape.push_back(type.getDimSize(dim));
    auto ordered = VectorType::get(shape, type.getElementType());
    LayoutAttr layout = getRowLayout(ordered, schedule.getWarps());
    if (!layout || llvm::any_of(uses, [&](OpOperand *use) {
          return getRowOrder(*use) != order;
        }))
      return;
    Location loc = value.getLoc();
    for (vector::TransferReadOp read : findReads(value))
      copyFirst(read);
    Value slot = makeSlot(loc, ordered);
    rewriter.setInsertionPointAfterValue(value);
    if (!llvm::is_sorted(order))
      value = vector::TransposeOp::create(rewriter, loc, value, order);
    value = ToLayoutOp::create(rewriter, loc, value, layout);
    SmallVector<Value> zeros(shape.size(),
                             arith::ConstantIndexOp::create(rewriter, loc, 0));
    auto identity =
        AffineMapAttr::get(rewriter.getMultiDimIdentityMap(shape.size()));
    auto inBounds =
        rewriter.getBoolArrayAttr(SmallVector<bool>(shape.size(), true));
    // All threads must have read the value of the previous iteration.
    if (value.getDefiningOp()->getParentOfType<LoopLikeOpInterface>())
      gpu::BarrierOp::create(rewriter, loc);
    vector::TransferWriteOp::create(rewriter, loc, value, slot, zeros, identity,
                                    inBounds);
    gpu::BarrierOp::create(rewriter, loc);
    for (OpOperand *use : uses) {
      rewriter.setInsertionPoint(use->getOwner());
      Value padding = arith::ConstantOp::create(
          rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
      Value read = vector::TransferReadOp::create(rewriter, loc, ordered, slot,
                                                  zeros, identity, padding,
                                                  /*mask=*/Value(), inBounds);
      reorderOperand(rewriter, *use, read, order);
    }
  }

  /// Collects the reads, as large as the vector, from which it is computed.
  static SmallVector<vector::TransferReadOp> findReads(Value value) {
    SmallVector<vector::TransferReadOp> reads;
    int64_t count = cast<VectorType>(value.getType()).getNumElements();
    SetVector<Value> chain;
    chain.insert(value);
    for (size_t i = 0; i < chain.size(); ++i) {
      Operation *op = chain[i].getDefiningOp();
      if (auto read = dyn_cast<vector::TransferReadOp>(op)) {
        if (read.getVectorType().getNumElements() == count)
          reads.push_back(read);
        continue;
      }
      for (Value operand : op->getOperands())
        if (isa<VectorType>(operand.getType()))
          chain.insert(operand);
    }
    return reads;
  }

  /// Converts a read of whole rows to a read of a copy in shared memory. A copy
  /// fills missing rows with zeros without a branch. The memory is free again
  /// after the operand is computed.
  void copyFirst(vector::TransferReadOp read) {
    AffineMap map = read.getPermutationMap();
    auto type = cast<MemRefType>(read.getShapedType());
    if (read.getMask() || !map.isProjectedPermutation() ||
        map.getNumResults() == 0 || !type.getElementType().isIntOrFloat() ||
        type.getElementTypeBitWidth() % 8 != 0 ||
        type.getElementType() != read.getVectorType().getElementType() ||
        read.getVectorType().getShape().back() * type.getElementTypeBitWidth() %
                (kChunkBytes * 8) !=
            0 ||
        map.getDimPosition(map.getNumResults() - 1) + 1 !=
            static_cast<unsigned>(type.getRank()) ||
        !isMadeOfRuns(read.getBase(), read.getIndices().back(),
                      kChunkBytes * 8 / type.getElementTypeBitWidth()))
      return;
    Location loc = read.getLoc();
    VectorType tile = read.getVectorType();
    Value slot = makeSlot(loc, tile);
    SmallVector<bool> inBounds;
    for (int64_t dim = 0; dim < tile.getRank(); ++dim)
      inBounds.push_back(read.isDimInBounds(dim));
    rewriter.setInsertionPoint(read);
    auto copy = CopyAsyncOp::create(
        rewriter, loc, TokenType::get(rewriter.getContext()), read.getBase(),
        read.getIndices(), slot, /*predicate=*/Value(), AffineMapAttr::get(map),
        rewriter.getDenseBoolArrayAttr(inBounds));
    WaitOp::create(rewriter, loc, copy.getToken());
    SmallVector<Value> zeros(tile.getRank(),
                             arith::ConstantIndexOp::create(rewriter, loc, 0));
    rewriter.replaceOpWithNewOp<vector::TransferReadOp>(
        read, tile, slot, zeros,
        AffineMapAttr::get(rewriter.getMultiDimIdentityMap(tile.getRank())),
        read.getPadding(), /*mask=*/Value(),
        rewriter.getBoolArrayAttr(SmallVector<bool>(tile.getRank(), true)));
  }

  /// Creates a separate buffer in shared memory.
  Value makeSlot(Location loc, VectorType tile) {
    auto space = gpu::AddressSpaceAttr::get(
        rewriter.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
    SmallVector<int64_t> shape{1};
    llvm::append_range(shape, tile.getShape());
    auto type = MemRefType::get(shape, tile.getElementType(),
                                MemRefLayoutAttrInterface(), space);
    int64_t rowBytes = shape.back() * tile.getElementTypeBitWidth() / 8;
    bool swizzle = schedule.getSwizzle();
    rewriter.setInsertionPointToStart(&launch.getBody().front());
    auto ring = RingOp::create(
        rewriter, loc, type,
        swizzle ? getSwizzleForRows(rewriter.getContext(), rowBytes)
                : SwizzleAttr(),
        rewriter.getI64IntegerAttr(swizzle ? 0 : getPaddingForRows(rowBytes)),
        /*offset=*/IntegerAttr());
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    auto slotType = MemRefType::get(tile.getShape(), tile.getElementType(),
                                    MemRefLayoutAttrInterface(), space);
    return SlotOp::create(rewriter, loc, slotType, ring.getMemory(), zero);
  }

  RewriterBase &rewriter;
  gpu::LaunchOp launch;
  ScheduleAttr schedule;
};

struct TileStageComputed
    : public tile::impl::TileStageComputedPassBase<TileStageComputed> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](gpu::LaunchOp launch) {
      auto schedule =
          launch->getAttrOfType<ScheduleAttr>(TileDialect::kScheduleAttrName);
      if (schedule && launch.getBody().hasOneBlock())
        ComputedStager(rewriter, launch, schedule).run();
    });
  }
};
} // namespace
