// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-expand-math | FileCheck %s

// CHECK-LABEL: func @vectors
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK-NOT: math.log
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK-NOT: math.log
// CHECK: return
func.func @vectors(%x: vector<8xf32>)
    -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
  %0 = math.exp2 %x : vector<8xf32>
  %1 = math.exp %x : vector<8xf32>
  %2 = math.tanh %x : vector<8xf32>
  %3 = math.log %x : vector<8xf32>
  return %0, %1, %2, %3
    : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
}

// -----

// CHECK-LABEL: func @scalar
// CHECK-NOT: math.exp
// CHECK: return
func.func @scalar(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// -----

// The reference stays exact.
// CHECK-LABEL: func @f64
// CHECK-SAME: %[[X:.*]]: f64
// CHECK-DAG: math.exp %[[X]] : f64
// CHECK-DAG: math.tanh %[[X]] : f64
// CHECK-DAG: math.log %[[X]] : f64
func.func @f64(%x: f64) -> (f64, f64, f64) {
  %0 = math.exp %x : f64
  %1 = math.tanh %x : f64
  %2 = math.log %x : f64
  return %0, %1, %2 : f64, f64, f64
}

// -----

// f64 is not changed, including exp2: exp(x ln 2) would differ.
// CHECK-LABEL: func @f64_exp2
// CHECK: math.exp2 %{{.*}} : f64
func.func @f64_exp2(%x: f64) -> f64 {
  %0 = math.exp2 %x : f64
  return %0 : f64
}

// -----

// Ops that the pass does not handle.
// CHECK-LABEL: func @others
// CHECK: math.sqrt %{{.*}} : vector<8xf32>
// CHECK: math.sin %{{.*}} : vector<8xf32>
func.func @others(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>) {
  %0 = math.sqrt %x : vector<8xf32>
  %1 = math.sin %x : vector<8xf32>
  return %0, %1 : vector<8xf32>, vector<8xf32>
}

// -----

// Functions without an LLVM intrinsic become calls to the C library; the others stay.
// CHECK-DAG: func.func private @erff(f32) -> f32
// CHECK-DAG: func.func private @cbrt(f64) -> f64
// CHECK-LABEL: func @library
// CHECK: call @erff(%{{.*}}) : (f32) -> f32
// CHECK: call @cbrt(%{{.*}}) : (f64) -> f64
// CHECK: math.sin
func.func @library(%x: f32, %y: f64) -> (f32, f64, f32) {
  %0 = math.erf %x : f32
  %1 = math.cbrt %y : f64
  %2 = math.sin %x : f32
  return %0, %1, %2 : f32, f64, f32
}
