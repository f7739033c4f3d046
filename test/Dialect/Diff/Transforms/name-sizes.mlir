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

// -----

// Reshapes of arguments that split or merge heads keep the names, and the dimension
// that offsets point into.
// CHECK-LABEL: func @reshaped(
// CHECK-SAME: %{{.*}}: tensor<8x?x16xf32> {diff.name = "query", diff.sizes = ["", "N", ""]}
// CHECK-SAME: %{{.*}}: tensor<?x2x2x16xf32> {diff.name = "key", diff.sizes = ["M", "", "", ""]}
// CHECK-SAME: %{{.*}}: tensor<?xi32> {diff.name = "cu_seqlens_q", diff.offsets = #diff.offsets<tensor = "query", dimension = 1>, diff.sizes = ["S"]}
// CHECK-SAME: %{{.*}}: tensor<?xi32> {diff.name = "cu_seqlens_k", diff.offsets = #diff.offsets<tensor = "key", dimension = 0>, diff.sizes = ["S"]}
func.func @reshaped(%q: tensor<8x?x16xf32>, %k: tensor<?x2x2x16xf32>, %cq: tensor<?xi32>, %ck: tensor<?xi32>,
                    %v: tensor<?x2x32xf32>, %l: tensor<4xf32>, %w: tensor<32xf32>, %n: index) -> tensor<?x4x32xf32> {
  %q4 = tensor.expand_shape %q [[0, 1], [2], [3]] output_shape [2, 4, %n, 16] : tensor<8x?x16xf32> into tensor<2x4x?x16xf32>
  %k3 = tensor.collapse_shape %k [[0], [1, 2], [3]] : tensor<?x2x2x16xf32> into tensor<?x4x16xf32>
  %e = tensor.empty(%n) : tensor<?x4x32xf32>
  %0 = diff.attention_v1
         ins(%q4, %k3, %v, %l, %w : tensor<2x4x?x16xf32>, tensor<?x4x16xf32>, tensor<?x2x32xf32>, tensor<4xf32>, tensor<32xf32>)
         outs(%e : tensor<?x4x32xf32>) cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>)
         layout<query = [2, 1, 0, 3]> -> tensor<?x4x32xf32>
  return %0 : tensor<?x4x32xf32>
}

// -----

// The argument has batch and tokens in one dimension, which is neither B nor N.
// CHECK-LABEL: func @merged_tokens(
// CHECK-SAME: %{{.*}}: tensor<130x4x16xf32> {diff.name = "query", diff.sizes = ["", "", ""]}
func.func @merged_tokens(%q: tensor<130x4x16xf32>, %k: tensor<2x65x4x16xf32>) -> tensor<2x65x4x16xf32> {
  %q4 = tensor.expand_shape %q [[0, 1], [2], [3]] output_shape [2, 65, 4, 16] : tensor<130x4x16xf32> into tensor<2x65x4x16xf32>
  %e = tensor.empty() : tensor<2x65x4x16xf32>
  %0 = diff.softmax_attention
         ins(%q4, %k, %k : tensor<2x65x4x16xf32>, tensor<2x65x4x16xf32>, tensor<2x65x4x16xf32>)
         outs(%e : tensor<2x65x4x16xf32>) -> tensor<2x65x4x16xf32>
  return %0 : tensor<2x65x4x16xf32>
}
