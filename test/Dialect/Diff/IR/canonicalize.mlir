// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -canonicalize | FileCheck %s

// Query i of 12 sees key j of 20 if i + 8 - left <= j <= i + 8 + right: a left side
// of 19 or more hides no key, nor does a right side of 11 or more.

// CHECK-LABEL: func @window_covers_everything
// CHECK: diff.softmax_attention
// CHECK-NOT: mask
// CHECK: return
func.func @window_covers_everything(%q: tensor<1x12x1x8xf32>,
                                    %k: tensor<1x20x1x8xf32>)
    -> tensor<1x12x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x1x8xf32>, tensor<1x20x1x8xf32>,
             tensor<1x20x1x8xf32>)
         outs(%q : tensor<1x12x1x8xf32>) mask<window = [19, 11]>
         -> tensor<1x12x1x8xf32>
  return %0 : tensor<1x12x1x8xf32>
}

// -----

// CHECK-LABEL: func @left_side_one_too_short
// CHECK: mask<window = [18, -1]>
func.func @left_side_one_too_short(%q: tensor<1x12x1x8xf32>,
                                   %k: tensor<1x20x1x8xf32>)
    -> tensor<1x12x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x1x8xf32>, tensor<1x20x1x8xf32>,
             tensor<1x20x1x8xf32>)
         outs(%q : tensor<1x12x1x8xf32>) mask<window = [18, 11]>
         -> tensor<1x12x1x8xf32>
  return %0 : tensor<1x12x1x8xf32>
}

// -----

// CHECK-LABEL: func @right_side_one_too_short
// CHECK: mask<window = [-1, 10]>
func.func @right_side_one_too_short(%q: tensor<1x12x1x8xf32>,
                                    %k: tensor<1x20x1x8xf32>)
    -> tensor<1x12x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<1x12x1x8xf32>, tensor<1x20x1x8xf32>,
             tensor<1x20x1x8xf32>)
         outs(%q : tensor<1x12x1x8xf32>) mask<window = [19, 10]>
         -> tensor<1x12x1x8xf32>
  return %0 : tensor<1x12x1x8xf32>
}

// -----

// CHECK-LABEL: func @causal_window_covers_everything
// CHECK: mask<causal> ->
func.func @causal_window_covers_everything(%q: tensor<1x12x2x8xf32>,
                                           %k: tensor<1x20x1x8xf32>,
                                           %lambda: tensor<1x12x1xf32>,
                                           %init: tensor<1x12x1x8xf32>)
    -> tensor<1x12x1x8xf32> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x12x2x8xf32>, tensor<1x20x1x8xf32>,
             tensor<1x20x1x8xf32>, tensor<1x12x1xf32>)
         outs(%init : tensor<1x12x1x8xf32>) mask<causal, window = [4096, 0]>
         -> tensor<1x12x1x8xf32>
  return %0 : tensor<1x12x1x8xf32>
}

// -----

// One query sees every key: causal has no effect in a decoding step.
// CHECK-LABEL: func @causal_single_query
// CHECK: diff.attention_v1
// CHECK-NOT: mask
// CHECK: return
func.func @causal_single_query(%q: tensor<1x1x2x8xf32>, %k: tensor<1x?x2x8xf32>,
                               %v: tensor<1x?x1x16xf32>, %lambda: tensor<1xf32>,
                               %weight: tensor<16xf32>,
                               %init: tensor<1x1x1x16xf32>)
    -> tensor<1x1x1x16xf32> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<1x1x2x8xf32>,
             tensor<1x?x2x8xf32>, tensor<1x?x1x16xf32>, tensor<1xf32>,
             tensor<16xf32>)
         outs(%init : tensor<1x1x1x16xf32>) mask<causal>
         -> tensor<1x1x1x16xf32>
  return %0 : tensor<1x1x1x16xf32>
}

// -----

// The number of keys bounds the left side, that of queries the right side.
// CHECK-LABEL: func @dynamic_tokens
// CHECK: mask<window = [4096, -1]>
// CHECK: mask<window = [-1, 4096]>
// CHECK: mask<window = [4096, 4096]>
func.func @dynamic_tokens(%q: tensor<1x12x1x8xf32>, %dyn: tensor<1x?x1x8xf32>)
    -> (tensor<1x12x1x8xf32>, tensor<1x?x1x8xf32>, tensor<1x?x1x8xf32>) {
  %0 = diff.softmax_attention
         ins(%q, %dyn, %dyn : tensor<1x12x1x8xf32>, tensor<1x?x1x8xf32>,
             tensor<1x?x1x8xf32>)
         outs(%q : tensor<1x12x1x8xf32>) mask<window = [4096, 4096]>
         -> tensor<1x12x1x8xf32>
  %1 = diff.softmax_attention
         ins(%dyn, %q, %q : tensor<1x?x1x8xf32>, tensor<1x12x1x8xf32>,
             tensor<1x12x1x8xf32>)
         outs(%dyn : tensor<1x?x1x8xf32>) mask<window = [4096, 4096]>
         -> tensor<1x?x1x8xf32>
  %2 = diff.softmax_attention
         ins(%dyn, %dyn, %dyn : tensor<1x?x1x8xf32>, tensor<1x?x1x8xf32>,
             tensor<1x?x1x8xf32>)
         outs(%dyn : tensor<1x?x1x8xf32>) mask<window = [4096, 4096]>
         -> tensor<1x?x1x8xf32>
  return %0, %1, %2
    : tensor<1x12x1x8xf32>, tensor<1x?x1x8xf32>, tensor<1x?x1x8xf32>
}

// -----

// The position of the diagonal is not known, so the window may hide a key.
// CHECK-LABEL: func @window_with_diagonal
// CHECK: diagonal(%{{.*}}) mask<window = [4096, 4096]>
func.func @window_with_diagonal(%q: tensor<1x12x1x8xf32>, %diagonal: index)
    -> tensor<1x12x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x12x1x8xf32>, tensor<1x12x1x8xf32>,
             tensor<1x12x1x8xf32>)
         outs(%q : tensor<1x12x1x8xf32>) diagonal(%diagonal)
         mask<window = [4096, 4096]> -> tensor<1x12x1x8xf32>
  return %0 : tensor<1x12x1x8xf32>
}

// -----

// A mask without effect is removed, and with it the diagonal.
// CHECK-LABEL: func @unlimited_mask
// CHECK: diff.softmax_attention ins
// CHECK-NOT: mask
// CHECK-NOT: diagonal(
// CHECK: return
func.func @unlimited_mask(%q: tensor<1x12x1x8xf32>, %d: index)
    -> tensor<1x12x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x12x1x8xf32>, tensor<1x12x1x8xf32>,
             tensor<1x12x1x8xf32>)
         outs(%q : tensor<1x12x1x8xf32>) diagonal(%d) mask<window = [-1, -1]>
         -> tensor<1x12x1x8xf32>
  return %0 : tensor<1x12x1x8xf32>
}

// -----

// CHECK-LABEL: func @mask_on_memrefs
// CHECK: diff.softmax_attention
// CHECK-NOT: mask
// CHECK: return
func.func @mask_on_memrefs(%q: memref<1x12x1x8xf32>) {
  diff.softmax_attention
    ins(%q, %q, %q : memref<1x12x1x8xf32>, memref<1x12x1x8xf32>,
        memref<1x12x1x8xf32>)
    outs(%q : memref<1x12x1x8xf32>) mask<window = [11, 11]>
  return
}

// -----

// CHECK-LABEL: func @unused_diagonal
// CHECK: diff.attention ins
// CHECK-NOT: diagonal(
// CHECK: diff.attention_v1
// CHECK-NOT: diagonal(
// CHECK: return
func.func @unused_diagonal(%q: tensor<1x12x2x8xf32>, %k: tensor<1x12x1x8xf32>,
                           %v: tensor<1x12x1x16xf32>,
                           %logits: tensor<1x12x1xf32>, %lambda: tensor<1xf32>,
                           %weight: tensor<16xf32>, %d: index)
    -> (tensor<1x12x1x8xf32>, tensor<1x12x1x16xf32>) {
  %0 = diff.attention
         ins(%q, %k, %k, %logits : tensor<1x12x2x8xf32>, tensor<1x12x1x8xf32>,
             tensor<1x12x1x8xf32>, tensor<1x12x1xf32>)
         outs(%k : tensor<1x12x1x8xf32>) diagonal(%d) -> tensor<1x12x1x8xf32>
  %1 = diff.attention_v1
         ins(%q, %q, %v, %lambda, %weight : tensor<1x12x2x8xf32>,
             tensor<1x12x2x8xf32>, tensor<1x12x1x16xf32>, tensor<1xf32>,
             tensor<16xf32>)
         outs(%v : tensor<1x12x1x16xf32>) diagonal(%d) -> tensor<1x12x1x16xf32>
  return %0, %1 : tensor<1x12x1x8xf32>, tensor<1x12x1x16xf32>
}

// -----

// The sigmoid of -inf is 0: the result is standard attention on the even query heads,
// with all attributes.
// CHECK-LABEL: func @vanishing_map
// CHECK-SAME: (%[[Q:.*]]: tensor<1x12x8x16xbf16>, %[[K:.*]]: tensor<1x20x2x16xbf16>, %[[V:.*]]: tensor<1x20x2x16xbf16>, %[[D:.*]]: index, %[[O:.*]]: tensor<1x12x4x16xbf16>)
// CHECK-NEXT: %[[EVEN:.*]] = tensor.extract_slice %[[Q]][0, 0, 0, 0] [1, 12, 4, 16] [1, 1, 2, 1]
// CHECK-NEXT: %[[R:.*]] = diff.softmax_attention
// CHECK-SAME: ins(%[[EVEN]], %[[K]], %[[V]] :
// CHECK-SAME: outs(%[[O]] :
// CHECK-SAME: diagonal(%[[D]]) mask<causal> scale(1.250000e-01) softcap(3.000000e+01) {schedule = #diff.schedule<queries = 8, keys = 16>}
// CHECK-NEXT: return %[[R]]
func.func @vanishing_map(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                         %v: tensor<1x20x2x16xbf16>, %diagonal: index,
                         %init: tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16> {
  %lambda = arith.constant dense<0xFF80> : tensor<1x12x4xbf16>
  %0 = diff.attention
         ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>,
             tensor<1x20x2x16xbf16>, tensor<1x20x2x16xbf16>,
             tensor<1x12x4xbf16>)
         outs(%init : tensor<1x12x4x16xbf16>) diagonal(%diagonal) mask<causal>
         scale(0.125) softcap(30.0)
         {schedule = #diff.schedule<queries = 8, keys = 16>}
         -> tensor<1x12x4x16xbf16>
  return %0 : tensor<1x12x4x16xbf16>
}

// -----

// The same with dynamic sizes.
// CHECK-LABEL: func @vanishing_map_dynamic
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<?x?x4x16xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[B:.*]] = tensor.dim %[[Q]], %[[C0]]
// CHECK-DAG: %[[N:.*]] = tensor.dim %[[Q]], %[[C1]]
// CHECK: tensor.extract_slice %[[Q]][0, 0, 0, 0] [%[[B]], %[[N]], 2, 16] [1, 1, 2, 1] : tensor<?x?x4x16xf32> to tensor<?x?x2x16xf32>
// CHECK: diff.softmax_attention
// CHECK-NOT: diff.attention
func.func @vanishing_map_dynamic(%q: tensor<?x?x4x16xf32>,
                                 %k: tensor<?x?x2x16xf32>,
                                 %init: tensor<?x?x2x16xf32>, %b: index,
                                 %n: index) -> tensor<?x?x2x16xf32> {
  %infinity = arith.constant 0xFF800000 : f32
  %lambda = tensor.splat %infinity[%b, %n] : tensor<?x?x2xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>,
             tensor<?x?x2x16xf32>, tensor<?x?x2xf32>)
         outs(%init : tensor<?x?x2x16xf32>) -> tensor<?x?x2x16xf32>
  return %0 : tensor<?x?x2x16xf32>
}

// -----

// The log-sum-exp of the odd query heads is still needed.
// CHECK-LABEL: func @vanishing_map_with_lse
// CHECK: diff.attention
func.func @vanishing_map_with_lse(%q: tensor<1x12x2x16xf32>,
                                  %k: tensor<1x12x1x16xf32>,
                                  %lse: tensor<1x2x12xf32>)
    -> (tensor<1x12x1x16xf32>, tensor<1x2x12xf32>) {
  %lambda = arith.constant dense<0xFF800000> : tensor<1x12x1xf32>
  %0:2 = diff.attention
           ins(%q, %k, %k, %lambda : tensor<1x12x2x16xf32>,
               tensor<1x12x1x16xf32>, tensor<1x12x1x16xf32>, tensor<1x12x1xf32>)
           outs(%k, %lse : tensor<1x12x1x16xf32>, tensor<1x2x12xf32>)
           -> tensor<1x12x1x16xf32>, tensor<1x2x12xf32>
  return %0#0, %0#1 : tensor<1x12x1x16xf32>, tensor<1x2x12xf32>
}

// -----

// +inf keeps the second map, as does a large negative logit (its gate is small, not
// 0). A single -inf does not determine the other logits.
// CHECK-LABEL: func @map_that_does_not_vanish
// CHECK-COUNT-3: diff.attention
// CHECK-NOT: diff.softmax_attention
func.func @map_that_does_not_vanish(%q: tensor<1x2x2x16xf32>,
                                    %k: tensor<1x2x1x16xf32>)
    -> (tensor<1x2x1x16xf32>, tensor<1x2x1x16xf32>, tensor<1x2x1x16xf32>) {
  %plus = arith.constant dense<0x7F800000> : tensor<1x2x1xf32>
  %small = arith.constant dense<-3.0e+38> : tensor<1x2x1xf32>
  %some = arith.constant dense<[[[0xFF800000], [0.0]]]> : tensor<1x2x1xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %plus : tensor<1x2x2x16xf32>, tensor<1x2x1x16xf32>,
             tensor<1x2x1x16xf32>, tensor<1x2x1xf32>)
         outs(%k : tensor<1x2x1x16xf32>) -> tensor<1x2x1x16xf32>
  %1 = diff.attention
         ins(%q, %k, %k, %small : tensor<1x2x2x16xf32>, tensor<1x2x1x16xf32>,
             tensor<1x2x1x16xf32>, tensor<1x2x1xf32>)
         outs(%k : tensor<1x2x1x16xf32>) -> tensor<1x2x1x16xf32>
  %2 = diff.attention
         ins(%q, %k, %k, %some : tensor<1x2x2x16xf32>, tensor<1x2x1x16xf32>,
             tensor<1x2x1x16xf32>, tensor<1x2x1xf32>)
         outs(%k : tensor<1x2x1x16xf32>) -> tensor<1x2x1x16xf32>
  return %0, %1, %2
    : tensor<1x2x1x16xf32>, tensor<1x2x1x16xf32>, tensor<1x2x1x16xf32>
}

// -----

// A cast that drops a static size is folded into the op, which then has the static
// size.
// CHECK-LABEL: func @casts
// CHECK-SAME: (%[[Q:.*]]: tensor<1x12x4x8xf32>, %[[K:.*]]: tensor<1x20x2x8xf32>, %[[O:.*]]: tensor<1x12x4x8xf32>)
// CHECK: %[[R:.*]] = diff.softmax_attention ins(%[[Q]], %[[K]], %[[K]] : tensor<1x12x4x8xf32>, tensor<1x20x2x8xf32>, tensor<1x20x2x8xf32>) outs(%[[O]] : tensor<1x12x4x8xf32>) -> tensor<1x12x4x8xf32>
// CHECK: tensor.cast %[[R]] : tensor<1x12x4x8xf32> to tensor<?x?x4x8xf32>
func.func @casts(%q: tensor<1x12x4x8xf32>, %k: tensor<1x20x2x8xf32>,
                 %init: tensor<1x12x4x8xf32>) -> tensor<?x?x4x8xf32> {
  %0 = tensor.cast %q : tensor<1x12x4x8xf32> to tensor<?x?x4x8xf32>
  %1 = tensor.cast %k : tensor<1x20x2x8xf32> to tensor<?x?x2x8xf32>
  %2 = tensor.cast %init : tensor<1x12x4x8xf32> to tensor<?x?x4x8xf32>
  %3 = diff.softmax_attention
         ins(%0, %1, %1 : tensor<?x?x4x8xf32>, tensor<?x?x2x8xf32>,
             tensor<?x?x2x8xf32>)
         outs(%2 : tensor<?x?x4x8xf32>) -> tensor<?x?x4x8xf32>
  return %3 : tensor<?x?x4x8xf32>
}

// -----

// CHECK-LABEL: func @casts_online
// CHECK: diff.online_attention
// CHECK-SAME: outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<1x2x12x8xf32>, tensor<1x2x12xf32>, tensor<1x2x12xf32>)
func.func @casts_online(%q: tensor<1x12x2x8xf32>, %k: tensor<1x20x1x8xf32>,
                        %acc: tensor<1x2x12x8xf32>, %row: tensor<1x2x12xf32>)
    -> tensor<1x2x12x8xf32> {
  %0 = tensor.cast %acc : tensor<1x2x12x8xf32> to tensor<1x2x?x8xf32>
  %1 = tensor.cast %row : tensor<1x2x12xf32> to tensor<?x2x?xf32>
  %2:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x12x2x8xf32>, tensor<1x20x1x8xf32>,
               tensor<1x20x1x8xf32>)
           outs(%0, %1, %1 : tensor<1x2x?x8xf32>, tensor<?x2x?xf32>,
                tensor<?x2x?xf32>)
           maps(2) -> tensor<1x2x?x8xf32>, tensor<?x2x?xf32>, tensor<?x2x?xf32>
  %3 = tensor.cast %2#0 : tensor<1x2x?x8xf32> to tensor<1x2x12x8xf32>
  return %3 : tensor<1x2x12x8xf32>
}

// -----

// A cast that adds a static size is an assertion and stays.
// CHECK-LABEL: func @cast_that_adds
// CHECK: tensor.cast
// CHECK: diff.softmax_attention
func.func @cast_that_adds(%q: tensor<?x?x4x8xf32>, %k: tensor<1x20x2x8xf32>,
                          %init: tensor<1x12x4x8xf32>) -> tensor<1x12x4x8xf32> {
  %0 = tensor.cast %q : tensor<?x?x4x8xf32> to tensor<1x12x4x8xf32>
  %1 = diff.softmax_attention
         ins(%0, %k, %k : tensor<1x12x4x8xf32>, tensor<1x20x2x8xf32>,
             tensor<1x20x2x8xf32>)
         outs(%init : tensor<1x12x4x8xf32>) -> tensor<1x12x4x8xf32>
  return %1 : tensor<1x12x4x8xf32>
}

// -----

// The unused op is dead on tensors and live on memrefs.
// CHECK-LABEL: func @dead
// CHECK-NEXT: diff.softmax_attention {{.*}} memref<
// CHECK-NEXT: return
func.func @dead(%t: tensor<1x2x1x8xf32>, %m: memref<1x2x1x8xf32>) {
  %0 = diff.softmax_attention
         ins(%t, %t, %t : tensor<1x2x1x8xf32>, tensor<1x2x1x8xf32>,
             tensor<1x2x1x8xf32>)
         outs(%t : tensor<1x2x1x8xf32>) -> tensor<1x2x1x8xf32>
  diff.softmax_attention
    ins(%m, %m, %m : memref<1x2x1x8xf32>, memref<1x2x1x8xf32>,
        memref<1x2x1x8xf32>)
    outs(%m : memref<1x2x1x8xf32>)
  return
}

// -----

// A default order is removed.
// CHECK-LABEL: func @default_layout
// CHECK: layout<key = [1, 0, 2, 3]>
// CHECK: diff.softmax_attention
// CHECK-NOT: layout
func.func @default_layout(%q: tensor<1x12x2x8xf32>, %k: tensor<12x1x2x8xf32>)
    -> (tensor<1x12x2x8xf32>, tensor<1x12x2x8xf32>) {
  %0 = diff.softmax_attention
         ins(%q, %k, %q : tensor<1x12x2x8xf32>, tensor<12x1x2x8xf32>,
             tensor<1x12x2x8xf32>)
         outs(%q : tensor<1x12x2x8xf32>)
         layout<key = [1, 0, 2, 3], value = [0, 1, 2, 3]>
         -> tensor<1x12x2x8xf32>
  %1 = diff.softmax_attention
         ins(%0, %q, %q : tensor<1x12x2x8xf32>, tensor<1x12x2x8xf32>,
             tensor<1x12x2x8xf32>)
         outs(%q : tensor<1x12x2x8xf32>) layout<query = [0, 1, 2, 3]>
         -> tensor<1x12x2x8xf32>
  return %0, %1 : tensor<1x12x2x8xf32>, tensor<1x12x2x8xf32>
}

// -----

// No sequence has more keys than all sequences together: a left side of 20 covers 20
// keys.
// CHECK-LABEL: func @mask_of_sequences
// CHECK: mask<causal>
func.func @mask_of_sequences(%q: tensor<12x2x8xf32>, %k: tensor<20x2x8xf32>,
                             %cu: tensor<?xi32>) -> tensor<12x2x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %k : tensor<12x2x8xf32>, tensor<20x2x8xf32>,
             tensor<20x2x8xf32>)
         outs(%q : tensor<12x2x8xf32>)
         cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
         mask<window = [20, 0]> -> tensor<12x2x8xf32>
  return %0 : tensor<12x2x8xf32>
}

// -----

// The first map of each pair is selected along the head dimension of the layout.
// CHECK-LABEL: func @vanishing_map_of_sequences
// CHECK: %[[Q:.*]] = tensor.extract_slice %{{.*}}[0, 0, 0] [4, %{{.*}}, 16] [2, 1, 1] : tensor<8x?x16xbf16> to tensor<4x?x16xbf16>
// CHECK: diff.softmax_attention ins(%[[Q]],
// CHECK-SAME: cu_seqlens(%{{.*}}, %{{.*}} : tensor<?xi32>, tensor<?xi32>) layout<query = [1, 0, 2]>
func.func @vanishing_map_of_sequences(%q: tensor<8x?x16xbf16>,
                                      %k: tensor<?x2x16xbf16>,
                                      %init: tensor<?x4x16xbf16>,
                                      %cu: tensor<?xi32>, %n: index)
    -> tensor<?x4x16xbf16> {
  %x = arith.constant 0xFF80 : bf16
  %lambda = tensor.splat %x[%n] : tensor<?x4xbf16>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<8x?x16xbf16>, tensor<?x2x16xbf16>,
             tensor<?x2x16xbf16>, tensor<?x4xbf16>)
         outs(%init : tensor<?x4x16xbf16>)
         cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
         layout<query = [1, 0, 2]> -> tensor<?x4x16xbf16>
  return %0 : tensor<?x4x16xbf16>
}

// -----

// The signal heads are a slice of the dimension of the maps.
// CHECK-LABEL: func @minus_infinity_pairs
// CHECK-SAME: %[[Q:[^:]*]]: tensor<2x?x2x4x16xbf16>
// CHECK: %[[SIGNALS:.*]] = tensor.extract_slice %[[Q]][0, 0, 0, 0, 0] [2, %{{.*}}, 1, 4, 16] [1, 1, 1, 1, 1] : tensor<2x?x2x4x16xbf16> to tensor<2x?x4x16xbf16>
// CHECK: diff.softmax_attention ins(%[[SIGNALS]],
// CHECK-NOT: layout
// CHECK-LABEL: func @minus_infinity_head_major
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0, 0] [2, 1, 4, %{{.*}}, 16] [1, 1, 1, 1, 1] : tensor<2x2x4x?x16xbf16> to tensor<2x4x?x16xbf16>
// CHECK: diff.softmax_attention
// CHECK-SAME: layout<query = [0, 2, 1, 3]>
func.func @minus_infinity_pairs(%q: tensor<2x?x2x4x16xbf16>, %k: tensor<2x9x2x16xbf16>,
                                %o: tensor<2x?x4x16xbf16>, %n: index)
    -> tensor<2x?x4x16xbf16> {
  %infinity = arith.constant 0xFF800000 : f32
  %lambda = tensor.splat %infinity[%n] : tensor<2x?x4xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<2x?x2x4x16xbf16>, tensor<2x9x2x16xbf16>,
             tensor<2x9x2x16xbf16>, tensor<2x?x4xf32>)
         outs(%o : tensor<2x?x4x16xbf16>) layout<query = [0, 1, 3, 2, 4]>
         -> tensor<2x?x4x16xbf16>
  return %0 : tensor<2x?x4x16xbf16>
}

func.func @minus_infinity_head_major(%q: tensor<2x2x4x?x16xbf16>, %k: tensor<2x9x2x16xbf16>,
                                     %o: tensor<2x?x4x16xbf16>, %n: index)
    -> tensor<2x?x4x16xbf16> {
  %infinity = arith.constant 0xFF800000 : f32
  %lambda = tensor.splat %infinity[%n] : tensor<2x?x4xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<2x2x4x?x16xbf16>, tensor<2x9x2x16xbf16>,
             tensor<2x9x2x16xbf16>, tensor<2x?x4xf32>)
         outs(%o : tensor<2x?x4x16xbf16>) layout<query = [0, 3, 2, 1, 4]>
         -> tensor<2x?x4x16xbf16>
  return %0 : tensor<2x?x4x16xbf16>
}

// -----

// The output gate stays.
// CHECK-LABEL: func @minus_infinity_with_gate
// CHECK-SAME: %[[GATE:[^:]*]]: tensor<1x12x4x16xbf16>, %{{[^:]*}}: tensor<1x12x4x16xbf16>)
// CHECK: diff.softmax_attention {{.*}} gate(%[[GATE]] : tensor<1x12x4x16xbf16>)
func.func @minus_infinity_with_gate(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                                    %gate: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16> {
  %lambda = arith.constant dense<0xFF80> : tensor<1x12x4xbf16>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
             tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
         outs(%o : tensor<1x12x4x16xbf16>) gate(%gate : tensor<1x12x4x16xbf16>)
         -> tensor<1x12x4x16xbf16>
  return %0 : tensor<1x12x4x16xbf16>
}

// The query heads of several signals are no strided slice.
// CHECK-LABEL: func @minus_infinity_with_signals
// CHECK-NOT: diff.softmax_attention
// CHECK: diff.attention
func.func @minus_infinity_with_signals(%q: tensor<1x12x6x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                                       %o: tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16> {
  %lambda = arith.constant dense<0xFF80> : tensor<1x12x4xbf16>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x12x6x16xbf16>, tensor<1x20x2x16xbf16>,
             tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
         outs(%o : tensor<1x12x4x16xbf16>) signals(2) -> tensor<1x12x4x16xbf16>
  return %0 : tensor<1x12x4x16xbf16>
}
