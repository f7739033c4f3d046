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

// The noise map has keys of its own: a group of four signal heads becomes four heads of
// two maps. The noise head is the second map of the first head. The log-sum-exps of the
// signal heads and of the noise head are inserted one after the other.
// CHECK-LABEL: func @own_keys
// CHECK: %[[QUERY:.*]] = tensor.pad %{{.*}} high[0, 0, 3, 0]
// CHECK: %[[SPLIT:.*]] = tensor.expand_shape %[[QUERY]] {{\[}}[0], [1], [2, 3], [4]] output_shape [1, 4, 2, 4, 64] : tensor<1x4x8x64xbf16> into tensor<1x4x2x4x64xbf16>
// CHECK: %[[ROWS:.*]]:3 = diff.online_attention ins(%[[SPLIT]], {{.*}} tensor<1x2x4x4x128xf32>{{.*}} maps(2) {{.*}} layout<query = [0, 1, 3, 2, 4]>
// CHECK-DAG: tensor.extract_slice %[[ROWS]]#0[0, 0, 0, 0, 0] [1, 1, 4, 4, 128]
// CHECK-DAG: tensor.extract_slice %[[ROWS]]#0[0, 1, 0, 0, 0] [1, 1, {{[14]}}, 4, 128]
// CHECK-DAG: %[[LSE:.*]] = tensor.insert_slice %{{.*}}[0, 0, 0] [1, 4, 4] [1, 1, 1]
// CHECK-DAG: tensor.insert_slice %{{.*}}[0, 4, 0] [1, 1, 4] [1, 1, 1]
func.func @own_keys(%q: tensor<1x4x5x64xbf16>, %k: tensor<1x64x2x64xbf16>, %v: tensor<1x64x1x128xbf16>,
                    %lambda: tensor<4xf32>, %weight: tensor<128xf32>,
                    %init: tensor<1x4x4x128xbf16>, %rows: tensor<1x5x4xf32>)
    -> (tensor<1x4x4x128xbf16>, tensor<1x5x4xf32>) {
  %0:2 = scf.forall (%i) in (1) shared_outs(%o = %init, %l = %rows)
           -> (tensor<1x4x4x128xbf16>, tensor<1x5x4xf32>) {
    %1:2 = diff.attention_v1
             ins(%q, %k, %v, %lambda, %weight : tensor<1x4x5x64xbf16>, tensor<1x64x2x64xbf16>,
                 tensor<1x64x1x128xbf16>, tensor<4xf32>, tensor<128xf32>)
             outs(%o, %l : tensor<1x4x4x128xbf16>, tensor<1x5x4xf32>) signals(4)
             -> tensor<1x4x4x128xbf16>, tensor<1x5x4xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1#0 into %o[0, 0, 0, 0] [1, 4, 4, 128] [1, 1, 1, 1]
        : tensor<1x4x4x128xbf16> into tensor<1x4x4x128xbf16>
      tensor.parallel_insert_slice %1#1 into %l[0, 0, 0] [1, 5, 4] [1, 1, 1]
        : tensor<1x5x4xf32> into tensor<1x5x4xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 2>}
  return %0#0, %0#1 : tensor<1x4x4x128xbf16>, tensor<1x5x4xf32>
}

// Two output heads of one value head: the query is split before it is padded. The
// log-sum-exps of a map are those of every other query head.
// CHECK-LABEL: func @two_heads
// CHECK: %[[SPLIT:.*]] = tensor.expand_shape %{{.*}} : tensor<1x?x4x64xbf16> into tensor<1x?x2x2x64xbf16>
// CHECK: %[[QUERY:.*]] = tensor.pad %[[SPLIT]]
// CHECK: diff.online_attention ins(%[[QUERY]], {{.*}} tensor<1x2x2x8x128xf32>{{.*}} maps(2)
// CHECK-DAG: tensor.insert_slice %{{.*}}[0, 0, 0] [1, 2, 8] [1, 2, 1]
// CHECK-DAG: tensor.insert_slice %{{.*}}[0, 1, 0] [1, 2, 8] [1, 2, 1]
func.func @two_heads(%q: tensor<1x?x4x64xbf16>, %k: tensor<1x64x2x64xbf16>, %v: tensor<1x64x1x128xbf16>,
                     %lambda: tensor<2xf32>, %weight: tensor<128xf32>, %n: index,
                     %init: tensor<1x8x2x128xbf16>, %rows: tensor<1x4x8xf32>)
    -> (tensor<1x8x2x128xbf16>, tensor<1x4x8xf32>) {
  %0:2 = scf.forall (%i) in (1) shared_outs(%o = %init, %l = %rows)
           -> (tensor<1x8x2x128xbf16>, tensor<1x4x8xf32>) {
    %zero = arith.constant 0.0 : bf16
    %padded = tensor.pad %q low[0, 0, 0, 0] high[0, %n, 0, 0] {
    ^bb0(%b: index, %t: index, %h: index, %d: index):
      tensor.yield %zero : bf16
    } : tensor<1x?x4x64xbf16> to tensor<1x8x4x64xbf16>
    %1:2 = diff.attention_v1
             ins(%padded, %k, %v, %lambda, %weight : tensor<1x8x4x64xbf16>, tensor<1x64x2x64xbf16>,
                 tensor<1x64x1x128xbf16>, tensor<2xf32>, tensor<128xf32>)
             outs(%o, %l : tensor<1x8x2x128xbf16>, tensor<1x4x8xf32>)
             -> tensor<1x8x2x128xbf16>, tensor<1x4x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1#0 into %o[0, 0, 0, 0] [1, 8, 2, 128] [1, 1, 1, 1]
        : tensor<1x8x2x128xbf16> into tensor<1x8x2x128xbf16>
      tensor.parallel_insert_slice %1#1 into %l[0, 0, 0] [1, 4, 8] [1, 1, 1]
        : tensor<1x4x8xf32> into tensor<1x4x8xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 2>}
  return %0#0, %0#1 : tensor<1x8x2x128xbf16>, tensor<1x4x8xf32>
}
