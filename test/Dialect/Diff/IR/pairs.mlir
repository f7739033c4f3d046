// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The pair as a dimension of its own: rank 5, or rank 4 with sequences.
// RUN: diff-opt %s -verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @v2
// CHECK: diff.attention ins({{.*}} : tensor<1x512x8x2x64xbf16>, tensor<1x512x4x64xbf16>, tensor<1x512x4x64xbf16>, tensor<1x512x8xbf16>) outs({{.*}}) -> tensor
func.func @v2(%q: tensor<1x512x8x2x64xbf16>, %k: tensor<1x512x4x64xbf16>,
              %l: tensor<1x512x8xbf16>, %o: tensor<1x512x8x64xbf16>)
    -> tensor<1x512x8x64xbf16> {
  %0 = diff.attention
         ins(%q, %k, %k, %l : tensor<1x512x8x2x64xbf16>,
             tensor<1x512x4x64xbf16>, tensor<1x512x4x64xbf16>,
             tensor<1x512x8xbf16>)
         outs(%o : tensor<1x512x8x64xbf16>) -> tensor<1x512x8x64xbf16>
  return %0 : tensor<1x512x8x64xbf16>
}

// The signal heads of all groups, then the noise heads.
// CHECK-LABEL: func @signals
// CHECK: diff.attention {{.*}} outs({{.*}}) signals(4) layout<query = [0, 1, 3, 2, 4]> ->
func.func @signals(%q: tensor<1x512x5x2x64xbf16>, %k: tensor<1x512x2x64xbf16>,
                   %l: tensor<1x512x8xbf16>, %o: tensor<1x512x8x64xbf16>,
                   %lse: tensor<1x10x512xf32>)
    -> (tensor<1x512x8x64xbf16>, tensor<1x10x512xf32>) {
  %0:2 = diff.attention
           ins(%q, %k, %k, %l : tensor<1x512x5x2x64xbf16>,
               tensor<1x512x2x64xbf16>, tensor<1x512x2x64xbf16>,
               tensor<1x512x8xbf16>)
           outs(%o, %lse : tensor<1x512x8x64xbf16>, tensor<1x10x512xf32>)
           signals(4) layout<query = [0, 1, 3, 2, 4]>
           -> tensor<1x512x8x64xbf16>, tensor<1x10x512xf32>
  return %0#0, %0#1 : tensor<1x512x8x64xbf16>, tensor<1x10x512xf32>
}

// A cache whose halves are outermost, with sequences.
// CHECK-LABEL: func @v1
// CHECK: diff.attention_v1 {{.*}} cu_seqlens({{.*}}) layout<query = [0, 2, 1, 3], key = [2, 0, 1, 3], value = [2, 0, 1, 3]> ->
func.func @v1(%q: tensor<?x2x8x64xbf16>, %k: tensor<2x?x4x64xbf16>,
              %v: tensor<2x?x4x64xbf16>, %l: tensor<8xf32>, %w: tensor<128xf32>,
              %cu: tensor<?xi32>, %o: tensor<?x8x128xbf16>)
    -> tensor<?x8x128xbf16> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %l, %w : tensor<?x2x8x64xbf16>, tensor<2x?x4x64xbf16>,
             tensor<2x?x4x64xbf16>, tensor<8xf32>, tensor<128xf32>)
         outs(%o : tensor<?x8x128xbf16>)
         cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
         layout<query = [0, 2, 1, 3], key = [2, 0, 1, 3], value = [2, 0, 1, 3]>
         -> tensor<?x8x128xbf16>
  return %0 : tensor<?x8x128xbf16>
}

// One operand may have the dimension and another not. Memrefs, too.
// CHECK-LABEL: func @mixed
// CHECK: diff.attention_v1 ins({{.*}} : memref<1x32x8x16xf32>, memref<1x32x2x2x16xf32>, memref<1x32x2x32xf32>,
func.func @mixed(%q: memref<1x32x8x16xf32>, %k: memref<1x32x2x2x16xf32>,
                 %v: memref<1x32x2x32xf32>, %l: memref<4xf32>,
                 %w: memref<32xf32>, %o: memref<1x32x4x32xf32>) {
  diff.attention_v1
    ins(%q, %k, %v, %l, %w : memref<1x32x8x16xf32>, memref<1x32x2x2x16xf32>,
        memref<1x32x2x32xf32>, memref<4xf32>, memref<32xf32>)
    outs(%o : memref<1x32x4x32xf32>)
  return
}

// CHECK-LABEL: func @online
// CHECK: diff.online_attention {{.*}} maps(2) layout<key = [3, 0, 1, 2, 4]> ->
func.func @online(%q: tensor<1x8x2x2x16xf32>, %k: tensor<2x1x8x1x16xf32>,
                  %v: tensor<1x8x1x2x16xf32>, %acc: tensor<1x4x8x32xf32>,
                  %max: tensor<1x4x8xf32>) -> tensor<1x4x8x32xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x8x2x2x16xf32>, tensor<2x1x8x1x16xf32>,
               tensor<1x8x1x2x16xf32>)
           outs(%acc, %max, %max : tensor<1x4x8x32xf32>, tensor<1x4x8xf32>,
                tensor<1x4x8xf32>)
           maps(2) layout<key = [3, 0, 1, 2, 4]>
           -> tensor<1x4x8x32xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>
  return %0#0 : tensor<1x4x8x32xf32>
}

// The running values, too: the maps are outside of the heads.
// CHECK-LABEL: func @online_rows
// CHECK: diff.online_attention {{.*}} outs({{.*}} : tensor<1x2x2x8x32xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>) maps(2) ->
func.func @online_rows(%q: tensor<1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>,
                       %v: tensor<1x8x1x32xf32>, %acc: tensor<1x2x2x8x32xf32>,
                       %max: tensor<1x2x2x8xf32>) -> tensor<1x2x2x8x32xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x8x4x16xf32>, tensor<1x8x2x16xf32>,
               tensor<1x8x1x32xf32>)
           outs(%acc, %max, %max : tensor<1x2x2x8x32xf32>, tensor<1x2x2x8xf32>,
                tensor<1x2x2x8xf32>)
           maps(2)
           -> tensor<1x2x2x8x32xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>
  return %0#0 : tensor<1x2x2x8x32xf32>
}
