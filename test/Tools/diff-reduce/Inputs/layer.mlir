// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two attentions, of which the second one has a causal mask, between projections,
// an RMS norm and a residual.
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func @attention(%x: tensor<1x16x32xf32>, %query: tensor<1x16x4x16xf32>,
                     %key: tensor<1x16x1x16xf32>, %value: tensor<1x16x1x16xf32>,
                     %lambda_weight: tensor<1x32x2xf32>,
                     %output_weight: tensor<1x32x32xf32>,
                     %gate: tensor<1x16x2x16xf32>)
    -> (tensor<1x16x32xf32>, tensor<1x4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %size = arith.constant 32.0 : f32
  %epsilon = arith.constant 1.0e-5 : f32

  // The norm of the input.
  %sum_init = tensor.empty() : tensor<1x16xf32>
  %sum_zero = linalg.fill ins(%zero : f32) outs(%sum_init : tensor<1x16xf32>) -> tensor<1x16xf32>
  %sum = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : tensor<1x16x32xf32>) outs(%sum_zero : tensor<1x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %square = arith.mulf %in, %in : f32
    %added = arith.addf %square, %out : f32
    linalg.yield %added : f32
  } -> tensor<1x16xf32>
  %x_init = tensor.empty() : tensor<1x16x32xf32>
  %normed = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %sum : tensor<1x16x32xf32>, tensor<1x16xf32>) outs(%x_init : tensor<1x16x32xf32>) {
  ^bb0(%in: f32, %squares: f32, %out: f32):
    %mean = arith.divf %squares, %size : f32
    %stable = arith.addf %mean, %epsilon : f32
    %factor = math.rsqrt %stable : f32
    %scaled = arith.mulf %in, %factor : f32
    linalg.yield %scaled : f32
  } -> tensor<1x16x32xf32>

  // The logits of lambda.
  %lambda_init = tensor.empty() : tensor<1x16x2xf32>
  %lambda_zero = linalg.fill ins(%zero : f32) outs(%lambda_init : tensor<1x16x2xf32>) -> tensor<1x16x2xf32>
  %lambda = linalg.batch_matmul ins(%normed, %lambda_weight : tensor<1x16x32xf32>, tensor<1x32x2xf32>)
      outs(%lambda_zero : tensor<1x16x2xf32>) -> tensor<1x16x2xf32>

  // The attentions.
  %first_init = tensor.empty() : tensor<1x16x2x16xf32>
  %first = diff.attention
      ins(%query, %key, %value, %lambda : tensor<1x16x4x16xf32>, tensor<1x16x1x16xf32>,
          tensor<1x16x1x16xf32>, tensor<1x16x2xf32>)
      outs(%first_init : tensor<1x16x2x16xf32>) mask<window = [8, 8]> softcap(30.0) -> tensor<1x16x2x16xf32>
  %noise = tensor.concat dim(2) %first, %first
      : (tensor<1x16x2x16xf32>, tensor<1x16x2x16xf32>) -> tensor<1x16x4x16xf32>
  %query_init = tensor.empty() : tensor<1x16x4x16xf32>
  %queries = linalg.add ins(%query, %noise : tensor<1x16x4x16xf32>, tensor<1x16x4x16xf32>)
      outs(%query_init : tensor<1x16x4x16xf32>) -> tensor<1x16x4x16xf32>
  %second_init = tensor.empty() : tensor<1x16x2x16xf32>
  %lse_init = tensor.empty() : tensor<1x4x16xf32>
  %second:2 = diff.attention
      ins(%queries, %key, %value, %lambda : tensor<1x16x4x16xf32>, tensor<1x16x1x16xf32>,
          tensor<1x16x1x16xf32>, tensor<1x16x2xf32>)
      outs(%second_init, %lse_init : tensor<1x16x2x16xf32>, tensor<1x4x16xf32>)
      gate(%gate : tensor<1x16x2x16xf32>) mask<causal> scale(0.125) softcap(20.0)
      -> tensor<1x16x2x16xf32>, tensor<1x4x16xf32>

  // The projection of the output and the residual.
  %merged = tensor.collapse_shape %second#0 [[0], [1], [2, 3]]
      : tensor<1x16x2x16xf32> into tensor<1x16x32xf32>
  %projected = linalg.batch_matmul ins(%merged, %output_weight : tensor<1x16x32xf32>, tensor<1x32x32xf32>)
      outs(%x : tensor<1x16x32xf32>) -> tensor<1x16x32xf32>
  return %projected, %second#1 : tensor<1x16x32xf32>, tensor<1x4x16xf32>
}
