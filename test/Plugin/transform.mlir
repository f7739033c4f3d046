// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A transform script in the unmodified mlir-opt: the project's passes by name, its
// transform ops, and upstream's transform ops on its ops.
//
// REQUIRES: mlir-opt
// DEFINE: %{plugin} = --load-dialect-plugin=%build_dir/lib/DiffPlugin%shlibext --load-pass-plugin=%build_dir/lib/DiffPlugin%shlibext
// RUN: %mlir-opt %{plugin} %s --transform-interpreter | FileCheck %s

// CHECK-LABEL: func.func @attention
// CHECK:       scf.forall
// CHECK-NOT:     diff.
// CHECK:         scf.for {{.*}} iter_args
// CHECK:           linalg.generic
// CHECK:         scf.forall.in_parallel
// CHECK-NOT:   diff.attention
// CHECK:       return
func.func @attention(%query: tensor<1x64x8x32xbf16>, %key: tensor<1x64x2x32xbf16>, %value: tensor<1x64x2x32xbf16>, %lambda: tensor<1x64x4xbf16>) -> tensor<1x64x4x32xbf16> {
  %init = tensor.empty() : tensor<1x64x4x32xbf16>
  %0 = diff.attention
         ins(%query, %key, %value, %lambda : tensor<1x64x8x32xbf16>, tensor<1x64x2x32xbf16>, tensor<1x64x2x32xbf16>, tensor<1x64x4xbf16>)
         outs(%init : tensor<1x64x4x32xbf16>)
         mask<causal> {schedule = #diff.schedule<queries = 16, keys = 32>} -> tensor<1x64x4x32xbf16>
  return %0 : tensor<1x64x4x32xbf16>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %func = transform.structured.match ops{["func.func"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %tiled = transform.apply_registered_pass "diff-tile" to %func
        : (!transform.any_op) -> !transform.any_op
    %attention = transform.structured.match ops{["diff.attention"]} in %tiled
        : (!transform.any_op) -> !transform.any_op
    %online, %parts = transform.diff.decompose %attention
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %step, %loop = transform.structured.tile_using_for %online tile_sizes [0, 0, 0, 32]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %linalg = transform.apply_registered_pass "diff-decompose" to %tiled
        : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
