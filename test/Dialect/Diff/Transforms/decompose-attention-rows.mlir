// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -diff-decompose-attention -canonicalize | FileCheck %s

// A tile of two tokens on tensor cores: the query is padded from five maps to eight, which
// fill an instruction of 16 rows. The epilogue reads the rows of the five maps.
// CHECK-LABEL: func @two_tokens
// CHECK: %[[QUERY:.*]] = tensor.pad %{{.*}} low[0, 0, 0, 0] high[0, 0, 3, 0]
// CHECK: diff.online_attention ins(%[[QUERY]], {{.*}}tensor<1x2x8x64xbf16>{{.*}} maps(8)
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0] [1, {{[45]}}, 2, 64]
// CHECK-LABEL: func @left_alone
// CHECK-NOT: tensor.pad
// CHECK: diff.online_attention {{.*}} maps(5)
func.func @two_tokens(%q: tensor<1x2x5x64xbf16>, %k: tensor<1x64x1x64xbf16>,
                      %lambda: tensor<1x2x4xbf16>, %init: tensor<1x2x4x64xbf16>)
    -> tensor<1x2x4x64xbf16> {
  %0 = scf.forall (%i) in (1) shared_outs(%o = %init) -> (tensor<1x2x4x64xbf16>) {
    %1 = diff.attention
           ins(%q, %k, %k, %lambda : tensor<1x2x5x64xbf16>, tensor<1x64x1x64xbf16>,
               tensor<1x64x1x64xbf16>, tensor<1x2x4xbf16>)
           outs(%o : tensor<1x2x4x64xbf16>) signals(4) -> tensor<1x2x4x64xbf16>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1 into %o[0, 0, 0, 0] [1, 2, 4, 64] [1, 1, 1, 1]
        : tensor<1x2x4x64xbf16> into tensor<1x2x4x64xbf16>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 1>}
  return %0 : tensor<1x2x4x64xbf16>
}

// Not on tensor cores.
func.func @left_alone(%q: tensor<1x2x5x64xbf16>, %k: tensor<1x64x1x64xbf16>,
                      %lambda: tensor<1x2x4xbf16>, %init: tensor<1x2x4x64xbf16>)
    -> tensor<1x2x4x64xbf16> {
  %1 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x2x5x64xbf16>, tensor<1x64x1x64xbf16>,
             tensor<1x64x1x64xbf16>, tensor<1x2x4xbf16>)
         outs(%init : tensor<1x2x4x64xbf16>) signals(4) -> tensor<1x2x4x64xbf16>
  return %1 : tensor<1x2x4x64xbf16>
}
