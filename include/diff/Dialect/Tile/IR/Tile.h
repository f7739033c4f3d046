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
/// Lanes of a warp on all chips.
constexpr int64_t kLanes = 32;

/// The maximum number of warps in a block on all chips.
constexpr int64_t kMaxWarps = 32;

/// More slots bring no gain: copies are then prefetched by more than the memory
/// latency.
constexpr int64_t kMaxStages = 8;

/// Bytes of a chunk: the unit in which shared memory is permuted, a row of
/// ldmatrix, and the largest access of a thread.
constexpr int64_t kChunkBytes = 16;

/// Returns the swizzle that avoids bank conflicts for rows of `rowBytes` bytes,
/// or null if none is needed.
SwizzleAttr getSwizzleForRows(MLIRContext *context, int64_t rowBytes);

/// Returns the padding of rows of `rowBytes` bytes that avoids bank conflicts:
/// the padded row is an odd number of chunks.
int64_t getPaddingForRows(int64_t rowBytes);

/// Returns the padding of f32 rows that avoids bank conflicts of accumulators:
/// half a warp accesses pairs of four rows, 32 bytes of each, at once.
int64_t getPaddingForAccumulators(int64_t rowBytes);
} // namespace mlir::diff::tile

#endif // DIFF_DIALECT_TILE_IR_TILE_H
