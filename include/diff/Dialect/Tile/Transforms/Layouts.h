//===- Layouts.h - The layouts that are written down ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H
#define DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H

#include "diff/Dialect/Tile/IR/Tile.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::diff::tile {
/// The layouts that are written down in `root` (`tile.layouts`), by vector: a
/// result has that of its op, and the argument of a loop's body its result's.
llvm::DenseMap<Value, LayoutAttr> readLayouts(Operation *root);

/// A layout of rows for memory: lanes over the 16-byte chunks of a row first,
/// rows next, then warps over rows. Null when the tile is no whole number of
/// that.
LayoutAttr getRowLayout(VectorType type, int64_t warps);

/// Checks that every vector in a kernel has a layout (`tile.layouts`), and that
/// each op has its operands and results in the layouts that it demands. An
/// error at the first op that does not.
LogicalResult verifyLayouts(Operation *kernel);
} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H
