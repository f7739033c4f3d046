//===- TileBase.td - The tile dialect -------------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_IR_TILEBASE_TD
#define DIFF_DIALECT_TILE_IR_TILEBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::mlir::diff::tile";
  let summary = "Tiles of a GPU block: layouts, shared memory and copies";
  let description = [{
    A GPU block works on tiles: vectors that are distributed over its threads,
    and buffers in shared memory. The dialects `vector`, `arith`, `math` and
    `scf` express the computation. This dialect adds:

    * the distribution of a vector over threads (`#tile.layout`), the matrix
      instruction of a contraction (`#tile.mma`), and conversions between
      layouts (`tile.to_layout`);
    * shared memory organized as a ring of slots (`tile.ring`, `tile.slot`),
      filled by asynchronous copies (`tile.copy_async`, `tile.wait`);
    * conditions that are uniform in a warp (`tile.warp_any`).

    The dialect does not depend on attention. Its passes apply to any op that
    becomes vectors in a `gpu.launch`. Warps have 32 lanes.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
    /// Name of the discardable attribute that holds the layouts of an op's
    /// results: an array of `#tile.layout`, or unit for a result without one.
    static constexpr ::llvm::StringLiteral kLayoutsAttrName = "tile.layouts";
    /// Name of the discardable attribute that holds a contraction's
    /// instruction and the layout of its result.
    static constexpr ::llvm::StringLiteral kMmaAttrName = "tile.mma";
    /// Name of the discardable attribute of a kernel's loop or launch that
    /// holds its `#tile.schedule`.
    static constexpr ::llvm::StringLiteral kScheduleAttrName = "tile.schedule";
    /// Name of the discardable attribute of a loop whose copies are to be
    /// prefetched: the number of slots of each ring, an integer.
    static constexpr ::llvm::StringLiteral kStagesAttrName = "tile.stages";
    /// Name of the discardable attribute of a loop with many iterations, from
    /// which loop invariants are hoisted.
    static constexpr ::llvm::StringLiteral kSteadyAttrName = "tile.steady";
  }];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
    "::mlir::vector::VectorDialect",
  ];
}

#endif // DIFF_DIALECT_TILE_IR_TILEBASE_TD
