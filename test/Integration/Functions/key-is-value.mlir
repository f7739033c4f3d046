// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One tensor is the key and the value: its tile is read from shared memory in two
// layouts, also if it is rounded to tf32.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s key-is-value --build=%build_dir --option=--f32=tf32
// RUN: %python %S/Inputs/compare.py %s key-is-value --build=%build_dir --option=--tiles=threads

func.func @attention(%q: tensor<1x70x4x32xf32>, %k: tensor<1x70x1x32xf32>, %l: tensor<1x70x2xf32>) -> tensor<1x70x2x32xf32> {
  %e = tensor.empty() : tensor<1x70x2x32xf32>
  %0 = diff.attention ins(%q, %k, %k, %l : tensor<1x70x4x32xf32>, tensor<1x70x1x32xf32>, tensor<1x70x1x32xf32>, tensor<1x70x2xf32>)
         outs(%e : tensor<1x70x2x32xf32>) mask<causal> -> tensor<1x70x2x32xf32>
  return %0 : tensor<1x70x2x32xf32>
}
