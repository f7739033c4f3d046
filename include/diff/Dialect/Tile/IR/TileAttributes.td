//===- TileAttributes.td - Layouts, swizzles, schedules -------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_IR_TILEATTRIBUTES_TD
#define DIFF_DIALECT_TILE_IR_TILEATTRIBUTES_TD

include "diff/Dialect/Tile/IR/TileBase.td"

class Tile_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Tile_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Tile_LayoutAttr : Tile_Attr<"Layout", "layout"> {
  let summary = "which thread holds which element of a vector";
  let description = [{
    A block-cyclic layout. For a vector of shape [s_0, ...], dimension i is cut
    into warps_i x repetitions_i x lanes_i x elems_i, outermost first, where
    repetitions_i = s_i / (warps_i lanes_i elems_i) must be a whole number:

        index_i = ((w_i repetitions_i + r_i) lanes_i + l_i) elems_i + e_i
        w_i = (warp / warp_strides_i) mod warps_i
        l_i = (lane / lane_strides_i) mod lanes_i

    A lane then holds a vector [repetitions..., elems...]. Strides that are not
    given make the last dimension the fastest. What is left of the lanes or
    warps when their product is less than 32, or than the block's warps, holds
    copies: a row's value, in the layout of a tile whose columns were reduced,
    is the tile's layout without that dimension.

    Fragments of `mma.sync` m16n8k16 (PTX ISA, "Matrix fragments for mma"): the
    accumulator, A, and B as (n, k) are lanes [8, 4] x elems [1, 2]; B as (k, n)
    is lanes [4, 8] x elems [2, 1] with lane strides [1, 4]. In m16n8k8 on tf32
    a lane holds single summands, elems [1, 1]; see `#tile.mma` for pairs.

    ```mlir
    #tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>
    #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
    ```
  }];
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$warps,
    ArrayRefParameter<"int64_t">:$lanes,
    ArrayRefParameter<"int64_t">:$elems,
    ArrayRefParameter<"int64_t">:$warpStrides,
    ArrayRefParameter<"int64_t">:$laneStrides);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<int64_t>":$warps,
                     "::llvm::ArrayRef<int64_t>":$lanes,
                     "::llvm::ArrayRef<int64_t>":$elems)>,
  ];
  let extraClassDeclaration = [{
    int64_t getRank() const { return getLanes().size(); }

    /// The layout with strides of dimensions that are not cut set to 1, so
    /// that equal layouts are equal attributes.
    LayoutAttr getCanonical() const;

    /// How often a dimension of `size` repeats in a thread, or nothing when
    /// it is no whole number of times.
    std::optional<int64_t> getRepetitions(int64_t dim, int64_t size) const;

    /// The vector that a lane holds of `type`: [repetitions..., elems...].
    /// Null when a dimension is not divisible or the rank is another.
    VectorType getLaneType(VectorType type) const;

    /// The layout without some dimensions: copies along them.
    LayoutAttr dropDims(::llvm::ArrayRef<int64_t> dims) const;

    /// The layout with `count` leading dimensions that are not distributed.
    LayoutAttr prependDims(int64_t count) const;

    /// Dimension i of the result is dimension permutation[i] of this one.
    LayoutAttr permute(::llvm::ArrayRef<int64_t> permutation) const;

    /// True when one thread of each warp's lane holds all of dimension `dim`.
    bool isUndistributed(int64_t dim) const {
      return getLanes()[dim] == 1 && getWarps()[dim] == 1;
    }

    /// Lanes and warps that hold different elements.
    int64_t getNumLanes() const;
    int64_t getNumWarps() const;
  }];
}

def Tile_SwizzleAttr : Tile_Attr<"Swizzle", "swizzle"> {
  let summary = "a permutation of 16-byte chunks inside each row of a buffer";
  let description = [{
    Chunk c (16 bytes) of row r of a row-major buffer is stored in the place of
    chunk c xor ((r >> shift) mod 2^bits). Eight rows at one chunk, which is
    what `ldmatrix` reads at a time, then fall into the eight 16-byte columns of
    shared memory's 32 banks, for rows of p chunks, with

        2^bits = gcd(p, 8),  shift = 3 - bits.

    ```mlir
    #tile.swizzle<bits = 3, shift = 0>   // rows of 128 bytes and multiples
    ```
  }];
  let parameters = (ins "int64_t":$bits, "int64_t":$shift);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tile_MmaAttr : Tile_Attr<"Mma", "mma"> {
  let summary = "the matrix instruction of a contraction, and its tile's layout";
  let description = [{
    An anchor on a `vector.contract`: the shape of the instruction, and the
    layout of the accumulator, from which those of both operands follow, with
    the number of neighbouring summands that a lane holds of an operand: two in
    m16n8k16, whose registers are pairs, one or two in m16n8k8. There, pairs are
    the same product, since the order of summands is free as long as both
    operands agree on it: the instruction's summands q and q + 4 are then 2 q and
    2 q + 1, and a result is the next product's left operand as it is.

    ```mlir
    #tile.mma<m = 16, n = 8, k = 16, neighbours = 2,
              result = #tile.layout<lanes = [8, 4], elems = [1, 2]>>
    ```
  }];
  let parameters = (ins "int64_t":$m, "int64_t":$n, "int64_t":$k,
                        DefaultValuedParameter<"int64_t", "2">:$neighbours,
                        "LayoutAttr":$result);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Tile_ScheduleAttr : Tile_Attr<"Schedule", "schedule"> {
  let summary = "how a block's tile is computed";
  let description = [{
    What the passes of this dialect decide by:

    | parameter | meaning |
    |---|---|
    | `warps` | warps of a block |
    | `stages` | slots of the buffers that a loop's copies fill |
    | `swizzle` | against bank conflicts, permute the chunks of shared memory's rows; without, pad the rows, which takes memory but fewer registers for addresses |
    | `row_sum_on_mma` | sum rows of a matrix operand on the tensor cores |
    | `skip_rescale` | skip a multiplication by a factor that is 1 for a warp |
    | `tf32` | round the operands of f32 contractions to tf32, which tensor cores multiply |

    ```mlir
    #tile.schedule<warps = 4, stages = 1, swizzle = true,
                   row_sum_on_mma = false, skip_rescale = true>
    ```
  }];
  let parameters = (ins "int64_t":$warps,
    DefaultValuedParameter<"int64_t", "1">:$stages,
    DefaultValuedParameter<"bool", "true">:$swizzle,
    DefaultValuedParameter<"bool", "false">:$row_sum_on_mma,
    DefaultValuedParameter<"bool", "false">:$skip_rescale,
    DefaultValuedParameter<"bool", "false">:$tf32);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // DIFF_DIALECT_TILE_IR_TILEATTRIBUTES_TD
