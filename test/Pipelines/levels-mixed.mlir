// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An attention that the pipeline would ignore is an error, not an empty kernel.
// RUN: not diff-opt %s -split-input-file --diff-compile="chip=sm_90a" 2>&1 | FileCheck %s
// RUN: not diff-opt %s -split-input-file --diff-compile="chip=host" 2>&1 | FileCheck %s

// CHECK: error: 'diff.softmax_attention' op is at a higher level than the rest of the module, which is at level kernel; all functions must be at one level
gpu.module @kernels {
  gpu.func @other() kernel {
    gpu.return
  }
}
func.func @attention(%x: tensor<1x4x2x8xf32>, %init: tensor<1x4x2x8xf32>)
    -> tensor<1x4x2x8xf32> {
  %0 = diff.softmax_attention
    ins(%x, %x, %x : tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>,
        tensor<1x4x2x8xf32>)
    outs(%init : tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %0 : tensor<1x4x2x8xf32>
}

// -----

// CHECK: error: 'diff.softmax_attention' op is in a nested module; only functions of the outermost module are compiled
module {
  module {
    func.func @attention(%x: tensor<1x4x2x8xf32>, %init: tensor<1x4x2x8xf32>)
        -> tensor<1x4x2x8xf32> {
      %0 = diff.softmax_attention
        ins(%x, %x, %x : tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>,
            tensor<1x4x2x8xf32>)
        outs(%init : tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
      return %0 : tensor<1x4x2x8xf32>
    }
  }
}
