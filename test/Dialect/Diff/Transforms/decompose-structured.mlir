// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(diff-decompose-structured))" | FileCheck %s --implicit-check-not=linalg.softmax --implicit-check-not=linalg.pack --implicit-check-not=linalg.unpack --implicit-check-not=tensor.concat

// A softmax is its maximum, exponentials, sum and quotients.
// CHECK-LABEL: func @softmax(
// CHECK-COUNT-2: iterator_types = ["parallel", "reduction"]
// CHECK: arith.divf
func.func @softmax(%a: tensor<4x?xf32>, %e: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %0 = linalg.softmax dimension(1) ins(%a : tensor<4x?xf32>) outs(%e : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %0 : tensor<4x?xf32>
}

// -----

// The sizes of input and destination need not be known alike.
// CHECK-LABEL: func @softmax_static_destination(
// CHECK-SAME: %[[A:.*]]: tensor<?x8xf32>
// CHECK: %[[CAST:.*]] = tensor.cast %[[A]] : tensor<?x8xf32> to tensor<4x8xf32>
// CHECK: ins(%[[CAST]]
// CHECK: } -> tensor<4xf32>
// CHECK: arith.divf
func.func @softmax_static_destination(%a: tensor<?x8xf32>, %e: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = linalg.softmax dimension(1) ins(%a : tensor<?x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func @pack(
// CHECK: tensor.pad
// CHECK: tensor.expand_shape
// CHECK: linalg.transpose
func.func @pack(%a: tensor<13x20xf32>, %e: tensor<2x3x8x8xf32>) -> tensor<2x3x8x8xf32> {
  %c = arith.constant 7.0 : f32
  %0 = linalg.pack %a padding_value(%c : f32) inner_dims_pos = [0, 1] inner_tiles = [8, 8] into %e : tensor<13x20xf32> -> tensor<2x3x8x8xf32>
  return %0 : tensor<2x3x8x8xf32>
}

// -----

// CHECK-LABEL: func @unpack(
// CHECK: linalg.transpose
// CHECK: tensor.collapse_shape
// CHECK: tensor.extract_slice
func.func @unpack(%a: tensor<2x3x8x8xf32>, %e: tensor<13x20xf32>) -> tensor<13x20xf32> {
  %0 = linalg.unpack %a inner_dims_pos = [0, 1] inner_tiles = [8, 8] into %e : tensor<2x3x8x8xf32> -> tensor<13x20xf32>
  return %0 : tensor<13x20xf32>
}

// -----

// CHECK-LABEL: func @concat(
// CHECK-COUNT-2: tensor.insert_slice
func.func @concat(%x: tensor<4x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = tensor.concat dim(0) %x, %y : (tensor<4x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// The attention has a route of its own.
// CHECK-LABEL: func @attention(
// CHECK: diff.softmax_attention
func.func @attention(%q: tensor<1x20x2x16xf32>, %e: tensor<1x20x2x16xf32>) -> tensor<1x20x2x16xf32> {
  %0 = diff.softmax_attention ins(%q, %q, %q : tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>, tensor<1x20x2x16xf32>) outs(%e : tensor<1x20x2x16xf32>) -> tensor<1x20x2x16xf32>
  return %0 : tensor<1x20x2x16xf32>
}
