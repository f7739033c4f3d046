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

// -----

// A grid has at most 65535 blocks in y and z. If there may be more, all blocks are
// in x, in the same order, and each divides its id.
// CHECK-LABEL: func @folded(
// CHECK-SAME: %[[A:.*]]: memref<?x3x5xf32>, %[[N:.*]]: index
// CHECK: %[[BLOCKS:.*]] = affine.apply {{.*}}[%[[N]]]
// CHECK: gpu.launch blocks(%[[X:[a-z0-9]+]], {{.*}}) in (%{{[a-z0-9]+}} = %[[BLOCKS]], %{{[a-z0-9]+}} = %c1{{[_0-9]*}}, %{{[a-z0-9]+}} = %c1{{[_0-9]*}})
// CHECK: %[[BLOCK:.*]] = arith.index_castui %[[X]] : index to i32
// CHECK: %[[FIVE:.*]] = arith.index_castui %c5{{.*}} : index to i32
// CHECK: %[[REST:.*]] = arith.divui %[[BLOCK]], %[[FIVE]]
// CHECK: %[[WHOLE:.*]] = arith.muli %[[REST]], %[[FIVE]]
// CHECK: %[[I:.*]] = arith.subi %[[BLOCK]], %[[WHOLE]]
// CHECK: %[[K:.*]] = arith.index_castui %[[I]] : i32 to index
// CHECK: %[[Z:.*]] = arith.divui %[[REST]], %{{.*}}
// CHECK: arith.muli
// CHECK: arith.subi
func.func @folded(%a: memref<?x3x5xf32>, %n: index, %x: f32) {
  scf.forall (%i, %j, %k) in (%n, 3, 5) {
    scf.forall (%t) in (1) {
      memref.store %x, %a[%i, %j, %k] : memref<?x3x5xf32>
    } {mapping = [#gpu.thread<linear_dim_0>]}
  } {diff.kernel = #diff.kernel<op = "fill", threads = 64>, mapping = [#gpu.block<z>, #gpu.block<y>, #gpu.block<x>]}
  return
}

// -----

func.func @one_dimension_twice() {
  // expected-error @below {{must be mapped to the block dimensions x, y and z, each once, found [#gpu.block<x>, #gpu.block<x>]}}
  scf.forall (%i, %j) in (4, 4) {
  } {diff.kernel = #diff.kernel<op = "attention", threads = 64>, mapping = [#gpu.block<x>, #gpu.block<x>]}
  return
}

// -----

// The outermost dimension needs no remainder; static counts that fit are kept.
// CHECK-LABEL: func @rows(
// CHECK: gpu.launch
// CHECK-COUNT-1: arith.divui
// CHECK-NOT: arith.divui
// CHECK: gpu.launch blocks({{.*}}) in (%{{[a-z0-9]+}} = %c5{{[_0-9]*}}, %{{[a-z0-9]+}} = %c65535{{[_0-9]*}}, %{{[a-z0-9]+}} = %c1{{[_0-9]*}})
// CHECK-NOT: arith.divui
func.func @rows(%n: index) {
  scf.forall (%i, %j) in (65536, 5) {
  } {diff.kernel = #diff.kernel<op = "fill", threads = 64>, mapping = [#gpu.block<y>, #gpu.block<x>]}
  scf.forall (%i, %j) in (65535, 5) {
  } {diff.kernel = #diff.kernel<op = "fill", threads = 64>, mapping = [#gpu.block<y>, #gpu.block<x>]}
  return
}

// -----

func.func @too_many_blocks() {
  // expected-error @below {{is a grid of 2147549184 blocks; at most 2147483647 are legal}}
  scf.forall (%i, %j) in (65536, 32769) {
  } {diff.kernel = #diff.kernel<op = "fill", threads = 64>, mapping = [#gpu.block<y>, #gpu.block<x>]}
  return
}

// -----

// Elements of one byte are copied, whatever their type.
// CHECK-LABEL: func @bytes(
func.func @bytes(%a: memref<4xf8E5M2>, %b: memref<4xf8E5M2>) {
  scf.forall (%i) in (4) {
    scf.forall (%t) in (1) {
      %x = memref.load %a[%i] : memref<4xf8E5M2>
      memref.store %x, %b[%i] : memref<4xf8E5M2>
    } {mapping = [#gpu.thread<linear_dim_0>]}
  } {diff.kernel = #diff.kernel<op = "copy", threads = 64>, mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @kernel_in_kernel() {
  scf.forall (%i) in (4) {
    // expected-error @below {{is mapped to blocks inside of a kernel}}
    scf.forall (%j) in (4) {
    } {diff.kernel = #diff.kernel<op = "attention", threads = 64>, mapping = [#gpu.block<x>]}
  } {diff.kernel = #diff.kernel<op = "attention", threads = 64>, mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @rounded(%a: memref<4xf8E5M2>, %x: f32) {
  scf.forall (%i) in (4) {
    scf.forall (%t) in (1) {
      // expected-error @below {{'arith.truncf' op has a value of 'f8E5M2', a type that GPU kernels do not support; f16, bf16, f32, f64 and integers are legal}}
      %y = arith.truncf %x : f32 to f8E5M2
      memref.store %y, %a[%i] : memref<4xf8E5M2>
    } {mapping = [#gpu.thread<linear_dim_0>]}
  } {diff.kernel = #diff.kernel<op = "elementwise", threads = 64>, mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @quadruple(%a: memref<4xf128>, %b: memref<4xf128>) {
  scf.forall (%i) in (4) {
    scf.forall (%t) in (1) {
      // expected-error @below {{'memref.load' op has a value of 'memref<4xf128>', a type that GPU kernels do not support}}
      %x = memref.load %a[%i] : memref<4xf128>
      memref.store %x, %b[%i] : memref<4xf128>
    } {mapping = [#gpu.thread<linear_dim_0>]}
  } {diff.kernel = #diff.kernel<op = "copy", threads = 64>, mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @threads_in_threads(%a: memref<?xf32>, %n: index, %x: f32) {
  scf.forall (%i) in (%n) {
    scf.forall (%t) in (%n) {
      // expected-error @below {{in a loop that is mapped to blocks must be mapped to threads, write buffers and be in no other loop over threads}}
      scf.forall (%u) in (%n) {
        memref.store %x, %a[%u] : memref<?xf32>
      } {mapping = [#gpu.thread<linear_dim_0>]}
    } {mapping = [#gpu.thread<linear_dim_0>]}
  } {diff.kernel = #diff.kernel<op = "attention", threads = 64>, mapping = [#gpu.block<x>]}
  return
}
