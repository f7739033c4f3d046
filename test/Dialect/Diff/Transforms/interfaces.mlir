// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Properties of the ops that upstream passes use: shapes, purity, speculatability.
// RUN: diff-opt %s -split-input-file -resolve-ranked-shaped-type-result-dims -canonicalize | FileCheck %s --check-prefix=SHAPES
// RUN: diff-opt %s -split-input-file -cse | FileCheck %s --check-prefix=CSE
// RUN: diff-opt %s -split-input-file -loop-invariant-code-motion | FileCheck %s --check-prefix=LICM

// Each result has the shape of its destination.
// SHAPES-LABEL: func @shapes
// SHAPES-SAME: %[[O:[^:]*]]: tensor<?x?x1x8xf32>, %[[LSE:[^:]*]]: tensor<?x2x?xf32>)
// SHAPES-DAG: %[[C0:.*]] = arith.constant 0 : index
// SHAPES-DAG: %[[C2:.*]] = arith.constant 2 : index
// SHAPES-DAG: %[[B:.*]] = tensor.dim %[[O]], %[[C0]]
// SHAPES-DAG: %[[N:.*]] = tensor.dim %[[LSE]], %[[C2]]
// SHAPES: return %[[B]], %[[N]]
func.func @shapes(%q: tensor<?x?x2x8xf32>, %k: tensor<?x?x1x8xf32>,
                  %lambda: tensor<?x?x1xf32>, %init: tensor<?x?x1x8xf32>,
                  %lse: tensor<?x2x?xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %0:2 = diff.attention
           ins(%q, %k, %k, %lambda : tensor<?x?x2x8xf32>, tensor<?x?x1x8xf32>,
               tensor<?x?x1x8xf32>, tensor<?x?x1xf32>)
           outs(%init, %lse : tensor<?x?x1x8xf32>, tensor<?x2x?xf32>)
           -> tensor<?x?x1x8xf32>, tensor<?x2x?xf32>
  %b = tensor.dim %0#0, %c0 : tensor<?x?x1x8xf32>
  %n = tensor.dim %0#1, %c2 : tensor<?x2x?xf32>
  return %b, %n : index, index
}

// -----

// SHAPES-LABEL: func @shapes_online
// SHAPES-SAME: %[[ACC:[^:]*]]: tensor<1x1x?x8xf32>, %[[ROW:[^:]*]]: tensor<1x1x?xf32>)
// SHAPES-DAG: %[[N0:.*]] = tensor.dim %[[ACC]]
// SHAPES-DAG: %[[N2:.*]] = tensor.dim %[[ROW]]
// SHAPES: return %[[N0]], %[[N2]]
func.func @shapes_online(%q: tensor<1x?x1x8xf32>, %acc: tensor<1x1x?x8xf32>,
                         %row: tensor<1x1x?xf32>) -> (index, index) {
  %c2 = arith.constant 2 : index
  %0:3 = diff.online_attention
           ins(%q, %q, %q : tensor<1x?x1x8xf32>, tensor<1x?x1x8xf32>,
               tensor<1x?x1x8xf32>)
           outs(%acc, %row, %row : tensor<1x1x?x8xf32>, tensor<1x1x?xf32>,
                tensor<1x1x?xf32>)
           -> tensor<1x1x?x8xf32>, tensor<1x1x?xf32>, tensor<1x1x?xf32>
  %n0 = tensor.dim %0#0, %c2 : tensor<1x1x?x8xf32>
  %n2 = tensor.dim %0#2, %c2 : tensor<1x1x?xf32>
  return %n0, %n2 : index, index
}

// -----

// Two equal ops on tensors are merged; another mask makes them different.
// CSE-LABEL: func @same_on_tensors
// CSE: %[[A:.*]] = diff.softmax_attention
// CSE: %[[B:.*]] = diff.softmax_attention {{.*}} mask<causal>
// CSE-NOT: diff.
// CSE: return %[[A]], %[[A]], %[[B]]
func.func @same_on_tensors(%q: tensor<1x4x1x8xf32>)
    -> (tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>) {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>)
         outs(%q : tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32>
  %1 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>)
         outs(%q : tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32>
  %2 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>)
         outs(%q : tensor<1x4x1x8xf32>) mask<causal> -> tensor<1x4x1x8xf32>
  return %0, %1, %2
    : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>
}

// -----

// On tensors, an unused op is dead.
// CSE-LABEL: func @dead
// CSE-NEXT: return
func.func @dead(%q: tensor<1x4x2x8xf32>, %k: tensor<1x4x1x8xf32>,
                %v: tensor<1x4x1x16xf32>, %logits: tensor<1x4x1xf32>,
                %lambda: tensor<1xf32>, %weight: tensor<16xf32>,
                %acc: tensor<1x2x4x8xf32>, %row: tensor<1x2x4xf32>) {
  %0 = diff.attention
         ins(%q, %k, %k, %logits : tensor<1x4x2x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>, tensor<1x4x1xf32>)
         outs(%k : tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32>
  %1 = diff.attention_v1
         ins(%q, %q, %v, %lambda, %weight : tensor<1x4x2x8xf32>,
             tensor<1x4x2x8xf32>, tensor<1x4x1x16xf32>, tensor<1xf32>,
             tensor<16xf32>)
         outs(%v : tensor<1x4x1x16xf32>) -> tensor<1x4x1x16xf32>
  %2:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x4x2x8xf32>, tensor<1x4x1x8xf32>,
               tensor<1x4x1x8xf32>)
           outs(%acc, %row, %row : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>,
                tensor<1x2x4xf32>)
           maps(2) -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
  return
}

// -----

// On memrefs, each of two equal ops writes: both stay, and a load between them is not
// merged with a load after them.
// CSE-LABEL: func @same_on_memrefs
// CSE: diff.softmax_attention
// CSE: %[[A:.*]] = memref.load
// CSE: diff.softmax_attention
// CSE: %[[B:.*]] = memref.load
// CSE: return %[[A]], %[[B]]
func.func @same_on_memrefs(%q: memref<1x4x1x8xf32>, %out: memref<1x4x1x8xf32>)
    -> (f32, f32) {
  %c0 = arith.constant 0 : index
  diff.softmax_attention
    ins(%q, %q, %q : memref<1x4x1x8xf32>, memref<1x4x1x8xf32>,
        memref<1x4x1x8xf32>)
    outs(%out : memref<1x4x1x8xf32>)
  %0 = memref.load %out[%c0, %c0, %c0, %c0] : memref<1x4x1x8xf32>
  diff.softmax_attention
    ins(%q, %q, %q : memref<1x4x1x8xf32>, memref<1x4x1x8xf32>,
        memref<1x4x1x8xf32>)
    outs(%out : memref<1x4x1x8xf32>)
  %1 = memref.load %out[%c0, %c0, %c0, %c0] : memref<1x4x1x8xf32>
  return %0, %1 : f32, f32
}

// -----

// The online form on memrefs reads and writes its running values.
// CSE-LABEL: func @online_on_memrefs
// CSE-COUNT-2: diff.online_attention
// CSE: return
func.func @online_on_memrefs(%q: memref<1x4x1x8xf32>,
                             %acc: memref<1x1x4x8xf32>,
                             %max: memref<1x1x4xf32>, %sum: memref<1x1x4xf32>) {
  diff.online_attention
    ins(%q, %q, %q : memref<1x4x1x8xf32>, memref<1x4x1x8xf32>,
        memref<1x4x1x8xf32>)
    outs(%acc, %max, %sum : memref<1x1x4x8xf32>, memref<1x1x4xf32>,
         memref<1x1x4xf32>)
  diff.online_attention
    ins(%q, %q, %q : memref<1x4x1x8xf32>, memref<1x4x1x8xf32>,
        memref<1x4x1x8xf32>)
    outs(%acc, %max, %sum : memref<1x1x4x8xf32>, memref<1x1x4xf32>,
         memref<1x1x4xf32>)
  return
}

// -----

// On tensors, an op may be hoisted out of a loop that may have no iterations.
// LICM-LABEL: func @hoist
// LICM: diff.softmax_attention
// LICM: scf.for
func.func @hoist(%q: tensor<1x4x1x8xf32>, %n: index) -> tensor<1x4x1x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%last = %q)
      -> (tensor<1x4x1x8xf32>) {
    %1 = diff.softmax_attention
           ins(%q, %q, %q : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>,
               tensor<1x4x1x8xf32>)
           outs(%q : tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32>
    scf.yield %1 : tensor<1x4x1x8xf32>
  }
  return %0 : tensor<1x4x1x8xf32>
}

// -----

// LICM-LABEL: func @stay
// LICM: scf.for
// LICM: diff.softmax_attention
func.func @stay(%q: memref<1x4x1x8xf32>, %out: memref<1x4x1x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    diff.softmax_attention
      ins(%q, %q, %q : memref<1x4x1x8xf32>, memref<1x4x1x8xf32>,
          memref<1x4x1x8xf32>)
      outs(%out : memref<1x4x1x8xf32>)
  }
  return
}
