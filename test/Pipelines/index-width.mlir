// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not diff-opt %s --diff-compile="chip=sm_80" 2>&1 | FileCheck %s
// RUN: not diff-opt %s --diff-compile="chip=host" 2>&1 | FileCheck %s
// RUN: not diff-run %s --target=sim --chip=sm_80 --output=%t.npy 2>&1 | FileCheck %s
// RUN: not diff-run %s --target=linalg --output=%t.npy 2>&1 | FileCheck %s

// CHECK: index-width.mlir:{{[0-9]+}}:1: error: has an index of 32 bits in its data layout; sizes and strides have 64 bits on every target
module attributes {dlti.dl_spec = #dlti.dl_spec<index = 32>} {
  func.func @attention() -> tensor<4xf32> {
    %0 = arith.constant dense<1.0> : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
