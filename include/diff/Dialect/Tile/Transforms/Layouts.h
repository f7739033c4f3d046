//===- Layouts.h - The layouts that are written down ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H
#define DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H

#include "mlir/IR/Operation.h"

namespace mlir::diff::tile {
/// Checks that every vector in a kernel has a layout (`tile.layouts`), and that
/// each op has its operands and results in the layouts that it demands. An error
/// at the first op that does not.
LogicalResult verifyLayouts(Operation *kernel);
} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_LAYOUTS_H
