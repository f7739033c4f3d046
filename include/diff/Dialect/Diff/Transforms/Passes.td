//===- Passes.td - Passes of the diff dialect -----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_TD
#define DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DiffSelectSchedulePass : Pass<"diff-select-schedule"> {
  let summary = "choose tile sizes for attentions that have none";
  let description = [{
    Writes a `#diff.schedule` on every attention that has none. For a CPU
    (`shared-memory` 0) the tile is small enough for vector registers. For a
    GPU it is the largest of a table whose buffers fit into `shared-memory`
    bytes: with r = maps x heads x queries rows and m keys of a tile, in bytes

        4 (r m + r dv + 10 r + 4 q)             scores, accumulator, row values
        + e (r d + 2 q dv + m (maps d + dv))    query, output, key, value tiles

    and 4 q dv for a row norm, where q = heads x queries, e is the size of an element and `maps` counts a
    value head's key heads. It is an error when none fits, or when a schedule
    that was given does not.

    On a GPU, f16 and bf16, and with `tf32` f32, get a tile for tensor cores
    instead: the first of another table, best first, whose tiles in shared
    memory, copied ahead in `stages` slots, and whose accumulators and scores in
    registers are within the limits. Where the queries do not fill it, the heads
    of a group share it. Remarks of the category `diff` say which one was chosen,
    and which limit another breaks. It is an error when the head dimension or
    the value width is no multiple of 8 up to 256, or when no tile fits.
  }];
  let options = [
    Option<"sharedMemory", "shared-memory", "int64_t", "0",
           "Bytes of shared memory a block may use; 0 for a CPU">,
    Option<"threads", "threads", "int64_t", "0",
           "Threads of a block that computes without tensor cores; 0 for a CPU">,
    Option<"tensorCores", "tensor-cores", "bool", "true",
           "Tiles for tensor cores, where they multiply the type">,
    Option<"tf32", "tf32", "bool", "false",
           "Let tensor cores multiply f32, rounded to tf32">,
  ];
}

def DiffNameArgumentsPass : Pass<"diff-name-arguments", "::mlir::func::FuncOp"> {
  let summary = "name a function's tensors after the operands they feed";
  let description = [{
    Gives every argument that an attention reads, and every result that it
    computes, the operand's name (`diff.name`) and the names of its sizes
    (`diff.sizes`: B, N, M, and S = B + 1 sequence offsets), so that whoever
    calls the compiled function can tell them apart. Names of a second attention
    get a number. What has a name keeps it. Sizes of other arguments and results
    that must equal a named one, since one loop of a linalg op goes over both or
    both are made of one number, have its name; so a launcher finds that they
    differ. Arguments that hold sequence offsets
    say into which argument (`diff.offsets`, a `#diff.offsets`).
  }];
}

def DiffStripNamesPass : Pass<"diff-strip-names", "::mlir::func::FuncOp"> {
  let summary = "remove the names that were given to a function's tensors";
  let description = [{
    Removes the attributes of `diff-name-arguments` and `diff-lower-entry`, in
    front of a translation that knows none of them.
  }];
}

def DiffTilePass : Pass<"diff-tile", "::mlir::func::FuncOp"> {
  let summary = "tile attentions over batch, output heads and query tokens";
  let description = [{
    Tiles every attention that has a schedule by its `heads` and `queries`, one
    batch entry at a time, into an `scf.forall` over (batch, output heads,
    query tokens). With threads in the schedule, the loops are mapped to a
    GPU's blocks: z, y and x. With stages, they get the `tile.schedule` that the
    passes of the tile dialect go by, and elementwise linalg ops that compute the
    query, or another operand with query tokens, for the attention alone are
    computed in its tiles: an element of such an operand is read by one tile. An
    attention inside an `scf.forall` is a tile already.

    Sequences of variable length are tiled over (output heads, query tiles of
    all sequences), mapped to y and x. Sequence b has the tiles from
    cu_seqlens_q[b] floordiv queries + b on, as many as it needs and at most one
    more; a binary search over cu_seqlens_q finds the sequence of a tile. So
    there are N floordiv queries + B tiles, known from the shapes alone, of
    which no more than one for each sequence, and those behind the last
    sequence, have nothing to do: they read no key. The attention of a tile is one of a single batch entry, on
    slices of the packed tensors.

    ```mlir
    %0 = diff.attention … outs(%init : …)
           {schedule = #diff.schedule<queries = 8, keys = 16>} -> …
    // becomes
    %0 = scf.forall (%b, %h, %n) in (…) shared_outs(%out = %init) -> (…) {
      %1 = diff.attention … {schedule = …} -> …
      …
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::diff::tile::TileDialect", "::mlir::gpu::GPUDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
  ];
}

def DiffFoldTransposesPass
    : Pass<"diff-fold-transposes", "::mlir::func::FuncOp"> {
  let summary = "fold transposes of operands and results into layouts";
  let description = [{
    Folds a `linalg.transpose` that makes the query, key or value of an
    attention, or takes its output and is its only user, into the op's
    `layout`: the op reads and writes the tensors as they lie in memory, and
    nothing is copied. A transpose that moves the head dimension stays, and so
    does one whose destination does not exist yet where the attention stands.

    ```mlir
    %q = linalg.transpose ins(%x : tensor<1x16x512x128xbf16>)
           outs(%e : tensor<1x512x16x128xbf16>) permutation = [0, 2, 1, 3]
    %0 = diff.attention ins(%q, … : tensor<1x512x16x128xbf16>, …) …
    // becomes
    %0 = diff.attention ins(%x, … : tensor<1x16x512x128xbf16>, …) …
           layout<query = [0, 2, 1, 3]>
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
    Fuses an elementwise linalg op outside of tiles into its only user, by
    upstream's patterns, where the user computes from each element once, so that
    nothing is computed twice, or where the op only widens elements. A constant
    with one value becomes a scalar of its user, and where it is no operand of such an
    op, a `linalg.fill`. Named ops become generic ones.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffAlignOperandsPass : Pass<"diff-align-operands", "::mlir::func::FuncOp"> {
  let summary = "copy what a GPU's blocks cannot read in chunks";
  let description = [{
    Blocks copy rows of attentions and products in chunks of 16 bytes, or what
    divides a row. A slice whose rows begin elsewhere, such as columns 1 to 64 of
    65, is copied to a tensor of its own in front of them, and what they compute
    is copied into such a slice behind them.

    ```mlir
    %0 = tensor.extract_slice %x[0, 1] [%n, 64] [1, 1] : tensor<?x65xf16> to tensor<?x64xf16>
    %1 = linalg.matmul ins(%0, …) …
    // becomes
    %0 = tensor.extract_slice %x[0, 1] [%n, 64] [1, 1] : tensor<?x65xf16> to tensor<?x64xf16>
    %e = tensor.empty(%n) : tensor<?x64xf16>
    %c = linalg.copy ins(%0 : tensor<?x64xf16>) outs(%e : tensor<?x64xf16>) …
    %1 = linalg.matmul ins(%c, …) …
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffTileContractionsPass
    : Pass<"diff-tile-contractions", "::mlir::func::FuncOp"> {
  let summary = "tile products beside the attention for tensor cores";
  let description = [{
    Tiles every product of matrices outside of loops that tensor cores can
    compute into an `scf.forall` over its result, mapped to a GPU's blocks, with
    a `tile.schedule`: f16 or bf16 operands (with `tf32` f32 ones), sums in f32,
    columns and summands of a number that is known, rows of whole 16-byte chunks
    in both operands. The `linalg.fill` of its sums and an elementwise op that is
    the only user of its result are computed in the same tile. Tiles that
    overhang are computed whole, on zeros. A loop over the summands gets
    `tile.stages`.

    ```mlir
    %0 = linalg.matmul ins(%x, %w : tensor<?x512xbf16>, tensor<512x256xbf16>) …
    // becomes
    %0 = scf.forall (%i, %j) = (0, 0) to (%n, 256) step (128, 64) … {
      %1 = scf.for … step 64 { linalg.matmul … } {tile.stages = 2}
      …
    } {diff.kernel = …, mapping = [#gpu.block<y>, #gpu.block<x>], tile.schedule = …}
    ```

    Others are left: they become kernels whose threads compute by themselves.
  }];
  let options = [
    Option<"tf32", "tf32", "bool", "false",
           "Let tensor cores multiply f32, rounded to tf32">,
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
    Pads what is not static but has a constant upper bound, as a tile has:

    * `dim=queries`: the query tokens of a level-0 op, with zeros. It writes
      into fresh destinations, of which the rows that exist are cut out.
    * `dim=keys`: the key tokens of `diff.online_attention`, with zeros that
      `key_length` hides.

    With `copy`, the query (or the keys and values) of a tile that is static
    already is copied as well, by a pad of nothing, so that the tile is in
    memory of its own.
  }];
  let options = [
    Option<"dim", "dim", "std::string", "\"queries\"",
           "What to pad: queries or keys">,
    Option<"copy", "copy", "bool", "false",
           "Copy the query, or the keys and values, of static tiles too">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffDecomposeAttentionPass
    : Pass<"diff-decompose-attention", "::mlir::func::FuncOp"> {
  let summary = "bring attentions into their online form";
  let description = [{
    Replaces every level-0 op by fills, `diff.online_attention` over all its
    keys, and the epilogue in linalg. Done on a tile, so that the running
    values never exist as whole tensors. It is an error on memrefs and for f64
    elements.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffTileKeysPass : Pass<"diff-tile-keys", "::mlir::func::FuncOp"> {
  let summary = "tile diff.online_attention along the keys";
  let description = [{
    Makes an `scf.for` over key tiles, of the size that the schedule gives, of
    every `diff.online_attention` that has one; the running values are carried
    by the loop. The loop starts at the first key that the mask lets any query
    of the tile see, and ends behind the last.

    On tensor cores it makes two loops: one over the tiles of which every query
    sees every key, whose ops need no mask and whose copies may run ahead
    (`tile.stages`), and one over the others, those at either edge of the mask
    and a short last one.
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
    softmax in linalg. Dimensions of size 1 are dropped. With
    `head-major-query`, the query of several rows a token is first brought into
    the order of the running values, which a contraction of vectors wants.
    `round-weights` rounds the weights of tiles on tensor cores to the values'
    element type in front of the second product, as matrix instructions want it.
    `lazy-max` lets the maximum of a tile whose schedule skips rescaling stay
    while it would rise by less than a factor of 256.
  }];
  let options = [
    Option<"headMajorQuery", "head-major-query", "bool", "true",
           "Reorder the query's rows in front of the contraction">,
    Option<"roundWeights", "round-weights", "bool", "false",
           "Round the weights to the values' element type in front of the "
           "second product">,
    Option<"lazyMax", "lazy-max", "bool", "false",
           "Let maxima rise only by a lot where rescaling is skipped">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffTileToRegistersPass
    : Pass<"diff-tile-to-registers", "::mlir::func::FuncOp"> {
  let summary = "tile linalg ops inside parallel loops for vector registers";
  let description = [{
    Cuts the largest loop of every linalg op of static shape inside an
    `scf.forall` into an `scf.for`, when the op has more iterations than its
    budget: vector code is fully unrolled, so that this bounds its size
    whatever the head dimension. The tile is the largest divisor that fits,
    a multiple of 8 if there is one.
  }];
  let options = [
    Option<"maxProducts", "max-products", "int64_t", "4096",
           "Iterations of a contraction">,
    Option<"maxElements", "max-elements", "int64_t", "1024",
           "Iterations of any other op">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffVectorizeTilesPass : Pass<"diff-vectorize-tiles", "::mlir::func::FuncOp"> {
  let summary = "vectorize the linalg ops and pads inside parallel loops";
  let description = [{
    Turns every linalg op of static shape and every tensor.pad to a static
    shape inside an `scf.forall` into vector ops, and folds slices into the
    transfers. Ops outside of parallel loops are whole tensors, which are left
    to loops. `tiles` selects the loops with a `tile.schedule` (`tensor-cores`),
    whose contractions then take their operands' element type, or those without
    (`threads`).
  }];
  let options = [
    Option<"tiles", "tiles", "std::string", "\"all\"",
           "Which tiles: all, tensor-cores or threads">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect",
  ];
}

def DiffLowerEntryPass : Pass<"diff-lower-entry", "::mlir::ModuleOp"> {
  let summary = "make tensors of public functions memref arguments";
  let description = [{
    Gives every public function with a body, that nothing in the module calls,
    the signature that it is called with from outside: each tensor argument
    becomes a memref whose innermost dimension is contiguous and whose other
    strides are free (its offset is 0: a pointer to the first element), and each
    tensor result such a memref at the end of the arguments, marked
    `diff.result`, which the function writes.
    No argument may overlap a result.

    ```mlir
    func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32>
    // becomes
    func.func @f(%x: memref<?x8xf32, strided<[?, 1]>>,
                 %r: memref<?x8xf32, strided<[?, 1]>> {diff.result})
    ```
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::memref::MemRefDialect",
  ];
}

def DiffExpandMathPass : Pass<"diff-expand-math"> {
  let summary = "expand exponentials and the like into vectorizable arithmetic";
  let description = [{
    Rewrites exp2 as exp, and exp, tanh and log as upstream's polynomial and
    rational approximations (a few units in the last place of f32), so that
    they are computed on vectors and no library is called for each element.
    f64 is left alone. erf, erfc, cbrt and the inverse hyperbolic functions,
    which LLVM has no intrinsics for, become calls of the C library.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def DiffExpandCopiesPass : Pass<"diff-expand-copies", "::mlir::func::FuncOp"> {
  let summary = "expand memref.copy, and what is left in tiles, into loops";
  let description = [{
    Makes a linalg op of every memref.copy, so that no library function copies
    at run time, and sequential loops of the linalg ops on buffers that are left
    inside an `scf.forall`, which is parallel enough.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
  ];
}

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_TD
