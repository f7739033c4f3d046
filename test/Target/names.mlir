// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every tensor of a manifest has a unique name: a destination that is an argument is
// not named after the operand, and a result that is returned twice is named once.
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=manifest | FileCheck %s

// CHECK: "tensors": [
// CHECK: "name": "query",
// CHECK: "name": "key",
// CHECK: "name": "value",
// CHECK: "name": "argument3",
// CHECK: "name": "output",
// CHECK-NOT: "name": "output",
// CHECK: "kernels": [
func.func @attention(%q: tensor<1x16x2x16xf16>, %k: tensor<1x16x1x16xf16>, %v: tensor<1x16x1x16xf16>, %o: tensor<1x16x2x16xf16>)
    -> (tensor<1x16x2x16xf16>, tensor<1x16x2x16xf16>) {
  %r = diff.softmax_attention ins(%q, %k, %v : tensor<1x16x2x16xf16>, tensor<1x16x1x16xf16>, tensor<1x16x1x16xf16>)
         outs(%o : tensor<1x16x2x16xf16>) -> tensor<1x16x2x16xf16>
  return %r, %r : tensor<1x16x2x16xf16>, tensor<1x16x2x16xf16>
}
