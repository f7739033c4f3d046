// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For standalone-opt: one layer of differential attention, V2.
func.func @attention(%query: tensor<1x64x8x32xbf16>, %key: tensor<1x64x2x32xbf16>, %value: tensor<1x64x2x32xbf16>, %lambda: tensor<1x64x4xbf16>) -> tensor<1x64x4x32xbf16> {
  %init = tensor.empty() : tensor<1x64x4x32xbf16>
  %0 = diff.attention
         ins(%query, %key, %value, %lambda : tensor<1x64x8x32xbf16>, tensor<1x64x2x32xbf16>, tensor<1x64x2x32xbf16>, tensor<1x64x4xbf16>)
         outs(%init : tensor<1x64x4x32xbf16>)
         mask<causal> -> tensor<1x64x4x32xbf16>
  return %0 : tensor<1x64x4x32xbf16>
}
