//===- Distribution.cpp - The part of a tile that a lane holds ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

Value I32Builder::constant(int64_t value) const {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
}
Value I32Builder::add(Value lhs, Value rhs) const {
  if (!lhs)
    return rhs;
  return rhs ? arith::AddIOp::create(b, loc, lhs, rhs).getResult() : lhs;
}
Value I32Builder::mul(Value lhs, int64_t rhs) const {
  if (!lhs || rhs == 1)
    return lhs;
  return arith::MulIOp::create(b, loc, lhs, constant(rhs));
}
Value I32Builder::bitAnd(Value lhs, int64_t rhs) const {
  return lhs ? arith::AndIOp::create(b, loc, lhs, constant(rhs)).getResult()
             : lhs;
}
Value I32Builder::bitXor(Value lhs, Value rhs) const {
  if (!lhs)
    return rhs;
  return rhs ? arith::XOrIOp::create(b, loc, lhs, rhs).getResult() : lhs;
}
Value I32Builder::shiftRight(Value lhs, int64_t rhs) const {
  if (!lhs || rhs == 0)
    return lhs;
  return arith::ShRUIOp::create(b, loc, lhs, constant(rhs));
}

void tile::forEachIndex(ArrayRef<int64_t> shape,
                        function_ref<void(ArrayRef<int64_t>)> body) {
  if (llvm::is_contained(shape, 0))
    return;
  SmallVector<int64_t> index(shape.size(), 0);
  while (true) {
    body(index);
    int64_t dim = shape.size() - 1;
    while (dim >= 0 && ++index[dim] == shape[dim])
      index[dim--] = 0;
    if (dim < 0)
      return;
  }
}

SmallVector<Value> tile::getElements(OpBuilder &b, Location loc, Value vector) {
  auto op = vector::ToElementsOp::create(b, loc, vector);
  return SmallVector<Value>(op.getResults());
}

Value tile::fromElements(OpBuilder &b, Location loc, VectorType type,
                         ArrayRef<Value> elements) {
  return vector::FromElementsOp::create(b, loc, type, elements);
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

DimPosition::DimPosition(const Distribution &distribution, LayoutAttr layout,
                         int64_t dim, int64_t size)
    : distribution(&distribution), warps(layout.getWarps()[dim]),
      warpStride(layout.getWarpStrides()[dim]), lanes(layout.getLanes()[dim]),
      laneStride(layout.getLaneStrides()[dim]), elems(layout.getElems()[dim]),
      repetitions(*layout.getRepetitions(dim, size)) {}

Value DimPosition::buildDynamic(OpBuilder &b, Location loc) const {
  I32Builder i32{b, loc};
  auto part = [&](Value whole, int64_t count, int64_t stride) -> Value {
    if (count == 1)
      return {};
    Value quotient = whole;
    if (stride > 1)
      quotient = arith::DivUIOp::create(b, loc, whole, i32.constant(stride));
    return arith::RemUIOp::create(b, loc, quotient, i32.constant(count));
  };
  Value warp = part(distribution->getWarp(), warps, warpStride);
  Value lane = part(distribution->getLane(), lanes, laneStride);
  return i32.mul(i32.add(i32.mul(warp, repetitions * lanes), lane), elems);
}

bool DimPosition::isXorSafe() const {
  // Lanes and elements are powers of two. The part of a warp must not use the
  // three lowest bits, unless repetitions fill them.
  return llvm::isPowerOf2_64(elems) &&
         (warps == 1 || (repetitions * lanes * elems) % 8 == 0 ||
          llvm::isPowerOf2_64(repetitions));
}

//===----------------------------------------------------------------------===//
// Distribution
//===----------------------------------------------------------------------===//

/// The byte offset of a slot in its ring, computed after the slot op.
static Value buildSlotOffset(SlotOp slot, RingOp ring) {
  if (ring.getNumSlots() == 1 || isConstantIntValue(slot.getIndex(), 0))
    return {};
  OpBuilder b(slot->getContext());
  b.setInsertionPointAfter(slot);
  I32Builder i32{b, slot.getLoc()};
  Value index = arith::IndexCastOp::create(b, slot.getLoc(), b.getI32Type(),
                                           slot.getIndex());
  Value number = arith::RemUIOp::create(b, slot.getLoc(), index,
                                        i32.constant(ring.getNumSlots()));
  return i32.mul(number, ring.getSlotBytes());
}

/// Returns the block size if it consists of whole warps in one dimension.
static std::optional<int64_t> getNumThreads(gpu::GPUFuncOp func) {
  std::optional<ArrayRef<int32_t>> size = func.getKnownBlockSize();
  if (!size || size->size() != 3 || (*size)[0] < kLanes ||
      (*size)[0] % kLanes != 0 || (*size)[1] != 1 || (*size)[2] != 1)
    return std::nullopt;
  return (*size)[0];
}

/// Verifies that no layout uses more warps than the block has.
static LogicalResult verifyWarps(gpu::GPUFuncOp func, int64_t numWarps,
                                 function_ref<LayoutAttr(Value)> getLayout) {
  WalkResult result = func.walk([&](Operation *op) {
    for (Value value : op->getResults()) {
      LayoutAttr layout = getLayout(value);
      if (!layout)
        continue;
      int64_t last = 0;
      for (auto [count, stride] :
           llvm::zip_equal(layout.getWarps(), layout.getWarpStrides()))
        last += (count - 1) * stride;
      if (last < numWarps)
        continue;
      op->emitOpError("has a result in the layout ")
          << layout << ", which needs " << last + 1
          << " warps, but the block has " << numWarps;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult Distribution::initialize() {
  layouts = readLayouts(func);
  WalkResult result = func.walk([&](SlotOp slot) {
    auto ring = slot.getRing().getDefiningOp<RingOp>();
    if (!ring || !ring.getOffset()) {
      slot.emitOpError("must be a slot of a ring that has an offset in shared "
                       "memory (tile-pack-rings)");
      return WalkResult::interrupt();
    }
    slots[slot.getMemory()] = {ring, buildSlotOffset(slot, ring)};
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  std::optional<int64_t> blockSize = ::getNumThreads(func);
  if (!blockSize) {
    func.emitOpError("needs a known block size of whole warps in one dimension "
                     "to be distributed to its threads");
    return failure();
  }
  numThreads = *blockSize;
  if (failed(verifyWarps(func, numThreads / kLanes,
                         [&](Value value) { return layouts.lookup(value); })))
    return failure();
  OpBuilder b(func.getContext());
  b.setInsertionPointToStart(&func.getBody().front());
  Location loc = func.getLoc();
  I32Builder i32{b, loc};
  thread = NVVM::ThreadIdXOp::create(b, loc, b.getI32Type());
  lane = i32.bitAnd(thread, kLanes - 1);
  warp = i32.shiftRight(thread, llvm::Log2_64(kLanes));
  if (!slots.empty()) {
    auto space = gpu::AddressSpaceAttr::get(
        b.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
    Value memory = gpu::DynamicSharedMemoryOp::create(
        b, loc,
        MemRefType::get({ShapedType::kDynamic}, b.getI8Type(),
                        MemRefLayoutAttrInterface(), space));
    Value address =
        memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memory);
    address = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
    sharedBase = LLVM::IntToPtrOp::create(
        b, loc, LLVM::LLVMPointerType::get(b.getContext(), 3), address);
  }
  return success();
}
