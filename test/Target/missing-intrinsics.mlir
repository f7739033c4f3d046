// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ops that are legal IR, but without an intrinsic of LLVM: errors.
// RUN: split-file %s %t
// RUN: not diff-opt %t/mma.mlir --diff-compile="chip=sm_90a" --emit=ptx -o %t/out 2>&1 | FileCheck %s --check-prefix=MMA --implicit-check-not=error:
// RUN: sed "s/multiplicandBPtxType = #nvvm.mma_type<f16>/multiplicandBPtxType = #nvvm.mma_type<bf16>, intOverflowBehavior = #nvvm.mma_int_overflow<satfinite>/" %t/mma.mlir > %t/overflow.mlir
// RUN: not diff-opt %t/overflow.mlir --diff-compile="chip=sm_90a" --emit=llvm -o %t/out 2>&1 | FileCheck %s --check-prefix=MMA --implicit-check-not=error:
// RUN: not diff-opt %t/generic.mlir --diff-compile="chip=sm_90a" --emit=ptx -o %t/out 2>&1 | FileCheck %s --check-prefix=GENERIC --implicit-check-not=error:
// RUN: not diff-opt %t/sparse.mlir --diff-compile="chip=sm_90a" --emit=ptx -o %t/out 2>&1 | FileCheck %s --check-prefix=SPARSE --implicit-check-not=error:
// RUN: not diff-opt %t/call.mlir --diff-compile="chip=host" --emit=llvm -o %t/out 2>&1 | FileCheck %s --check-prefix=CALL --implicit-check-not=error:

//--- mma.mlir
// MMA: error: 'nvvm.mma.sync' op has no instruction for its shape, layouts and types
module attributes {gpu.container_module} {
  gpu.module @k {
    llvm.func @f(%i: i32, %f: f32) attributes {gpu.kernel, nvvm.kernel} {
      %r = nvvm.mma.sync A[%i, %i, %i, %i] B[%i, %i] C[%f, %f, %f, %f] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<f16>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      llvm.return
    }
  }
}

//--- generic.mlir
// GENERIC: error: 'nvvm.mma.sync' op requires the types of both multiplicands
module attributes {gpu.container_module} {
  gpu.module @k {
    llvm.func @f(%i: i32, %f: f32) attributes {gpu.kernel, nvvm.kernel} {
      %r = "nvvm.mma.sync"(%i, %i, %i, %i, %i, %i, %f, %f, %f, %f) <{layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<bf16>, operandSegmentSizes = array<i32: 4, 2, 4>, shape = #nvvm.shape<m = 16, n = 8, k = 16>}> : (i32, i32, i32, i32, i32, i32, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      llvm.return
    }
  }
}

//--- sparse.mlir
// SPARSE: error: 'nvvm.mma.sp.sync' op has no instruction for its shape, layouts and types
module attributes {gpu.container_module} {
  gpu.module @k {
    llvm.func @f(%i: i32, %f: f32, %v: vector<2xf16>) attributes {gpu.kernel, nvvm.kernel} {
      %r = nvvm.mma.sp.sync A[%v, %v] B[%v, %v] C[%f, %f, %f, %f] sparseMetadata[%i] selector[%i] {multiplicandAPtxType = #nvvm.mma_type<f16>, multiplicandBPtxType = #nvvm.mma_type<bf16>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (vector<2xf16>, vector<2xf16>, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      llvm.return
    }
  }
}

//--- call.mlir
// CALL: call.mlir:3:{{[0-9]+}}: error: 'llvm.call_intrinsic' op has too few operands for 'llvm.fabs'
llvm.func @f() -> f32 {
  %0 = llvm.call_intrinsic "llvm.fabs"() : () -> f32
  llvm.return %0 : f32
}
