// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// V1 with a norm weight that is computed, and has as many elements as a tile has
// rows; its lambda and weight are strided.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s norm-weight --build=%build_dir --option=--tiles=threads
// RUN: %python %S/Inputs/compare.py %s norm-weight --build=%build_dir --option=--f32=tf32

func.func @attention(%q: tensor<1x37x4x16xf32>, %k: tensor<1x37x2x16xf32>, %v: tensor<1x37x1x32xf32>, %l0: tensor<4xf32>, %w0: tensor<96xf32>)
    -> tensor<1x37x2x32xf32> {
  %l = tensor.extract_slice %l0[0] [2] [2] : tensor<4xf32> to tensor<2xf32>
  %w1 = tensor.extract_slice %w0[1] [32] [3] : tensor<96xf32> to tensor<32xf32>
  %w2 = tensor.empty() : tensor<32xf32>
  %w = linalg.add ins(%w1, %w1 : tensor<32xf32>, tensor<32xf32>) outs(%w2 : tensor<32xf32>) -> tensor<32xf32>
  %e = tensor.empty() : tensor<1x37x2x32xf32>
  %0 = diff.attention_v1 ins(%q, %k, %v, %l, %w : tensor<1x37x4x16xf32>, tensor<1x37x2x16xf32>, tensor<1x37x1x32xf32>, tensor<2xf32>, tensor<32xf32>)
         outs(%e : tensor<1x37x2x32xf32>) mask<causal> lambda_init(0.8) -> tensor<1x37x2x32xf32>
  return %0 : tensor<1x37x2x32xf32>
}
