// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The levels of the CPU route. Compiling the printed text of a level further results
// in the same IR as compiling in one step, byte for byte.
// RUN: rm -rf %t && mkdir -p %t
// RUN: diff-opt %s --pass-pipeline="builtin.module(diff-compile{chip=x86-64-v4 stop-after=tiled})" -o %t/tiled.mlir
// RUN: diff-opt %s --pass-pipeline="builtin.module(diff-compile{chip=x86-64-v4 stop-after=kernel})" -o %t/kernel.mlir
// RUN: diff-opt %s --pass-pipeline="builtin.module(diff-compile{chip=x86-64-v4})" -o %t/hardware.mlir
// RUN: FileCheck %s --check-prefix=TILED --input-file=%t/tiled.mlir
// RUN: FileCheck %s --check-prefix=KERNEL --input-file=%t/kernel.mlir
// RUN: FileCheck %s --check-prefix=HARDWARE --input-file=%t/hardware.mlir

// The same again, through each level.
// RUN: diff-opt %s --diff-compile="chip=x86-64-v4 stop-after=hardware" | cmp - %t/hardware.mlir
// RUN: diff-opt %t/tiled.mlir --diff-compile="chip=x86-64-v4 stop-after=tiled" | cmp - %t/tiled.mlir
// RUN: diff-opt %t/tiled.mlir --diff-compile="chip=x86-64-v4 stop-after=kernel" | cmp - %t/kernel.mlir
// RUN: diff-opt %t/kernel.mlir --diff-compile="chip=x86-64-v4 stop-after=kernel" | cmp - %t/kernel.mlir
// RUN: diff-opt %t/tiled.mlir --diff-compile=chip=x86-64-v4 | cmp - %t/hardware.mlir
// RUN: diff-opt %t/kernel.mlir --diff-compile=chip=x86-64-v4 | cmp - %t/hardware.mlir
// RUN: diff-opt %t/hardware.mlir --diff-compile=chip=x86-64-v4 | cmp - %t/hardware.mlir
// RUN: diff-opt %t/tiled.mlir --emit-bytecode | diff-opt --diff-compile=chip=x86-64-v4 | cmp - %t/hardware.mlir

// With 1003 queries and 709 keys: no value has both sizes, unlike on the unfused
// route.
// RUN: FileCheck %s --check-prefix=LINEAR --input-file=%t/tiled.mlir
// RUN: FileCheck %s --check-prefix=LINEAR --input-file=%t/kernel.mlir
// RUN: diff-opt %s -convert-diff-to-linalg | FileCheck %s --check-prefix=UNFUSED
// LINEAR-NOT: {{[<x]1003x([0-9]+x)*709[x>]}}
// LINEAR-NOT: {{[<x]709x([0-9]+x)*1003[x>]}}
// UNFUSED: tensor<2x2x4x1x1003x709xf32>

// TILED-LABEL: func.func @attention(
// TILED-SAME: tensor<2x1003x8x16xbf16>
// TILED: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) = (0, 0, 0) to (2, 4, 1003) step (1, 2, 64)
// TILED-NOT: scf.for
// TILED: diff.online_attention {{.*}} maps(2) diagonal(%{{.*}}) mask<causal>{{.*}} -> tensor
// TILED-NOT: diff.
// TILED: scf.forall.in_parallel

// KERNEL-LABEL: func.func @attention(
// KERNEL-SAME: memref<2x1003x4x16xbf16, strided<[?, ?, ?, 1]>> {diff.name = "output", diff.result
// KERNEL-NOT: tensor<
// KERNEL-NOT: linalg.
// KERNEL: scf.forall
// KERNEL-COUNT-4: vector.load
// KERNEL: vector.broadcast
// KERNEL: vector.fma
// KERNEL: math.exp2
// KERNEL-NOT: vector.reduction

// HARDWARE: llvm.func internal @diff.attention(
// HARDWARE: omp.parallel
// HARDWARE: omp.wsloop
// HARDWARE-NOT: builtin.unrealized_conversion_cast
// HARDWARE: llvm.func @_mlir_ciface_attention(
func.func @attention(%q: tensor<2x1003x8x16xbf16>, %k: tensor<2x709x2x16xbf16>,
                     %v: tensor<2x709x2x16xbf16>,
                     %lambda: tensor<2x1003x4xbf16>)
    -> tensor<2x1003x4x16xbf16> {
  %init = tensor.empty() : tensor<2x1003x4x16xbf16>
  %0 = diff.attention
         ins(%q, %k, %v, %lambda : tensor<2x1003x8x16xbf16>,
             tensor<2x709x2x16xbf16>, tensor<2x709x2x16xbf16>,
             tensor<2x1003x4xbf16>)
         outs(%init : tensor<2x1003x4x16xbf16>) mask<causal>
         -> tensor<2x1003x4x16xbf16>
  return %0 : tensor<2x1003x4x16xbf16>
}
