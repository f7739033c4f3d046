// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A schedule that does not fit its op is one error.
// RUN: diff-opt %s -split-input-file -verify-diagnostics -diff-tile

func.func @last_tile_smaller(%q: tensor<1x8x4x16xf32>) -> tensor<1x8x4x16xf32> {
  // expected-error @below {{'diff.softmax_attention' op tile size 3 of the output heads must divide their number 4, and divide or be a multiple of the 1 that share a value head}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x8x4x16xf32>, tensor<1x8x4x16xf32>,
             tensor<1x8x4x16xf32>)
         outs(%q : tensor<1x8x4x16xf32>)
         {schedule = #diff.schedule<heads = 3, queries = 8, keys = 16>}
         -> tensor<1x8x4x16xf32>
  return %0 : tensor<1x8x4x16xf32>
}

// -----

func.func @straddle(%q: tensor<1x8x12x16xf32>, %k: tensor<1x8x3x16xf32>)
    -> tensor<1x8x12x16xf32> {
  // expected-error @below {{'diff.softmax_attention' op tile size 3 of the output heads must divide their number 12, and divide or be a multiple of the 4 that share a value head}}
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x8x12x16xf32>, tensor<1x8x3x16xf32>,
             tensor<1x8x3x16xf32>)
         outs(%q : tensor<1x8x12x16xf32>)
         {schedule = #diff.schedule<heads = 3, queries = 8, keys = 16>}
         -> tensor<1x8x12x16xf32>
  return %0 : tensor<1x8x12x16xf32>
}
