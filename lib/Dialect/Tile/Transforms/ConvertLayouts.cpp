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

/// Writes the value to a ring in its layout and reads it in the new layout.
static Value convert(RewriterBase &rewriter, ToLayoutOp op, Block &entry) {
  Location loc = op.getLoc();
  auto type = cast<VectorType>(op.getType());
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
  Value slot = SlotOp::create(rewriter, loc, slotType, ring.getMemory(), zero);
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
  Value poison = ub::PoisonOp::create(rewriter, loc, type.getElementType());
  auto read = vector::TransferReadOp::create(rewriter, loc, type, slot, indices,
                                             identity, poison, /*mask=*/Value(),
                                             inBounds);
  read->setAttr(TileDialect::kLayoutsAttrName,
                rewriter.getArrayAttr({op.getLayout()}));
  return read;
}

namespace {
struct TileConvertLayouts
    : public tile::impl::TileConvertLayoutsPassBase<TileConvertLayouts> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation()->walk([&](gpu::LaunchOp launch) {
      llvm::DenseMap<Value, LayoutAttr> layouts = readLayouts(launch);
      return launch.walk([&](ToLayoutOp op) {
        if (layouts.lookup(op.getSource()) == op.getLayout()) {
          rewriter.replaceOp(op, op.getSource());
          return WalkResult::advance();
        }
        auto type = cast<VectorType>(op.getType());
        int64_t bits = type.getElementType().isIntOrFloat()
                           ? type.getElementTypeBitWidth()
                           : 0;
        if (bits == 0 || bits % 8 != 0 || type.isScalable() ||
            type.getShape().back() * bits % (kChunkBytes * 8) != 0) {
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
