// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function of the LLVM dialect next to functions on tensors does not set the level:
// the module is compiled from the level of the others.
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=ptx | FileCheck %s
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=kernel" | diff-opt --diff-compile="chip=sm_80" --emit=ptx | FileCheck %s

// CHECK: .entry attention_elementwise(
llvm.func @helper(%a: i32) -> i32 {
  llvm.return %a : i32
}
llvm.func @external(i32) -> i32
func.func @attention(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.addf %x, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
