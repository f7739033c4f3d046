//===- Passes.td - Passes of the tile dialect -----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_TILE_TRANSFORMS_PASSES_TD
#define DIFF_DIALECT_TILE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def TileForwardWritesPass : Pass<"tile-forward-writes"> {
  let summary = "forward written vectors to their reads";
  let description = [{
    Replaces a `vector.transfer_read` of a tensor by the vector that a
    `vector.transfer_write` wrote to it, or by the part that is read. If only a
    part of a written destination is used, the destination is reduced to this
    part. The values of a tile then stay in vectors, and bufferization has no
    tensor to allocate. Sequential loops inside a loop with a `tile.schedule`
    also carry vectors, and their invariants are hoisted.

    ```mlir
    func.func @f(%v: vector<2x64xf32>, %0: tensor<2x64xf32>, %pad: f32)
        -> vector<64xf32> {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %1 = vector.transfer_write %v, %0[%c0, %c0]
          : vector<2x64xf32>, tensor<2x64xf32>
      %2 = vector.transfer_read %1[%c1, %c0], %pad
          : tensor<2x64xf32>, vector<64xf32>
      return %2 : vector<64xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%v: vector<2x64xf32>, %0: tensor<2x64xf32>, %pad: f32)
        -> vector<64xf32> {
      %2 = vector.extract %v[1] : vector<64xf32> from vector<2x64xf32>
      return %2 : vector<64xf32>
    }
    ```

    Run it before bufferization, after `diff-vectorize-tiles`.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect",
                           "::mlir::tensor::TensorDialect"];
}

def TileWidenSlicesPass : Pass<"tile-widen-slices"> {
  let summary = "compute on whole vectors instead of their first rows";
  let description = [{
    Replaces ops on the first indices of a vector along a dimension by ops on the
    whole vector: elementwise ops, reductions of other dimensions, broadcasts,
    transposes, and the final `vector.transfer_write`, for which the other
    indices are out of bounds. The warps that hold them compute values that are
    not used, but no vector changes its distribution over the warps. A part of
    the vector that all indices need, such as the noise map of a head group, is
    repeated by a `vector.shuffle` along the leading dimension.

    ```mlir
    func.func @f(%maps: vector<5x64xf32>, %0: tensor<4x64xf32>)
        -> tensor<4x64xf32> {
      %c0 = arith.constant 0 : index
      %signals = vector.extract_strided_slice %maps
          {offsets = [0, 0], sizes = [4, 64], strides = [1, 1]}
          : vector<5x64xf32> to vector<4x64xf32>
      %noise = vector.extract %maps[4] : vector<64xf32> from vector<5x64xf32>
      %1 = vector.broadcast %noise : vector<64xf32> to vector<4x64xf32>
      %2 = arith.subf %signals, %1 : vector<4x64xf32>
      %3 = vector.transfer_write %2, %0[%c0, %c0] {in_bounds = [true, true]}
          : vector<4x64xf32>, tensor<4x64xf32>
      return %3 : tensor<4x64xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%maps: vector<5x64xf32>, %0: tensor<4x64xf32>)
        -> tensor<4x64xf32> {
      %c0 = arith.constant 0 : index
      %1 = vector.shuffle %maps, %maps [4, 4, 4, 4, 4]
          : vector<5x64xf32>, vector<5x64xf32>
      %2 = arith.subf %maps, %1 : vector<5x64xf32>
      %3 = vector.transfer_write %2, %0[%c0, %c0] {in_bounds = [false, true]}
          : vector<5x64xf32>, tensor<4x64xf32>
      return %3 : tensor<4x64xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect"];
}

def TileStageOperandsPass : Pass<"tile-stage-operands"> {
  let summary = "stage contraction operands through shared memory";
  let description = [{
    In a launch with a schedule, converts every `vector.transfer_read` of global
    memory that is a contraction operand to a copy into a slot of a ring, a
    wait, and a read of the slot before each contraction.

    If a contraction reduces the innermost dimension of both operands, and this
    dimension is not a multiple of 32 bytes, which matrix instructions require,
    the copy pads the rows with zeros.

    In a loop that has `tile.stages`, the ring has this number of slots, and
    each iteration uses the next slot. If the schedule of the launch has
    `swizzle`, the chunks of the ring's rows are permuted; otherwise the rows
    are padded.

    ```mlir
    #lhs = affine_map<(m, n, k) -> (m, k)>
    #rhs = affine_map<(m, n, k) -> (n, k)>
    #sum = affine_map<(m, n, k) -> (m, n)>
    func.func @scores(%key: memref<?x64xbf16>, %q: vector<64x64xbf16>,
                      %acc: vector<64x64xf32>, %out: memref<64x64xf32>,
                      %j: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      %pad = arith.constant 0.0 : bf16
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
                 threads(%tx, %ty, %tz)
                     in (%sx = %c128, %sy = %c1, %sz = %c1) {
        %k = vector.transfer_read %key[%j, %c0], %pad
            {in_bounds = [false, true]}
            : memref<?x64xbf16>, vector<64x64xbf16>
        %s = vector.contract
               {indexing_maps = [#lhs, #rhs, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]}
               %q, %k, %acc : vector<64x64xbf16>, vector<64x64xbf16>
               into vector<64x64xf32>
        vector.transfer_write %s, %out[%c0, %c0] {in_bounds = [true, true]}
            : vector<64x64xf32>, memref<64x64xf32>
        gpu.terminator
      } {tile.schedule = #tile.schedule<warps = 4>}
      return
    }
    ```

    becomes

    ```mlir
    #shared = #gpu.address_space<workgroup>
    #identity = affine_map<(d0, d1) -> (d0, d1)>
    #lhs = affine_map<(m, n, k) -> (m, k)>
    #rhs = affine_map<(m, n, k) -> (n, k)>
    #sum = affine_map<(m, n, k) -> (m, n)>
    func.func @scores(%key: memref<?x64xbf16>, %q: vector<64x64xbf16>,
                      %acc: vector<64x64xf32>, %out: memref<64x64xf32>,
                      %j: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      %pad = arith.constant 0.0 : bf16
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
                 threads(%tx, %ty, %tz)
                     in (%sx = %c128, %sy = %c1, %sz = %c1) {
        %ring = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>}
            : memref<1x64x64xbf16, #shared>
        %slot = tile.slot %ring[%c0]
            : memref<1x64x64xbf16, #shared> -> memref<64x64xbf16, #shared>
        %token = tile.copy_async %key[%j, %c0], %slot
            {in_bounds = array<i1: false, true>, permutation_map = #identity}
            : memref<?x64xbf16>, memref<64x64xbf16, #shared>
        tile.wait %token
        %k = vector.transfer_read %slot[%c0, %c0], %pad
            {in_bounds = [true, true]}
            : memref<64x64xbf16, #shared>, vector<64x64xbf16>
        %s = vector.contract
               {indexing_maps = [#lhs, #rhs, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]}
               %q, %k, %acc : vector<64x64xbf16>, vector<64x64xbf16>
               into vector<64x64xf32>
        vector.transfer_write %s, %out[%c0, %c0] {in_bounds = [true, true]}
            : vector<64x64xf32>, memref<64x64xf32>
        gpu.terminator
      } {tile.schedule = #tile.schedule<warps = 4>}
      return
    }
    ```

    Run it after bufferization, before `tile-select-mma`. Launches without a
    schedule are left alone.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileStageComputedPass : Pass<"tile-stage-computed"> {
  let summary = "stage computed contraction operands through shared memory";
  let description = [{
    In a launch with a schedule, a contraction operand that is computed
    elementwise from reads of global memory, such as a scaled query, goes
    through a buffer in shared memory. The block computes it once, in a layout
    in which lanes read and write whole chunks of rows, and the contractions
    read it like a copied operand. Otherwise it would occupy registers for the
    whole loop of contractions.

    ```mlir
    #lhs = affine_map<(m, n, k) -> (m, k)>
    #rhs = affine_map<(m, n, k) -> (n, k)>
    #sum = affine_map<(m, n, k) -> (m, n)>
    func.func @scores(%query: memref<64x64xbf16>, %k: vector<64x64xbf16>,
                      %acc: vector<64x64xf32>, %out: memref<64x64xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      %pad = arith.constant 0.0 : bf16
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
                 threads(%tx, %ty, %tz)
                     in (%sx = %c128, %sy = %c1, %sz = %c1) {
        %x = vector.transfer_read %query[%c0, %c0], %pad
            {in_bounds = [true, true]}
            : memref<64x64xbf16>, vector<64x64xbf16>
        %q = arith.negf %x : vector<64x64xbf16>
        %s = vector.contract
               {indexing_maps = [#lhs, #rhs, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]}
               %q, %k, %acc : vector<64x64xbf16>, vector<64x64xbf16>
               into vector<64x64xf32>
        vector.transfer_write %s, %out[%c0, %c0] {in_bounds = [true, true]}
            : vector<64x64xf32>, memref<64x64xf32>
        gpu.terminator
      } {tile.schedule = #tile.schedule<warps = 4>}
      return
    }
    ```

    becomes

    ```mlir
    #shared = #gpu.address_space<workgroup>
    #identity = affine_map<(d0, d1) -> (d0, d1)>
    #lhs = affine_map<(m, n, k) -> (m, k)>
    #rhs = affine_map<(m, n, k) -> (n, k)>
    #sum = affine_map<(m, n, k) -> (m, n)>
    func.func @scores(%query: memref<64x64xbf16>, %k: vector<64x64xbf16>,
                      %acc: vector<64x64xf32>, %out: memref<64x64xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      %pad = arith.constant 0.0 : bf16
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
                 threads(%tx, %ty, %tz)
                     in (%sx = %c128, %sy = %c1, %sz = %c1) {
        %ring = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>}
            : memref<1x64x64xbf16, #shared>
        %slot = tile.slot %ring[%c0]
            : memref<1x64x64xbf16, #shared> -> memref<64x64xbf16, #shared>
        %source_ring = tile.ring {swizzle = #tile.swizzle<bits = 3, shift = 0>}
            : memref<1x64x64xbf16, #shared>
        %source = tile.slot %source_ring[%c0]
            : memref<1x64x64xbf16, #shared> -> memref<64x64xbf16, #shared>
        %token = tile.copy_async %query[%c0, %c0], %source
            {in_bounds = array<i1: true, true>, permutation_map = #identity}
            : memref<64x64xbf16>, memref<64x64xbf16, #shared>
        tile.wait %token
        %x = vector.transfer_read %source[%c0, %c0], %pad
            {in_bounds = [true, true]}
            : memref<64x64xbf16, #shared>, vector<64x64xbf16>
        %q = arith.negf %x : vector<64x64xbf16>
        %rows = tile.to_layout %q
            to <warps = [4, 1], lanes = [4, 8], elems = [1, 8]>
            : vector<64x64xbf16>
        vector.transfer_write %rows, %slot[%c0, %c0] {in_bounds = [true, true]}
            : vector<64x64xbf16>, memref<64x64xbf16, #shared>
        gpu.barrier
        %lhs = vector.transfer_read %slot[%c0, %c0], %pad
            {in_bounds = [true, true]}
            : memref<64x64xbf16, #shared>, vector<64x64xbf16>
        %s = vector.contract
               {indexing_maps = [#lhs, #rhs, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]}
               %lhs, %k, %acc : vector<64x64xbf16>, vector<64x64xbf16>
               into vector<64x64xf32>
        vector.transfer_write %s, %out[%c0, %c0] {in_bounds = [true, true]}
            : vector<64x64xf32>, memref<64x64xf32>
        gpu.terminator
      } {tile.schedule = #tile.schedule<warps = 4>}
      return
    }
    ```

    Run it after `tile-stage-operands`. Launches without a schedule are left
    alone.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileSelectMmaPass : Pass<"tile-select-mma"> {
  let summary = "select the matrix instruction and layout of contractions";
  let description = [{
    Sets `#tile.mma` on every matrix contraction that tensor cores support:
    contractions of f16 or bf16 operands with an f32 accumulator use m16n8k16.
    If the schedule has `tf32`, contractions of f32 operands use m16n8k8; the
    pass rounds their operands to tf32 (to nearest).

    The rows of the result are distributed over the lanes first and the warps
    next, starting at the innermost row dimension, so that the columns of a row
    stay in one warp. If an operand is computed from the result of another
    contraction, its rows keep the distribution of this result. A contraction
    without row and column dimensions, such as a sum of squares, becomes a
    product and a reduction.

    It is an error if a contraction in a launch with a schedule has no layout.

    Launches without a schedule are left alone.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileDeferReductionsPass : Pass<"tile-defer-reductions"> {
  let summary = "defer the cross-lane reduction of loop-carried sums";
  let description = [{
    A row sum that a loop carries as `l' = f l + rowsum(p)` is carried as
    `lanes` partial sums for each row instead, and the partial sums are added
    after the loop. The columns of p are divided into (repetitions, lanes,
    elems), so each thread adds its own elements, and the loop has no cross-lane
    communication. The pass applies to launches with a `tile.schedule`.

    `lanes` and `elems` must be positive.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "4",
           "Number of lanes that hold a row">,
    Option<"elems", "elems", "int64_t", "2",
           "Number of contiguous columns that a lane holds">,
  ];
  let dependentDialects = ["::mlir::vector::VectorDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileRowSumOnMmaPass : Pass<"tile-row-sum-on-mma"> {
  let summary = "compute row sums by a contraction with ones";
  let description = [{
    A row sum that a loop carries as `l' = f l + rowsum(p)`, where the rounded p
    is also the left operand of a contraction, becomes a contraction of the
    rounded p with 8 columns of ones. The tensor cores compute the sum, and p
    need not be kept in f32. The result is the sum of the rounded p. The pass
    applies to launches whose schedule has `row_sum_on_mma`.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileSkipRescalePass : Pass<"tile-skip-rescale"> {
  let summary = "skip multiplications by row factors that are all 1";
  let description = [{
    Moves the multiplication of an accumulator by row factors, before the
    contraction that adds to it, into a branch. A warp takes the branch if one
    of its factors is not 1. The pass applies to launches whose schedule has
    `skip_rescale`.

    ```mlir
    #lhs = affine_map<(m, n, k) -> (m, k)>
    #rhs = affine_map<(m, n, k) -> (n, k)>
    #sum = affine_map<(m, n, k) -> (m, n)>
    func.func @rescale(%x: vector<64xf32>, %acc: vector<64x64xf32>,
                       %p: vector<64x64xbf16>, %v: vector<64x64xbf16>,
                       %out: memref<64x64xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
                 threads(%tx, %ty, %tz)
                     in (%sx = %c128, %sy = %c1, %sz = %c1) {
        %f = math.exp2 %x : vector<64xf32>
        %columns = vector.broadcast %f : vector<64xf32> to vector<64x64xf32>
        %factors = vector.transpose %columns, [1, 0]
            : vector<64x64xf32> to vector<64x64xf32>
        %scaled = arith.mulf %acc, %factors : vector<64x64xf32>
        %s = vector.contract
               {indexing_maps = [#lhs, #rhs, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]}
               %p, %v, %scaled : vector<64x64xbf16>, vector<64x64xbf16>
               into vector<64x64xf32>
        vector.transfer_write %s, %out[%c0, %c0] {in_bounds = [true, true]}
            : vector<64x64xf32>, memref<64x64xf32>
        gpu.terminator
      } {tile.schedule = #tile.schedule<warps = 4, skip_rescale = true>}
      return
    }
    ```

    becomes

    ```mlir
    #lhs = affine_map<(m, n, k) -> (m, k)>
    #rhs = affine_map<(m, n, k) -> (n, k)>
    #sum = affine_map<(m, n, k) -> (m, n)>
    func.func @rescale(%x: vector<64xf32>, %acc: vector<64x64xf32>,
                       %p: vector<64x64xbf16>, %v: vector<64x64xbf16>,
                       %out: memref<64x64xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c128 = arith.constant 128 : index
      gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
                 threads(%tx, %ty, %tz)
                     in (%sx = %c128, %sy = %c1, %sz = %c1) {
        %f = math.exp2 %x : vector<64xf32>
        %one = arith.constant dense<1.0> : vector<64xf32>
        %not_one = arith.cmpf une, %f, %one : vector<64xf32>
        %any = tile.warp_any %not_one : vector<64xi1>
        %scaled = scf.if %any -> (vector<64x64xf32>) {
          %columns = vector.broadcast %f : vector<64xf32> to vector<64x64xf32>
          %factors = vector.transpose %columns, [1, 0]
              : vector<64x64xf32> to vector<64x64xf32>
          %product = arith.mulf %acc, %factors : vector<64x64xf32>
          scf.yield %product : vector<64x64xf32>
        } else {
          scf.yield %acc : vector<64x64xf32>
        }
        %s = vector.contract
               {indexing_maps = [#lhs, #rhs, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]}
               %p, %v, %scaled : vector<64x64xbf16>, vector<64x64xbf16>
               into vector<64x64xf32>
        vector.transfer_write %s, %out[%c0, %c0] {in_bounds = [true, true]}
            : vector<64x64xf32>, memref<64x64xf32>
        gpu.terminator
      } {tile.schedule = #tile.schedule<warps = 4, skip_rescale = true>}
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect"];
}

def TilePipelinePass : Pass<"tile-pipeline"> {
  let summary = "software-pipeline the copies of loops";
  let description = [{
    In every loop with `tile.stages`, moves each copy after the first wait that
    follows the last read of the slot that it overwrites, as many iterations
    ahead as its ring allows. With s slots, these are s iterations if the wait
    is in the same iteration as the read, and s - 1 if it is in the next one.
    Upstream's `scf::pipelineForLoop` performs the transformation. A loop with a
    dynamic trip count is guarded by a branch to the original loop for trip
    counts that are too small.

    Run it once, after `tile-stage-operands` and canonicalization. It is an error
    if a loop carries a value unchanged, or if its copies need a value that
    another iteration computes.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileCoalesceStoresPass : Pass<"tile-coalesce-stores"> {
  let summary = "convert stored vectors to a layout of whole chunks";
  let description = [{
    Inserts a `tile.to_layout` before every `vector.transfer_write` to global
    memory whose rows are whole 16-byte chunks, so that neighboring lanes store
    neighboring chunks.

    Launches without a schedule are left alone.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect"];
}

def TilePropagateLayoutsPass : Pass<"tile-propagate-layouts"> {
  let summary = "assign a layout to every vector of a kernel";
  let description = [{
    Starts at the contractions with `tile.mma` and at `tile.to_layout` ops, and
    propagates layouts forward and backward through elementwise ops, reductions,
    broadcasts, transposes, extractions, loops and branches until every vector
    has a layout. The attribute `tile.layouts` on the defining op holds it. If
    two layouts meet, the pass inserts a `tile.to_layout`; it duplicates
    constants and other ops that are cheaper to repeat. It is an error if a
    vector gets no layout.

    Run the pass directly before `convert-tile-to-nvvm`, because other passes
    may drop the attributes.

    Launches without a schedule are left alone.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect"];
}

def TileConvertLayoutsPass : Pass<"tile-convert-layouts"> {
  let summary = "convert layouts through shared memory";
  let description = [{
    Replaces every `tile.to_layout` between different layouts by a write to a
    new ring in the old layout and a read in the new layout, between barriers.
    Run the pass after `tile-propagate-layouts`.

    It is an error if the rows of a vector are not multiples of 16 bytes.
  }];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::ub::UBDialect",
                           "::mlir::arith::ArithDialect"];
}

def TilePackRingsPass : Pass<"tile-pack-rings"> {
  let summary = "pack rings into the dynamic shared memory of a launch";
  let description = [{
    Assigns every ring of a `gpu.launch` an offset, aligned to 128 bytes, such
    that rings that are live at the same time do not overlap, and sets the
    launch's size of dynamic shared memory. It is an error if the size exceeds
    `limit` bytes.

    Run it on launches, before outlining. `limit` must not be negative.
  }];
  let options = [
    Option<"limit", "limit", "int64_t", "0",
           "Maximum bytes of shared memory of a block; 0 for no limit">,
  ];
  let dependentDialects = ["::mlir::diff::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

#endif // DIFF_DIALECT_TILE_TRANSFORMS_PASSES_TD
