// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Upstream's bufferization in a script: the destination of a level-0 op becomes an
// allocation (upstream supports ops with one result there). After the op is
// decomposed to linalg, the whole function is bufferized. Its signature keeps
// tensors, which diff-run needs. The result is a new buffer, so its tensor may be
// marked as the only alias, which a second bufferization requires.
//
// REQUIRES: numpy
// DEFINE: %{layer} = --variant=v2 --query-tokens=37 --key-tokens=53 --heads=4 --kv-heads=2 --dim=16 --type=bf16 --causal
// RUN: diff-gen %{layer} > %t.mlir
// RUN: diff-opt %t.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%s},transform-interpreter{entry-point=destinations},canonicalize,cse)' -o %t.destinations.mlir
// RUN: FileCheck %s --check-prefix=DEST < %t.destinations.mlir
// RUN: %python %S/Inputs/compare.py %t.destinations.mlir --build=%build_dir --target=linalg %{layer}
// RUN: diff-opt %t.mlir --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%s},transform-interpreter{entry-point=everything},canonicalize,cse)' -o %t.buffers.mlir
// RUN: FileCheck %s --check-prefix=ALL < %t.buffers.mlir
// RUN: sed 's/\(bufferization.to_tensor %alloc[_0-9]*\) :/\1 restrict :/' %t.buffers.mlir > %t.restrict.mlir
// RUN: %python %S/Inputs/compare.py %t.restrict.mlir --build=%build_dir --target=linalg %{layer}

// DEST-LABEL: func.func @attention
// DEST:       %[[BUFFER:.*]] = memref.alloc() : memref<1x37x4x16xbf16>
// DEST:       %[[INIT:.*]] = bufferization.to_tensor %[[BUFFER]]
// DEST:       diff.attention {{.*}} outs(%[[INIT]] : tensor<1x37x4x16xbf16>)

// ALL-LABEL: func.func @attention({{.*}} tensor<
// ALL-NOT:   diff.
// ALL:       linalg.fill {{.*}} outs({{.*}} : memref<
// ALL:       scf.for
// ALL:         linalg.generic {{.*}} outs({{.*}} : memref<
// ALL:       return {{.*}} : tensor<
module attributes {transform.with_named_sequence} {
  transform.named_sequence @destinations(%root: !transform.any_op {transform.readonly}) {
    %attention = transform.structured.match ops{["diff.attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %buffer, %new = transform.structured.bufferize_to_allocation %attention
        {bufferize_destination_only, memcpy_op = "memref.copy", alloc_op = "memref.alloc"}
        : !transform.any_op
    transform.yield
  }

  transform.named_sequence @everything(%root: !transform.any_op {transform.consumed}) {
    %attention = transform.structured.match ops{["diff.attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    %online, %parts = transform.diff.decompose %attention
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %step, %keys = transform.structured.tile_using_for %online tile_sizes [0, 0, 0, 24]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %none, %steps = transform.diff.decompose %step
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %empties = transform.structured.match ops{["tensor.empty"]} in %root
        : (!transform.any_op) -> !transform.op<"tensor.empty">
    %allocs = transform.bufferization.empty_tensor_to_alloc_tensor %empties
        : (!transform.op<"tensor.empty">) -> !transform.op<"bufferization.alloc_tensor">
    %buffers = transform.bufferization.one_shot_bufferize %root
        : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
