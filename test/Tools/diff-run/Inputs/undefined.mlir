// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls an undefined function.
func.func private @nowhere(tensor<4xf32>) -> tensor<4xf32>
func.func @attention(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @nowhere(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
