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
  let summary = "Tiles of a GPU's block: layouts, shared memory, copies";
  let description = [{
    A block of a GPU works on tiles: vectors that its threads hold together,
    and buffers in shared memory. `vector`, `arith`, `math` and `scf` carry the
    computation; this dialect adds what they cannot say:

    * which thread holds which element of a vector (`#tile.layout`), which
      matrix instruction computes a contraction (`#tile.mma`), and where a
      value changes from one layout to another (`tile.to_layout`);
    * shared memory as a ring of slots (`tile.ring`, `tile.slot`), filled by
      asynchronous copies (`tile.copy_async`, `tile.wait`);
    * decisions that hold for one warp (`tile.warp_any`).

    Nothing in it knows an attention: any op that becomes vectors in a
    `gpu.launch` can take these passes. Warps have 32 lanes.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
    /// Name of the discardable attribute that holds the layouts of an op's
    /// results: an array of `#tile.layout`, unit where a result has none.
    static constexpr ::llvm::StringLiteral kLayoutsAttrName = "tile.layouts";
    /// Name of the discardable attribute that holds a contraction's
    /// instruction and the layout of its result.
    static constexpr ::llvm::StringLiteral kMmaAttrName = "tile.mma";
    /// Name of the discardable attribute of a kernel's loop or launch that
    /// holds its `#tile.schedule`.
    static constexpr ::llvm::StringLiteral kScheduleAttrName = "tile.schedule";
    /// Name of the discardable attribute of a loop whose copies are to run
    /// ahead: the slots of each buffer, an integer.
    static constexpr ::llvm::StringLiteral kStagesAttrName = "tile.stages";
    /// Name of the discardable attribute of a loop that runs often, out of which
    /// invariants are hoisted.
    static constexpr ::llvm::StringLiteral kSteadyAttrName = "tile.steady";
  }];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
    "::mlir::vector::VectorDialect",
  ];
}

#endif // DIFF_DIALECT_TILE_IR_TILEBASE_TD
