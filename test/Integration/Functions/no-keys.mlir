// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Packed sequences without a key token: outputs are zero, and each log-sum-exp is
// minus infinity.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s no-keys --build=%build_dir
// RUN: %python %S/Inputs/compare.py %s no-keys --build=%build_dir --option=--tiles=threads

func.func @attention(%q: tensor<7x2x24xf16>, %k: tensor<0x1x24xf16>, %v: tensor<0x1x24xf16>, %cu_q: tensor<3xi32>, %cu_k: tensor<3xi32>, %l: tensor<7x1xf16>)
    -> (tensor<7x1x24xf16>, tensor<2x7xf32>) {
  %e = tensor.empty() : tensor<7x1x24xf16>
  %f = tensor.empty() : tensor<2x7xf32>
  %0:2 = diff.attention ins(%q, %k, %v, %l : tensor<7x2x24xf16>, tensor<0x1x24xf16>, tensor<0x1x24xf16>, tensor<7x1xf16>)
           outs(%e, %f : tensor<7x1x24xf16>, tensor<2x7xf32>) cu_seqlens(%cu_q, %cu_k : tensor<3xi32>, tensor<3xi32>) mask<causal>
           -> tensor<7x1x24xf16>, tensor<2x7xf32>
  return %0#0, %0#1 : tensor<7x1x24xf16>, tensor<2x7xf32>
}
