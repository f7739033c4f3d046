//===- SharedTile.h - Addresses of a tile in shared memory ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_TILETONVVM_SHAREDTILE_H
#define DIFF_LIB_CONVERSION_TILETONVVM_SHAREDTILE_H

#include "Distribution.h"

namespace mlir::diff::tile {

/// Pointers into a slot. A position is a row, the leading dimensions flattened,
/// and a byte in it, each a dynamic part and a constant. Where the dynamic part
/// and the constants use different bits, the swizzle's exclusive or of the
/// constants is folded: few pointers are computed, and the rest is the offsets
/// of loads.
class SharedTile {
public:
  /// `dynamicRow` and `dynamicByte` are i32, or null for 0. `xorSafe` says that
  /// the constants that are asked for have no bit in common with the dynamic
  /// parts, among the lowest three of the row, and of the byte's chunk.
  SharedTile(OpBuilder &builder, Location loc, const Distribution &distribution,
             const SlotInfo &slot, Value dynamicRow, Value dynamicByte,
             bool xorSafe);

  /// The pointer to a row and byte beyond the dynamic position.
  Value getPointer(int64_t row, int64_t byte);

private:
  /// The pointer of the dynamic position, its chunk xor'ed with a constant.
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
