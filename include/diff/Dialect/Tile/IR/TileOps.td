//===- TileOps.td - Ops of the tile dialect -------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_IR_TILEOPS_TD
#define DIFF_DIALECT_TILE_IR_TILEOPS_TD

include "diff/Dialect/Tile/IR/TileAttributes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ViewLikeInterface.td"

class Tile_Type<string name, string typeMnemonic>
    : TypeDef<Tile_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Tile_TokenType : Tile_Type<"Token", "token"> {
  let summary = "token of an asynchronous copy";
  let description = [{
    The result of a `tile.copy_async`. `tile.wait` waits for the copy.

    ```mlir
    func.func private @wait_for(!tile.token)
    ```
  }];
}

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

// Constraints with summaries that describe the operands and attributes of the
// ops in the generated reference and in the verifier's messages.
class Tile_MemRef<string contents>
    : ConfinedType<AnyMemRef, [], "memref (" # contents # ")">;

class Tile_Index<string meaning>
    : ConfinedType<Index, [], "index (" # meaning # ")">,
      BuildableType<"$_builder.getIndexType()">;

class Tile_Vector<string contents>
    : ConfinedType<AnyVectorOfNonZeroRank, [], "vector (" # contents # ")">;

class Tile_Bool<string meaning>
    : ConfinedType<I1, [], "1-bit signless integer (" # meaning # ")">,
      BuildableType<"$_builder.getIntegerType(1)">;

class Tile_I64Attr<string meaning> : ConfinedAttr<I64Attr, []> {
  let summary = "64-bit signless integer attribute (" # meaning # ")";
}

def Tile_CopyToken
    : ConfinedType<Tile_TokenType, [], "token of an asynchronous copy">,
      BuildableType<"$_builder.getType<::mlir::diff::tile::TokenType>()">;

def Tile_RingOp : Tile_Op<"ring", [MemoryEffects<[MemAlloc]>]> {
  let summary = "allocate a ring of slots in the shared memory of a block";
  let description = [{
    The first dimension of the buffer is the number of slots. A slot is a
    row-major tile whose rows are whole 16-byte chunks. The buffer is live until
    the block ends. To avoid bank conflicts, `swizzle` permutes the chunks of
    each row, or `padding` adds bytes to the end of each row. `tile-pack-rings`
    sets `offset`.

    The type must be static, in workgroup memory, and have rows that are
    multiples of 16 bytes.

    ```mlir
    func.func @ring() {
      %keys = tile.ring : memref<2x64x128xbf16, #gpu.address_space<workgroup>>
      %values = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>}
          : memref<2x64x128xbf16, #gpu.address_space<workgroup>>
      return
    }
    ```
  }];
  let arguments = (ins
    OptionalAttr<Tile_SwizzleAttr>:$swizzle,
    DefaultValuedAttr<Tile_I64Attr<"bytes after each row">, "0">:$padding,
    OptionalAttr<Tile_I64Attr<"offset in the block's dynamic shared memory, in "
                              "bytes">>:$offset);
  let results = (outs Tile_MemRef<"all slots of the ring">:$memory);
  let assemblyFormat = "attr-dict `:` type($memory)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    MemRefType getType() {
      return ::llvm::cast<MemRefType>(getMemory().getType());
    }
    int64_t getNumSlots() { return getType().getDimSize(0); }
    /// Return the size in bytes of a row without padding, a row with padding, a
    /// slot, and the ring.
    int64_t getRowBytes();
    int64_t getPitch() {
      return getRowBytes() + static_cast<int64_t>(getPadding());
    }
    int64_t getSlotBytes();
    int64_t getSizeInBytes() { return getNumSlots() * getSlotBytes(); }
  }];
}

def Tile_SlotOp : Tile_Op<"slot", [Pure]> {
  let summary = "select a slot of a ring";
  let description = [{
    Returns the tile in slot `index` modulo the number of slots.

    ```mlir
    #shared = #gpu.address_space<workgroup>
    func.func @slot(%i: index) -> memref<64x128xbf16, #shared> {
      %keys = tile.ring : memref<2x64x128xbf16, #shared>
      %slot = tile.slot %keys[%i] : memref<2x64x128xbf16, #shared>
          -> memref<64x128xbf16, #shared>
      return %slot : memref<64x128xbf16, #shared>
    }
    ```
  }];
  let arguments = (ins
    Tile_MemRef<"the ring">:$ring,
    Tile_Index<"number of the slot, modulo the number of slots">:$index);
  let results = (outs Tile_MemRef<"the tile in the slot">:$memory);
  let assemblyFormat = [{
    $ring `[` $index `]` attr-dict `:` type($ring) `->` type($memory)
  }];
  let hasVerifier = 1;
}

def Tile_PermutationMapAttr : ConfinedAttr<AffineMapAttr, []> {
  let summary = "AffineMap attribute (from source to tile dimensions)";
}

def Tile_InBoundsAttr : ConfinedAttr<DenseBoolArrayAttr, []> {
  let summary = "i1 dense array attribute (results of the map that do not "
                "exceed the source)";
}

def Tile_CopyAsyncOp : Tile_Op<"copy_async", [AttrSizedOperandSegments]> {
  let summary = "copy a box of global memory to shared memory asynchronously";
  let description = [{
    Copies the box at `indices` of `source` to the tile `destination`, with the
    semantics of `vector.transfer_read`: dimension i of the tile is the
    dimension of the source that result i of `permutation_map` names. If
    `in_bounds` is false for a dimension, elements beyond the size of the source
    are filled with zeros. If it is true, there must be no such elements. If
    `predicate` is false, the op reads nothing and fills the tile with zeros.

    A row of the tile can consist of several rows of the source. The map then
    has one result more than the tile has dimensions: the second to last result
    numbers the row of the source, and the last one is its innermost dimension,
    which is static and copied completely.

    All threads of the block execute the op. The tile may be read after a
    `tile.wait` on the token. The innermost dimension of the tile must be the
    innermost dimension of the source, and be contiguous in both.

    ```mlir
    #shared = #gpu.address_space<workgroup>
    func.func @copy(%k: memref<1x512x4x128xbf16, strided<[?, ?, ?, 1]>>,
                    %slot: memref<64x128xbf16, #shared>, %b: index, %j: index,
                    %h: index, %c0: index) {
      %token = tile.copy_async %k[%b, %j, %h, %c0], %slot
          {in_bounds = array<i1: false, true>,
           permutation_map = affine_map<(d0, d1, d2, d3) -> (d1, d3)>}
          : memref<1x512x4x128xbf16, strided<[?, ?, ?, 1]>>,
            memref<64x128xbf16, #shared>
      tile.wait %token
      return
    }
    func.func @copy_halves(%v: memref<2x512x64xbf16>,
                           %slot: memref<64x128xbf16, #shared>, %j: index,
                           %c0: index) {
      %token = tile.copy_async %v[%c0, %j, %c0], %slot
          {in_bounds = array<i1: false, true, true>,
           permutation_map = affine_map<(d0, d1, d2) -> (d1, d0, d2)>}
          : memref<2x512x64xbf16>, memref<64x128xbf16, #shared>
      tile.wait %token
      return
    }
    ```
  }];
  let arguments = (ins
    Arg<Tile_MemRef<"the source in global memory">, "", [MemRead]>:$source,
    Variadic<Tile_Index<"position of the box">>:$indices,
    Arg<Tile_MemRef<"the tile in shared memory">, "", [MemWrite]>:$destination,
    Optional<Tile_Bool<"whether to read the source">>:$predicate,
    Tile_PermutationMapAttr:$permutation_map,
    Tile_InBoundsAttr:$in_bounds);
  let results = (outs Tile_CopyToken:$token);
  let assemblyFormat = [{
    $source `[` $indices `]` `,` $destination (`if` $predicate^)? attr-dict
    `:` type($source) `,` type($destination)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Returns true if a row of the tile consists of several rows of the source.
    bool mergesRows();
    /// Returns the size in bytes of the contiguous parts of a row of the tile.
    int64_t getPartBytes();

  private:
    ::mlir::LogicalResult verifyMergedRows();
  public:
  }];
}

def Tile_WaitOp : Tile_Op<"wait",
    [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "wait for copies and synchronize the threads of the block";
  let description = [{
    Waits until the copies of the tokens, and all copies before them, have
    completed for all threads of the block, and until all threads have reached
    the op. At least one token is required.

    ```mlir
    func.func @wait(%token: !tile.token) {
      tile.wait %token
      return
    }
    ```
  }];
  let arguments = (ins Variadic<Tile_CopyToken>:$tokens);
  let assemblyFormat = "$tokens attr-dict";
  let hasVerifier = 1;
}

def Tile_ToLayoutOp : Tile_Op<"to_layout", [Pure, AllTypesMatch<["source", "result"]>]> {
  let summary = "convert a vector to a layout";
  let description = [{
    Returns the same elements, distributed over the threads as in `layout`. The
    op is a no-op if the source has this layout. Otherwise the conversion goes
    through shared memory.

    ```mlir
    func.func @to_layout(%0: vector<64x128xbf16>) -> vector<64x128xbf16> {
      %1 = tile.to_layout %0 to <lanes = [2, 16], elems = [1, 8]>
          : vector<64x128xbf16>
      return %1 : vector<64x128xbf16>
    }
    ```
  }];
  let arguments = (ins Tile_Vector<"the elements in any layout">:$source,
                       Tile_LayoutAttr:$layout);
  let results = (outs Tile_Vector<"the elements in `layout`">:$result);
  let assemblyFormat = "$source `to` $layout attr-dict `:` type($source)";
  let hasVerifier = 1;
}

def Tile_WritePartOp : Tile_Op<"write_part"> {
  let summary = "write a part of a vector to shared memory";
  let description = [{
    Writes the elements of `source` at `index` of its first dimension to
    `destination`. The threads that hold them write them.

    ```mlir
    #shared = #gpu.address_space<workgroup>
    func.func @write_part(%maps: vector<5x32x128xf32>,
                          %slot: memref<32x128xf32, #shared>) {
      tile.write_part %maps[4], %slot
          : vector<5x32x128xf32>, memref<32x128xf32, #shared>
      return
    }
    ```
  }];
  let arguments = (ins
    Tile_Vector<"the whole vector">:$source,
    Tile_I64Attr<"position of the part in the first dimension">:$index,
    Arg<Tile_MemRef<"the tile in shared memory">, "", [MemWrite]>:$destination);
  let assemblyFormat = [{
    $source `[` $index `]` `,` $destination attr-dict
    `:` type($source) `,` type($destination)
  }];
  let hasVerifier = 1;
}

def Tile_WarpAnyOp : Tile_Op<"warp_any", [Pure]> {
  let summary = "test if any element that the warp holds is true";
  let description = [{
    Returns true in all lanes of a warp if an element of `source` that one of
    its lanes holds is true. The result is uniform in a warp and may differ
    between warps.

    ```mlir
    func.func @warp_any(%changed: vector<2x64xi1>) -> i1 {
      %any = tile.warp_any %changed : vector<2x64xi1>
      return %any : i1
    }
    ```
  }];
  let arguments = (ins
    ConfinedType<VectorOfNonZeroRankOf<[I1]>, [],
                 "vector of 1-bit signless integers (the conditions)">:$source);
  let results = (outs Tile_Bool<"whether any condition is true">:$result);
  let assemblyFormat = "$source attr-dict `:` type($source)";
}

#endif // DIFF_DIALECT_TILE_IR_TILEOPS_TD
