// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A module without diff ops is legal, as is an empty one; everything that upstream
// can lower compiles.
// RUN: diff-opt %s -split-input-file --diff-compile="chip=host" | FileCheck %s
// RUN: diff-opt %s -split-input-file --diff-compile="chip=host stop-after=tiled" | FileCheck %s --check-prefix=TILED
// RUN: diff-opt %s -split-input-file --diff-linalg | FileCheck %s

// CHECK: module {
// CHECK-NEXT: }
module {
}

// -----

// CHECK: llvm.func @_mlir_ciface_exp(
// TILED: func.func @exp(%[[X:.*]]: tensor<4x?xf32>)
// TILED-NEXT: linalg.exp ins(%[[X]]
func.func @exp(%x: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %0 = linalg.exp ins(%x : tensor<4x?xf32>) outs(%x : tensor<4x?xf32>)
         -> tensor<4x?xf32>
  return %0 : tensor<4x?xf32>
}

// -----

// CHECK: llvm.func @_mlir_ciface_scalar(%{{.*}}: f32) -> f32
func.func @scalar(%x: f32) -> f32 {
  %0 = arith.addf %x, %x : f32
  return %0 : f32
}

// -----

// Elementwise ops on tensors also belong to upstream.
// CHECK: llvm.func @_mlir_ciface_add(
func.func @add(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.addf %x, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
