// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every variant, with dynamic sizes, log-sum-exp, softcap and window, is lowered
// completely to the LLVM dialect on both CPU routes.
// RUN: diff-opt %s --diff-compile="chip=host" | FileCheck %s --implicit-check-not="{{ diff[.]}}" --implicit-check-not="{{ linalg[.]}}" --implicit-check-not="{{ tensor[.]}}" --implicit-check-not="{{ memref[.]}}" --implicit-check-not="{{ vector[.]}}" --implicit-check-not="{{ scf[.]}}" --implicit-check-not="{{ arith[.]}}" --implicit-check-not="{{ math[.]}}" --implicit-check-not="{{ affine[.]}}" --implicit-check-not="{{ bufferization[.]}}" --implicit-check-not="{{ builtin[.]}}"
// RUN: diff-opt %s --diff-linalg | FileCheck %s --implicit-check-not="{{ diff[.]}}" --implicit-check-not="{{ linalg[.]}}" --implicit-check-not="{{ tensor[.]}}" --implicit-check-not="{{ memref[.]}}" --implicit-check-not="{{ vector[.]}}" --implicit-check-not="{{ scf[.]}}" --implicit-check-not="{{ arith[.]}}" --implicit-check-not="{{ math[.]}}" --implicit-check-not="{{ affine[.]}}" --implicit-check-not="{{ bufferization[.]}}" --implicit-check-not="{{ builtin[.]}}"
// RUN: diff-opt %s --diff-compile="chip=host stop-after=kernel" | FileCheck %s --check-prefix=KERNEL

// CHECK: llvm.func @_mlir_ciface_v1(
// CHECK: llvm.func @_mlir_ciface_standard(

// The allocations of a function on dynamic sizes have the size of a tile.
// KERNEL-NOT: memref.alloc(%
// KERNEL: func.func @v1
// KERNEL-NOT: memref.alloc(%
// KERNEL: func.func @standard
// KERNEL-NOT: memref.alloc(%
func.func @v1(%q: tensor<?x?x4x16xf32>, %k: tensor<?x?x2x16xf32>,
              %v: tensor<?x?x1x32xf32>, %lambda: tensor<2xf32>,
              %weight: tensor<32xf32>)
    -> (tensor<?x?x2x32xf32>, tensor<?x4x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4x16xf32>
  %n = tensor.dim %q, %c1 : tensor<?x?x4x16xf32>
  %init = tensor.empty(%b, %n) : tensor<?x?x2x32xf32>
  %lse = tensor.empty(%b, %n) : tensor<?x4x?xf32>
  %0:2 = diff.attention_v1
           ins(%q, %k, %v, %lambda, %weight : tensor<?x?x4x16xf32>,
               tensor<?x?x2x16xf32>, tensor<?x?x1x32xf32>, tensor<2xf32>,
               tensor<32xf32>)
           outs(%init, %lse : tensor<?x?x2x32xf32>, tensor<?x4x?xf32>)
           mask<causal, window = [100, 0]> softcap(30.0)
           -> tensor<?x?x2x32xf32>, tensor<?x4x?xf32>
  return %0#0, %0#1 : tensor<?x?x2x32xf32>, tensor<?x4x?xf32>
}

func.func @standard(%q: tensor<?x?x4x8xf16>, %k: tensor<?x?x2x8xf16>)
    -> tensor<?x?x4x8xf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4x8xf16>
  %n = tensor.dim %q, %c1 : tensor<?x?x4x8xf16>
  %init = tensor.empty(%b, %n) : tensor<?x?x4x8xf16>
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<?x?x4x8xf16>, tensor<?x?x2x8xf16>,
             tensor<?x?x2x8xf16>)
         outs(%init : tensor<?x?x4x8xf16>) mask<window = [5, 3]>
         -> tensor<?x?x4x8xf16>
  return %0 : tensor<?x?x4x8xf16>
}
