// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sizes that a function computes are expressions in the manifest.
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=manifest | FileCheck %s

// CHECK: "bytes": "((4 * (floordiv(argument0_0, 3) + 1)) * 8)"
// CHECK: "ceildiv((floordiv(argument0_0, 3) + 1), {{[0-9]+}})"
func.func @sizes(%a: tensor<?x8xf32>, %b: tensor<8xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %a, %c0 : tensor<?x8xf32>
  %third = arith.divui %n, %c3 : index
  %m = arith.addi %third, %c1 : index
  %e = tensor.empty(%m) : tensor<?x8xf32>
  %x = linalg.broadcast ins(%b : tensor<8xf32>) outs(%e : tensor<?x8xf32>) dimensions = [0]
  %f = tensor.empty(%m) : tensor<?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%f : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.reduce ins(%x : tensor<?x8xf32>) outs(%z : tensor<?xf32>) dimensions = [1]
    (%in: f32, %acc: f32) {
      %0 = arith.addf %in, %acc : f32
      linalg.yield %0 : f32
    }
  return %s : tensor<?xf32>
}
