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
  let summary = "the distribution of a vector over the threads of a block";
  let description = [{
    A block-cyclic layout. For a vector of shape [s_0, ...], dimension i is
    divided into warps_i x repetitions_i x lanes_i x elems_i, outermost first,
    where repetitions_i = s_i / (warps_i lanes_i elems_i) must be an integer:

        index_i = ((w_i repetitions_i + r_i) lanes_i + l_i) elems_i + e_i
        w_i = (warp / warp_strides_i) mod warps_i
        l_i = (lane / lane_strides_i) mod lanes_i

    A lane holds a vector of shape [repetitions..., elems...]. By default, the
    strides make the last dimension the fastest. If the lanes of all dimensions
    are less than 32, or the warps less than the block's warps, the remaining
    lanes or warps hold copies. The layout of a row value, computed by reducing
    the columns of a tile, is therefore the layout of the tile without the
    column dimension.

    The fragments of `mma.sync` m16n8k16 (PTX ISA, "Matrix fragments for mma")
    have these layouts: the accumulator, A, and B as (n, k) have lanes [8, 4]
    and elems [1, 2]. B as (k, n) has lanes [4, 8], elems [2, 1] and lane
    strides [1, 4]. In m16n8k8 on tf32 a lane holds single elements along k,
    elems [1, 1]; see `#tile.mma` for pairs.

    ```mlir
    #accumulator = #tile.layout<warps = [4, 1], lanes = [8, 4], elems = [1, 2]>
    #rhs = #tile.layout<lanes = [4, 8], elems = [2, 1], lane_strides = [1, 4]>
    ```
  }];
  let parameters = (ins
    ArrayRefParameter<"int64_t", "number of warps along each dimension; 1 by "
                                 "default">:$warps,
    ArrayRefParameter<"int64_t", "number of lanes along each "
                                 "dimension">:$lanes,
    ArrayRefParameter<"int64_t", "contiguous elements of a lane along each "
                                 "dimension; 1 by default">:$elems,
    ArrayRefParameter<"int64_t", "stride of the warp index along each dimension; "
                                 "row-major by default">:$warpStrides,
    ArrayRefParameter<"int64_t", "stride of the lane index along each dimension; "
                                 "row-major by default">:$laneStrides);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<int64_t>":$warps,
                     "::llvm::ArrayRef<int64_t>":$lanes,
                     "::llvm::ArrayRef<int64_t>":$elems)>,
  ];
  let extraClassDeclaration = [{
    int64_t getRank() const { return getLanes().size(); }

    /// Returns the layout with the strides of undistributed dimensions set to
    /// 1, so that equal layouts are equal attributes.
    LayoutAttr getCanonical() const;

    /// Returns the number of repetitions of a dimension of `size` in a thread,
    /// or none if it is not an integer.
    std::optional<int64_t> getRepetitions(int64_t dim, int64_t size) const;

    /// Returns the vector that a lane holds of `type`, [repetitions...,
    /// elems...]. Returns null if a dimension is not divisible or the ranks
    /// differ.
    VectorType getLaneType(VectorType type) const;

    /// Returns the layout without `dims`. Lanes along them hold copies.
    LayoutAttr dropDims(::llvm::ArrayRef<int64_t> dims) const;

    /// Returns the layout with `count` leading undistributed dimensions.
    LayoutAttr prependDims(int64_t count) const;

    /// Returns the layout whose dimension i is dimension permutation[i] of this
    /// one.
    LayoutAttr permute(::llvm::ArrayRef<int64_t> permutation) const;

    /// Returns true if each thread holds all of dimension `dim`.
    bool isUndistributed(int64_t dim) const {
      return getLanes()[dim] == 1 && getWarps()[dim] == 1;
    }

    /// Return the number of lanes and warps that hold different elements.
    int64_t getNumLanes() const;
    int64_t getNumWarps() const;
  }];
}

def Tile_SwizzleAttr : Tile_Attr<"Swizzle", "swizzle"> {
  let summary = "a permutation of the 16-byte chunks of each row of a buffer";
  let description = [{
    Chunk c (16 bytes) of row r of a row-major buffer is stored at the position
    of chunk c xor ((r >> shift) mod 2^bits). `ldmatrix` reads the same chunk of
    eight rows at a time. For rows of p chunks, these eight chunks fall into the
    eight 16-byte columns of the 32 banks if

        2^bits = gcd(p, 8),  shift = 3 - bits.

    ```mlir
    // For rows of 128 bytes and multiples.
    #swizzle = #tile.swizzle<bits = 3, shift = 0>
    ```
  }];
  let parameters = (ins
    AttrParameter<"int64_t", "bits of the chunk index that are permuted, 1 to "
                             "3">:$bits,
    AttrParameter<"int64_t", "shift of the row index, at most 3 - "
                             "bits">:$shift);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tile_MmaAttr : Tile_Attr<"Mma", "mma"> {
  let summary = "the matrix instruction and the result layout of a contraction";
  let description = [{
    Selects the matrix instruction of a `vector.contract` and fixes the layout
    of its accumulator. The layouts of both operands follow from them and from
    `neighbours`.

    In m16n8k16, registers hold pairs, so `neighbours` is 2. In m16n8k8, a
    register holds one element, and `neighbours` may be 1 or 2. Pairs compute
    the same product, because the order of the summands is arbitrary as long as
    both operands use the same one: summands q and q + 4 of the instruction are
    then elements 2 q and 2 q + 1 of the row. With pairs, the result of a
    contraction has the layout of the left operand of the next one.

    ```mlir
    #mma = #tile.mma<m = 16, n = 8, k = 16, neighbours = 2,
                     result = #tile.layout<lanes = [8, 4], elems = [1, 2]>>
    ```
  }];
  let parameters = (ins
    AttrParameter<"int64_t", "rows of the instruction's result">:$m,
    AttrParameter<"int64_t", "columns of the instruction's result">:$n,
    AttrParameter<"int64_t", "summands of the instruction">:$k,
    DefaultValuedParameter<"int64_t", "2",
        "contiguous elements along k that a lane holds of an "
        "operand">:$neighbours,
    AttrParameter<"LayoutAttr", "layout of the contraction's result">:$result);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tile_ScheduleAttr : Tile_Attr<"Schedule", "schedule"> {
  let summary = "options for the computation of a block's tile";
  let description = [{
    The value of the discardable attribute `tile.schedule` of an `scf.forall` or
    a `gpu.launch`. The passes of the dialect apply to loops and launches that
    have it.

    ```mlir
    #schedule = #tile.schedule<warps = 4, stages = 1, swizzle = true,
                               row_sum_on_mma = false, skip_rescale = true>
    ```
  }];
  let parameters = (ins
    AttrParameter<"int64_t", "warps of a block, 1 to 32">:$warps,
    DefaultValuedParameter<"int64_t", "1",
        "slots of the rings that the copies of a loop fill, 1 to 8">:$stages,
    DefaultValuedParameter<"bool", "true",
        "avoid bank conflicts by permuting the chunks of rows in shared "
        "memory; if false, by padding the rows, which takes more memory and "
        "fewer address registers">:$swizzle,
    DefaultValuedParameter<"bool", "false",
        "sum the rows of a matrix operand on the tensor "
        "cores">:$row_sum_on_mma,
    DefaultValuedParameter<"bool", "false",
        "skip multiplications by row factors if all factors of a warp are "
        "1">:$skip_rescale,
    DefaultValuedParameter<"bool", "false",
        "round the operands of f32 contractions to tf32 and multiply them on "
        "tensor cores">:$tf32);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // DIFF_DIALECT_TILE_IR_TILEATTRIBUTES_TD
