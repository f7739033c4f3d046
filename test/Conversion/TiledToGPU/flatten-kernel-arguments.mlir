// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --pass-pipeline='builtin.module(func.func(diff-flatten-kernel-arguments),gpu-kernel-outlining)' | FileCheck %s

// The parameters of the kernel are the pointer, the dynamic size and the stride, in
// the order of the arguments. Constants and sizes are computed inside.
// CHECK-LABEL: func @f(
// CHECK-SAME: %[[A:.*]]: memref<?x8xf32, strided<[?, 1]>>
// CHECK: %[[BASE:.*]], %{{.*}}, %[[SIZES:.*]]:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[A]]
// CHECK: gpu.launch_func {{.*}} args(%[[BASE]] : memref<f32>, %[[SIZES]]#0 : index, %[[STRIDES]]#0 : index, %{{.*}} : f32)
// CHECK: gpu.func @{{.*}}(%[[P:.*]]: memref<f32>, %[[N:.*]]: index, %[[S:.*]]: index, %{{.*}}: f32)
// CHECK: memref.reinterpret_cast %[[P]] to offset: [0], sizes: [%[[N]], 8], strides: [%[[S]], 1]
func.func @f(%a: memref<?x8xf32, strided<[?, 1]>>, %x: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %a, %c0 : memref<?x8xf32, strided<[?, 1]>>
  %last = arith.subi %n, %c1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    memref.store %x, %a[%last, %tx] : memref<?x8xf32, strided<[?, 1]>>
    gpu.terminator
  }
  return
}

// A buffer between kernels: only its pointer. Its strides follow from its sizes,
// which follow from those of the arguments.
// CHECK-LABEL: func @buffer(
// CHECK-SAME: %[[A:.*]]: memref<?xf32>
// CHECK-DAG: %{{.*}}, %{{.*}}, %[[SIZES:.*]], %{{.*}} = memref.extract_strided_metadata %[[A]]
// CHECK-DAG: %[[BUFFER:.*]] = memref.alloc
// CHECK-DAG: %[[BASE:.*]], %{{.*}}, %{{.*}}:3, %{{.*}}:3 = memref.extract_strided_metadata %[[BUFFER]]
// CHECK: gpu.launch_func {{.*}} args(%[[SIZES]] : index, %[[BASE]] : memref<f32>, %{{.*}} : f32)
// CHECK: gpu.func @{{.*}}(%[[N:.*]]: index, %[[P:.*]]: memref<f32>, %{{.*}}: f32)
// CHECK-DAG: %[[M:.*]] = arith.addi %[[N]], %{{.*}}
// CHECK-DAG: %[[STRIDE:.*]] = affine.apply #{{.*}}()[%[[M]]]
// CHECK: memref.reinterpret_cast %[[P]] to offset: [0], sizes: [2, %{{.*}}, 3], strides: [%[[STRIDE]], 3, 1]
func.func @buffer(%a: memref<?xf32>, %x: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %a, %c0 : memref<?xf32>
  %m = arith.addi %n, %c1 : index
  %b = memref.alloc(%m) : memref<2x?x3xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    memref.store %x, %b[%tx, %tx, %tx] : memref<2x?x3xf32>
    gpu.terminator
  }
  return
}
