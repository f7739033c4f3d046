// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code that only the backend of a GPU can select.
func.func @attention() -> tensor<2xi32> {
  %thread = nvvm.read.ptx.sreg.tid.x : i32
  %result = tensor.splat %thread : tensor<2xi32>
  return %result : tensor<2xi32>
}
