// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-vectorize-tiles -canonicalize | FileCheck %s

// A contraction becomes vector.contract, and the slice of its operand is folded into
// the read.
// CHECK-LABEL: func @contraction
// CHECK-SAME: %[[A:[^:]*]]: tensor<2x8x16xf32>
// CHECK: scf.forall (%[[I:.*]]) in (2)
// CHECK-NOT: linalg
// CHECK-NOT: tensor.extract_slice
// CHECK: vector.transfer_read %[[A]][%[[I]], %{{.*}}, %{{.*}}], %{{.*}} : tensor<2x8x16xf32>, vector<8x16xf32>
// CHECK: vector.contract
// CHECK: scf.forall.in_parallel
func.func @contraction(%a: tensor<2x8x16xf32>, %b: tensor<16x4xf32>,
                       %c: tensor<8x4xf32>, %out: tensor<2x8x4xf32>)
    -> tensor<2x8x4xf32> {
  %0 = scf.forall (%i) in (2) shared_outs(%o = %out) -> (tensor<2x8x4xf32>) {
    %1 = tensor.extract_slice %a[%i, 0, 0] [1, 8, 16] [1, 1, 1]
      : tensor<2x8x16xf32> to tensor<8x16xf32>
    %2 = linalg.matmul ins(%1, %b : tensor<8x16xf32>, tensor<16x4xf32>)
           outs(%c : tensor<8x4xf32>) -> tensor<8x4xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %2 into %o[%i, 0, 0] [1, 8, 4] [1, 1, 1]
        : tensor<8x4xf32> into tensor<2x8x4xf32>
    }
  }
  return %0 : tensor<2x8x4xf32>
}

// -----

// A pad to a static shape becomes a read that is intentionally out of bounds.
// CHECK-LABEL: func @pad
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: scf.forall
// CHECK-NOT: tensor.pad
// CHECK: vector.transfer_read %{{.*}}, %[[ZERO]] {in_bounds = [false, true]} : tensor<?x16xf32>, vector<8x16xf32>
func.func @pad(%a: tensor<?x16xf32>, %high: index, %tile: tensor<8x16xf32>,
               %out: tensor<2x8x16xf32>)
    -> tensor<2x8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = scf.forall (%i) in (2) shared_outs(%o = %out) -> (tensor<2x8x16xf32>) {
    %1 = tensor.pad %a low[0, 0] high[%high, 0] {
    ^bb0(%x: index, %y: index):
      tensor.yield %zero : f32
    } : tensor<?x16xf32> to tensor<8x16xf32>
    %2 = linalg.exp ins(%1 : tensor<8x16xf32>) outs(%tile : tensor<8x16xf32>)
           -> tensor<8x16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %2 into %o[%i, 0, 0] [1, 8, 16] [1, 1, 1]
        : tensor<8x16xf32> into tensor<2x8x16xf32>
    }
  }
  return %0 : tensor<2x8x16xf32>
}

// -----

// Whole tensors and dynamic shapes are lowered to loops.
// CHECK-LABEL: func @left_alone
// CHECK: scf.forall
// CHECK: linalg.exp {{.*}} outs(%{{.*}} : tensor<?x16xf32>)
// CHECK: linalg.exp {{.*}} outs(%{{.*}} : tensor<8x16xf32>)
// CHECK: return
func.func @left_alone(%a: tensor<?x16xf32>, %n: index, %whole: tensor<8x16xf32>,
                      %out: tensor<?x16xf32>)
    -> (tensor<?x16xf32>, tensor<8x16xf32>) {
  %0 = scf.forall (%i) in (2) shared_outs(%o = %out) -> (tensor<?x16xf32>) {
    %2 = linalg.exp ins(%a : tensor<?x16xf32>) outs(%a : tensor<?x16xf32>)
           -> tensor<?x16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %2 into %o[%i, 0] [%n, 16] [1, 1]
        : tensor<?x16xf32> into tensor<?x16xf32>
    }
  }
  %1 = linalg.exp ins(%whole : tensor<8x16xf32>) outs(%whole : tensor<8x16xf32>)
         -> tensor<8x16xf32>
  return %0, %1 : tensor<?x16xf32>, tensor<8x16xf32>
}
