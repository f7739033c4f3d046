//===- ConvertLayouts.cpp - Layout conversions through shared memory ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILECONVERTLAYOUTSPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Returns true if a vector can be stored in a slot.
static bool hasWholeChunks(VectorType type) {
  int64_t bits =
      type.getElementType().isIntOrFloat() ? type.getElementTypeBitWidth() : 0;
  return bits != 0 && bits % 8 == 0 && !type.isScalable() &&
         type.getRank() > 0 &&
         type.getShape().back() * bits % (kChunkBytes * 8) == 0;
}

/// Creates a slot for a vector before `op`.
static Value createSlot(RewriterBase &rewriter, Operation *op, VectorType type,
                        Block &entry) {
  Location loc = op->getLoc();
  auto space = gpu::AddressSpaceAttr::get(
      rewriter.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
  SmallVector<int64_t> shape{1};
  llvm::append_range(shape, type.getShape());
  auto ringType = MemRefType::get(shape, type.getElementType(),
                                  MemRefLayoutAttrInterface(), space);
  auto slotType = MemRefType::get(type.getShape(), type.getElementType(),
                                  MemRefLayoutAttrInterface(), space);
  rewriter.setInsertionPointToStart(&entry);
  int64_t rowBytes = shape.back() * type.getElementTypeBitWidth() / 8;
  bool isF32 = type.getElementType().isF32();
  auto ring =
      RingOp::create(rewriter, loc, ringType,
                     isF32 ? SwizzleAttr()
                           : getSwizzleForRows(rewriter.getContext(), rowBytes),
                     rewriter.getI64IntegerAttr(
                         isF32 ? getPaddingForAccumulators(rowBytes) : 0),
                     /*offset=*/IntegerAttr());
  rewriter.setInsertionPoint(op);
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  return SlotOp::create(rewriter, loc, slotType, ring.getMemory(), zero);
}

/// Reads a slot in a layout.
static Value readSlot(RewriterBase &rewriter, Location loc, VectorType type,
                      Value slot, LayoutAttr layout) {
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  Value poison = ub::PoisonOp::create(rewriter, loc, type.getElementType());
  auto read = vector::TransferReadOp::create(
      rewriter, loc, type, slot, SmallVector<Value>(type.getRank(), zero),
      AffineMapAttr::get(rewriter.getMultiDimIdentityMap(type.getRank())),
      poison, /*mask=*/Value(),
      rewriter.getBoolArrayAttr(SmallVector<bool>(type.getRank(), true)));
  read->setAttr(TileDialect::kLayoutsAttrName, rewriter.getArrayAttr({layout}));
  return read;
}

/// Writes the value to a ring in its layout and reads it in the new layout.
static Value convert(RewriterBase &rewriter, ToLayoutOp op, Block &entry) {
  Location loc = op.getLoc();
  auto type = cast<VectorType>(op.getType());
  Value slot = createSlot(rewriter, op, type, entry);
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  SmallVector<Value> indices(type.getRank(), zero);
  auto identity =
      AffineMapAttr::get(rewriter.getMultiDimIdentityMap(type.getRank()));
  ArrayAttr inBounds =
      rewriter.getBoolArrayAttr(SmallVector<bool>(type.getRank(), true));
  // Wait until all threads have read the previous contents of the memory.
  gpu::BarrierOp::create(rewriter, loc);
  vector::TransferWriteOp::create(rewriter, loc, op.getSource(), slot, indices,
                                  identity, inBounds);
  gpu::BarrierOp::create(rewriter, loc);
  return readSlot(rewriter, loc, type, slot, op.getLayout());
}

/// Repeats the part of a vector that some warps hold: they write it to a slot,
/// and all warps read it.
static Value exchangePart(RewriterBase &rewriter, vector::ShuffleOp op,
                          LayoutAttr layout, Block &entry) {
  Location loc = op.getLoc();
  VectorType type = op.getResultVectorType();
  auto part =
      VectorType::get(type.getShape().drop_front(), type.getElementType());
  Value slot = createSlot(rewriter, op, part, entry);
  gpu::BarrierOp::create(rewriter, loc);
  WritePartOp::create(rewriter, loc, op.getV1(), op.getMask().front(), slot);
  gpu::BarrierOp::create(rewriter, loc);
  Value read = readSlot(rewriter, loc, part, slot, layout.dropDims({0}));
  auto repeated = vector::BroadcastOp::create(rewriter, loc, type, read);
  repeated->setAttr(TileDialect::kLayoutsAttrName,
                    rewriter.getArrayAttr({layout}));
  return repeated;
}

namespace {
struct TileConvertLayouts
    : public tile::impl::TileConvertLayoutsPassBase<TileConvertLayouts> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation()->walk([&](gpu::LaunchOp launch) {
      llvm::DenseMap<Value, LayoutAttr> layouts = readLayouts(launch);
      WalkResult repeated = launch.walk([&](vector::ShuffleOp op) {
        LayoutAttr layout = layouts.lookup(op.getResult());
        auto read = op.getV1().getDefiningOp<vector::TransferReadOp>();
        if (!layout || layout.isUndistributed(0) ||
            (read && gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(
                         dyn_cast<MemRefType>(read.getShapedType()))))
          return WalkResult::advance();
        VectorType type = op.getResultVectorType();
        if (op.getV1() != op.getV2() || !llvm::all_equal(op.getMask()) ||
            op.getMask().front() < 0 || !hasWholeChunks(type) ||
            type.getRank() < 2) {
          op.emitOpError("cannot exchange the parts of ")
              << type << ", which different threads hold";
          return WalkResult::interrupt();
        }
        Value value =
            exchangePart(rewriter, op, layout, launch.getBody().front());
        rewriter.replaceOp(op, value);
        return WalkResult::advance();
      });
      if (repeated.wasInterrupted())
        return repeated;
      return launch.walk([&](ToLayoutOp op) {
        if (layouts.lookup(op.getSource()) == op.getLayout()) {
          rewriter.replaceOp(op, op.getSource());
          return WalkResult::advance();
        }
        auto type = cast<VectorType>(op.getType());
        if (!hasWholeChunks(type)) {
          op.emitOpError("cannot change the layout of ")
              << type << ": its rows are not whole 16-byte chunks";
          return WalkResult::interrupt();
        }
        Value converted = convert(rewriter, op, launch.getBody().front());
        layouts[converted] = op.getLayout();
        rewriter.replaceOp(op, converted);
        return WalkResult::advance();
      });
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
