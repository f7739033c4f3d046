//===- RowAlignment.h - Where rows begin in memory --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_ROWALIGNMENT_H
#define DIFF_DIALECT_TILE_TRANSFORMS_ROWALIGNMENT_H

#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "mlir/IR/OpDefinition.h"

namespace mlir::diff::tile {

/// The bytes, a power of two of at most 16, that every row of a buffer of its
/// own begins at a multiple of, where rows are behind one another or their
/// strides are such multiples, too: the largest that divides the innermost
/// dimension.
int64_t getRowAlignment(ShapedType type);

/// The same for a tensor or memref, which may be a view: a slice, or another
/// shape, of something that is a buffer.
int64_t getRowAlignment(Value value);

/// Whether a row of global memory, from `index` on, is made of runs of `elems`
/// neighbours that begin at multiples of their size.
bool isMadeOfRuns(Value memory, OpFoldResult index, int64_t elems);

} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_ROWALIGNMENT_H
