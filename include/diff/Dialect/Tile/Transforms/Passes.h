//===- Passes.h - Passes of the tile dialect --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_PASSES_H
#define DIFF_DIALECT_TILE_TRANSFORMS_PASSES_H

#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Pass/Pass.h"

namespace mlir::diff::tile {
#define GEN_PASS_DECL
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_TRANSFORMS_PASSES_H
