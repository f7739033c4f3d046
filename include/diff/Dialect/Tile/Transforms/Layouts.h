//===- Layouts.h - Access to layout attributes ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H
#define DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H

#include "diff/Dialect/Tile/IR/Tile.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::diff::tile {
/// Returns the layouts in `root` (`tile.layouts`) by vector. A result has the
/// layout of its op, and a loop argument that of the loop's result.
llvm::DenseMap<Value, LayoutAttr> readLayouts(Operation *root);

/// Returns a row-major layout for memory accesses: lanes over the 16-byte
/// chunks of a row first, over rows next, then warps over rows. Returns null if
/// the tile is not a multiple of it.
LayoutAttr getRowLayout(VectorType type, int64_t warps);

/// Checks that every vector in a kernel has a layout (`tile.layouts`) and that
/// the operands and results of each op have the layouts that it requires. Emits
/// an error at the first op that violates this.
LogicalResult verifyLayouts(Operation *kernel);
} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H
