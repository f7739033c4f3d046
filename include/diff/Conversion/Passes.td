//===- Passes.td - Conversions between levels -----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_PASSES_TD
#define DIFF_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertDiffToLinalgPass : Pass<"convert-diff-to-linalg"> {
  let summary = "lower diff ops to plain upstream ops, unfused";
  let description = [{
    The portable reference: every attention becomes linalg, arith, math and
    tensor ops that any MLIR backend takes, with the scores as a whole tensor
    of B x maps h x N x M elements. Computed in f32 (f64 for f64 elements):

        S = mask(softcap(scale * Q K^T)),  m = rowmax(S),  P = exp(S - m)
        l = rowsum(P),  O = P V
        out = epilogue(O / l),  lse = m + log(l)

    A row that sees no key has m = -inf, which counts as 0 in the exponent, so
    that P, l and O are 0 and the output is 0; `linalg.softmax` would give NaN
    (and computes in the element type), which is why it is not used.

    `diff.online_attention` becomes its decomposition. Sequences of variable
    length become an `scf.for` with one attention of a single batch entry in it.

    Fails on diff ops on memrefs: run it before bufferization.
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

//===----------------------------------------------------------------------===//
// Tiles to a GPU kernel, in this order
//===----------------------------------------------------------------------===//

def DiffPlaceWorkgroupMemoryPass
    : Pass<"diff-place-workgroup-memory", "::mlir::func::FuncOp"> {
  let summary = "put what a block's tile computes into workgroup memory";
  let description = [{
    Inside every `scf.forall` that is mapped to blocks: brings tensor.pad into
    destination-passing style (a fill and a copy), and gives every user of a
    tensor.empty a `bufferization.alloc_tensor` in workgroup memory, so that
    bufferization places nothing in global memory.
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect", "::mlir::gpu::GPUDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
  ];
}

def DiffDistributeToBlocksPass
    : Pass<"diff-distribute-to-blocks", "::mlir::func::FuncOp"> {
  let summary = "tile what is no diff op over a grid of blocks";
  let description = [{
    Tiles every linalg op and copy on buffers that is in no loop, which is what
    stands beside the diff ops of a function, into an `scf.forall` mapped to
    blocks, a kernel each. A block computes, of the result's innermost
    dimensions, as many elements as its `threads` do at once with vectors of 16
    bytes (one row each where rows are reduced). What has no parallel dimension
    is one block.
  }];
  let options = [
    Option<"threads", "threads", "int64_t", "128", "Threads of a block">,
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
  let summary = "tile the linalg ops of a block over its threads";
  let description = [{
    Tiles every linalg op and copy on buffers inside an `scf.forall` that is
    mapped to blocks into an `scf.forall` mapped to threads. A thread computes
    one vector of at most 16 bytes along the innermost dimension of the result
    (one element where rows are reduced), and walks reductions in an `scf.for`
    by vectors of at most 16 bytes. Unit dimensions are dropped.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
  ];
}

def DiffMapToGPUPass : Pass<"diff-map-to-gpu", "::mlir::func::FuncOp"> {
  let summary = "make a kernel launch of each loop that is mapped to blocks";
  let description = [{
    Replaces every `scf.forall` that is mapped to blocks (and marked
    `diff.kernel`) by a `gpu.launch`, and inside it every `scf.forall` mapped to
    threads by a loop with the number of threads as its step, followed by a
    barrier: unlike upstream's mapping, its bounds need be neither static nor a
    multiple of the number of threads.

    It is an error when an op between the threads' loops writes memory, which
    all threads would then write, or when an op is left in the function that is
    neither part of a kernel nor the allocation of a buffer between kernels.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::scf::SCFDialect",
  ];
}

def DiffPackWorkgroupMemoryPass
    : Pass<"diff-pack-workgroup-memory", "::mlir::func::FuncOp"> {
  let summary = "place a kernel's workgroup buffers in dynamic shared memory";
  let description = [{
    Gives every buffer that a `gpu.launch` allocates in workgroup memory an
    offset, a multiple of 16 bytes, in the block's dynamic shared memory, and
    the launch their sum. It is an error when they exceed `limit` bytes.
  }];
  let options = [
    Option<"limit", "limit", "int64_t", "0",
           "Bytes of shared memory that a block may have; 0 for no limit">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::memref::MemRefDialect",
  ];
}

def DiffFlattenKernelArgumentsPass
    : Pass<"diff-flatten-kernel-arguments", "::mlir::func::FuncOp"> {
  let summary = "make a kernel's parameters pointers, sizes and strides";
  let description = [{
    Takes apart the memref arguments of the function, and the buffers that it
    allocates, in front of each `gpu.launch`, and puts them together again inside
    it: the launch then captures pointers (memrefs of rank 0), dynamic sizes and
    strides, argument by argument, and computes everything else itself.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
  ];
}

def DiffLowerThreadVectorsPass
    : Pass<"diff-lower-thread-vectors", "::mlir::gpu::GPUModuleOp"> {
  let summary = "lower a thread's vector ops to loads, stores and arithmetic";
  let description = [{
    Lowers contractions (to fused multiply-adds), broadcasts, transposes and
    shape casts of vectors, and turns contiguous transfers into vector.load and
    vector.store that are aligned to their size, of at most 16 bytes: what
    `diff-distribute-to-threads` chose the vectors for, and what the kernel's
    manifest demands of pointers and strides.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def DiffAnnotateKernelsPass
    : Pass<"diff-annotate-kernels", "::mlir::gpu::GPUModuleOp"> {
  let summary = "tell the backend what kernels can rely on";
  let description = [{
    Dynamic shared memory becomes external (`.extern .shared`): its size is the
    launch's. The block size that a kernel was compiled for is required
    (`.reqntid`), and one block on a multiprocessor is enough
    (`.minnctapersm`): registers are not saved for more.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ConvertMathToNVVMApproxPass
    : Pass<"convert-math-to-nvvm-approx", "::mlir::gpu::GPUModuleOp"> {
  let summary = "lower exponentials and the like to the GPU's approximations";
  let description = [{
    In f32, element by element: exp2 and log2 become ex2.approx and lg2.approx
    (PTX ISA: relative error 2^-22.5, absolute error 2^-22.6), exp(x) and log(x)
    follow from them, and tanh(x) = 1 - 2 / (1 + exp(2x)). A division
    becomes div.full (2 units in the last place), sqrt sqrt.approx and rsqrt
    rsqrt.approx. sin, cos and erf are polynomials (sin and cos of arguments up to
    4e6, with an absolute error that grows beyond 1e5), the other functions upstream's
    approximations and expansions, by those above. What only rounds or takes signs
    apart, and maxnumf and minnumf, are instructions in every type. Neither a
    function of libdevice nor a subroutine of ptxas is called: it is an error when a
    function is left, of f64 or `arith.remf`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def ConvertTileToNVVMPass
    : Pass<"convert-tile-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "distribute tiles to the lanes of a block's warps";
  let description = [{
    Every vector with a layout (`tile.layouts`) becomes what one lane holds of
    it, a vector [repetitions..., elems...]. Contractions become `mma.sync`,
    reads of slots `ldmatrix` where the layout is a fragment, reductions folds
    and butterfly shuffles, copies `cp.async`, and waits `cp.async.wait_group`
    and a barrier. Kernels without layouts are left alone.

    It fails on an op that has no distributed form.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect",
  ];
}

#endif // DIFF_CONVERSION_PASSES_TD
