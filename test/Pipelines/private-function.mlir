// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function that is called by others keeps its tensors, and no names that LLVM would
// warn about.
// RUN: diff-opt %s --diff-compile="chip=host" --emit=llvm 2>&1 | FileCheck %s --implicit-check-not=warning --implicit-check-not=diff.name

// CHECK: define void @_mlir_ciface_outer(
func.func private @inner(%x: tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32> {
  %init = tensor.empty() : tensor<1x4x2x8xf32>
  %0 = diff.softmax_attention
    ins(%x, %x, %x : tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>,
        tensor<1x4x2x8xf32>)
    outs(%init : tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %0 : tensor<1x4x2x8xf32>
}

func.func @outer(%x: tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32> {
  %0 = call @inner(%x) : (tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %0 : tensor<1x4x2x8xf32>
}
