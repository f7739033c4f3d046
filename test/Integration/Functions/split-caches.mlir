// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// V1 on caches that keep the two halves of a pair apart, outside of the batch, as
// serving systems store them, and on a part of their capacity. The query has its maps
// as a dimension as well. The copies of a transpose are folded, so that there is one
// kernel without a buffer.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s split-caches --build=%build_dir
// RUN: %python %S/Inputs/compare.py %s split-caches --build=%build_dir --chip=sm_90a --async=random
// RUN: %python %S/Inputs/compare.py %s split-caches --build=%build_dir --option=--tiles=threads
// RUN: %python %S/Inputs/compare.py %s split-caches --build=%build_dir --target=cpu
// RUN: %python %S/Inputs/compare.py %s split-caches --build=%build_dir --target=linalg
// RUN: diff-opt %s --diff-compile=chip=sm_80 --emit=manifest | FileCheck %s

// CHECK: "name": "attention_attention_v1"
// CHECK-NOT: "name": "attention_
// CHECK-NOT: "buffer"
func.func @attention(%query: tensor<2x70x2x4x64xbf16>, %keys: tensor<2x2x128x2x64xbf16>, %values: tensor<2x2x128x2x64xbf16>,
                     %lambda: tensor<4xf32>, %weight: tensor<128xf32>) -> tensor<2x70x4x128xbf16> {
  %k = tensor.extract_slice %keys[0, 0, 0, 0, 0] [2, 2, 101, 2, 64] [1, 1, 1, 1, 1]
         : tensor<2x2x128x2x64xbf16> to tensor<2x2x101x2x64xbf16>
  %v = tensor.extract_slice %values[0, 0, 0, 0, 0] [2, 2, 101, 2, 64] [1, 1, 1, 1, 1]
         : tensor<2x2x128x2x64xbf16> to tensor<2x2x101x2x64xbf16>
  %e = tensor.empty() : tensor<2x101x2x2x64xbf16>
  %vt = linalg.transpose ins(%v : tensor<2x2x101x2x64xbf16>) outs(%e : tensor<2x101x2x2x64xbf16>) permutation = [1, 2, 3, 0, 4]
  %vc = tensor.collapse_shape %vt [[0], [1], [2], [3, 4]] : tensor<2x101x2x2x64xbf16> into tensor<2x101x2x128xbf16>
  %init = tensor.empty() : tensor<2x70x4x128xbf16>
  %0 = diff.attention_v1
         ins(%query, %k, %vc, %lambda, %weight : tensor<2x70x2x4x64xbf16>, tensor<2x2x101x2x64xbf16>,
             tensor<2x101x2x128xbf16>, tensor<4xf32>, tensor<128xf32>)
         outs(%init : tensor<2x70x4x128xbf16>) mask<causal>
         layout<query = [0, 1, 3, 2, 4], key = [3, 0, 1, 2, 4]>
         -> tensor<2x70x4x128xbf16>
  return %0 : tensor<2x70x4x128xbf16>
}
