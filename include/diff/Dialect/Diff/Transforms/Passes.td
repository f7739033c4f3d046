//===- Passes.td - Passes of the diff dialect -----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_TD
#define DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DiffSelectSchedulePass : Pass<"diff-select-schedule"> {
  let summary = "select tile sizes for attentions that have none";
  let description = [{
    Sets a `#diff.schedule` on every attention that has none. For a CPU
    (`shared-memory` is 0), a tile has the heads that share a value head, or as
    many of them as the lanes of a panel (`convert-diff-to-vector`), and several
    panels of query tokens. If the heads that share a key head have few rows,
    heads x maps x query tokens, a tile has all query tokens, and all heads whose
    keys and values lie together in memory; the keys are split into tasks
    (`diff-split-keys`) of about 1 MB, unless other tiles occupy the threads. For
    a GPU, the pass selects the largest tile of a table whose buffers fit into
    `shared-memory` bytes. With r = maps x heads x queries rows, q = heads x
    queries, m keys per tile, elements of e bytes, and maps counting the key
    heads of a value head, the buffers need, in bytes,

        4 (r m + r dv + 10 r + 4 q)             scores, accumulator, row values
        + e (r d + 2 q dv + m (maps d + dv))    query, output, key, value tiles

    and 4 q dv for a row norm, e q dv for a gate. It is an error if no tile fits, or if a schedule
    set by the user does not fit.

    On a GPU, attentions with f16 and bf16 elements, and with f32 elements if
    `tf32` is set, get a tile for tensor cores instead. The pass selects the
    first tile of a second table, best first, that is within the limits for
    shared memory (with `stages` slots for prefetched tiles) and for registers
    (accumulators and scores). If one head does not fill the queries of a tile,
    the tile takes several heads of a group. Remarks of the category `diff`
    report which tile is selected and which limit a rejected tile exceeds. It is
    an error if the head dimension or the value width is not a multiple of 8 up
    to 256, or if no tile fits.

    `shared-memory` must not be negative, and `threads` must be a multiple of 32
    up to 1024, or 0. GPUs need both options. Functions without attentions are
    left alone.
  }];
  let options = [
    Option<"sharedMemory", "shared-memory", "int64_t", "0",
           "Bytes of shared memory available to a block; 0 for a CPU">,
    Option<"threads", "threads", "int64_t", "0",
           "Threads of a block that does not use tensor cores; 0 for a CPU">,
    Option<"tensorCores", "tensor-cores", "bool", "true",
           "Select tiles for tensor cores for supported element types">,
    Option<"tf32", "tf32", "bool", "false",
           "Round f32 to tf32 and multiply it on tensor cores">,
    Option<"vectorBytes", "vector-bytes", "int64_t", "64",
           "Bytes of a vector register of a CPU">,
    Option<"registers", "registers", "int64_t", "32",
           "Number of vector registers of a CPU">,
    Option<"amx", "amx", "bool", "false",
           "A CPU multiplies tiles of bf16 (AMX)">,
    Option<"dots", "dots", "bool", "false",
           "A CPU multiplies pairs of bf16 (AVX512_BF16)">,
  ];
}

def DiffNameArgumentsPass : Pass<"diff-name-arguments", "::mlir::func::FuncOp"> {
  let summary = "name the arguments and results of functions and their sizes";
  let description = [{
    Sets the names by which callers of the compiled function and its manifest
    identify tensors. Every argument that an attention reads, and every result
    that it computes, gets the name of the operand (`diff.name`) and the names
    of its sizes (`diff.sizes`: B, N, M, and S for the B + 1 sequence offsets).
    Names for a second attention get a numeric suffix. Existing names are kept.

    Sizes of other arguments and results that must equal a named size get its
    name, so that a launcher can check them. They must be equal if one loop of a
    linalg op iterates over both, or if both are computed from the same value.

    Arguments that hold sequence offsets get `diff.offsets`, which names the
    argument that the offsets point into.

    Functions without attentions and linalg ops on tensors are left alone.
  }];
}

def DiffStripNamesPass : Pass<"diff-strip-names", "::mlir::func::FuncOp"> {
  let summary = "remove the names of arguments and results";
  let description = [{
    Removes the attributes that `diff-name-arguments` and `diff-lower-entry`
    set, before a translation that does not support them.
  }];
}

def DiffTilePass : Pass<"diff-tile", "::mlir::func::FuncOp"> {
  let summary = "tile attentions over batch, output heads and query tokens";
  let description = [{
    Tiles every attention that has a schedule by its `heads` and `queries`, one
    batch entry at a time, into an `scf.forall` over (batch, output heads, query
    tokens). An attention that is already inside an `scf.forall` is not tiled.

    If the schedule has threads, the loops are mapped to GPU blocks in the order
    z, y, x. If it has stages, the loop also gets the `tile.schedule` that the
    passes of the tile dialect use. Elementwise linalg ops that compute the
    query, or another operand with query tokens, for the attention only are then
    fused into its tiles: each element of such an operand is read by one tile.

    Sequences of variable length are tiled over (output heads, query tiles of
    all sequences), mapped to y and x. Sequence b has the tiles from
    cu_seqlens_q[b] floordiv queries + b on: as many as it needs, and at most
    one more. A binary search over cu_seqlens_q finds the sequence of a tile.
    The number of tiles, N floordiv queries + B, depends on shapes only. The
    extra tiles, at most one for each sequence and those after the last
    sequence, are empty and read no keys. The attention of a tile has one batch
    entry and reads slices of the packed tensors.

    ```mlir
    func.func @attention(%q: tensor<1x16x4x8xf32>, %k: tensor<1x32x2x8xf32>,
                         %v: tensor<1x32x2x8xf32>, %lambda: tensor<1x16x2xf32>,
                         %init: tensor<1x16x2x8xf32>) -> tensor<1x16x2x8xf32> {
      %0 = diff.attention
             ins(%q, %k, %v, %lambda : tensor<1x16x4x8xf32>,
                 tensor<1x32x2x8xf32>, tensor<1x32x2x8xf32>, tensor<1x16x2xf32>)
             outs(%init : tensor<1x16x2x8xf32>)
             {schedule = #diff.schedule<queries = 8, keys = 16>}
             -> tensor<1x16x2x8xf32>
      return %0 : tensor<1x16x2x8xf32>
    }
    ```

    becomes

    ```mlir
    #query_head = affine_map<()[s0] -> (s0 * 2)>
    func.func @attention(%q: tensor<1x16x4x8xf32>, %k: tensor<1x32x2x8xf32>,
                         %v: tensor<1x32x2x8xf32>, %lambda: tensor<1x16x2xf32>,
                         %init: tensor<1x16x2x8xf32>) -> tensor<1x16x2x8xf32> {
      %0 = scf.forall (%b, %h, %n) = (0, 0, 0) to (1, 2, 16) step (1, 1, 8)
          shared_outs(%out = %init) -> (tensor<1x16x2x8xf32>) {
        %qh = affine.apply #query_head()[%h]
        %qs = tensor.extract_slice %q[%b, %n, %qh, 0] [1, 8, 2, 8] [1, 1, 1, 1]
            : tensor<1x16x4x8xf32> to tensor<1x8x2x8xf32>
        %ks = tensor.extract_slice %k[%b, 0, %h, 0] [1, 32, 1, 8] [1, 1, 1, 1]
            : tensor<1x32x2x8xf32> to tensor<1x32x1x8xf32>
        %vs = tensor.extract_slice %v[%b, 0, %h, 0] [1, 32, 1, 8] [1, 1, 1, 1]
            : tensor<1x32x2x8xf32> to tensor<1x32x1x8xf32>
        %ls = tensor.extract_slice %lambda[%b, %n, %h] [1, 8, 1] [1, 1, 1]
            : tensor<1x16x2xf32> to tensor<1x8x1xf32>
        %os = tensor.extract_slice %out[%b, %n, %h, 0] [1, 8, 1, 8] [1, 1, 1, 1]
            : tensor<1x16x2x8xf32> to tensor<1x8x1x8xf32>
        %tile = diff.attention
                  ins(%qs, %ks, %vs, %ls : tensor<1x8x2x8xf32>,
                      tensor<1x32x1x8xf32>, tensor<1x32x1x8xf32>,
                      tensor<1x8x1xf32>)
                  outs(%os : tensor<1x8x1x8xf32>)
                  {schedule = #diff.schedule<queries = 8, keys = 16>}
                  -> tensor<1x8x1x8xf32>
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %tile into %out[%b, %n, %h, 0]
              [1, 8, 1, 8] [1, 1, 1, 1]
              : tensor<1x8x1x8xf32> into tensor<1x16x2x8xf32>
        }
      }
      return %0 : tensor<1x16x2x8xf32>
    }
    ```

    Attentions without a schedule are left alone. It is an error if `heads` of a
    schedule does not match the op.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::diff::tile::TileDialect", "::mlir::gpu::GPUDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

def DiffFoldLayoutsPass
    : Pass<"diff-fold-layouts", "::mlir::func::FuncOp"> {
  let summary = "fold transposes of operands and results into layouts";
  let description = [{
    Folds a `linalg.transpose` that produces the query, key or value of an
    attention into the `layout` of the op. Also folds a transpose of the output
    if it is the only user of the output. The op then reads and writes the
    tensors in their memory order without copies. The pass does not fold a
    transpose that moves the head dimension, or one whose destination is
    defined after the attention.

    A transpose can move the maps of a pair, the key heads of a value head or
    the halves of a value as a dimension of their own, before a
    `tensor.collapse_shape` merges it. The operand then gets this dimension. The
    pass removes the dimension from an operand in which it is adjacent to the
    one that it belongs to.

    ```mlir
    func.func @attention(%x: tensor<1x4x16x8xf16>, %k: tensor<1x32x2x8xf16>,
                         %v: tensor<1x32x2x8xf16>, %lambda: tensor<1x16x2xf16>,
                         %init: tensor<1x16x2x8xf16>) -> tensor<1x16x2x8xf16> {
      %e = tensor.empty() : tensor<1x16x4x8xf16>
      %q = linalg.transpose ins(%x : tensor<1x4x16x8xf16>)
             outs(%e : tensor<1x16x4x8xf16>) permutation = [0, 2, 1, 3]
      %0 = diff.attention
             ins(%q, %k, %v, %lambda : tensor<1x16x4x8xf16>,
                 tensor<1x32x2x8xf16>, tensor<1x32x2x8xf16>, tensor<1x16x2xf16>)
             outs(%init : tensor<1x16x2x8xf16>) -> tensor<1x16x2x8xf16>
      return %0 : tensor<1x16x2x8xf16>
    }
    ```

    becomes

    ```mlir
    func.func @attention(%x: tensor<1x4x16x8xf16>, %k: tensor<1x32x2x8xf16>,
                         %v: tensor<1x32x2x8xf16>, %lambda: tensor<1x16x2xf16>,
                         %init: tensor<1x16x2x8xf16>) -> tensor<1x16x2x8xf16> {
      %0 = diff.attention
             ins(%x, %k, %v, %lambda : tensor<1x4x16x8xf16>,
                 tensor<1x32x2x8xf16>, tensor<1x32x2x8xf16>, tensor<1x16x2xf16>)
             outs(%init : tensor<1x16x2x8xf16>)
             layout<query = [0, 2, 1, 3]> -> tensor<1x16x2x8xf16>
      return %0 : tensor<1x16x2x8xf16>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffFuseElementwisePass
    : Pass<"diff-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "fuse elementwise linalg ops with their users";
  let description = [{
    Applies upstream's elementwise fusion to linalg ops outside of tiles. An
    elementwise op is fused into its only user if the user reads each element
    once, so that nothing is computed twice. An op that only extends the element
    type is always fused. A splat constant becomes a scalar in its user, or a
    `linalg.fill` if the user is not such an op. Named ops become generic ops.

    Ops on buffers are left alone.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffAlignOperandsPass : Pass<"diff-align-operands", "::mlir::func::FuncOp"> {
  let summary = "copy operands whose rows are not aligned to chunks";
  let description = [{
    GPU blocks copy the rows of attentions and products in chunks of 16 bytes,
    or of a smaller size that divides a row. A slice whose rows start at other
    offsets, such as columns 1 to 64 of 65, or whose elements are not
    contiguous, such as every second column, is copied to a new tensor before
    the op. A result that is inserted into such a slice is copied into it after
    the op.

    ```mlir
    func.func @matmul(%x: tensor<32x65xf16>, %w: tensor<64x128xf16>,
                      %init: tensor<32x128xf32>) -> tensor<32x128xf32> {
      %0 = tensor.extract_slice %x[0, 1] [32, 64] [1, 1]
          : tensor<32x65xf16> to tensor<32x64xf16>
      %1 = linalg.matmul ins(%0, %w : tensor<32x64xf16>, tensor<64x128xf16>)
             outs(%init : tensor<32x128xf32>) -> tensor<32x128xf32>
      return %1 : tensor<32x128xf32>
    }
    ```

    becomes

    ```mlir
    func.func @matmul(%x: tensor<32x65xf16>, %w: tensor<64x128xf16>,
                      %init: tensor<32x128xf32>) -> tensor<32x128xf32> {
      %0 = tensor.extract_slice %x[0, 1] [32, 64] [1, 1]
          : tensor<32x65xf16> to tensor<32x64xf16>
      %e = tensor.empty() : tensor<32x64xf16>
      %c = linalg.copy ins(%0 : tensor<32x64xf16>) outs(%e : tensor<32x64xf16>)
             -> tensor<32x64xf16>
      %1 = linalg.matmul ins(%c, %w : tensor<32x64xf16>, tensor<64x128xf16>)
             outs(%init : tensor<32x128xf32>) -> tensor<32x128xf32>
      return %1 : tensor<32x128xf32>
    }
    ```

    Ops on buffers are left alone.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffTileContractionsPass
    : Pass<"diff-tile-contractions", "::mlir::func::FuncOp"> {
  let summary = "tile matrix products for tensor cores";
  let description = [{
    Tiles every matrix product outside of loops that tensor cores support into
    an `scf.forall` over its result, mapped to GPU blocks, with a
    `tile.schedule`. Supported products have f16 or bf16 operands (or f32
    operands if `tf32` is set), f32 sums, static numbers of columns and
    summands, and operands whose rows are whole 16-byte chunks. The
    `linalg.fill` of the sums, and an elementwise op that is the only user of
    the result, are fused into the tile. Partial tiles are padded with zeros.
    The loop over the summands gets `tile.stages`.

    Other products are left for `diff-distribute-to-blocks`.

    ```mlir
    func.func @matmul(%x: tensor<256x512xbf16>, %w: tensor<512x256xbf16>,
                      %init: tensor<256x256xf32>) -> tensor<256x256xf32> {
      %0 = linalg.matmul
             ins(%x, %w : tensor<256x512xbf16>, tensor<512x256xbf16>)
             outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      return %0 : tensor<256x256xf32>
    }
    ```

    becomes

    ```mlir
    #lhs = affine_map<(m, n, k) -> (m, k)>
    #rhs = affine_map<(m, n, k) -> (k, n)>
    #sum = affine_map<(m, n, k) -> (m, n)>
    func.func @matmul(%x: tensor<256x512xbf16>, %w: tensor<512x256xbf16>,
                      %init: tensor<256x256xf32>) -> tensor<256x256xf32> {
      %c64 = arith.constant 64 : index
      %c512 = arith.constant 512 : index
      %c0 = arith.constant 0 : index
      %0 = scf.forall (%i, %j) = (0, 0) to (256, 256) step (128, 64)
          shared_outs(%out = %init) -> (tensor<256x256xf32>) {
        %rows = tensor.extract_slice %x[%i, 0] [128, 512] [1, 1]
            : tensor<256x512xbf16> to tensor<128x512xbf16>
        %columns = tensor.extract_slice %w[0, %j] [512, 64] [1, 1]
            : tensor<512x256xbf16> to tensor<512x64xbf16>
        %tile = tensor.extract_slice %out[%i, %j] [128, 64] [1, 1]
            : tensor<256x256xf32> to tensor<128x64xf32>
        %1 = scf.for %k = %c0 to %c512 step %c64 iter_args(%acc = %tile)
            -> (tensor<128x64xf32>) {
          %a = tensor.extract_slice %rows[0, %k] [128, 64] [1, 1]
              : tensor<128x512xbf16> to tensor<128x64xbf16>
          %b = tensor.extract_slice %columns[%k, 0] [64, 64] [1, 1]
              : tensor<512x64xbf16> to tensor<64x64xbf16>
          %2 = linalg.generic
                 {indexing_maps = [#lhs, #rhs, #sum],
                  iterator_types = ["parallel", "parallel", "reduction"]}
                 ins(%a, %b : tensor<128x64xbf16>, tensor<64x64xbf16>)
                 outs(%acc : tensor<128x64xf32>) {
          ^bb0(%ae: bf16, %be: bf16, %sum: f32):
            %af = arith.extf %ae : bf16 to f32
            %bf = arith.extf %be : bf16 to f32
            %product = arith.mulf %af, %bf : f32
            %new_sum = arith.addf %sum, %product : f32
            linalg.yield %new_sum : f32
          } -> tensor<128x64xf32>
          scf.yield %2 : tensor<128x64xf32>
        } {tile.stages = 2 : i64}
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %1 into %out[%i, %j] [128, 64] [1, 1]
              : tensor<128x64xf32> into tensor<256x256xf32>
        }
      } {diff.kernel = #diff.kernel<op = "contraction", threads = 128>,
         mapping = [#gpu.block<y>, #gpu.block<x>],
         tile.schedule = #tile.schedule<warps = 4, stages = 2>}
      return %0 : tensor<256x256xf32>
    }
    ```

    Run it before `diff-tile`. Ops in loops, ops on buffers and slices of other
    tiles are left alone.
  }];
  let options = [
    Option<"tf32", "tf32", "bool", "false",
           "Round f32 to tf32 and multiply it on tensor cores">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::diff::DiffDialect", "::mlir::diff::tile::TileDialect",
    "::mlir::gpu::GPUDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

def DiffPadTilesPass : Pass<"diff-pad-tiles", "::mlir::func::FuncOp"> {
  let summary = "pad tiles to static sizes";
  let description = [{
    Pads dynamic sizes that have a constant upper bound, such as the sizes of a
    partial tile:

    * `dim=queries` pads the query tokens of a level-0 op with zeros. The op
      writes into new destinations, and the rows that are not padding are
      extracted from them.
    * `dim=keys` pads the key tokens of `diff.online_attention` with zeros and
      sets `key_length`, which masks the padding.

    With `copy`, the query (or the keys and values) of a static tile is also
    copied (as a zero-width `tensor.pad`), so that the tile has its own buffer.

    Ops on buffers, packed sequences and sizes without a constant bound are left
    alone. Other values of `dim` are errors.
  }];
  let options = [
    Option<"dim", "dim", "std::string", "\"queries\"",
           "The dimension to pad: queries or keys">,
    Option<"copy", "copy", "bool", "false",
           "Also copy the query, or the keys and values, of static tiles">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffDecomposeAttentionPass
    : Pass<"diff-decompose-attention", "::mlir::func::FuncOp"> {
  let summary = "decompose attentions to diff.online_attention and linalg";
  let description = [{
    Replaces every level-0 op by fills of the running values, a
    `diff.online_attention` over all keys, and the epilogue in linalg. Running
    the pass on tiles avoids running values for whole tensors. It is an error if
    an op is on memrefs or has f64 elements.

    In a tile for tensor cores, rows fill whole instructions:

    * The running values of several heads have the maps as a dimension.
    * If a head group has several signal heads that share their keys with the
      noise head, the maps of few tokens are padded.
    * If the noise head has keys of its own, a group of r signal heads becomes r
      heads of two maps: the signals are the first map, and the second map is
      the noise head and padding.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffSplitKeysPass : Pass<"diff-split-keys", "::mlir::func::FuncOp"> {
  let summary = "distribute the keys of a tile over parallel tasks";
  let description = [{
    Splits every `diff.online_attention` on tensors whose schedule has a `split`
    into tasks of this many key tokens. An `scf.forall` over the tiles of the
    loop that contains the op, and over the tasks of a tile, computes running
    values of each task. Each tile then merges those of its tasks, before its
    epilogue:

        max = maximum over tasks of max_t
        sum = sum over tasks of exp2(max_t - max) sum_t

    and acc in the same way (`PartialReductionOpInterface`). Few tiles of few
    query tokens and many keys thus occupy many threads. The number of tasks
    depends on the number of keys and on the mask only, so that the result does
    not depend on the number of threads. A task whose keys no query token sees
    has no iterations.

    The running values must have static sizes. An op whose operands depend on
    destinations of the loop is not split, and neither is one in an `scf.forall`
    with a mapping.

    ```mlir
    func.func @attention(%q: tensor<1x1x1x64xf32>, %k: tensor<1x4096x1x64xf32>,
                         %acc: tensor<1x1x1x64xf32>, %max: tensor<1x1x1xf32>,
                         %sum: tensor<1x1x1xf32>) -> tensor<1x1x1x64xf32> {
      %0:3 = diff.online_attention
               ins(%q, %k, %k : tensor<1x1x1x64xf32>, tensor<1x4096x1x64xf32>,
                   tensor<1x4096x1x64xf32>)
               outs(%acc, %max, %sum : tensor<1x1x1x64xf32>,
                    tensor<1x1x1xf32>, tensor<1x1x1xf32>)
               {schedule = #diff.schedule<queries = 1, keys = 64, split = 1024>}
               -> tensor<1x1x1x64xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>
      return %0#0 : tensor<1x1x1x64xf32>
    }
    ```

    becomes

    ```mlir
    #map = affine_map<()[s0] -> (4096, s0 * 1024)>
    #map1 = affine_map<()[s0] -> (-s0 + 4096, 1024)>
    #map2 = affine_map<(d0, d1, d2, d3) -> (d3, d0, d1, d2)>
    #map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
    #map4 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
    #map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
    #map6 = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>
    #map7 = affine_map<(d0, d1, d2, d3, d4) -> (d3, d0, d1, d2, d4)>
    #map8 = affine_map<(d0, d1, d2, d3, d4) -> (d3, d0, d1, d2)>
    #map9 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
    func.func @attention(%arg0: tensor<1x1x1x64xf32>, %arg1: tensor<1x4096x1x64xf32>, %arg2: tensor<1x1x1x64xf32>, %arg3: tensor<1x1x1xf32>, %arg4: tensor<1x1x1xf32>) -> tensor<1x1x1x64xf32> {
      %cst = arith.constant 0xFF800000 : f32
      %cst_0 = arith.constant -3.40282347E+38 : f32
      %cst_1 = arith.constant 0.000000e+00 : f32
      %0 = tensor.empty() : tensor<4x1x1x1x64xf32>
      %1 = tensor.empty() : tensor<4x1x1x1xf32>
      %2:2 = scf.forall (%arg5) in (4) shared_outs(%arg6 = %0, %arg7 = %1) -> (tensor<4x1x1x1x64xf32>, tensor<4x1x1x1xf32>) {
        %9 = tensor.empty() : tensor<1x1x1x64xf32>
        %10 = linalg.fill ins(%cst_1 : f32) outs(%9 : tensor<1x1x1x64xf32>) -> tensor<1x1x1x64xf32>
        %11 = tensor.empty() : tensor<1x1x1xf32>
        %12 = linalg.fill ins(%cst_0 : f32) outs(%11 : tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
        %13 = linalg.fill ins(%cst_1 : f32) outs(%11 : tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
        %14 = affine.min #map()[%arg5]
        %15 = affine.min #map1()[%14]
        %extracted_slice = tensor.extract_slice %arg1[0, %14, 0, 0] [1, %15, 1, 64] [1, 1, 1, 1] : tensor<1x4096x1x64xf32> to tensor<1x?x1x64xf32>
        %16:3 = diff.online_attention ins(%arg0, %extracted_slice, %extracted_slice : tensor<1x1x1x64xf32>, tensor<1x?x1x64xf32>, tensor<1x?x1x64xf32>) outs(%10, %12, %13 : tensor<1x1x1x64xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>) {schedule = #diff.schedule<queries = 1, keys = 64>} -> tensor<1x1x1x64xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %16#0 into %arg6[%arg5, 0, 0, 0, 0] [1, 1, 1, 1, 64] [1, 1, 1, 1, 1] : tensor<1x1x1x64xf32> into tensor<4x1x1x1x64xf32>
          tensor.parallel_insert_slice %16#1 into %arg7[%arg5, 0, 0, 0] [1, 1, 1, 1] [1, 1, 1, 1] : tensor<1x1x1xf32> into tensor<4x1x1x1xf32>
        }
      }
      %3 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%2#1 : tensor<4x1x1x1xf32>) outs(%arg3 : tensor<1x1x1xf32>) {
      ^bb0(%in: f32, %out: f32):
        %9 = arith.maximumf %in, %out : f32
        linalg.yield %9 : f32
      } -> tensor<1x1x1xf32>
      %4 = tensor.empty() : tensor<1x1x1xf32>
      %5 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg3, %3 : tensor<1x1x1xf32>, tensor<1x1x1xf32>) outs(%4 : tensor<1x1x1xf32>) {
      ^bb0(%in: f32, %in_2: f32, %out: f32):
        %9 = arith.cmpf oeq, %in_2, %cst : f32
        %10 = arith.select %9, %cst_1, %in_2 : f32
        %11 = arith.subf %in, %10 : f32
        %12 = math.exp2 %11 : f32
        linalg.yield %12 : f32
      } -> tensor<1x1x1xf32>
      %6 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%2#1, %3 : tensor<4x1x1x1xf32>, tensor<1x1x1xf32>) outs(%1 : tensor<4x1x1x1xf32>) {
      ^bb0(%in: f32, %in_2: f32, %out: f32):
        %9 = arith.cmpf oeq, %in_2, %cst : f32
        %10 = arith.select %9, %cst_1, %in_2 : f32
        %11 = arith.subf %in, %10 : f32
        %12 = math.exp2 %11 : f32
        linalg.yield %12 : f32
      } -> tensor<4x1x1x1xf32>
      %7 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%5 : tensor<1x1x1xf32>) outs(%arg2 : tensor<1x1x1x64xf32>) {
      ^bb0(%in: f32, %out: f32):
        %9 = arith.mulf %out, %in : f32
        linalg.yield %9 : f32
      } -> tensor<1x1x1x64xf32>
      %8 = linalg.generic {indexing_maps = [#map7, #map8, #map9], iterator_types = ["parallel", "parallel", "parallel", "reduction", "parallel"]} ins(%2#0, %6 : tensor<4x1x1x1x64xf32>, tensor<4x1x1x1xf32>) outs(%7 : tensor<1x1x1x64xf32>) {
      ^bb0(%in: f32, %in_2: f32, %out: f32):
        %9 = arith.mulf %in, %in_2 : f32
        %10 = arith.addf %out, %9 : f32
        linalg.yield %10 : f32
      } -> tensor<1x1x1x64xf32>
      return %8 : tensor<1x1x1x64xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffTileKeysPass : Pass<"diff-tile-keys", "::mlir::func::FuncOp"> {
  let summary = "tile diff.online_attention along the keys";
  let description = [{
    Tiles every `diff.online_attention` that has a schedule into an `scf.for`
    over key tiles that carries the running values. The loop covers the keys
    that the mask makes visible to at least one query of the tile.

    For tensor cores, the pass creates two loops. The first one covers the tiles
    at the edges of the mask and a partial last tile. The second one covers the
    tiles in which every query sees every key. Its ops have no mask, and its
    copies can be prefetched (`tile.stages`).

    Ops without a schedule and ops on buffers are left alone.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

def DiffDecomposePass : Pass<"diff-decompose"> {
  let summary = "decompose diff.online_attention to linalg";
  let description = [{
    Replaces every `diff.online_attention` on tensors by one step of the online
    softmax in linalg. Unit dimensions are dropped.

    * `head-major-query` transposes the query into the order of the running
      values if a token has several rows. The vectorized contraction requires
      this order.
    * `round-weights` rounds the weights of tiles for tensor cores to the
      element type of the values before the second product, as matrix
      instructions require.
    * `lazy-max` keeps the maximum of a tile whose schedule skips rescaling
      while the maximum would rise by less than a factor of 256.

    Ops on buffers are left alone.
  }];
  let options = [
    Option<"headMajorQuery", "head-major-query", "bool", "true",
           "Transpose the query before the contraction">,
    Option<"roundWeights", "round-weights", "bool", "false",
           "Round the weights to the element type of the values before the "
           "second product">,
    Option<"lazyMax", "lazy-max", "bool", "false",
           "Update maxima only if they rise by a factor of at least 256, in "
           "tiles that skip rescaling">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffVectorizeTilesPass : Pass<"diff-vectorize-tiles", "::mlir::func::FuncOp"> {
  let summary = "vectorize linalg ops and pads inside parallel loops";
  let description = [{
    Vectorizes every static linalg op, and every `tensor.pad` with a static
    result, inside an `scf.forall`, and folds slices into the transfers. Ops
    outside of parallel loops compute whole tensors and are lowered to loops
    instead.

    `tiles` selects the loops: `tensor-cores` selects loops with a
    `tile.schedule`, whose contractions keep the element type of their operands;
    `threads` selects loops without one; `all` selects both.

    For tensor cores, a dimension of a padded tensor that is split is split in the
    vector, so that the padding becomes a bound of the transfer.

    Ops without a vector form are left alone. Other values of `tiles` are errors.
  }];
  let options = [
    Option<"tiles", "tiles", "std::string", "\"all\"",
           "Tiles to vectorize: all, tensor-cores or threads">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect",
  ];
}

def DiffDecomposeStructuredPass
    : Pass<"diff-decompose-structured", "::mlir::func::FuncOp"> {
  let summary = "decompose linalg.softmax, linalg.pack, linalg.unpack and tensor.concat";
  let description = [{
    Decomposes upstream's aggregated ops (`linalg.softmax`), `linalg.pack`,
    `linalg.unpack` and `tensor.concat` on tensors into ops that can be tiled,
    fused, bufferized and lowered to loops. The pass does not change the ops of
    the diff dialect.

    ```mlir
    func.func @f(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<8x8xf32> {
      %0 = tensor.concat dim(0) %x, %y : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
      return %0 : tensor<8x8xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<8x8xf32> {
      %e = tensor.empty() : tensor<8x8xf32>
      %0 = tensor.insert_slice %x into %e[0, 0] [4, 8] [1, 1] : tensor<4x8xf32> into tensor<8x8xf32>
      %1 = tensor.insert_slice %y into %0[4, 0] [4, 8] [1, 1] : tensor<4x8xf32> into tensor<8x8xf32>
      return %1 : tensor<8x8xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffPrepareBufferizationPass
    : Pass<"diff-prepare-bufferization", "::mlir::func::FuncOp"> {
  let summary = "rewrite slices for one-shot-bufferize";
  let description = [{
    Rewrites a slice that drops some dimensions of size 1 and keeps others as a
    slice of full rank and a reshape. The type of its memref would have dynamic
    strides and not tell which dimension was dropped, and upstream's folders
    assume the first one. A slice of a tensor that was overwritten completely by
    `tensor.insert_slice` becomes a slice of the inserted tensor, since
    bufferization copies a tensor that is read before and after its insertion.
    An op on tensors that does not implement `BufferizableOpInterface` is an
    error.

    Slices that are inserted into an uninitialized tensor, which is then inserted
    into the result of a parallel loop, are inserted into this result directly. A
    slice that is overwritten is a slice of the tensor that it is inserted into, so
    that slices of one tensor are written one after the other.

    ```mlir
    func.func @f(%x: tensor<1x?x2x8xf32>, %n: index) -> tensor<1x?x8xf32> {
      %0 = tensor.extract_slice %x[0, 0, 1, 0] [1, %n, 1, 8] [1, 1, 1, 1] : tensor<1x?x2x8xf32> to tensor<1x?x8xf32>
      return %0 : tensor<1x?x8xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%x: tensor<1x?x2x8xf32>, %n: index) -> tensor<1x?x8xf32> {
      %0 = tensor.extract_slice %x[0, 0, 1, 0] [1, %n, 1, 8] [1, 1, 1, 1] : tensor<1x?x2x8xf32> to tensor<1x?x1x8xf32>
      %1 = tensor.collapse_shape %0 [[0], [1], [2, 3]] : tensor<1x?x1x8xf32> into tensor<1x?x8xf32>
      return %1 : tensor<1x?x8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

def DiffLowerEntryPass : Pass<"diff-lower-entry", "::mlir::ModuleOp"> {
  let summary = "convert tensors of public functions to memref arguments";
  let description = [{
    Gives every public function with a body that nothing in the module calls the
    signature for external callers. Each tensor argument becomes a memref with a
    contiguous innermost dimension, dynamic other strides and offset 0, so that
    its pointer is the address of the first element. Each tensor result becomes
    such a memref at the end of the arguments, with the attribute `diff.result`;
    the function writes it. Arguments must not overlap results. A result may be
    an operand of another one: bufferization inserts the necessary copies.

    ```mlir
    func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      return %x : tensor<?x8xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%x: memref<?x8xf32, strided<[?, 1]>>,
                 %r: memref<?x8xf32, strided<[?, 1]>> {diff.result}) {
      %0 = bufferization.to_tensor %r restrict writable
          : memref<?x8xf32, strided<[?, 1]>> to tensor<?x8xf32>
      %1 = bufferization.to_tensor %x restrict
          : memref<?x8xf32, strided<[?, 1]>> to tensor<?x8xf32>
      %2 = linalg.copy ins(%1 : tensor<?x8xf32>) outs(%0 : tensor<?x8xf32>)
          -> tensor<?x8xf32>
      bufferization.materialize_in_destination %2 in restrict writable %r
          : (tensor<?x8xf32>, memref<?x8xf32, strided<[?, 1]>>) -> ()
      return
    }
    ```

    It is an error if such a function has several blocks, or unranked tensors as
    arguments or results.
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
  ];
}

def DiffExpandMathPass : Pass<"diff-expand-math"> {
  let summary = "expand math functions into vectorizable arithmetic";
  let description = [{
    Expands exp2 of f32 into a power of two and a polynomial: the error is up to
    2.5 units in the last place, exp2(0) is 1, a NaN stays one, and results below
    2^-126 are 0. `avx512` uses instructions of AVX-512 for vectors of 16
    elements. exp, tanh and log become upstream's polynomial and rational
    approximations (accurate to a few units in the last place of f32). The result
    is vectorizable and calls no library function. Functions of f64 are not
    changed. Conversions between f64 and bf16 become correctly rounded
    conversions through f32. erf, erfc, cbrt and the inverse hyperbolic
    functions, which have no LLVM intrinsic, become calls to the C library.
  }];
  let options = [
    Option<"avx512", "avx512", "bool", "false",
           "Use instructions of AVX-512">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def DiffExpandCopiesPass : Pass<"diff-expand-copies", "::mlir::func::FuncOp"> {
  let summary = "expand copies, and linalg ops in parallel loops, into loops";
  let description = [{
    Converts every `memref.copy` to a linalg op, so that no library function
    copies at run time. Converts the linalg ops on buffers inside an
    `scf.forall` to sequential loops, because the forall is already parallel,
    and those with few iterations, because starting threads takes longer.
    Converts vector transfers of one element to loads and stores, for memory with
    strides.

    Run it after bufferization. Copies of unranked memrefs are left alone.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect",
  ];
}

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_TD
