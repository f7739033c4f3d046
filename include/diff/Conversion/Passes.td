//===- Passes.td - Conversions between levels -----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_PASSES_TD
#define DIFF_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertDiffToLinalgPass : Pass<"convert-diff-to-linalg"> {
  let summary = "lower diff ops to upstream ops without fusion";
  let description = [{
    The portable reference lowering. Every attention becomes linalg, arith, math
    and tensor ops that any MLIR backend supports. The scores are a tensor of
    B x maps h x N x M elements. All values are computed in f32 (in f64 for f64
    elements):

        S = mask(softcap(scale * Q K^T)),  m = rowmax(S),  P = exp(S - m)
        l = rowsum(P),  O = P V
        out = epilogue(O / l),  lse = m + log(l)

    For a row that sees no key, m is -inf; the exponent uses 0 instead, so that
    P, l, O and the output are 0. The lowering does not use `linalg.softmax`,
    which computes NaN for such a row and computes in the element type.

    `diff.online_attention` is decomposed. Sequences of variable length become
    an `scf.for` that contains an attention with one batch entry.

    The pass fails on diff ops on memrefs; run it before bufferization.
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

def ConvertDiffToVectorPass : Pass<"convert-diff-to-vector"> {
  let summary = "lower online attention to vectors of a CPU";
  let description = [{
    Lowers `diff.online_attention` on tensors to loops of vector ops on buffers,
    for CPUs. The rows of a tile (query tokens x heads x maps) are the lanes of
    vectors, and scores and accumulators are transposed: no operation crosses
    lanes, and keys and values are read one element at a time, in place.

    - The query is transposed into *panels* [d][lanes] of f32. The rows of a
      panel read the same keys: all heads and maps of a value head, or one map
      if each has its own keys. The number of lanes is that of a few registers,
      so that the sums of a tile of scores [keys][lanes], or of accumulators
      [v][lanes], are in registers. `planRows` selects it from `vector-bytes`
      and `registers`.
    - Each panel first processes the keys that only some rows see, and the last
      keys, in small tiles with a mask.
    - Then all panels process each tile of 64 keys that all rows see, before the
      next one is read.
    - f16 and bf16 keys and values of a tile are converted to f32 once for all
      panels.
    - Sums of a tile are computed first, and then added to those of the tiles
      before.

    With `amx`, products of bf16 are tiles of `amx` ops for at least 16 rows and
    32 keys (`selectProducts`), and nothing is converted to f32:

    - A panel has 32 rows, two columns of tiles. Its queries and its weights, which
      are rounded once, are pairs [d / 2][lanes][2]. Weights of maps that nearly
      cancel have a second part, the rounding error.
    - Keys are read in place if `d` is a multiple of 32. Values are transposed to
      [v][keys] once for all panels, for masked tiles too.
    - A step computes the scores and weights of 32 or 64 keys at a time, and then
      multiplies the weights of all of its keys by their values. Maxima are only
      raised if they rise by a factor of more than 2^8. The step then multiplies
      the weights so far, and rescales the accumulator, in a branch.

    With `dots`, `x86vector.avx512.dot` multiplies the same operands, without a
    branch; panels are those of f32.

    The form with `amx` is in a branch on the result of `diff.request_amx`, which
    `diff-define-amx-request` defines. The form without tiles is in the other
    branch. The function is a symbol of the module, so with `amx` the pass runs on
    a module.

    If the heads that share a key head have *few rows* (up to the lanes of a
    register, or 8), panels would leave lanes idle, and the time is that of
    reading keys and values. The lanes are then the elements of a row of keys or
    values:

    - The loop over blocks of keys is outside that over value heads, so that a
      cache with all heads of a token together is read once, in the order of
      memory. While a block of a head is read, the one that is read next is
      prefetched.
    - Products of several keys and rows are summed in registers. A butterfly of
      shuffles adds up the lanes of as many vectors as a register has lanes: the
      result has one score in each lane.
    - Weights are multiplied with vectors of values.
    - A load of bf16 gives two vectors, its even and its odd elements, by
      operations on integers. A row whose width is not a multiple of a load ends with an
      overlapping load, not a masked one.
    - One loop processes whole blocks, and another one, with masks, the keys
      before and after them.

    The pass reads through a `tensor.pad` of the query, and skips the panels that
    consist of padding. An op with a dynamic number of query tokens is decomposed
    to linalg.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64",
           "Bytes of a vector register">,
    Option<"registers", "registers", "int64_t", "32",
           "Number of vector registers">,
    Option<"amx", "amx", "bool", "false",
           "Multiply bf16 by tiles (AMX) where the process may">,
    Option<"dots", "dots", "bool", "false",
           "Otherwise, multiply bf16 by dot products of pairs (AVX512_BF16)">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect",
    "::mlir::amx::AMXDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
    "::mlir::vector::VectorDialect",
    "::mlir::x86vector::X86VectorDialect",
  ];
}

//===----------------------------------------------------------------------===//
// linalg on CPUs, in pipeline order
//===----------------------------------------------------------------------===//

defvar hostUnitOptions =
  [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64",
           "Bytes of a vector register">,
    Option<"registers", "registers", "int64_t", "32",
           "Number of vector registers">,
    Option<"l1Bytes", "l1-bytes", "int64_t", "32768",
           "Bytes of the first data cache of a core">,
    Option<"l2Bytes", "l2-bytes", "int64_t", "1048576",
           "Bytes of the second cache of a core">,
  ];

def DiffDistributeToTasksPass
    : Pass<"diff-distribute-to-tasks", "::mlir::func::FuncOp"> {
  let summary = "tile linalg ops over parallel tasks for CPUs";
  let description = [{
    Tiles linalg ops on tensors that are in no loop over an `scf.forall`. The
    sizes of a task follow from the shapes and the caches, not from the number
    of threads, so that results are the same bits for any number of threads.

    - The tasks of a matrix product are tiles of its rows and columns. The fill
      of its sums and the elementwise op after it are computed in the same task.
    - Those of another op are parts of its outer parallel loops. A producer with
      one user is computed in the task of its user if tasks share no elements of
      it.

    Ops that have no parallel loop are left alone. Those with a loop of size 0
    are replaced by their destinations.

    ```mlir
    func.func @exp(%x: tensor<1024x1024xf32>, %init: tensor<1024x1024xf32>)
        -> tensor<1024x1024xf32> {
      %0 = linalg.exp ins(%x : tensor<1024x1024xf32>)
             outs(%init : tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
      return %0 : tensor<1024x1024xf32>
    }
    ```

    becomes

    ```mlir
    func.func @exp(%x: tensor<1024x1024xf32>, %init: tensor<1024x1024xf32>)
        -> tensor<1024x1024xf32> {
      %0 = scf.forall (%row) = (0) to (1024) step (16) shared_outs(%out = %init)
          -> (tensor<1024x1024xf32>) {
        %x0 = tensor.extract_slice %x[%row, 0] [16, 1024] [1, 1]
            : tensor<1024x1024xf32> to tensor<16x1024xf32>
        %init0 = tensor.extract_slice %out[%row, 0] [16, 1024] [1, 1]
            : tensor<1024x1024xf32> to tensor<16x1024xf32>
        %1 = linalg.exp ins(%x0 : tensor<16x1024xf32>)
               outs(%init0 : tensor<16x1024xf32>) -> tensor<16x1024xf32>
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %1 into %out[%row, 0] [16, 1024] [1, 1]
              : tensor<16x1024xf32> into tensor<1024x1024xf32>
        }
      }
      return %0 : tensor<1024x1024xf32>
    }
    ```
  }];
  let options = hostUnitOptions;
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def DiffVectorizeContractionsPass
    : Pass<"diff-vectorize-contractions", "::mlir::func::FuncOp"> {
  let summary = "lower matrix products to register tiles of vectors for CPUs";
  let description = [{
    Lowers linalg ops on tensors that are matrix products (with batches, vectors
    in place of a matrix, and transposed operands) to loops of vector ops. The
    operands and results are f32, f16 or bf16, and the sums f32: they are rounded
    once.

    - The columns of the result are the lanes of vectors. Blocks of columns that
      fill a few vectors are copied to *panels* [summands][lanes] of f32, one of
      which is in the first cache; a block of rows is copied to f32, too. Copies
      convert, transpose and pad the elements.
    - The innermost loop multiplies elements of several rows with a row of the
      panel. The sums of these rows are in registers.
    - The sums of a tile are in a buffer of f32. A `linalg.generic` writes them
      to the result, or is fused into the elementwise op that is their only user.

    Products that are larger than a task, or whose size has no constant bound,
    are tiled first. A product of a vector and a matrix that is contiguous along
    the summands is left to `diff-vectorize-rows`.
  }];
  let options = hostUnitOptions;
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def DiffVectorizeRowsPass
    : Pass<"diff-vectorize-rows", "::mlir::func::FuncOp"> {
  let summary = "vectorize linalg ops along rows for CPUs";
  let description = [{
    Tiles linalg ops on tensors to vectors along the loop that is contiguous in
    most operands, and vectorizes them with upstream's vectorizer. If that loop
    is a reduction, each lane has a partial sum, and the lanes are added after
    the loop. The elements after the last whole vector use a mask.

    Ops that upstream's vectorizer does not support are left alone.

    ```mlir
    func.func @exp(%x: tensor<64xf32>, %init: tensor<64xf32>)
        -> tensor<64xf32> {
      %0 = linalg.exp ins(%x : tensor<64xf32>) outs(%init : tensor<64xf32>)
             -> tensor<64xf32>
      return %0 : tensor<64xf32>
    }
    ```

    becomes

    ```mlir
    func.func @exp(%x: tensor<64xf32>, %init: tensor<64xf32>)
        -> tensor<64xf32> {
      %c0 = arith.constant 0 : index
      %padding = ub.poison : f32
      %0 = vector.transfer_read %x[%c0], %padding {in_bounds = [true]}
          : tensor<64xf32>, vector<64xf32>
      %1 = math.exp %0 : vector<64xf32>
      %2 = vector.transfer_write %1, %init[%c0] {in_bounds = [true]}
          : vector<64xf32>, tensor<64xf32>
      return %2 : tensor<64xf32>
    }
    ```
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64",
           "Bytes of a vector register">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect",
  ];
}

//===----------------------------------------------------------------------===//
// Host code, in pipeline order
//===----------------------------------------------------------------------===//

def DiffMangleFunctionsPass : Pass<"diff-mangle-functions", "::mlir::ModuleOp"> {
  let summary = "give functions names that no library uses";
  let description = [{
    Renames every function with a body from `NAME` to `diff.NAME` and makes it
    internal, so that a function may be named `malloc`, `main` or
    `__kmpc_fork_call`. Host code calls functions with these names in the C
    library and in the OpenMP runtime. A public function gets a C wrapper
    (`llvm.emit_c_interface`), which `diff-export-functions` renames to the
    exported name, `_mlir_ciface_NAME`. Declarations keep their names.

    ```mlir
    func.func @free(%x: memref<4xf32>) {
      return
    }
    ```

    becomes

    ```mlir
    func.func @diff.free(%x: memref<4xf32>)
        attributes {llvm.emit_c_interface, llvm.linkage = #llvm.linkage<internal>} {
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def DiffExportFunctionsPass : Pass<"diff-export-functions", "::mlir::ModuleOp"> {
  let summary = "rename C wrappers after the functions in the source";
  let description = [{
    Renames the C wrappers of the functions that `diff-mangle-functions` renamed
    from `_mlir_ciface_diff.NAME` to `_mlir_ciface_NAME`. It is an error if the
    module has another symbol with that name, or if an op remains that cannot be
    translated to LLVM IR, such as an op on a type that CPUs do not support.

    ```mlir
    llvm.func @_mlir_ciface_diff.free(%x: !llvm.ptr) {
      llvm.return
    }
    ```

    becomes

    ```mlir
    llvm.func @_mlir_ciface_free(%x: !llvm.ptr) {
      llvm.return
    }
    ```
  }];
}

def DiffOutlineAMXPass : Pass<"diff-outline-amx", "::mlir::ModuleOp"> {
  let summary = "move code with AMX instructions to functions of its own";
  let description = [{
    Moves the branches that run if `diff.request_amx` returns true to functions
    that LLVM does not inline. LLVM configures the tiles near the entry of a
    function that uses them, which a process without the grant must not execute.

    ```mlir
    func.func private @diff.request_amx() -> i1
    func.func @clear(%sums: memref<16x16xf32>, %zero: index) {
      %granted = func.call @diff.request_amx() : () -> i1
      scf.if %granted {
        %tile = amx.tile_zero : !amx.tile<16x16xf32>
        amx.tile_store %sums[%zero, %zero], %tile
            : memref<16x16xf32>, !amx.tile<16x16xf32>
      }
      return
    }
    ```

    becomes

    ```mlir
    func.func private @diff.request_amx() -> i1
    func.func private @diff.amx_0(%sums: memref<16x16xf32>, %zero: index)
        attributes {llvm.linkage = #llvm.linkage<internal>,
                    passthrough = ["noinline", ["tune-cpu", "sapphirerapids"]]} {
      %tile = amx.tile_zero : !amx.tile<16x16xf32>
      amx.tile_store %sums[%zero, %zero], %tile
          : memref<16x16xf32>, !amx.tile<16x16xf32>
      return
    }
    func.func @clear(%sums: memref<16x16xf32>, %zero: index) {
      %granted = func.call @diff.request_amx() : () -> i1
      scf.if %granted {
        func.call @diff.amx_0(%sums, %zero) : (memref<16x16xf32>, index) -> ()
      }
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def DiffDefineAMXRequestPass
    : Pass<"diff-define-amx-request", "::mlir::ModuleOp"> {
  let summary = "define the function that asks the operating system for AMX";
  let description = [{
    Defines `diff.request_amx`, if the module declares it. The first call asks
    Linux for the state of the tiles, for all threads of the process, and the
    function returns the answer to that call. Linux refuses if the CPU, a virtual
    machine, or Linux itself does not support AMX, or if a thread has a signal
    stack that is too small for the state. The function corresponds to this one
    in C:

    ```c
    static bool request_amx(void) {
      static _Atomic int state;
      if (state == 0)
        state = syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, 18) == 0 ? 1 : 2;
      return state == 1;
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def DiffDefineAllocatorsPass
    : Pass<"diff-define-allocators", "::mlir::ModuleOp"> {
  let summary = "define the allocation functions of host code";
  let description = [{
    Defines the functions `_mlir_memref_to_llvm_alloc`,
    `_mlir_memref_to_llvm_aligned_alloc` and `_mlir_memref_to_llvm_free`, which
    `finalize-memref-to-llvm{use-generic-functions}` declares, by calls of
    `malloc`, `aligned_alloc` and `free`. When an allocation fails, the program
    writes one line to standard error, which the C library keeps in the variable
    `stream`, and exits with status 1.

    ```mlir
    llvm.func @_mlir_memref_to_llvm_free(!llvm.ptr)
    ```

    becomes

    ```mlir
    llvm.func @free(!llvm.ptr)
    llvm.func internal @_mlir_memref_to_llvm_free(%memory: !llvm.ptr) {
      llvm.call @free(%memory) : (!llvm.ptr) -> ()
      llvm.return
    }
    ```

    and the first allocation function corresponds to this C function:

    ```c
    static void *_mlir_memref_to_llvm_alloc(int64_t size) {
      void *memory = malloc(size);
      if (!memory && size != 0)
        report_allocation_failure(size); // does not return
      return memory;
    }
    ```
  }];
  let options = [
    Option<"stream", "stream", "std::string", "\"stderr\"",
           "The symbol of the standard error stream; __stderrp on macOS">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def DiffMoveBf16AsI16Pass : Pass<"diff-move-bf16-as-i16", "::mlir::ModuleOp"> {
  let summary = "move bf16 values as i16 in the LLVM dialect";
  let description = [{
    Replaces the type bf16 by i16 in every op that only moves values: loads,
    stores, masked accesses, shuffles, selects, block arguments, constants
    (which keep their bits), functions and globals. On targets without bf16
    arithmetic, LLVM's backends scalarize masked loads of bf16 vectors and bf16
    vectors that are block arguments, and call a library function for each
    element. Vectors of i16 are legal on all targets. An op that computes with
    bf16 keeps the type, and so does a call of a function that the module only
    declares; their operands and results are cast.

    `arith-expand{include-bf16}`, which runs earlier, expands all conversions
    of bf16, so that usually no op computes with bf16.

    ```mlir
    llvm.func @f(%p: !llvm.ptr, %mask: vector<16xi1>, %other: vector<16xbf16>) -> vector<16xbf16> {
      %0 = llvm.intr.masked.load %p, %mask, %other {alignment = 2 : i32}
          : (!llvm.ptr, vector<16xi1>, vector<16xbf16>) -> vector<16xbf16>
      llvm.return %0 : vector<16xbf16>
    }
    ```

    becomes

    ```mlir
    llvm.func @f(%p: !llvm.ptr, %mask: vector<16xi1>, %other: vector<16xi16>) -> vector<16xi16> {
      %0 = llvm.intr.masked.load %p, %mask, %other {alignment = 2 : i32}
          : (!llvm.ptr, vector<16xi1>, vector<16xi16>) -> vector<16xi16>
      llvm.return %0 : vector<16xi16>
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

//===----------------------------------------------------------------------===//
// Tiles to a GPU kernel, in pipeline order
//===----------------------------------------------------------------------===//

def DiffPlaceWorkgroupMemoryPass
    : Pass<"diff-place-workgroup-memory", "::mlir::func::FuncOp"> {
  let summary = "allocate the tensors of a block in workgroup memory";
  let description = [{
    Inside every `scf.forall` that is mapped to blocks, converts `tensor.pad` to
    destination-passing style (a fill and a copy), and replaces each use of a
    `tensor.empty` by a `bufferization.alloc_tensor` in workgroup memory.
    Bufferization then allocates no buffer in global memory.

    Run it before bufferization. Ops on buffers, loops that are not mapped to
    blocks and loops with a `tile.schedule` are left alone. It is an error if
    the function itself, outside of kernels, has a loop, a branch or an op on
    tensors that cannot be bufferized.
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect", "::mlir::gpu::GPUDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
  ];
}

def DiffDistributeToBlocksPass
    : Pass<"diff-distribute-to-blocks", "::mlir::func::FuncOp"> {
  let summary = "distribute the remaining linalg ops over a grid of blocks";
  let description = [{
    Tiles every linalg op and copy on buffers outside of loops into an
    `scf.forall` that is mapped to blocks. Each of them becomes one kernel. A
    block computes as many elements of the innermost dimensions of the result as
    its `threads` compute at once with vectors of 16 bytes, or one row for each
    thread if rows are reduced. An op without parallel dimensions runs in one
    block.

    Run it after bufferization: ops on tensors are left alone. It is an error
    if the results of an indexing map are not sums of dimensions with positive
    factors, or if `threads` is not in the range 1 to 1024.
  }];
  let options = [
    Option<"threads", "threads", "int64_t", "128",
           "Number of threads of a block">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::diff::DiffDialect", "::mlir::gpu::GPUDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect",
  ];
}

def DiffDistributeToThreadsPass
    : Pass<"diff-distribute-to-threads", "::mlir::func::FuncOp"> {
  let summary = "distribute the linalg ops of a block over its threads";
  let description = [{
    Tiles every linalg op and copy on buffers inside an `scf.forall` that is
    mapped to blocks into an `scf.forall` that is mapped to threads. A thread
    computes one vector of at most 16 bytes along the innermost dimension of the
    result, or one element if rows are reduced. It iterates over reductions in
    an `scf.for` by vectors of at most 16 bytes. Unit dimensions are dropped.

    Run it after bufferization, before `diff-map-to-gpu`. Ops on tensors, loops
    with a `tile.schedule` and ops that are distributed already are left alone.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
  ];
}

def DiffMapToGPUPass : Pass<"diff-map-to-gpu", "::mlir::func::FuncOp"> {
  let summary = "convert loops that are mapped to blocks to kernel launches";
  let description = [{
    Replaces every `scf.forall` that is mapped to blocks and has a `diff.kernel`
    by a `gpu.launch`. Inside it, every `scf.forall` that is mapped to threads
    becomes a loop whose step is the number of threads, followed by a barrier.
    Unlike in upstream's mapping, the bounds may be dynamic and need not be
    multiples of the number of threads.

    A grid has at most 65535 blocks in y and in z. If an extent is larger or
    dynamic, all blocks are in x, in the same order.

    It is an error if an op between the loops of the threads writes memory,
    because all threads would write it. It is also an error if the function
    contains an op that is neither part of a kernel nor the allocation of a
    buffer between kernels, or if a kernel computes in a floating-point type
    other than f16, bf16, f32 and f64.

    Run it after bufferization. It is also an error if a loop that is mapped to
    blocks has results or no `diff.kernel`, or if its mapping contains a
    dimension other than x, y and z, or one of them twice.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::scf::SCFDialect",
  ];
}

def DiffPackWorkgroupMemoryPass
    : Pass<"diff-pack-workgroup-memory", "::mlir::func::FuncOp"> {
  let summary = "pack workgroup buffers into dynamic shared memory";
  let description = [{
    Assigns every buffer that a `gpu.launch` allocates in workgroup memory an
    offset in the dynamic shared memory of the block, aligned to 16 bytes, and
    sets the launch's size of dynamic shared memory to their sum. It is an error
    if the sum exceeds `limit` bytes.

    Run it after `diff-map-to-gpu`, once. It is an error if a buffer that a
    launch allocates is not static, contiguous and in workgroup memory.
  }];
  let options = [
    Option<"limit", "limit", "int64_t", "0",
           "Maximum bytes of shared memory of a block; 0 for no limit">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::memref::MemRefDialect",
  ];
}

def DiffFlattenKernelArgumentsPass
    : Pass<"diff-flatten-kernel-arguments", "::mlir::func::FuncOp"> {
  let summary = "flatten memref parameters of kernels to pointers and sizes";
  let description = [{
    Decomposes the memref arguments of the function, and the buffers that it
    allocates, before each `gpu.launch`, and rebuilds them inside it. The launch
    then captures pointers (memrefs of rank 0), dynamic sizes and dynamic
    strides, in the order of the arguments, and computes all other values
    itself.

    Run it after `diff-map-to-gpu`, before outlining. Functions without a launch
    are left alone.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
  ];
}

def DiffLowerThreadVectorsPass
    : Pass<"diff-lower-thread-vectors", "::mlir::gpu::GPUModuleOp"> {
  let summary = "lower the vector ops of a thread to memory and scalar ops";
  let description = [{
    Lowers contractions (to fused multiply-adds), broadcasts, transposes and
    shape casts of vectors. Converts contiguous transfers to `vector.load` and
    `vector.store` of at most 16 bytes that are aligned to their size.
    `diff-distribute-to-threads` chooses the vectors accordingly, and the
    manifest of the kernel requires pointers and strides with this alignment.

    Run it after `convert-tile-to-nvvm`, on vectors that one thread holds.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def DiffAnnotateKernelsPass
    : Pass<"diff-annotate-kernels", "::mlir::gpu::GPUModuleOp"> {
  let summary = "annotate kernels with launch bounds for the backend";
  let description = [{
    Makes dynamic shared memory external (`.extern .shared`), because the launch
    determines its size. Sets the required block size (`.reqntid`) and a minimum
    of one block per multiprocessor (`.minnctapersm`), so that ptxas does not
    save registers for a higher occupancy.

    Run it on kernels in the LLVM dialect. Other kernels are left alone.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ConvertMathToNVVMApproxPass
    : Pass<"convert-math-to-nvvm-approx", "::mlir::gpu::GPUModuleOp"> {
  let summary = "lower math functions to GPU approximations";
  let description = [{
    Lowers f32 functions element by element. exp2 and log2 become ex2.approx and
    lg2.approx (PTX ISA: relative error 2^-22.5, absolute error 2^-22.6). exp
    and log are derived from them, and tanh(x) = 1 - 2 / (1 + exp(2x)). Division
    becomes div.full (2 units in the last place), sqrt becomes sqrt.approx and
    rsqrt becomes rsqrt.approx. sin, cos and erf become polynomials; those of
    sin and cos support arguments up to 4e6, with an absolute error that grows
    for arguments above 1e5. The other functions use upstream's approximations
    and expansions. Rounding functions, sign operations, maxnumf and minnumf
    become instructions for all types.

    The result calls neither libdevice nor ptxas subroutines. It is an error if
    a function cannot be lowered; this concerns f64 functions and `arith.remf`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def ConvertTileToNVVMPass
    : Pass<"convert-tile-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "distribute tiles over the lanes of a block's warps";
  let description = [{
    Replaces every vector with a layout (`tile.layouts`) by the part of it that
    one lane holds, a vector of shape [repetitions..., elems...]. Contractions
    become `mma.sync`. Reads of slots become `ldmatrix` if the layout is a
    matrix fragment. Reductions become folds and butterfly shuffles, copies
    become `cp.async`, and waits become `cp.async.wait_group` and a barrier.
    Kernels without layouts are not changed.

    The pass fails on ops that have no distributed form.

    A kernel with layouts must have a known block size of whole warps in one
    dimension (`known_block_size`), a layout for every vector
    (`tile-propagate-layouts`), no layout with more warps than the block, and a
    place for every ring (`tile-pack-rings`).
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect",
  ];
}

#endif // DIFF_CONVERSION_PASSES_TD
