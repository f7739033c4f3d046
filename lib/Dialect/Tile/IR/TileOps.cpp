//===- TileOps.cpp - Ops of the tile dialect ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

#define GET_OP_CLASSES
#include "diff/Dialect/Tile/IR/TileOps.cpp.inc"

//===----------------------------------------------------------------------===//
// ring, slot
//===----------------------------------------------------------------------===//

int64_t RingOp::getRowBytes() {
  MemRefType type = getType();
  return type.getShape().back() * type.getElementTypeBitWidth() / 8;
}

int64_t RingOp::getSlotBytes() {
  return llvm::product_of(getType().getShape().drop_front().drop_back()) *
         getPitch();
}

/// The size of shared memory of a launch has 32 bits.
static constexpr int64_t kMaxRingBytes = std::numeric_limits<int32_t>::max();

LogicalResult RingOp::verify() {
  auto type = dyn_cast<MemRefType>(getMemory().getType());
  if (!type || !gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type) ||
      !type.hasStaticShape() || !type.getLayout().isIdentity() ||
      type.getRank() < 2 || !type.getElementType().isIntOrFloat() ||
      type.getElementTypeBitWidth() % 8 != 0 ||
      llvm::is_contained(type.getShape(), 0))
    return emitOpError("must be a row-major buffer of static size in workgroup "
                       "memory with a dimension of slots and elements of whole "
                       "bytes, found ")
           << getMemory().getType();
  int64_t padding = getPadding();
  if (padding < 0 || padding > kMaxRingBytes || padding % kChunkBytes != 0)
    return emitOpError("must have a padding of whole 16-byte chunks, found ")
           << padding << " bytes";
  // A size that overflows 64 bits is also too large.
  int64_t bits = type.getElementTypeBitWidth();
  bool overflows = llvm::MulOverflow(type.getShape().back(), bits, bits);
  int64_t bytes = bits / 8 + padding;
  for (int64_t size : type.getShape().drop_back())
    overflows |= llvm::MulOverflow(size, bytes, bytes);
  if (overflows || bytes > kMaxRingBytes)
    return emitOpError("must have at most ")
           << kMaxRingBytes << " bytes, found " << type;
  if (bits % (kChunkBytes * 8) != 0)
    return emitOpError("must have rows of whole 16-byte chunks, found rows of ")
           << bits / 8 << " bytes";
  if (SwizzleAttr swizzle = getSwizzleAttr()) {
    if (padding != 0)
      return emitOpError("must have a swizzle or padding, found both");
    int64_t chunks = bits / 8 / kChunkBytes;
    if (chunks % (int64_t(1) << swizzle.getBits()) != 0)
      return emitOpError("must have rows of a multiple of ")
             << (int64_t(1) << swizzle.getBits()) << " chunks for a swizzle of "
             << swizzle.getBits() << " bits, found rows of " << chunks;
  }
  if (IntegerAttr offset = getOffsetAttr())
    if (offset.getInt() < 0 || offset.getInt() > kMaxRingBytes - bytes ||
        offset.getInt() % kChunkBytes != 0)
      return emitOpError("must have an offset that is a multiple of 16 bytes, "
                         "found ")
             << offset.getInt();
  return success();
}

LogicalResult SlotOp::verify() {
  auto ring = dyn_cast<MemRefType>(getRing().getType());
  auto slot = dyn_cast<MemRefType>(getMemory().getType());
  if (!ring || !slot || ring.getRank() == 0 ||
      ring.getShape().drop_front() != slot.getShape() ||
      ring.getElementType() != slot.getElementType() ||
      ring.getMemorySpace() != slot.getMemorySpace() ||
      !slot.getLayout().isIdentity())
    return emitOpError("must have the shape of a slot of the ring, found ")
           << getMemory().getType() << " for the ring " << getRing().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// copy_async, wait
//===----------------------------------------------------------------------===//

bool CopyAsyncOp::mergesRows() {
  return getPermutationMap().getNumResults() >
         cast<MemRefType>(getDestination().getType()).getRank();
}

int64_t CopyAsyncOp::getPartBytes() {
  Value row = mergesRows() ? getSource() : getDestination();
  auto type = cast<MemRefType>(row.getType());
  return type.getShape().back() * type.getElementTypeBitWidth() / 8;
}

LogicalResult CopyAsyncOp::verifyMergedRows() {
  auto source = cast<MemRefType>(getSource().getType());
  auto destination = cast<MemRefType>(getDestination().getType());
  int64_t part = source.getShape().back(),
          row = destination.getRank() > 0 ? destination.getShape().back() : 0;
  if (ShapedType::isDynamic(part) || part == 0 || row % part != 0 ||
      getPartBytes() % kChunkBytes != 0)
    return emitOpError("must merge static rows of whole 16-byte chunks into a "
                       "row of the destination, found ")
           << source << " and " << destination;
  if (!getInBounds().take_back(2)[0] || !getInBounds().back())
    return emitOpError("must have merged rows that are in bounds");
  return success();
}

LogicalResult CopyAsyncOp::verify() {
  auto source = dyn_cast<MemRefType>(getSource().getType());
  auto destination = dyn_cast<MemRefType>(getDestination().getType());
  if (!source || !destination || !destination.hasStaticShape())
    return emitOpError("must copy from a ranked memref to a static one");
  if (source.getElementType() != destination.getElementType())
    return emitOpError("must not change the element type, found ")
           << source.getElementType() << " and "
           << destination.getElementType();
  Type element = source.getElementType();
  if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8 != 0 ||
      element.getIntOrFloatBitWidth() > kChunkBytes * 8)
    return emitOpError("copies integers and floats of whole bytes, found ")
           << element;
  if (static_cast<int64_t>(getIndices().size()) != source.getRank())
    return emitOpError("needs an index for each of the source's ")
           << source.getRank() << " dimensions, found " << getIndices().size();
  AffineMap map = getPermutationMap();
  if (map.getNumDims() != source.getRank() ||
      (map.getNumResults() != destination.getRank() && !mergesRows()) ||
      map.getNumResults() > destination.getRank() + 1 ||
      !map.isProjectedPermutation())
    return emitOpError("needs a projected permutation of the source's ")
           << source.getRank() << " dimensions to the destination's "
           << destination.getRank() << ", or one more, found "
           << getPermutationMapAttr();
  if (map.getNumResults() == 0 ||
      map.getDimPosition(map.getNumResults() - 1) !=
          static_cast<unsigned>(source.getRank() - 1))
    return emitOpError("must keep the source's innermost dimension innermost");
  if (getInBounds().size() != map.getNumResults())
    return emitOpError("needs 'in_bounds' for each of the ")
           << map.getNumResults() << " results of the permutation map, found "
           << getInBounds().size();
  if (mergesRows() && failed(verifyMergedRows()))
    return failure();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(source.getStridesAndOffset(strides, offset)) ||
      strides.back() != 1)
    return emitOpError("must have a source that is contiguous along its "
                       "innermost dimension, found ")
           << source;
  if (!gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(destination) ||
      !destination.getLayout().isIdentity() ||
      destination.getShape().back() * element.getIntOrFloatBitWidth() %
              (kChunkBytes * 8) !=
          0)
    return emitOpError("must have a row-major destination in workgroup memory "
                       "with rows of whole 16-byte chunks, found ")
           << destination;
  return success();
}

LogicalResult WaitOp::verify() {
  if (getTokens().empty())
    return emitOpError("needs at least one token, found none; use gpu.barrier "
                       "to only synchronize threads");
  return success();
}

//===----------------------------------------------------------------------===//
// to_layout
//===----------------------------------------------------------------------===//

LogicalResult ToLayoutOp::verify() {
  auto type = cast<VectorType>(getSource().getType());
  if (!getLayout().getLaneType(type))
    return emitOpError("cannot lay out ")
           << type << " as " << getLayout()
           << ": each dimension must be a multiple of its warps x lanes x "
              "elems";
  return success();
}

//===----------------------------------------------------------------------===//
// write_part
//===----------------------------------------------------------------------===//

LogicalResult WritePartOp::verify() {
  auto source = cast<VectorType>(getSource().getType());
  auto destination = dyn_cast<MemRefType>(getDestination().getType());
  if (!destination || source.isScalable() ||
      source.getShape().drop_front() != destination.getShape() ||
      source.getElementType() != destination.getElementType() ||
      !destination.getLayout().isIdentity() ||
      !gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(destination))
    return emitOpError("must write a part of ")
           << source << " to a row-major buffer of its shape in workgroup "
           << "memory, found " << getDestination().getType();
  int64_t index = getIndex();
  if (index < 0 || index >= source.getDimSize(0))
    return emitOpError("must have an index within the ")
           << source.getDimSize(0) << " parts of the vector, found " << index;
  return success();
}
