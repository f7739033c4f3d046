//===- SharedTile.h - Addresses of a tile in shared memory ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_TILETONVVM_SHAREDTILE_H
#define DIFF_LIB_CONVERSION_TILETONVVM_SHAREDTILE_H

#include "Distribution.h"

namespace mlir::diff::tile {

/// Pointers into a slot. A position is a row (the flattened leading dimensions)
/// and a byte in the row, each with a dynamic part and a constant. If both
/// parts use different bits, the exclusive or of the swizzle applies to the
/// constants separately. The code then computes few pointers and uses constant
/// offsets of loads.
class SharedTile {
public:
  /// `dynamicRow` and `dynamicByte` are i32, or null for 0. If `xorSafe` is
  /// set, the constants have no bits in common with the dynamic parts, among
  /// the lowest three bits of the row and of the chunk of the byte.
  SharedTile(OpBuilder &builder, Location loc, const Distribution &distribution,
             const SlotInfo &slot, Value dynamicRow, Value dynamicByte,
             bool xorSafe);

  /// Returns the pointer to a row and byte relative to the dynamic position.
  Value getPointer(int64_t row, int64_t byte);

private:
  /// The pointer of the dynamic position, with a constant xor of the chunk.
  Value getBase(int64_t chunkXor);

  OpBuilder &b;
  Location loc;
  const Distribution &distribution;
  const SlotInfo &slot;
  Value dynamicRow, dynamicByte;
  bool xorSafe;
  int64_t pitch;
  llvm::DenseMap<int64_t, Value> bases;
};

} // namespace mlir::diff::tile

#endif // DIFF_LIB_CONVERSION_TILETONVVM_SHAREDTILE_H
