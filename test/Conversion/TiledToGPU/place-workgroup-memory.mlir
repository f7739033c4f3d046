// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --pass-pipeline='builtin.module(func.func(diff-place-workgroup-memory))' | FileCheck %s

// Every user of an uninitialized tensor has separate workgroup memory, in loops that
// are mapped to blocks only.
// CHECK-LABEL: func @block(
// CHECK: %[[OUTSIDE:.*]] = tensor.empty
// CHECK: scf.forall
// CHECK-NOT: tensor.empty
// CHECK: %[[A:.*]] = bufferization.alloc_tensor() {memory_space = #gpu.address_space<workgroup>} : tensor<8xf32>
// CHECK: linalg.fill {{.*}} outs(%[[A]] :
// CHECK: %[[B:.*]] = bufferization.alloc_tensor() {memory_space = #gpu.address_space<workgroup>} : tensor<8xf32>
// CHECK: linalg.fill {{.*}} outs(%[[B]] :
func.func @block(%x: f32, %y: f32) -> tensor<4x8xf32> {
  %init = tensor.empty() : tensor<4x8xf32>
  %r = scf.forall (%i) in (4) shared_outs(%o = %init) -> (tensor<4x8xf32>) {
    %e = tensor.empty() : tensor<8xf32>
    %a = linalg.fill ins(%x : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    %b = linalg.fill ins(%y : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    %s = linalg.add ins(%a, %b : tensor<8xf32>, tensor<8xf32>) outs(%a : tensor<8xf32>) -> tensor<8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32>
    }
  } {mapping = [#gpu.block<x>]}
  return %r : tensor<4x8xf32>
}

// So has a user of one that is outside of the loop, where it has the same size.
// CHECK-LABEL: func @outside(
// CHECK: %[[OUTSIDE:.*]] = tensor.empty() : tensor<8xf32>
// CHECK: %[[FILLED:.*]] = linalg.fill {{.*}} outs(%[[OUTSIDE]]
// CHECK: scf.forall
// CHECK: %[[A:.*]] = bufferization.alloc_tensor() {memory_space = #gpu.address_space<workgroup>} : tensor<8xf32>
// CHECK: linalg.add ins(%[[FILLED]], %[[FILLED]] : {{.*}}) outs(%[[A]] :
func.func @outside(%x: f32) -> tensor<4x8xf32> {
  %init = tensor.empty() : tensor<4x8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %a = linalg.fill ins(%x : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %r = scf.forall (%i) in (4) shared_outs(%o = %init) -> (tensor<4x8xf32>) {
    %s = linalg.add ins(%a, %a : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32>
    }
  } {mapping = [#gpu.block<x>]}
  return %r : tensor<4x8xf32>
}

// CHECK-LABEL: func @elsewhere(
// CHECK: scf.forall
// CHECK: tensor.empty
// CHECK-NOT: workgroup
func.func @elsewhere(%x: f32) -> tensor<4x8xf32> {
  %init = tensor.empty() : tensor<4x8xf32>
  %r = scf.forall (%i) in (4) shared_outs(%o = %init) -> (tensor<4x8xf32>) {
    %e = tensor.empty() : tensor<8xf32>
    %a = linalg.fill ins(%x : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %a into %o[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32>
    }
  }
  return %r : tensor<4x8xf32>
}
