// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-mangle-functions | FileCheck %s
// RUN: diff-opt %s -split-input-file --diff-compile="chip=host" --emit=llvm | FileCheck %s --check-prefix=LLVM

// A function may have the name of a function that its code calls.
// CHECK: func.func @diff.malloc(%{{.*}}: tensor<4xf32>) -> tensor<4xf32> attributes {llvm.emit_c_interface, llvm.linkage = #llvm.linkage<internal>}
// CHECK: func.func private @diff.free(
// CHECK-SAME: attributes {llvm.linkage = #llvm.linkage<internal>}
// CHECK: func.func private @elsewhere(index)
// CHECK: call @diff.free(
// LLVM-DAG: define internal void @diff.malloc(
// LLVM-DAG: define void @_mlir_ciface_malloc(
// LLVM-DAG: define internal {{.*}} @diff.free(
func.func @malloc(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func private @free(%x: f32) -> f32 {
  return %x : f32
}
func.func private @elsewhere(index)
func.func @main(%x: f32) -> f32 {
  %0 = call @free(%x) : (f32) -> f32
  return %0 : f32
}

// -----

// Functions of the LLVM dialect beside others stay what they are.
// CHECK: llvm.func @helper(
// CHECK: func.func @diff.f(
// LLVM: define float @helper(
// LLVM: define float @_mlir_ciface_f(
llvm.func @helper(%x: f32) -> f32 {
  llvm.return %x : f32
}
func.func @f(%x: f32) -> f32 {
  %0 = llvm.call @helper(%x) : (f32) -> f32
  return %0 : f32
}
