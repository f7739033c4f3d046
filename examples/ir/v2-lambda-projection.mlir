// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// DIFF V2 with its lambda projection, lambda = X W_lambda: an ordinary matrix
// product before the op, which applies the sigmoid.
//
//   diff-run v2-lambda-projection.mlir --target=cpu --input=x.npy
//     --input=weight.npy --input=query.npy --input=key.npy --input=value.npy
//     --output=output.npy
func.func @attention(%x: tensor<2x19x32xf32>, %weight: tensor<32x4xf32>,
                     %query: tensor<2x19x8x16xf32>,
                     %key: tensor<2x19x2x16xf32>,
                     %value: tensor<2x19x2x16xf32>) -> tensor<2x19x4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.collapse_shape %x [[0, 1], [2]]
      : tensor<2x19x32xf32> into tensor<38x32xf32>
  %empty = tensor.empty() : tensor<38x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<38x4xf32>)
      -> tensor<38x4xf32>
  %projected = linalg.matmul
      ins(%tokens, %weight : tensor<38x32xf32>, tensor<32x4xf32>)
      outs(%fill : tensor<38x4xf32>) -> tensor<38x4xf32>
  %lambda = tensor.expand_shape %projected [[0, 1], [2]]
      output_shape [2, 19, 4] : tensor<38x4xf32> into tensor<2x19x4xf32>
  %init = tensor.empty() : tensor<2x19x4x16xf32>
  %output = diff.attention
      ins(%query, %key, %value, %lambda : tensor<2x19x8x16xf32>,
          tensor<2x19x2x16xf32>, tensor<2x19x2x16xf32>, tensor<2x19x4xf32>)
      outs(%init : tensor<2x19x4x16xf32>)
      mask<causal> -> tensor<2x19x4x16xf32>
  return %output : tensor<2x19x4x16xf32>
}
