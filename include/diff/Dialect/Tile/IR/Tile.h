//===- Tile.h - The tile dialect --------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_IR_TILE_H
#define DIFF_DIALECT_TILE_IR_TILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include <optional>

#include "diff/Dialect/Tile/IR/TileDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "diff/Dialect/Tile/IR/TileTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "diff/Dialect/Tile/IR/TileAttributes.h.inc"

#define GET_OP_CLASSES
#include "diff/Dialect/Tile/IR/TileOps.h.inc"

namespace mlir::diff::tile {
/// Lanes of a warp, on every chip.
constexpr int64_t kLanes = 32;

/// What shared memory is permuted by, what ldmatrix reads a row of, and the
/// most that a thread moves at once: bytes.
constexpr int64_t kChunkBytes = 16;

/// The swizzle that frees rows of `rowBytes` bytes of bank conflicts, null when
/// they need none.
SwizzleAttr getSwizzleForRows(MLIRContext *context, int64_t rowBytes);

/// The bytes behind each row of `rowBytes` that do the same: an odd number of
/// chunks from row to row.
int64_t getPaddingForRows(int64_t rowBytes);

/// The bytes behind each row of f32 that free accumulators of bank conflicts:
/// half a warp moves pairs of four rows, 32 bytes of each, at once.
int64_t getPaddingForAccumulators(int64_t rowBytes);
} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_IR_TILE_H
