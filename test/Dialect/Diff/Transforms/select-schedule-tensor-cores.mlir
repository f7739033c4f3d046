// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-select-schedule="shared-memory=166912 threads=128" | FileCheck %s --check-prefixes=CHECK,BIG
// RUN: diff-opt %s -split-input-file -diff-select-schedule="shared-memory=40000 threads=128" | FileCheck %s --check-prefixes=CHECK,SMALL
// RUN: diff-opt %s -split-input-file -diff-select-schedule | FileCheck %s --check-prefixes=CHECK,HOST

// Rows of whole 128-byte lines are padded; 128 rows of both maps. Without a
// log-sum-exp, the tensor cores sum the weights. A chip with less shared memory uses
// fewer rows; a CPU has no tensor cores.
// CHECK-LABEL: func @v2(
// BIG: #diff.schedule<queries = 64, keys = 64, threads = 128, stages = 1, swizzle = false, row_sum_on_mma = true, skip_rescale = true>
// SMALL: #diff.schedule<queries = 8, keys = 64, threads = 32, stages = 1, swizzle = false, row_sum_on_mma = true, skip_rescale = true>
// HOST: #diff.schedule<queries = 32, keys = 64>
func.func @v2(%q: tensor<1x512x2x128xbf16>, %k: tensor<1x512x1x128xbf16>,
              %lambda: tensor<1x512x1xbf16>, %init: tensor<1x512x1x128xbf16>)
    -> tensor<1x512x1x128xbf16> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x512x2x128xbf16>,
             tensor<1x512x1x128xbf16>, tensor<1x512x1x128xbf16>,
             tensor<1x512x1xbf16>)
         outs(%init : tensor<1x512x1x128xbf16>) -> tensor<1x512x1x128xbf16>
  return %0 : tensor<1x512x1x128xbf16>
}

// -----

// The accumulator and the slots of values have the width of the values, for any width
// of the keys.
// CHECK-LABEL: func @wide_values(
// BIG: #diff.schedule<queries = 128, keys = 64, threads = 128, stages = 1,
// SMALL: #diff.schedule<queries = 128, keys = 48, threads = 128, stages = 1,
func.func @wide_values(%q: tensor<1x512x2x64xbf16>, %k: tensor<1x512x1x64xbf16>,
                       %v: tensor<1x512x1x128xbf16>,
                       %init: tensor<1x512x2x128xbf16>)
    -> tensor<1x512x2x128xbf16> {
  %0 = diff.softmax_attention
         ins(%q, %k, %v : tensor<1x512x2x64xbf16>, tensor<1x512x1x64xbf16>,
             tensor<1x512x1x128xbf16>)
         outs(%init : tensor<1x512x2x128xbf16>) -> tensor<1x512x2x128xbf16>
  return %0 : tensor<1x512x2x128xbf16>
}

// -----

// One warp if 16 rows hold all queries. Rows of 96 bytes are swizzled. A log-sum-exp
// uses f32 sums.
// CHECK-LABEL: func @few_queries(
// BIG: #diff.schedule<queries = 16, keys = 64, threads = 32, stages = 1, skip_rescale = true>
// SMALL: #diff.schedule<queries = 16, keys = 64, threads = 32, stages = 1, skip_rescale = true>
func.func @few_queries(%q: tensor<1x7x1x48xf16>, %lse: tensor<1x1x7xf32>)
    -> (tensor<1x7x1x48xf16>, tensor<1x1x7xf32>) {
  %0:2 = diff.softmax_attention
           ins(%q, %q, %q : tensor<1x7x1x48xf16>, tensor<1x7x1x48xf16>,
               tensor<1x7x1x48xf16>)
           outs(%q, %lse : tensor<1x7x1x48xf16>, tensor<1x1x7xf32>)
           -> tensor<1x7x1x48xf16>, tensor<1x1x7xf32>
  return %0#0, %0#1 : tensor<1x7x1x48xf16>, tensor<1x1x7xf32>
}

// -----

// One token: the rows of four heads and both maps fill an instruction with two tokens.
// Heads with keys for each map fill one instruction for each map.
// CHECK-LABEL: func @one_token(
// BIG: #diff.schedule<heads = 4, queries = 2, keys = 64, threads = 32, stages = 1,
// BIG: #diff.schedule<heads = 2, queries = 8, keys = 64, threads = 64, stages = 1,
// SMALL: #diff.schedule<heads = 4, queries = 2, keys = 64, threads = 32, stages = 1,
// SMALL: #diff.schedule<heads = 2, queries = 8, keys = 32, threads = 64, stages = 1,
func.func @one_token(%q: tensor<1x1x16x128xbf16>, %k: tensor<1x512x2x128xbf16>,
                     %q1: tensor<1x1x8x64xbf16>, %k1: tensor<1x512x4x64xbf16>,
                     %lambda: tensor<1x1x8xbf16>, %lambda1: tensor<4xf32>, %weight: tensor<128xf32>,
                     %init: tensor<1x1x8x128xbf16>, %init1: tensor<1x1x4x128xbf16>)
    -> (tensor<1x1x8x128xbf16>, tensor<1x1x4x128xbf16>) {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x1x16x128xbf16>, tensor<1x512x2x128xbf16>,
             tensor<1x512x2x128xbf16>, tensor<1x1x8xbf16>)
         outs(%init : tensor<1x1x8x128xbf16>) -> tensor<1x1x8x128xbf16>
  %1 = diff.attention_v1
         ins(%q1, %k1, %k, %lambda1, %weight : tensor<1x1x8x64xbf16>, tensor<1x512x4x64xbf16>,
             tensor<1x512x2x128xbf16>, tensor<4xf32>, tensor<128xf32>)
         outs(%init1 : tensor<1x1x4x128xbf16>) -> tensor<1x1x4x128xbf16>
  return %0, %1 : tensor<1x1x8x128xbf16>, tensor<1x1x4x128xbf16>
}
