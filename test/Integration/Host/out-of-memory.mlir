// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An allocation that fails in compiled code is one line and an exit status of 1.
// REQUIRES: numpy
// RUN: rm -rf %t && mkdir -p %t
// RUN: %python %S/Inputs/arrays.py %t 3 1125899906842624
// RUN: diff-run %s --target=cpu --input=%t/x.npy --input=%t/3.npy --output=%t/y.npy
// RUN: diff-run %s --target=linalg --input=%t/x.npy --input=%t/3.npy --output=%t/y.npy
// RUN: not diff-run %s --target=cpu --input=%t/x.npy --input=%t/1125899906842624.npy --output=%t/z.npy 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not diff-run %s --target=linalg --input=%t/x.npy --input=%t/1125899906842624.npy --output=%t/z.npy 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t/z.npy

// CHECK: error: not enough memory: {{18014398509[0-9]+}} bytes cannot be allocated
func.func @attention(%x: tensor<4xf32>, %rows: tensor<1xi64>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %0 = tensor.extract %rows[%c0] : tensor<1xi64>
  %n = arith.index_cast %0 : i64 to index
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %copies = linalg.broadcast ins(%x : tensor<4xf32>) outs(%e : tensor<?x4xf32>) dimensions = [0]
  %sum = linalg.reduce { arith.addf } ins(%copies : tensor<?x4xf32>) outs(%x : tensor<4xf32>) dimensions = [0]
  return %sum : tensor<4xf32>
}
