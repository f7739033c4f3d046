// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-split-keys -canonicalize | FileCheck %s

// Four tasks of 1024 keys, and the merge of their running values.

// CHECK: #[[OFFSET:.*]] = affine_map<()[s0] -> (4096, s0 * 1024)>
// CHECK-LABEL: func @split(
// CHECK-SAME: %{{.*}}: tensor<1x1x2x64xf32>, %[[K:[^:]*]]: tensor<1x4096x1x64xf32>
// CHECK: %[[PARTS:.*]]:3 = scf.forall (%[[TASK:.*]]) in (4)
// CHECK-SAME: -> (tensor<4x1x2x1x64xf32>, tensor<4x1x2x1xf32>, tensor<4x1x2x1xf32>)
// CHECK: %[[FIRST:.*]] = affine.min #[[OFFSET]]()[%[[TASK]]]
// CHECK: tensor.extract_slice %[[K]][0, %[[FIRST]], 0, 0] [1, %{{.*}}, 1, 64]
// CHECK: diff.online_attention
// CHECK-SAME: schedule = #diff.schedule<queries = 1, keys = 64>
// CHECK: tensor.parallel_insert_slice %{{.*}} into %{{.*}}[%[[TASK]], 0, 0, 0, 0]
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK-SAME: ins(%[[PARTS]]#1 : tensor<4x1x2x1xf32>)
// CHECK: arith.maximumf
// CHECK-COUNT-2: math.exp2
// CHECK: ins(%[[PARTS]]#0, %{{.*}} : tensor<4x1x2x1x64xf32>, tensor<4x1x2x1xf32>)
func.func @split(%q: tensor<1x1x2x64xf32>, %k: tensor<1x4096x1x64xf32>,
                 %acc: tensor<1x2x1x64xf32>, %max: tensor<1x2x1xf32>,
                 %sum: tensor<1x2x1xf32>)
    -> (tensor<1x2x1x64xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>) {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x1x2x64xf32>, tensor<1x4096x1x64xf32>,
               tensor<1x4096x1x64xf32>)
           outs(%acc, %max, %sum : tensor<1x2x1x64xf32>, tensor<1x2x1xf32>,
                tensor<1x2x1xf32>)
           maps(2) {schedule = #diff.schedule<queries = 1, keys = 64, split = 1024>}
           -> tensor<1x2x1x64xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>
  return %0#0, %0#1, %0#2
      : tensor<1x2x1x64xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>
}

// -----

// The number of tasks follows from the number of keys and the window. The loop over
// tiles becomes a dimension of the loop over tasks.

// CHECK-LABEL: func @tiles(
// CHECK: affine.min #{{.*}}()[%{{.*}}]
// CHECK: %[[TASKS:.*]] = affine.apply
// CHECK: scf.forall (%[[ENTRY:.*]], %[[TASK:.*]]) in (%{{.*}}, %[[TASKS]])
// CHECK: diff.online_attention
// CHECK: scf.forall.in_parallel
// CHECK: scf.forall
// CHECK: tensor.extract_slice %{{.*}} : tensor<?x1x1x?x1x2x1x64xf32> to tensor<?x1x2x1x64xf32>
// CHECK-NOT: diff.online_attention
func.func @tiles(%q: tensor<?x1x2x64xf32>, %k: tensor<?x?x1x64xf32>,
                 %lambda: tensor<?x1x1xf32>, %init: tensor<?x1x1x64xf32>)
    -> tensor<?x1x1x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %batch = tensor.dim %q, %c0 : tensor<?x1x2x64xf32>
  %keys = tensor.dim %k, %c1 : tensor<?x?x1x64xf32>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant -3.40282347E+38 : f32
  %result = scf.forall (%b, %h, %n) = (0, 0, 0) to (%batch, 1, 1) step (1, 1, 1)
      shared_outs(%out = %init) -> tensor<?x1x1x64xf32> {
    %qb = tensor.extract_slice %q[%b, 0, 0, 0] [1, 1, 2, 64] [1, 1, 1, 1]
        : tensor<?x1x2x64xf32> to tensor<1x1x2x64xf32>
    %kb = tensor.extract_slice %k[%b, 0, 0, 0] [1, %keys, 1, 64] [1, 1, 1, 1]
        : tensor<?x?x1x64xf32> to tensor<1x?x1x64xf32>
    %acc0 = tensor.empty() : tensor<1x2x1x64xf32>
    %row0 = tensor.empty() : tensor<1x2x1xf32>
    %acc = linalg.fill ins(%zero : f32) outs(%acc0 : tensor<1x2x1x64xf32>) -> tensor<1x2x1x64xf32>
    %max = linalg.fill ins(%low : f32) outs(%row0 : tensor<1x2x1xf32>) -> tensor<1x2x1xf32>
    %sum = linalg.fill ins(%zero : f32) outs(%row0 : tensor<1x2x1xf32>) -> tensor<1x2x1xf32>
    %0:3 = diff.online_attention
             ins(%qb, %kb, %kb : tensor<1x1x2x64xf32>, tensor<1x?x1x64xf32>,
                 tensor<1x?x1x64xf32>)
             outs(%acc, %max, %sum : tensor<1x2x1x64xf32>, tensor<1x2x1xf32>,
                  tensor<1x2x1xf32>)
             maps(2) mask<window = [1500, 0]>
             {schedule = #diff.schedule<queries = 1, keys = 64, split = 1024>}
             -> tensor<1x2x1x64xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>
    %signal = tensor.extract_slice %0#0[0, 0, 0, 0] [1, 1, 1, 64] [1, 1, 1, 1]
        : tensor<1x2x1x64xf32> to tensor<1x1x1x64xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %signal into %out[%b, 0, 0, 0] [1, 1, 1, 64] [1, 1, 1, 1]
          : tensor<1x1x1x64xf32> into tensor<?x1x1x64xf32>
    }
  }
  return %result : tensor<?x1x1x64xf32>
}
