//===- SharedTile.cpp - Addresses of a tile in shared memory --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

SharedTile::SharedTile(OpBuilder &b, Location loc,
                       const Distribution &distribution, const SlotInfo &slot,
                       Value dynamicRow, Value dynamicByte, bool xorSafe)
    : b(b), loc(loc), distribution(distribution), slot(slot),
      dynamicRow(dynamicRow), dynamicByte(dynamicByte), xorSafe(xorSafe),
      pitch(RingOp(slot.ring).getPitch()) {}

static Value offsetPointer(OpBuilder &b, Location loc, Value pointer,
                           LLVM::GEPArg offset) {
  return LLVM::GEPOp::create(b, loc, pointer.getType(), b.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{offset});
}

Value SharedTile::getBase(int64_t chunkXor) {
  Value &base = bases[chunkXor];
  if (base)
    return base;
  I32Builder i32{b, loc};
  Value offset = dynamicByte;
  if (SwizzleAttr swizzle = RingOp(slot.ring).getSwizzleAttr()) {
    int64_t mask = (int64_t(1) << swizzle.getBits()) - 1;
    // ((row >> shift) & mask) in units of chunks.
    Value key = i32.mul(
        i32.bitAnd(i32.shiftRight(dynamicRow, swizzle.getShift()), mask),
        kChunkBytes);
    offset = i32.bitXor(offset, key);
    if (chunkXor != 0)
      offset = i32.bitXor(offset, i32.constant(chunkXor * kChunkBytes));
  }
  offset = i32.add(offset, i32.mul(dynamicRow, pitch));
  base = distribution.getSharedBase();
  if (slot.byteOffset)
    base = offsetPointer(b, loc, base, slot.byteOffset);
  if (offset)
    base = offsetPointer(b, loc, base, offset);
  return base;
}

Value SharedTile::getPointer(int64_t row, int64_t byte) {
  RingOp ring = slot.ring;
  int64_t place = *ring.getOffset();
  SwizzleAttr swizzle = ring.getSwizzleAttr();
  if (!swizzle)
    return offsetPointer(b, loc, getBase(0),
                         static_cast<int32_t>(place + row * pitch + byte));
  int64_t mask = (int64_t(1) << swizzle.getBits()) - 1;
  if (xorSafe) {
    int64_t chunk = byte / kChunkBytes;
    int64_t chunkXor = (chunk & mask) ^ ((row >> swizzle.getShift()) & mask);
    int64_t rest = (chunk & ~mask) * kChunkBytes + byte % kChunkBytes;
    return offsetPointer(b, loc, getBase(chunkXor),
                         static_cast<int32_t>(place + row * pitch + rest));
  }
  // Compute the complete position, and then the swizzle.
  I32Builder i32{b, loc};
  Value wholeRow = i32.add(dynamicRow, i32.constant(row));
  Value wholeByte = i32.add(dynamicByte, i32.constant(byte));
  Value key =
      i32.mul(i32.bitAnd(i32.shiftRight(wholeRow, swizzle.getShift()), mask),
              kChunkBytes);
  Value offset = i32.add(i32.bitXor(wholeByte, key), i32.mul(wholeRow, pitch));
  Value base = distribution.getSharedBase();
  if (slot.byteOffset)
    base = offsetPointer(b, loc, base, slot.byteOffset);
  return offsetPointer(b, loc, offsetPointer(b, loc, base, offset),
                       static_cast<int32_t>(place));
}
