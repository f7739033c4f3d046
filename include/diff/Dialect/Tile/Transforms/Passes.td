//===- Passes.td - Passes of the tile dialect -----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_PASSES_TD
#define DIFF_DIALECT_TILE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def TileForwardWritesPass : Pass<"tile-forward-writes"> {
  let summary = "read vectors from the writes that wrote them";
  let description = [{
    Replaces a `vector.transfer_read` of a tensor that a `vector.transfer_write`
    wrote whole by the part of the vector that it reads, and cuts the destination
    of a write of which only a part is used to that part: what is computed in a
    tile stays in vectors, and no tensor is left for bufferization to allocate.
    Sequential loops in a loop with a `tile.schedule` carry vectors, too, and
    what does not change in them is hoisted.

    ```mlir
    %1 = vector.transfer_write %v, %0[%c0, %c0] : vector<2x64xf32>, tensor<2x64xf32>
    %2 = vector.transfer_read %1[%c1, %c0], %pad : tensor<2x64xf32>, vector<64xf32>
    // becomes
    %2 = vector.extract %v[1] : vector<64xf32> from vector<2x64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect",
                           "::mlir::tensor::TensorDialect"];
}

def TileStageOperandsPass : Pass<"tile-stage-operands"> {
  let summary = "bring what contractions read by way of shared memory";
  let description = [{
    In a launch with a schedule, every `vector.transfer_read` of global memory
    that a contraction takes as an operand becomes a copy into a slot of a ring, a wait, and a read of the slot
    in front of each contraction:

    ```mlir
    %k = vector.transfer_read %key[%b, %j, %h, %c0], %pad : …, vector<64x128xbf16>
    // becomes
    %token = tile.copy_async %key[%b, %j, %h, %c0], %slot …
    tile.wait %token
    %k = vector.transfer_read %slot[%c0, %c0], %pad : …, vector<64x128xbf16>
    ```

    Where the innermost dimension of both operands is summed and is no multiple
    of 32 bytes, what matrix instructions take at a time, zeros are copied behind
    it.

    Inside a loop that has `tile.stages`, the ring gets that many slots, and the
    slot is that of the iteration. With `swizzle` in the launch's schedule, the
    chunks of the ring's rows are permuted, else the rows are padded.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileStageComputedPass : Pass<"tile-stage-computed"> {
  let summary = "keep operands that a block computes itself in shared memory";
  let description = [{
    In a launch with a schedule, an operand of contractions that is computed,
    element by element, from what is read of global memory, as a query that is
    scaled, goes through a buffer in shared memory: it is computed once, in a
    layout in which lanes read and write whole chunks of rows, and the contractions
    read it as they read a copy. It would occupy registers as long as a loop
    multiplies it.

    ```mlir
    %q = arith.mulf %read, %scale : vector<64x128xbf16>
    // becomes
    %0 = tile.to_layout %q to #tile.layout<…>
    vector.transfer_write %0, %slot[%c0, %c0] : …
    gpu.barrier
    ```
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileSelectMmaPass : Pass<"tile-select-mma"> {
  let summary = "choose the matrix instruction and layout of contractions";
  let description = [{
    Writes `#tile.mma` on every contraction of matrices that the tensor cores
    compute: f16 or bf16 operands and an f32 accumulator, on m16n8k16; where the
    schedule has `tf32`, f32 operands too, which are rounded to tf32 (to nearest)
    in front of it, on m16n8k8. The rows
    of the result are spread over the lanes first, over the warps next, both from
    the innermost dimension on, so that a row's columns stay in one warp; the
    rows of a contraction whose operand is computed from another one's result
    stay where they are. A contraction without rows and columns, such as a sum
    of squares, becomes a product and a reduction. It is an error when a contraction in a launch with a
    schedule cannot be given a layout.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileDeferReductionsPass : Pass<"tile-defer-reductions"> {
  let summary = "reduce a loop's sums over lanes after the loop";
  let description = [{
    A sum that a loop carries as `l' = f l + rowsum(p)` is carried as `lanes`
    partial sums of a row, and summed after the loop: with the columns of p taken
    as (repetitions, lanes, elems), a thread adds what it holds, and no value
    crosses lanes in the loop. Only in launches with a `tile.schedule`.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "4",
           "Lanes that a row is spread over">,
    Option<"elems", "elems", "int64_t", "2",
           "Neighbouring columns that a lane holds">,
  ];
  let dependentDialects = ["::mlir::vector::VectorDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileRowSumOnMmaPass : Pass<"tile-row-sum-on-mma"> {
  let summary = "sum the rows of a matrix operand by a contraction with ones";
  let description = [{
    A sum that a loop carries as `l' = f l + rowsum(p)`, where p is also,
    rounded, the left operand of a contraction, becomes a contraction of the
    rounded p with ones of 8 columns: the tensor cores sum, and p needs not be
    kept in f32. What is summed is then the rounded p. Only in launches whose
    schedule asks for it.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileSkipRescalePass : Pass<"tile-skip-rescale"> {
  let summary = "multiply by a row factor only where it is not 1";
  let description = [{
    A multiplication of an accumulator by a factor of its rows, in front of the
    contraction that adds to it, is put behind a branch that a warp takes when
    one of its factors is not 1. Only in launches whose schedule asks for it.

    ```mlir
    %any = tile.warp_any %not_one : vector<2x64xi1>
    %acc = scf.if %any -> (vector<2x64x128xf32>) { … } else { … }
    ```
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect"];
}

def TilePipelinePass : Pass<"tile-pipeline"> {
  let summary = "let the copies of a loop run ahead";
  let description = [{
    In every loop with `tile.stages`, each copy is moved behind the first wait
    after the last read of the slot that it overwrites, as many iterations ahead
    as its ring allows: with s slots, s iterations when that wait is in the
    iteration of the read, s - 1 when it is in the next. Upstream's
    `scf::pipelineForLoop` carries it out. A loop whose trip count is not known
    is guarded: it is left as it is when it has too few iterations.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileCoalesceStoresPass : Pass<"tile-coalesce-stores"> {
  let summary = "store whole chunks of rows";
  let description = [{
    Puts a `tile.to_layout` in front of every `vector.transfer_write` of global
    memory whose rows are whole 16-byte chunks: neighbouring lanes then store
    neighbouring chunks.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect"];
}

def TilePropagateLayoutsPass : Pass<"tile-propagate-layouts"> {
  let summary = "give every vector of a kernel a layout";
  let description = [{
    Starts at the contractions' anchors (`tile.mma`) and at `tile.to_layout`,
    and goes forth and back through elementwise ops, reductions, broadcasts,
    transposes, extractions, loops and branches until every vector has a layout,
    which is written down as `tile.layouts` on the op that defines it. Where two
    meet, a `tile.to_layout` stands in between; constants and other ops that are
    cheaper to repeat are repeated. It is an error when a vector gets no layout.

    Run it right before `convert-tile-to-nvvm`: other passes may drop the
    attributes.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect"];
}

def TileConvertLayoutsPass : Pass<"tile-convert-layouts"> {
  let summary = "change layouts by way of shared memory";
  let description = [{
    Every `tile.to_layout` between different layouts becomes a write of a ring
    of its own in the one, and a read in the other, between barriers. Run it
    after `tile-propagate-layouts`.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::ub::UBDialect",
                           "::mlir::arith::ArithDialect"];
}

def TilePackRingsPass : Pass<"tile-pack-rings"> {
  let summary = "place rings in a launch's dynamic shared memory";
  let description = [{
    Gives every ring of a `gpu.launch` an offset, a multiple of 128 bytes, so
    that rings that are in use at the same time do not overlap, and the launch
    the bytes of all. It is an error when they exceed `limit` bytes.
  }];
  let options = [
    Option<"limit", "limit", "int64_t", "0",
           "Bytes of shared memory that a block may have; 0 for no limit">,
  ];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

#endif // DIFF_DIALECT_TILE_TRANSFORMS_PASSES_TD
