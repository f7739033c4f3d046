// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --transform-interpreter --split-input-file --verify-diagnostics | FileCheck %s

// A level-0 op with two results: one op that can be decomposed further, the fills,
// and the epilogue (of the LSE: one op for each map).

// CHECK-LABEL: func.func @level0
// CHECK-NOT:   diff.attention
// CHECK:       diff.online_attention
func.func @level0(%q: tensor<1x5x2x8xf32>, %kv: tensor<1x5x1x8xf32>, %lambda: tensor<1x5x1xf32>, %init: tensor<1x5x1x8xf32>, %lse: tensor<1x2x5xf32>) -> (tensor<1x5x1x8xf32>, tensor<1x2x5xf32>) {
  // expected-remark @below {{aggregated}}
  %0:2 = diff.attention
           ins(%q, %kv, %kv, %lambda : tensor<1x5x2x8xf32>, tensor<1x5x1x8xf32>, tensor<1x5x1x8xf32>, tensor<1x5x1xf32>)
           outs(%init, %lse : tensor<1x5x1x8xf32>, tensor<1x2x5xf32>)
           -> tensor<1x5x1x8xf32>, tensor<1x2x5xf32>
  return %0#0, %0#1 : tensor<1x5x1x8xf32>, tensor<1x2x5xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %aggregated, %parts = transform.diff.decompose %attention : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    // Exactly one: a definite failure otherwise.
    %online = transform.cast %aggregated : !transform.any_op to !transform.op<"diff.online_attention">
    transform.debug.emit_remark_at %online, "aggregated" : !transform.op<"diff.online_attention">
    %fills, %epilogue = transform.split_handle %parts {overflow_result = 1} : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fill = transform.cast %fills : !transform.any_op to !transform.op<"linalg.fill">
    transform.yield
  }
}

// -----

// Several targets, and an upstream op.

// CHECK-LABEL: func.func @softmax
// CHECK-NOT:   linalg.softmax
// CHECK:       linalg.generic
// CHECK:       return
func.func @softmax(%x: tensor<4x8xf32>, %init: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = linalg.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = linalg.softmax dimension(0) ins(%x : tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %softmax = transform.structured.match ops{["linalg.softmax"]} in %root : (!transform.any_op) -> !transform.any_op
    %aggregated, %parts = transform.diff.decompose %softmax : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %none = transform.num_associations %aggregated : (!transform.any_op) -> !transform.param<i64>
    // expected-remark @below {{aggregated 0}}
    transform.debug.emit_param_as_remark %none, "aggregated" : !transform.param<i64>
    %count = transform.num_associations %parts : (!transform.any_op) -> !transform.param<i64>
    // expected-remark @below {{parts 12}}
    transform.debug.emit_param_as_remark %count, "parts" : !transform.param<i64>
    transform.yield
  }
}

// -----

// No target: no failure.

// CHECK-LABEL: func.func @nothing
func.func @nothing() {
  return
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %none = transform.structured.match ops{["diff.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %aggregated, %parts = transform.diff.decompose %none : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The failure is silenceable, and silent if it is suppressed: errors of the interface
// are not emitted.

// CHECK-LABEL: func.func @suppressed
// CHECK:       diff.softmax_attention
func.func @suppressed(%q: tensor<1x5x2x8xf64>, %kv: tensor<1x5x1x8xf64>, %init: tensor<1x5x2x8xf64>) -> tensor<1x5x2x8xf64> {
  %0 = diff.softmax_attention
         ins(%q, %kv, %kv : tensor<1x5x2x8xf64>, tensor<1x5x1x8xf64>, tensor<1x5x1x8xf64>)
         outs(%init : tensor<1x5x2x8xf64>) -> tensor<1x5x2x8xf64>
  return %0 : tensor<1x5x2x8xf64>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    transform.sequence %root : !transform.any_op failures(suppress) {
    ^bb0(%arg: !transform.any_op):
      %attention = transform.structured.match ops{["diff.softmax_attention"]} in %arg : (!transform.any_op) -> !transform.any_op
      %aggregated, %parts = transform.diff.decompose %attention : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    }
    transform.yield
  }
}
