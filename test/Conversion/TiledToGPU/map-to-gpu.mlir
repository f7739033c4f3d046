// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(func.func(diff-map-to-gpu))' | FileCheck %s

// Blocks become a launch named after the function and the op. Threads become a loop
// whose step is their number, and a barrier. Bounds may be dynamic.
// CHECK-LABEL: func @f(
// CHECK-SAME: %[[A:.*]]: memref<?xf32>, %[[N:.*]]: index
// CHECK: %[[GRID:.*]] = affine.apply {{.*}}[%[[N]]]
// CHECK: gpu.launch blocks(%[[BX:[a-z0-9]+]], {{.*}}) in (%{{[a-z0-9]+}} = %[[GRID]],
// CHECK-SAME: threads(%[[TX:[a-z0-9]+]], {{.*}}) in
// CHECK-SAME: module(@diff_kernels) function(@f_attention)
// CHECK: %[[I:.*]] = affine.apply {{.*}}[%[[BX]]]
// CHECK: scf.for %[[T:.*]] = %[[TX]] to %{{.*}} step %c64
// CHECK:   memref.store
// CHECK: }
// CHECK: gpu.barrier
func.func @f(%a: memref<?xf32>, %n: index, %x: f32) {
  scf.forall (%i) = (0) to (%n) step (32) {
    scf.forall (%t) in (%n) {
      memref.store %x, %a[%t] : memref<?xf32>
    } {mapping = [#gpu.thread<linear_dim_0>]}
  } {diff.kernel = #diff.kernel<op = "attention", threads = 64>, mapping = [#gpu.block<x>]}
  return
}

// -----

// A second kernel with the same name gets a number.
// CHECK-LABEL: func @twice(
// CHECK: function(@twice_attention)
// CHECK: function(@twice_attention_1)
func.func @twice() {
  scf.forall (%i) in (4) {
  } {diff.kernel = #diff.kernel<op = "attention", threads = 64>, mapping = [#gpu.block<x>]}
  scf.forall (%i) in (4) {
  } {diff.kernel = #diff.kernel<op = "attention", threads = 64>, mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @unmarked() {
  // expected-error @below {{is mapped to blocks but has no 'diff.kernel' attribute, which gives its threads}}
  scf.forall (%i) in (4) {
  } {mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @all_threads_write(%a: memref<4xf32>, %x: f32) {
  scf.forall (%i) in (4) {
    // expected-error @below {{writes memory and would be executed by every thread of the block; only ops that are distributed to threads may write memory}}
    memref.store %x, %a[%i] : memref<4xf32>
  } {diff.kernel = #diff.kernel<op = "attention", threads = 64>, mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @other(%a: memref<4xf32>, %x: f32, %i: index) {
  // expected-error @below {{'memref.store' op cannot be compiled to a kernel; GPUs support diff ops, linalg ops and copies}}
  memref.store %x, %a[%i] : memref<4xf32>
  return
}

// -----

memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func @constant() {
  // expected-error @below {{'memref.get_global' op reads a constant tensor in host memory; pass it to the function as an argument}}
  %a = memref.get_global @table : memref<4xf32>
  return
}
