// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: not diff-opt %t/number.mlir --diff-compile="chip=sm_80" --emit=manifest 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not diff-opt %t/type.mlir --diff-compile="chip=sm_80" --emit=manifest 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not diff-opt %t/returned.mlir --diff-compile="chip=sm_80" --emit=manifest 2>&1 | FileCheck %s --check-prefix=RETURNED

// NUMBER: error: 'func.func' op has an argument (number 1) of 'f32'; the GPU launcher supports tensors of f16, bf16, f32 and i32, and numbers as tensors without dimensions
// TYPE: error: 'func.func' op has an argument (number 0) of 'tensor<8xi64>'; the GPU launcher supports tensors
// RETURNED: error: 'func.func' op returns 'f32'; GPU kernels return tensors only

//--- number.mlir
func.func @attention(%x: tensor<8xf32>, %s: f32) -> tensor<8xf32> {
  %b = tensor.splat %s : tensor<8xf32>
  %y = arith.mulf %x, %b : tensor<8xf32>
  return %y : tensor<8xf32>
}

//--- type.mlir
func.func @attention(%x: tensor<8xi64>) -> tensor<8xi64> {
  %y = arith.muli %x, %x : tensor<8xi64>
  return %y : tensor<8xi64>
}

//--- returned.mlir
func.func @attention(%x: tensor<8xf32>) -> (tensor<8xf32>, f32) {
  %y = arith.mulf %x, %x : tensor<8xf32>
  %z = arith.constant 1.0 : f32
  return %y, %z : tensor<8xf32>, f32
}
