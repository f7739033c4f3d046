// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-name-arguments | FileCheck %s

// Sizes that must equal a named size get its name: sizes of one loop of a linalg op
// or of elementwise ops, sizes computed from the same value, also after reshapes.
// CHECK-LABEL: func @layer(
// CHECK-SAME: tensor<?x64xf16> {diff.sizes = ["N", ""]}
// CHECK-SAME: tensor<64x32xf16>,
// CHECK-SAME: tensor<?x1x32xf16> {diff.sizes = ["M", "", ""]}
// CHECK-SAME: tensor<?x32xf16> {diff.sizes = ["N", ""]}
// CHECK-SAME: tensor<?x?xf32> {diff.sizes = ["N", ""]}
// CHECK-SAME: -> (tensor<?x32xf16> {diff.sizes = ["N", ""]})
func.func @layer(%x: tensor<?x64xf16>, %w: tensor<64x32xf16>, %k: tensor<?x1x32xf16>, %residual: tensor<?x32xf16>,
                 %table: tensor<?x?xf32>) -> tensor<?x32xf16> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf16>
  %m = tensor.dim %k, %c0 : tensor<?x1x32xf16>
  %tn = tensor.dim %table, %c0 : tensor<?x?xf32>
  %e = tensor.empty(%n) : tensor<?x32xf16>
  %q = linalg.matmul ins(%x, %w : tensor<?x64xf16>, tensor<64x32xf16>) outs(%e : tensor<?x32xf16>) -> tensor<?x32xf16>
  %t = tensor.extract_slice %table[0, 0] [%tn, 32] [1, 1] : tensor<?x?xf32> to tensor<?x32xf32>
  %turned = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%q, %t : tensor<?x32xf16>, tensor<?x32xf32>) outs(%e : tensor<?x32xf16>) {
  ^bb0(%a: f16, %b: f32, %c: f16):
    %b1 = arith.truncf %b : f32 to f16
    %p = arith.mulf %a, %b1 : f16
    linalg.yield %p : f16
  } -> tensor<?x32xf16>
  %q4 = tensor.expand_shape %turned [[0, 1], [2, 3]] output_shape [1, %n, 1, 32] : tensor<?x32xf16> into tensor<1x?x1x32xf16>
  %k4 = tensor.expand_shape %k [[0, 1], [2], [3]] output_shape [1, %m, 1, 32] : tensor<?x1x32xf16> into tensor<1x?x1x32xf16>
  %init = tensor.empty(%n) : tensor<1x?x1x32xf16>
  %0 = diff.softmax_attention
         ins(%q4, %k4, %k4 : tensor<1x?x1x32xf16>, tensor<1x?x1x32xf16>, tensor<1x?x1x32xf16>)
         outs(%init : tensor<1x?x1x32xf16>) -> tensor<1x?x1x32xf16>
  %1 = tensor.collapse_shape %0 [[0, 1], [2, 3]] : tensor<1x?x1x32xf16> into tensor<?x32xf16>
  %sum = arith.addf %1, %residual : tensor<?x32xf16>
  return %sum : tensor<?x32xf16>
}

// -----

// Without an attention, the first tensor that has a size names it.
// CHECK-LABEL: func @add(
// CHECK-SAME: %{{.*}}: tensor<?x?xf32>, %{{.*}}: tensor<?x?xf32> {diff.sizes = ["argument0_0", "argument0_1"]}, %{{.*}}: tensor<?xf32>)
// CHECK-SAME: -> (tensor<?x?xf32> {diff.sizes = ["argument0_0", "argument0_1"]})
func.func @add(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %c: tensor<?xf32>) -> tensor<?x?xf32> {
  %0 = arith.addf %a, %b : tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
