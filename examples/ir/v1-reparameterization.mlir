// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// DIFF V1 with its re-parameterized lambda, one value for all heads,
//   lambda = exp(lq1 . lk1) - exp(lq2 . lk2) + lambda_init,
// computed by ordinary ops before the attention. lambda_init is that of layer 2,
// 0.8 - 0.6 exp(-0.3 * 2).
func.func @attention(%query: tensor<1x23x4x16xf32>,
                     %key: tensor<1x23x4x16xf32>,
                     %value: tensor<1x23x2x32xf32>, %lq1: tensor<16xf32>,
                     %lk1: tensor<16xf32>, %lq2: tensor<16xf32>,
                     %lk2: tensor<16xf32>, %weight: tensor<32xf32>)
    -> tensor<1x23x2x32xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %lambda_init = arith.constant 0.470713018343584 : f32
  %dot1 = linalg.dot ins(%lq1, %lk1 : tensor<16xf32>, tensor<16xf32>)
      outs(%zero : tensor<f32>) -> tensor<f32>
  %dot2 = linalg.dot ins(%lq2, %lk2 : tensor<16xf32>, tensor<16xf32>)
      outs(%zero : tensor<f32>) -> tensor<f32>
  %d1 = tensor.extract %dot1[] : tensor<f32>
  %d2 = tensor.extract %dot2[] : tensor<f32>
  %e1 = math.exp %d1 : f32
  %e2 = math.exp %d2 : f32
  %difference = arith.subf %e1, %e2 : f32
  %value_of_lambda = arith.addf %difference, %lambda_init : f32
  %lambda = tensor.splat %value_of_lambda : tensor<2xf32>
  %init = tensor.empty() : tensor<1x23x2x32xf32>
  %output = diff.attention_v1
      ins(%query, %key, %value, %lambda, %weight : tensor<1x23x4x16xf32>,
          tensor<1x23x4x16xf32>, tensor<1x23x2x32xf32>, tensor<2xf32>,
          tensor<32xf32>)
      outs(%init : tensor<1x23x2x32xf32>)
      mask<causal> lambda_init(0.470713018343584) -> tensor<1x23x2x32xf32>
  return %output : tensor<1x23x2x32xf32>
}
