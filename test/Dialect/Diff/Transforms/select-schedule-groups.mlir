// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-select-schedule="shared-memory=166912 threads=128" | FileCheck %s --check-prefixes=CHECK,BIG
// RUN: diff-opt %s -split-input-file -diff-select-schedule="shared-memory=90000 threads=128" | FileCheck %s --check-prefixes=CHECK,SMALL

// Several signal heads: two warps for each of five maps. A chip with less shared memory
// takes fewer rows.
// CHECK-LABEL: func @signals(
// BIG: #diff.schedule<queries = 32, keys = 64, threads = 320, stages = 1, swizzle = false, skip_rescale = true>
// SMALL: #diff.schedule<queries = 32, keys = 64, threads = 320, stages = 1, swizzle = false, skip_rescale = true>
func.func @signals(%q: tensor<1x512x5x128xbf16>, %k: tensor<1x512x1x128xbf16>,
                   %lambda: tensor<1x512x4xbf16>, %init: tensor<1x512x4x128xbf16>)
    -> tensor<1x512x4x128xbf16> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x512x5x128xbf16>,
             tensor<1x512x1x128xbf16>, tensor<1x512x1x128xbf16>,
             tensor<1x512x4xbf16>)
         outs(%init : tensor<1x512x4x128xbf16>) signals(4) -> tensor<1x512x4x128xbf16>
  return %0 : tensor<1x512x4x128xbf16>
}

// -----

// Values of 256: 16 rows of each map fill the registers. The noise map has its own keys.
// CHECK-LABEL: func @signals_v1(
// BIG: #diff.schedule<queries = 16, keys = 64, threads = 160, stages = 1, swizzle = false, skip_rescale = true>
// SMALL: #diff.schedule<queries = 16, keys = 32, threads = 160, stages = 1, swizzle = false, skip_rescale = true>
func.func @signals_v1(%q: tensor<1x512x5x128xbf16>, %k: tensor<1x512x2x128xbf16>,
                      %v: tensor<1x512x1x256xbf16>, %lambda: tensor<4xf32>,
                      %weight: tensor<256xf32>, %init: tensor<1x512x4x256xbf16>)
    -> tensor<1x512x4x256xbf16> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<1x512x5x128xbf16>,
             tensor<1x512x2x128xbf16>, tensor<1x512x1x256xbf16>, tensor<4xf32>,
             tensor<256xf32>)
         outs(%init : tensor<1x512x4x256xbf16>) signals(4) -> tensor<1x512x4x256xbf16>
  return %0 : tensor<1x512x4x256xbf16>
}

// -----

// One token: the rows of the five maps are padded to eight for each of two tokens, so
// that they fill one instruction of 16 rows. The noise map of V1 has other keys: four
// tokens of the signal maps fill an instruction, and the noise map has one of its own.
// CHECK-LABEL: func @one_token(
// CHECK: #diff.schedule<queries = 2, keys = 64, threads = 32, stages = 1,
// CHECK: #diff.schedule<queries = 4, keys = 64, threads = 64, stages = 1,
func.func @one_token(%q: tensor<1x1x5x128xbf16>, %k: tensor<1x512x1x128xbf16>,
                     %k1: tensor<1x512x2x64xbf16>, %q1: tensor<1x1x5x64xbf16>,
                     %lambda: tensor<1x1x4xbf16>, %lambda1: tensor<4xf32>,
                     %weight: tensor<128xf32>, %init: tensor<1x1x4x128xbf16>)
    -> (tensor<1x1x4x128xbf16>, tensor<1x1x4x128xbf16>) {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x1x5x128xbf16>,
             tensor<1x512x1x128xbf16>, tensor<1x512x1x128xbf16>,
             tensor<1x1x4xbf16>)
         outs(%init : tensor<1x1x4x128xbf16>) signals(4) -> tensor<1x1x4x128xbf16>
  %1 = diff.attention_v1
         ins(%q1, %k1, %k, %lambda1, %weight : tensor<1x1x5x64xbf16>,
             tensor<1x512x2x64xbf16>, tensor<1x512x1x128xbf16>, tensor<4xf32>,
             tensor<128xf32>)
         outs(%init : tensor<1x1x4x128xbf16>) signals(4) -> tensor<1x1x4x128xbf16>
  return %0, %1 : tensor<1x1x4x128xbf16>, tensor<1x1x4x128xbf16>
}

// -----

// The registers of a query that is computed in the tile cannot be split into the rows of
// two maps.
#id = affine_map<(b, n, h, d) -> (b, n, h, d)>
// CHECK-LABEL: func @computed_query(
// CHECK: #diff.schedule<queries = 16, keys = 64, threads = 160, stages = 1,
func.func @computed_query(%q: tensor<1x1x5x64xbf16>, %k: tensor<1x512x2x64xbf16>,
                          %v: tensor<1x512x1x128xbf16>, %lambda: tensor<4xf32>,
                          %weight: tensor<128xf32>, %init: tensor<1x1x4x128xbf16>)
    -> tensor<1x1x4x128xbf16> {
  %0 = tensor.empty() : tensor<1x1x5x64xbf16>
  %1 = linalg.generic {indexing_maps = [#id, #id],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
         ins(%q : tensor<1x1x5x64xbf16>) outs(%0 : tensor<1x1x5x64xbf16>) {
  ^bb0(%a: bf16, %b: bf16):
    %r = arith.negf %a : bf16
    linalg.yield %r : bf16
  } -> tensor<1x1x5x64xbf16>
  %2 = diff.attention_v1
         ins(%1, %k, %v, %lambda, %weight : tensor<1x1x5x64xbf16>, tensor<1x512x2x64xbf16>,
             tensor<1x512x1x128xbf16>, tensor<4xf32>, tensor<128xf32>)
         outs(%init : tensor<1x1x4x128xbf16>) signals(4) -> tensor<1x1x4x128xbf16>
  return %2 : tensor<1x1x4x128xbf16>
}
