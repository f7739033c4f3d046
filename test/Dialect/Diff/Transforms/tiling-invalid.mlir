// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics -transform-interpreter

// Four output heads share a value head: a tile of three heads would need two value
// heads.
func.func @straddle(%q: tensor<1x8x12x16xf32>, %k: tensor<1x8x3x16xf32>)
    -> tensor<1x8x12x16xf32> {
  // expected-error @below {{'diff.softmax_attention' op tile size 3 of the output heads must divide, or be a multiple of, the 4 that share a value head}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  // expected-note @below {{when applied to this op}}
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x8x12x16xf32>, tensor<1x8x3x16xf32>,
             tensor<1x8x3x16xf32>)
         outs(%q : tensor<1x8x12x16xf32>) -> tensor<1x8x12x16xf32>
  return %0 : tensor<1x8x12x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.softmax_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{failed to apply}}
    %tiled, %loop = transform.structured.tile_using_forall %op tile_sizes [1, 3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// 3 does not divide 4 output heads: the last tile would be smaller.
func.func @last_tile_smaller(%q: tensor<1x8x8x16xf32>, %k: tensor<1x8x1x16xf32>,
                             %lambda: tensor<1x8x4xf32>,
                             %init: tensor<1x8x4x16xf32>)
    -> tensor<1x8x4x16xf32> {
  // expected-error @below {{'diff.attention' op tile size of the output heads must divide their number 4; the last tile is smaller}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x8x8x16xf32>, tensor<1x8x1x16xf32>,
             tensor<1x8x1x16xf32>, tensor<1x8x4xf32>)
         outs(%init : tensor<1x8x4x16xf32>) -> tensor<1x8x4x16xf32>
  return %0 : tensor<1x8x4x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 3]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A level-0 op has no key dimension: decompose it first.
func.func @keys(%q: tensor<1x8x1x16xf32>) -> tensor<1x8x1x16xf32> {
  // expected-note @below {{target op}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x8x1x16xf32>, tensor<1x8x1x16xf32>,
             tensor<1x8x1x16xf32>)
         outs(%q : tensor<1x8x1x16xf32>) -> tensor<1x8x1x16xf32>
  return %0 : tensor<1x8x1x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.softmax_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{too many tiles provided, expected at most 3 found 4}}
    %tiled, %loop = transform.structured.tile_using_for %op
      tile_sizes [0, 0, 0, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Partial results of a sequential loop are not supported.
func.func @split_for(%q: tensor<1x8x1x16xf32>, %acc: tensor<1x1x8x16xf32>,
                     %row: tensor<1x1x8xf32>) -> tensor<1x1x8x16xf32> {
  // expected-error @below {{'diff.online_attention' op is split along the keys only into parallel partial results (tile_reduction_using_forall)}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  %0:3 = diff.online_attention
           ins(%q, %q, %q : tensor<1x8x1x16xf32>, tensor<1x8x1x16xf32>,
               tensor<1x8x1x16xf32>)
           outs(%acc, %row, %row : tensor<1x1x8x16xf32>, tensor<1x1x8xf32>,
                tensor<1x1x8xf32>)
           -> tensor<1x1x8x16xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>
  return %0#0 : tensor<1x1x8x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.online_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    %fills:3, %split, %combine, %loop =
      // expected-error @below {{failed to tile using partial reduction}}
      transform.structured.tile_reduction_using_for %op
      by tile_sizes = [0, 0, 0, 4]
      : (!transform.any_op)
      -> (!transform.any_op, !transform.any_op, !transform.any_op,
          !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Tiles of packed tokens would cross sequences.
func.func @sequences(%q: tensor<40x2x16xf32>, %cu: tensor<4xi32>)
    -> tensor<40x2x16xf32> {
  // expected-error @below {{'diff.softmax_attention' op has sequences of variable length, which only diff-tile can tile}}
  // expected-error @below {{faild to tile operation}}
  // expected-error @below {{failed to generate tiling loops}}
  // expected-note @below {{when applied to this op}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<40x2x16xf32>, tensor<40x2x16xf32>,
             tensor<40x2x16xf32>)
         outs(%q : tensor<40x2x16xf32>)
         cu_seqlens(%cu, %cu : tensor<4xi32>, tensor<4xi32>)
         -> tensor<40x2x16xf32>
  return %0 : tensor<40x2x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op) {
    %op = transform.structured.match ops{["diff.softmax_attention"]} in %root
      : (!transform.any_op) -> !transform.any_op
    // expected-error @below {{failed to apply}}
    %tiled, %loop = transform.structured.tile_using_forall %op tile_sizes [1, 1, 8]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
