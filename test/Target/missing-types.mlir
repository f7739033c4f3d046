// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arrays, structs and functions may have any element type, but LLVM IR has few.
// RUN: split-file %s %t
// RUN: not diff-opt %t/global.mlir --diff-compile="chip=host" --emit=object -o %t/out 2>&1 | FileCheck %s --check-prefix=GLOBAL --implicit-check-not=error:
// RUN: not diff-opt %t/value.mlir --diff-compile="chip=host" --emit=llvm -o %t/out 2>&1 | FileCheck %s --check-prefix=VALUE --implicit-check-not=error:
// RUN: not diff-opt %t/argument.mlir --diff-compile="chip=host" --emit=llvm -o %t/out 2>&1 | FileCheck %s --check-prefix=ARGUMENT --implicit-check-not=error:
// RUN: not diff-opt %t/kernel.mlir --diff-compile="chip=sm_80" --emit=ptx -o %t/out 2>&1 | FileCheck %s --check-prefix=KERNEL --implicit-check-not=error:
// RUN: diff-opt %t/recursive.mlir --diff-compile="chip=host" --emit=llvm | FileCheck %s --check-prefix=RECURSIVE

//--- global.mlir
// GLOBAL: global.mlir:2:1: error: 'llvm.mlir.global' op has the type '!llvm.array<4 x tf32>', which LLVM IR does not have
llvm.mlir.global external @g() : !llvm.struct<(i32, array<4 x tf32>)>

//--- value.mlir
// VALUE: value.mlir:3:{{[0-9]+}}: error: 'llvm.mlir.poison' op has the type '!llvm.struct<(f32, index)>', which LLVM IR does not have
llvm.func @f() {
  %0 = llvm.mlir.poison : !llvm.struct<(f32, index)>
  llvm.return
}

//--- argument.mlir
// ARGUMENT: argument.mlir:2:1: error: 'llvm.func' op has the type '!llvm.array<4 x memref<4xf32>>', which LLVM IR does not have
llvm.func @f(!llvm.ptr {llvm.byval = !llvm.array<4 x memref<4xf32>>})

//--- kernel.mlir
// KERNEL: kernel.mlir:4:{{[0-9]+}}: error: 'llvm.mlir.global' op has the type '!llvm.array<0 x tf32>', which LLVM IR does not have
module attributes {gpu.container_module} {
  gpu.module @k {
    llvm.mlir.global external @g() {addr_space = 3 : i32} : !llvm.array<0 x tf32>
    llvm.func @f() attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
  }
}

//--- recursive.mlir
// RECURSIVE: %node = type { float, [2 x ptr] }
// RECURSIVE: @g = external global %node
llvm.mlir.global external @g() : !llvm.struct<"node", (f32, array<2 x ptr>)>
