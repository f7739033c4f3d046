// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The header declares the parameters and results of the compiled function.
// RUN: diff-opt %s --diff-compile="chip=host" --emit=header | FileCheck %s
// RUN: diff-opt %s --diff-compile="chip=host" --emit=llvm | FileCheck %s --check-prefix=LLVM

// CHECK: void _mlir_ciface_tensors(diff_memref_1 *argument0, diff_memref_1 *result1);
// LLVM: define void @_mlir_ciface_tensors(ptr %{{.*}}, ptr %{{.*}})
func.func @tensors(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// CHECK: float _mlir_ciface_scalar(diff_memref_1 *argument0, int32_t argument1, diff_memref_1 *result2);
// LLVM: define float @_mlir_ciface_scalar(ptr %{{.*}}, i32 %{{.*}}, ptr %{{.*}})
func.func @scalar(%x: tensor<4xf32>, %i: i32) -> (tensor<4xf32>, f32) {
  %0 = arith.sitofp %i : i32 to f32
  return %x, %0 : tensor<4xf32>, f32
}

// RUN: echo 'func.func @layer.0() { return }' | not diff-opt --diff-compile="chip=host" --emit=header 2>&1 | FileCheck %s --check-prefix=NAME --implicit-check-not=error:
// NAME: error: has the name 'layer.0', which is not legal in C

// RUN: echo 'func.func @f(%%x: f32) -> (f32, f32) { return %%x, %%x : f32, f32 }' | not diff-opt --diff-compile="chip=host" --emit=header 2>&1 | FileCheck %s --check-prefix=TWO --implicit-check-not=error:
// TWO: error: returns a value of type 'f32', which the header cannot declare

// RUN: echo 'func.func @f(%%x: vector<4xf32>) { return }' | not diff-opt --diff-compile="chip=host" --emit=header 2>&1 | FileCheck %s --check-prefix=VECTOR --implicit-check-not=error:
// VECTOR: error: has a value of type 'vector<4xf32>', which has no C type in the header
