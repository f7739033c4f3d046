// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-select-schedule | FileCheck %s

// All heads of a token lie together: 2 x 2 x 64 elements of 4 bytes for each key,
// 1024 keys in a task of 1 MB, 64 in a block of 16 KB.
// CHECK-LABEL: func @token_major(
// CHECK: schedule = #diff.schedule<heads = 4, queries = 1, keys = 64, split = 1024>
func.func @token_major(%q: tensor<1x1x8x64xf32>, %k: tensor<1x4096x2x64xf32>,
                       %lambda: tensor<1x1x4xf32>, %init: tensor<1x1x4x64xf32>)
    -> tensor<1x1x4x64xf32> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x1x8x64xf32>, tensor<1x4096x2x64xf32>,
             tensor<1x4096x2x64xf32>, tensor<1x1x4xf32>)
         outs(%init : tensor<1x1x4x64xf32>) -> tensor<1x1x4x64xf32>
  return %0 : tensor<1x1x4x64xf32>
}

// -----

// The keys of a head lie together.
// CHECK-LABEL: func @head_major(
// CHECK: schedule = #diff.schedule<heads = 2, queries = 1, keys = 64, split = 2048>
func.func @head_major(%q: tensor<1x1x8x64xf32>, %k: tensor<1x2x4096x64xf32>,
                      %lambda: tensor<1x1x4xf32>, %init: tensor<1x1x4x64xf32>)
    -> tensor<1x1x4x64xf32> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x1x8x64xf32>, tensor<1x2x4096x64xf32>,
             tensor<1x2x4096x64xf32>, tensor<1x1x4xf32>)
         outs(%init : tensor<1x1x4x64xf32>)
         layout<key = [0, 2, 1, 3], value = [0, 2, 1, 3]> -> tensor<1x1x4x64xf32>
  return %0 : tensor<1x1x4x64xf32>
}

// -----

// A window of 200 keys is one task.
// CHECK-LABEL: func @window(
// CHECK: schedule = #diff.schedule<heads = 4, queries = 1, keys = 64>
func.func @window(%q: tensor<1x1x8x64xf32>, %k: tensor<1x?x2x64xf32>,
                  %lambda: tensor<1x1x4xf32>, %init: tensor<1x1x4x64xf32>)
    -> tensor<1x1x4x64xf32> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x1x8x64xf32>, tensor<1x?x2x64xf32>,
             tensor<1x?x2x64xf32>, tensor<1x1x4xf32>)
         outs(%init : tensor<1x1x4x64xf32>) mask<window = [199, 0]>
         -> tensor<1x1x4x64xf32>
  return %0 : tensor<1x1x4x64xf32>
}

// -----

// Sequences of one token on average have tiles of one token.
// CHECK-LABEL: func @sequences(
// CHECK: schedule = #diff.schedule<heads = 4, queries = 1, keys = 64>
func.func @sequences(%q: tensor<3x8x64xf32>, %k: tensor<9000x2x64xf32>,
                     %cu: tensor<4xi32>, %lambda: tensor<3x4xf32>,
                     %init: tensor<3x4x64xf32>) -> tensor<3x4x64xf32> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<3x8x64xf32>, tensor<9000x2x64xf32>,
             tensor<9000x2x64xf32>, tensor<3x4xf32>)
         outs(%init : tensor<3x4x64xf32>)
         cu_seqlens(%cu, %cu : tensor<4xi32>, tensor<4xi32>) -> tensor<3x4x64xf32>
  return %0 : tensor<3x4x64xf32>
}
