// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream's fuse_into_containing_op fuses producers: the producer of the query, and
// the fill of a destination with two results.
//
// REQUIRES: numpy
// RUN: split-file %s %t
// RUN: diff-opt %t/layer.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%t/sequence.mlir},transform-interpreter,canonicalize,cse)' -o %t/fused.mlir
// RUN: FileCheck %t/sequence.mlir < %t/fused.mlir
// RUN: %python %S/Inputs/compare.py %t/fused.mlir --build=%build_dir --target=linalg --target=cpu --query-times=2 --variant=standard --query-tokens=37 --key-tokens=53 --heads=4 --kv-heads=2 --dim=16 --type=bf16 --window=9,9 --lse

//--- layer.mlir
func.func @attention(%query: tensor<1x37x4x16xbf16>, %key: tensor<1x53x2x16xbf16>, %value: tensor<1x53x2x16xbf16>) -> (tensor<1x37x4x16xbf16>, tensor<1x4x37xf32>) {
  %empty = tensor.empty() : tensor<1x37x4x16xbf16>
  %twice = linalg.add
             ins(%query, %query : tensor<1x37x4x16xbf16>, tensor<1x37x4x16xbf16>)
             outs(%empty : tensor<1x37x4x16xbf16>) -> tensor<1x37x4x16xbf16>
  %zero = arith.constant 0.0 : bf16
  %init = linalg.fill ins(%zero : bf16)
            outs(%empty : tensor<1x37x4x16xbf16>) -> tensor<1x37x4x16xbf16>
  %lse = tensor.empty() : tensor<1x4x37xf32>
  %0:2 = diff.softmax_attention
           ins(%twice, %key, %value : tensor<1x37x4x16xbf16>, tensor<1x53x2x16xbf16>, tensor<1x53x2x16xbf16>)
           outs(%init, %lse : tensor<1x37x4x16xbf16>, tensor<1x4x37xf32>)
           mask<window = [9, 9]> -> tensor<1x37x4x16xbf16>, tensor<1x4x37xf32>
  return %0#0, %0#1 : tensor<1x37x4x16xbf16>, tensor<1x4x37xf32>
}

//--- sequence.mlir
// CHECK-LABEL: func.func @attention
// CHECK-NOT:   linalg.
// CHECK:       scf.forall
// CHECK-DAG:     linalg.add {{.*}} outs({{.*}} : tensor<1x?x2x16xbf16>)
// CHECK-DAG:     linalg.fill {{.*}} outs({{.*}} : tensor<1x?x2x16xbf16>)
// CHECK:         diff.softmax_attention {{.*}} diagonal(
// CHECK:         scf.forall.in_parallel
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.softmax_attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %producers = transform.structured.match ops{["linalg.add", "linalg.fill"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %tile, %loop = transform.structured.tile_using_forall %attention tile_sizes [1, 2, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %fused, %new_loop = transform.structured.fuse_into_containing_op %producers into %loop
        : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
