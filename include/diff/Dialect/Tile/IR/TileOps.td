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
  let summary = "a copy in flight";
}

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

def Tile_RingOp : Tile_Op<"ring", [MemoryEffects<[MemAlloc]>]> {
  let summary = "a buffer of several slots in a block's shared memory";
  let description = [{
    The first dimension counts slots; a slot is a row-major tile whose
    innermost dimension is a row of whole 16-byte chunks. It lives as long as
    the block. Against bank conflicts, `swizzle` permutes the chunks of each row,
    or `padding` bytes follow each row; `offset`, in bytes, is its place in the
    block's dynamic shared memory, once that is decided.

    It is an error when the type is not static, not in workgroup memory, or has
    rows that are no multiple of 16 bytes.

    ```mlir
    %keys = tile.ring : memref<2x64x128xbf16, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins OptionalAttr<Tile_SwizzleAttr>:$swizzle,
                       DefaultValuedAttr<I64Attr, "0">:$padding,
                       OptionalAttr<I64Attr>:$offset);
  let results = (outs AnyMemRef:$memory);
  let assemblyFormat = "attr-dict `:` type($memory)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    MemRefType getType() {
      return ::llvm::cast<MemRefType>(getMemory().getType());
    }
    int64_t getNumSlots() { return getType().getDimSize(0); }
    /// Bytes of a row without its padding, from row to row, of a slot, and of the
    /// whole.
    int64_t getRowBytes();
    int64_t getPitch() {
      return getRowBytes() + static_cast<int64_t>(getPadding());
    }
    int64_t getSlotBytes();
    int64_t getSizeInBytes() { return getNumSlots() * getSlotBytes(); }
  }];
}

def Tile_SlotOp : Tile_Op<"slot", [Pure]> {
  let summary = "one slot of a ring";
  let description = [{
    The tile in slot `index` modulo the number of slots.

    ```mlir
    %slot = tile.slot %keys[%i] : memref<2x64x128xbf16, …> -> memref<64x128xbf16, …>
    ```
  }];
  let arguments = (ins AnyMemRef:$ring, Index:$index);
  let results = (outs AnyMemRef:$memory);
  let assemblyFormat = [{
    $ring `[` $index `]` attr-dict `:` type($ring) `->` type($memory)
  }];
  let hasVerifier = 1;
}

def Tile_CopyAsyncOp : Tile_Op<"copy_async", [AttrSizedOperandSegments]> {
  let summary = "copy a box of global memory to shared memory, asynchronously";
  let description = [{
    Copies the box at `indices` of `source` to the tile `destination`, as
    `vector.transfer_read` would read it: dimension i of the tile is the
    dimension of the source that result i of `permutation_map` names. Where
    `in_bounds` is false for a dimension, what lies beyond the source's size is
    filled with zeros; where it is true, nothing lies beyond. Nothing is read
    when `predicate` is false: the tile becomes zeros.

    All threads of the block take part. The tile may be read after a
    `tile.wait` on the token. The innermost dimension of both sides must be
    the source's last, and contiguous.

    ```mlir
    %token = tile.copy_async %k[%b, %j, %h, %c0], %slot
        {in_bounds = array<i1: false, true>, permutation_map = affine_map<(d0, d1, d2, d3) -> (d1, d3)>}
        : memref<1x512x4x128xbf16, strided<[?, ?, ?, 1]>>, memref<64x128xbf16, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins
    Arg<AnyMemRef, "", [MemRead]>:$source,
    Variadic<Index>:$indices,
    Arg<AnyMemRef, "", [MemWrite]>:$destination,
    Optional<I1>:$predicate,
    AffineMapAttr:$permutation_map,
    DenseBoolArrayAttr:$in_bounds);
  let results = (outs Tile_TokenType:$token);
  let assemblyFormat = [{
    $source `[` $indices `]` `,` $destination (`if` $predicate^)? attr-dict
    `:` type($source) `,` type($destination)
  }];
  let hasVerifier = 1;
}

def Tile_WaitOp : Tile_Op<"wait",
    [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "wait for a copy, and for the block's other threads";
  let description = [{
    When it returns, the copies of the tokens, and those before them, have
    arrived for all threads of the block, and all of them have reached this
    op. It is an error without a token.

    ```mlir
    tile.wait %token
    ```
  }];
  let arguments = (ins Variadic<Tile_TokenType>:$tokens);
  let assemblyFormat = "$tokens attr-dict";
  let hasVerifier = 1;
}

def Tile_ToLayoutOp : Tile_Op<"to_layout", [Pure, AllTypesMatch<["source", "result"]>]> {
  let summary = "a value in another layout";
  let description = [{
    The same elements in the threads that `layout` says. Where the source has
    that layout it is nothing; elsewhere it goes through shared memory.

    ```mlir
    %1 = tile.to_layout %0 to #tile.layout<lanes = [2, 16], elems = [1, 8]>
        : vector<64x128xbf16>
    ```
  }];
  let arguments = (ins AnyVectorOfNonZeroRank:$source, Tile_LayoutAttr:$layout);
  let results = (outs AnyVectorOfNonZeroRank:$result);
  let assemblyFormat = "$source `to` $layout attr-dict `:` type($source)";
  let hasVerifier = 1;
}

def Tile_WarpAnyOp : Tile_Op<"warp_any", [Pure]> {
  let summary = "whether any element that the warp holds is true";
  let description = [{
    The same value in all lanes of a warp; another in another warp. A branch on
    it is uniform in the warp.

    ```mlir
    %any = tile.warp_any %changed : vector<2x64xi1>
    ```
  }];
  let arguments = (ins VectorOfNonZeroRankOf<[I1]>:$source);
  let results = (outs I1:$result);
  let assemblyFormat = "$source attr-dict `:` type($source)";
}

#endif // DIFF_DIALECT_TILE_IR_TILEOPS_TD
