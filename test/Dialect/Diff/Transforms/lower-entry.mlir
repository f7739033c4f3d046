// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics -diff-lower-entry | FileCheck %s

// CHECK-LABEL: func.func @entry(
// CHECK-SAME: %[[X:.*]]: memref<?x8xf32, strided<[?, 1]>> {test.name = "x"}, %[[I:.*]]: index, %[[R:.*]]: memref<?x8xf32, strided<[?, 1]>> {diff.result, test.name = "r"}, %[[S:.*]]: memref<4xf32, strided<[1]>> {diff.result}) -> index {
// CHECK-DAG: %[[T:.*]] = bufferization.to_tensor %[[X]] restrict : memref<?x8xf32, strided<[?, 1]>> to tensor<?x8xf32>
// CHECK-DAG: %[[C:.*]] = arith.constant dense<1.000000e+00> : tensor<4xf32>
// Destinations are tensors until all results are computed: bufferization sees
// which result is read after another is written. The result that is computed last
// is copied first: it may be a view of the others.
// CHECK-DAG: %[[RT:.*]] = bufferization.to_tensor %[[R]] restrict writable
// CHECK-DAG: %[[ST:.*]] = bufferization.to_tensor %[[S]] restrict writable
// CHECK: %[[S1:.*]] = linalg.copy ins(%[[C]] : {{.*}}) outs(%[[ST]] :
// CHECK: %[[R1:.*]] = linalg.copy ins(%[[T]] : {{.*}}) outs(%[[RT]] :
// CHECK: bufferization.materialize_in_destination %[[S1]] in restrict writable %[[S]]
// CHECK: bufferization.materialize_in_destination %[[R1]] in restrict writable %[[R]]
// CHECK: return %[[I]] : index
func.func @entry(%x: tensor<?x8xf32> {test.name = "x"}, %i: index)
    -> (tensor<?x8xf32> {test.name = "r"}, index, tensor<4xf32>) {
  %c = arith.constant dense<1.0> : tensor<4xf32>
  return %x, %i, %c : tensor<?x8xf32>, index, tensor<4xf32>
}

// -----

// A tensor without dimensions has no innermost stride.
// CHECK-LABEL: func.func @scalar(
// CHECK-SAME: memref<f32, strided<[]>>, %{{.*}}: memref<f32, strided<[]>> {diff.result})
func.func @scalar(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// Functions that are called in the module, private or only declared keep their
// signature.
// CHECK-LABEL: func.func @called(%{{.*}}: tensor<4xf32>) -> tensor<4xf32>
func.func @called(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
// CHECK-LABEL: func.func private @hidden(%{{.*}}: tensor<4xf32>) -> tensor<4xf32>
func.func private @hidden(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
// CHECK-LABEL: func.func private @declared(tensor<4xf32>) -> tensor<4xf32>
func.func private @declared(tensor<4xf32>) -> tensor<4xf32>
// CHECK-LABEL: func.func @caller(
// CHECK-SAME: memref<4xf32, strided<[1]>>, %{{.*}}: memref<4xf32, strided<[1]>> {diff.result}) {
func.func @caller(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @called(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = call @hidden(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// Memrefs are already lowered.
// CHECK-LABEL: func.func @again(%{{.*}}: memref<4xf32>, %{{.*}}: memref<4xf32, strided<[1]>> {diff.result}) {
// CHECK-NEXT: return
func.func @again(%x: memref<4xf32>,
                 %r: memref<4xf32, strided<[1]>> {diff.result}) {
  return
}

// -----

// expected-error @below {{'func.func' op must have a single block that ends with a return to be called from outside}}
func.func @blocks(%x: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^next
^next:
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{'func.func' op has an unranked tensor in its signature; a function called from outside has ranked ones}}
func.func @unranked(%x: tensor<*xf32>) {
  return
}

// -----

// expected-error @below {{'func.func' op has an unranked tensor in its signature; a function called from outside has ranked ones}}
func.func @unranked_result(%x: tensor<4xf32>) -> tensor<*xf32> {
  %0 = tensor.cast %x : tensor<4xf32> to tensor<*xf32>
  return %0 : tensor<*xf32>
}
