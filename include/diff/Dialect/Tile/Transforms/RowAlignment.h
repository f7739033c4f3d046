//===- RowAlignment.h - Alignment of rows in memory -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_ROWALIGNMENT_H
#define DIFF_DIALECT_TILE_TRANSFORMS_ROWALIGNMENT_H

#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "mlir/IR/OpDefinition.h"

namespace mlir::diff::tile {

/// Returns the bytes of an element in memory. An index has 8.
int64_t getElementBytes(Type type);

/// Returns the number of bits of an element: 64 for an index, both parts for a
/// complex number, and 0 if it is not a number.
int64_t getElementBits(Type element);

/// Returns the alignment of the rows of a separate buffer in bytes, a power of
/// two of at most 16. The rows are contiguous, or their strides have the same
/// alignment. It is the largest such power that divides the innermost
/// dimension.
int64_t getRowAlignment(ShapedType type);

/// Returns the alignment of the rows of a tensor or memref, which may be a
/// view, such as a slice or another shape, of a buffer. Rows whose elements are
/// not contiguous, such as those of a slice with a stride, have the alignment
/// of an element.
int64_t getRowAlignment(Value value);

/// Returns true if a row of global memory, starting at `index`, consists of
/// runs of `elems` contiguous elements that are aligned to their size. This is
/// the condition for every access to more than one element.
bool isMadeOfRuns(Value memory, OpFoldResult index, int64_t elems);

} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_ROWALIGNMENT_H
