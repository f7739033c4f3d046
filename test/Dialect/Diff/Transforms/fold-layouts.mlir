// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(diff-fold-layouts))' | FileCheck %s

// Operands are read from the sources of the transposes, the output is written to
// their destination.
// CHECK-LABEL: func @head_major
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x12x16xf32>, %[[K:.*]]: tensor<1x2x20x16xf32>, %[[V:.*]]: tensor<1x2x20x16xf32>, %[[L:.*]]: tensor<1x12x4xf32>, %[[O:.*]]: tensor<1x4x12x16xf32>)
// CHECK-NOT: linalg.transpose
// CHECK: %[[R:.*]] = diff.attention ins(%[[Q]], %[[K]], %[[V]], %[[L]] :
// CHECK-SAME: outs(%[[O]] : tensor<1x4x12x16xf32>) mask<causal>
// CHECK-SAME: layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3], value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
// CHECK-NEXT: return %[[R]]
func.func @head_major(%q: tensor<1x8x12x16xf32>, %k: tensor<1x2x20x16xf32>,
                      %v: tensor<1x2x20x16xf32>, %l: tensor<1x12x4xf32>,
                      %o: tensor<1x4x12x16xf32>) -> tensor<1x4x12x16xf32> {
  %eq = tensor.empty() : tensor<1x12x8x16xf32>
  %ek = tensor.empty() : tensor<1x20x2x16xf32>
  %eo = tensor.empty() : tensor<1x12x4x16xf32>
  %tq = linalg.transpose ins(%q : tensor<1x8x12x16xf32>)
          outs(%eq : tensor<1x12x8x16xf32>) permutation = [0, 2, 1, 3]
  %tk = linalg.transpose ins(%k : tensor<1x2x20x16xf32>)
          outs(%ek : tensor<1x20x2x16xf32>) permutation = [0, 2, 1, 3]
  %tv = linalg.transpose ins(%v : tensor<1x2x20x16xf32>)
          outs(%ek : tensor<1x20x2x16xf32>) permutation = [0, 2, 1, 3]
  %0 = diff.attention
         ins(%tq, %tk, %tv, %l : tensor<1x12x8x16xf32>, tensor<1x20x2x16xf32>,
             tensor<1x20x2x16xf32>, tensor<1x12x4xf32>)
         outs(%eo : tensor<1x12x4x16xf32>) mask<causal>
         -> tensor<1x12x4x16xf32>
  %1 = linalg.transpose ins(%0 : tensor<1x12x4x16xf32>)
         outs(%o : tensor<1x4x12x16xf32>) permutation = [0, 2, 1, 3]
  return %1 : tensor<1x4x12x16xf32>
}

// -----

// Permutations that are not swaps. Dimension i of an operand is dimension layout[i]
// of [batch, tokens, heads, dim].
// CHECK-LABEL: func @rotated
// CHECK-SAME: (%[[Q:.*]]: tensor<5x2x3x16xf32>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<3x5x2x16xf32>
// CHECK: %[[R:.*]] = diff.softmax_attention ins(%[[Q]], %{{.*}}, %{{.*}} : tensor<5x2x3x16xf32>, tensor<2x7x5x16xf32>, tensor<2x7x5x16xf32>)
// CHECK-SAME: layout<query = [2, 0, 1, 3], output = [1, 2, 0, 3]>
// CHECK-SAME: -> tensor<3x5x2x16xf32>
// CHECK: return %[[R]]
func.func @rotated(%q: tensor<5x2x3x16xf32>, %k: tensor<2x7x5x16xf32>)
    -> tensor<3x5x2x16xf32> {
  %eq = tensor.empty() : tensor<2x3x5x16xf32>
  %tq = linalg.transpose ins(%q : tensor<5x2x3x16xf32>)
          outs(%eq : tensor<2x3x5x16xf32>) permutation = [1, 2, 0, 3]
  %0 = diff.softmax_attention
         ins(%tq, %k, %k : tensor<2x3x5x16xf32>, tensor<2x7x5x16xf32>,
             tensor<2x7x5x16xf32>)
         outs(%eq : tensor<2x3x5x16xf32>) -> tensor<2x3x5x16xf32>
  %eo = tensor.empty() : tensor<3x5x2x16xf32>
  %1 = linalg.transpose ins(%0 : tensor<2x3x5x16xf32>)
         outs(%eo : tensor<3x5x2x16xf32>) permutation = [1, 2, 0, 3]
  return %1 : tensor<3x5x2x16xf32>
}

// -----

// An existing layout is composed; two permutations that cancel leave none. The
// log-sum-exp does not change.
// CHECK-LABEL: func @composed
// CHECK-SAME: (%[[K:.*]]: tensor<2x7x5x16xf32>
// CHECK: %[[R:.*]]:2 = diff.softmax_attention ins(%[[K]], %[[K]], %[[K]] :
// CHECK-NOT: layout
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @composed(%k: tensor<2x7x5x16xf32>, %lse: tensor<2x5x7xf32>)
    -> (tensor<2x7x5x16xf32>, tensor<2x5x7xf32>) {
  %e = tensor.empty() : tensor<2x5x7x16xf32>
  %t = linalg.transpose ins(%k : tensor<2x7x5x16xf32>)
         outs(%e : tensor<2x5x7x16xf32>) permutation = [0, 2, 1, 3]
  %0:2 = diff.softmax_attention
         ins(%t, %t, %t : tensor<2x5x7x16xf32>, tensor<2x5x7x16xf32>,
             tensor<2x5x7x16xf32>)
         outs(%e, %lse : tensor<2x5x7x16xf32>, tensor<2x5x7xf32>)
         layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3],
                value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
         -> tensor<2x5x7x16xf32>, tensor<2x5x7xf32>
  %eo = tensor.empty() : tensor<2x7x5x16xf32>
  %1 = linalg.transpose ins(%0#0 : tensor<2x5x7x16xf32>)
         outs(%eo : tensor<2x7x5x16xf32>) permutation = [0, 2, 1, 3]
  return %1, %0#1 : tensor<2x7x5x16xf32>, tensor<2x5x7xf32>
}

// -----

// Dynamic sizes, packed: a new destination is created before the attention.
// CHECK-LABEL: func @sequences
// CHECK-SAME: (%[[Q:.*]]: tensor<2x?x16xf32>
// CHECK: %[[R:.*]] = diff.softmax_attention ins(%[[Q]], %[[Q]], %[[Q]] :
// CHECK-SAME: layout<query = [1, 0, 2], key = [1, 0, 2], value = [1, 0, 2], output = [1, 0, 2]> -> tensor<2x?x16xf32>
// CHECK-NEXT: return %[[R]]
func.func @sequences(%q: tensor<2x?x16xf32>, %cu: tensor<?xi32>)
    -> tensor<2x?x16xf32> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<2x?x16xf32>
  %e = tensor.empty(%n) : tensor<?x2x16xf32>
  %t = linalg.transpose ins(%q : tensor<2x?x16xf32>)
         outs(%e : tensor<?x2x16xf32>) permutation = [1, 0, 2]
  %0 = diff.softmax_attention
         ins(%t, %t, %t : tensor<?x2x16xf32>, tensor<?x2x16xf32>,
             tensor<?x2x16xf32>)
         outs(%e : tensor<?x2x16xf32>)
         cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
         -> tensor<?x2x16xf32>
  %eo = tensor.empty(%n) : tensor<2x?x16xf32>
  %1 = linalg.transpose ins(%0 : tensor<?x2x16xf32>)
         outs(%eo : tensor<2x?x16xf32>) permutation = [1, 0, 2]
  return %1 : tensor<2x?x16xf32>
}

// -----

// A transpose that moves the head dimension stays.
// CHECK-LABEL: func @head_dimension
// CHECK: linalg.transpose
// CHECK: diff.softmax_attention
// CHECK-NOT: layout
func.func @head_dimension(%k: tensor<2x7x16x5xf32>, %q: tensor<2x7x5x16xf32>)
    -> tensor<2x7x5x16xf32> {
  %e = tensor.empty() : tensor<2x7x5x16xf32>
  %t = linalg.transpose ins(%k : tensor<2x7x16x5xf32>)
         outs(%e : tensor<2x7x5x16xf32>) permutation = [0, 1, 3, 2]
  %0 = diff.softmax_attention
         ins(%q, %t, %t : tensor<2x7x5x16xf32>, tensor<2x7x5x16xf32>,
             tensor<2x7x5x16xf32>)
         outs(%e : tensor<2x7x5x16xf32>) -> tensor<2x7x5x16xf32>
  return %0 : tensor<2x7x5x16xf32>
}

// -----

// The transpose of an output with another user stays, as does one whose destination
// depends on the output.
// CHECK-LABEL: func @two_uses
// CHECK: diff.softmax_attention
// CHECK-NOT: layout
// CHECK: linalg.transpose
func.func @two_uses(%q: tensor<2x7x5x16xf32>, %o: tensor<2x5x7x16xf32>)
    -> (tensor<2x7x5x16xf32>, tensor<2x5x7x16xf32>) {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<2x7x5x16xf32>, tensor<2x7x5x16xf32>,
             tensor<2x7x5x16xf32>)
         outs(%q : tensor<2x7x5x16xf32>) -> tensor<2x7x5x16xf32>
  %1 = linalg.transpose ins(%0 : tensor<2x7x5x16xf32>)
         outs(%o : tensor<2x5x7x16xf32>) permutation = [0, 2, 1, 3]
  return %0, %1 : tensor<2x7x5x16xf32>, tensor<2x5x7x16xf32>
}

// -----

// Rows that belong to no sequence keep the values of the destination, which the
// transpose moves.
// CHECK-LABEL: func @values_in_destination
// CHECK: diff.softmax_attention
// CHECK-NOT: output =
// CHECK: linalg.transpose
func.func @values_in_destination(%q: tensor<?x2x16xf32>, %cu: tensor<?xi32>,
                                 %o: tensor<2x?x16xf32>) -> tensor<2x?x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<?x2x16xf32>, tensor<?x2x16xf32>,
             tensor<?x2x16xf32>)
         outs(%q : tensor<?x2x16xf32>)
         cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
         -> tensor<?x2x16xf32>
  %1 = linalg.transpose ins(%0 : tensor<?x2x16xf32>)
         outs(%o : tensor<2x?x16xf32>) permutation = [1, 0, 2]
  return %1 : tensor<2x?x16xf32>
}

// -----

// A destination that is defined after the attention.
// CHECK-LABEL: func @late_destination
// CHECK: diff.softmax_attention
// CHECK-NOT: layout
// CHECK: linalg.transpose
func.func @late_destination(%q: tensor<2x7x5x16xf32>, %x: f32)
    -> tensor<2x5x7x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<2x7x5x16xf32>, tensor<2x7x5x16xf32>,
             tensor<2x7x5x16xf32>)
         outs(%q : tensor<2x7x5x16xf32>) -> tensor<2x7x5x16xf32>
  %o = tensor.splat %x : tensor<2x5x7x16xf32>
  %1 = linalg.transpose ins(%0 : tensor<2x7x5x16xf32>)
         outs(%o : tensor<2x5x7x16xf32>) permutation = [0, 2, 1, 3]
  return %1 : tensor<2x5x7x16xf32>
}

// -----

// The maps of a pair are transposed as a dimension of their own. The reshapes of
// the arguments need no copy.
// CHECK-LABEL: func @by_halves
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<2x7x8x16xf32>, %[[K:[^:]*]]: tensor<2x2x9x2x16xf32>
// CHECK: %[[Q5:.*]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1], [2, 3], [4]]
// CHECK-NOT: linalg.transpose
// CHECK-NOT: collapse_shape
// CHECK: diff.attention_v1 ins(%[[Q5]], %[[K]], %[[K]], {{.*}} : tensor<2x7x2x4x16xf32>, tensor<2x2x9x2x16xf32>, tensor<2x2x9x2x16xf32>,
// CHECK-SAME: layout<query = [0, 1, 3, 2, 4], key = [3, 0, 1, 2, 4], value = [3, 0, 1, 2, 4]>
func.func @by_halves(%q: tensor<2x7x8x16xf32>, %k: tensor<2x2x9x2x16xf32>,
                     %l: tensor<4xf32>, %w: tensor<32xf32>,
                     %o: tensor<2x7x4x32xf32>) -> tensor<2x7x4x32xf32> {
  %q5 = tensor.expand_shape %q [[0], [1], [2, 3], [4]]
          output_shape [2, 7, 2, 4, 16]
          : tensor<2x7x8x16xf32> into tensor<2x7x2x4x16xf32>
  %qe = tensor.empty() : tensor<2x7x4x2x16xf32>
  %qt = linalg.transpose ins(%q5 : tensor<2x7x2x4x16xf32>)
          outs(%qe : tensor<2x7x4x2x16xf32>) permutation = [0, 1, 3, 2, 4]
  %qc = tensor.collapse_shape %qt [[0], [1], [2, 3], [4]]
          : tensor<2x7x4x2x16xf32> into tensor<2x7x8x16xf32>
  %ke = tensor.empty() : tensor<2x9x2x2x16xf32>
  %kt = linalg.transpose ins(%k : tensor<2x2x9x2x16xf32>)
          outs(%ke : tensor<2x9x2x2x16xf32>) permutation = [1, 2, 3, 0, 4]
  %kc = tensor.collapse_shape %kt [[0], [1], [2, 3], [4]]
          : tensor<2x9x2x2x16xf32> into tensor<2x9x4x16xf32>
  %vc = tensor.collapse_shape %kt [[0], [1], [2], [3, 4]]
          : tensor<2x9x2x2x16xf32> into tensor<2x9x2x32xf32>
  %0 = diff.attention_v1
         ins(%qc, %kc, %vc, %l, %w : tensor<2x7x8x16xf32>,
             tensor<2x9x4x16xf32>, tensor<2x9x2x32xf32>, tensor<4xf32>,
             tensor<32xf32>)
         outs(%o : tensor<2x7x4x32xf32>) -> tensor<2x7x4x32xf32>
  return %0 : tensor<2x7x4x32xf32>
}

// -----

// A transpose before the heads are split.
// CHECK-LABEL: func @split_after_transpose
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<1x8x?x16xf32>
// CHECK: %[[Q5:.*]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1, 2], [3], [4]] output_shape [1, 2, 4, %{{.*}}, 16]
// CHECK: diff.attention ins(%[[Q5]],
// CHECK-SAME: layout<query = [0, 3, 2, 1, 4]>
func.func @split_after_transpose(%q: tensor<1x8x?x16xf32>,
                                 %k: tensor<1x9x2x16xf32>,
                                 %l: tensor<1x?x4xf32>,
                                 %o: tensor<1x?x4x16xf32>, %n: index)
    -> tensor<1x?x4x16xf32> {
  %e = tensor.empty(%n) : tensor<1x?x8x16xf32>
  %t = linalg.transpose ins(%q : tensor<1x8x?x16xf32>)
         outs(%e : tensor<1x?x8x16xf32>) permutation = [0, 2, 1, 3]
  %q5 = tensor.expand_shape %t [[0], [1], [2, 3], [4]]
          output_shape [1, %n, 2, 4, 16]
          : tensor<1x?x8x16xf32> into tensor<1x?x2x4x16xf32>
  %0 = diff.attention
         ins(%q5, %k, %k, %l : tensor<1x?x2x4x16xf32>, tensor<1x9x2x16xf32>,
             tensor<1x9x2x16xf32>, tensor<1x?x4xf32>)
         outs(%o : tensor<1x?x4x16xf32>) layout<query = [0, 1, 3, 2, 4]>
         -> tensor<1x?x4x16xf32>
  return %0 : tensor<1x?x4x16xf32>
}

// -----

// Adjacent parts are merged. The reshape of an argument that makes them cancels.
// CHECK-LABEL: func @adjacent
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<1x8x4x2x16xf32>, %[[K:[^:]*]]: tensor<1x9x4x16xf32>
// CHECK: %[[Q4:.*]] = tensor.collapse_shape %[[Q]] {{\[\[}}0], [1], [2, 3], [4]]
// CHECK: diff.attention_v1 ins(%[[Q4]], %[[K]], %{{.*}} : tensor<1x8x8x16xf32>, tensor<1x9x4x16xf32>, tensor<1x2x9x32xf32>
// CHECK-SAME: layout<value = [0, 2, 1, 3]>
func.func @adjacent(%q: tensor<1x8x4x2x16xf32>, %k: tensor<1x9x4x16xf32>,
                    %v: tensor<1x2x9x2x16xf32>, %l: tensor<4xf32>,
                    %w: tensor<32xf32>, %o: tensor<1x8x4x32xf32>)
    -> tensor<1x8x4x32xf32> {
  %k5 = tensor.expand_shape %k [[0], [1], [2, 3], [4]]
          output_shape [1, 9, 2, 2, 16]
          : tensor<1x9x4x16xf32> into tensor<1x9x2x2x16xf32>
  %0 = diff.attention_v1
         ins(%q, %k5, %v, %l, %w : tensor<1x8x4x2x16xf32>,
             tensor<1x9x2x2x16xf32>, tensor<1x2x9x2x16xf32>, tensor<4xf32>,
             tensor<32xf32>)
         outs(%o : tensor<1x8x4x32xf32>) layout<value = [0, 2, 1, 3, 4]>
         -> tensor<1x8x4x32xf32>
  return %0 : tensor<1x8x4x32xf32>
}

// -----

// A collapse of other sizes: the 8 query heads are no 2 groups of 4 maps.
// CHECK-LABEL: func @other_sizes
// CHECK: linalg.transpose
// CHECK: tensor.collapse_shape
// CHECK: diff.attention
// CHECK-NOT: layout
func.func @other_sizes(%q: tensor<1x4x2x8x16xf32>, %k: tensor<1x9x2x16xf32>,
                       %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>)
    -> tensor<1x8x4x16xf32> {
  %e = tensor.empty() : tensor<1x8x2x4x16xf32>
  %t = linalg.transpose ins(%q : tensor<1x4x2x8x16xf32>)
         outs(%e : tensor<1x8x2x4x16xf32>) permutation = [0, 3, 2, 1, 4]
  %c = tensor.collapse_shape %t [[0], [1], [2, 3], [4]]
         : tensor<1x8x2x4x16xf32> into tensor<1x8x8x16xf32>
  %0 = diff.attention
         ins(%c, %k, %k, %l : tensor<1x8x8x16xf32>, tensor<1x9x2x16xf32>,
             tensor<1x9x2x16xf32>, tensor<1x8x4xf32>)
         outs(%o : tensor<1x8x4x16xf32>) -> tensor<1x8x4x16xf32>
  return %0 : tensor<1x8x4x16xf32>
}

// -----

// A transpose that moves the head dimension is not folded, and so the parts are
// merged once.
// CHECK-LABEL: func @moved_head_dimension
// CHECK: linalg.transpose
// CHECK: %[[Q:.*]] = tensor.collapse_shape
// CHECK: diff.attention ins(%[[Q]],
func.func @moved_head_dimension(%q: tensor<1x4x2x8x2xf32>, %k: tensor<1x4x2x8xf32>,
                                %l: tensor<1x4x2xf32>, %o: tensor<1x4x2x8xf32>)
    -> tensor<1x4x2x8xf32> {
  %e = tensor.empty() : tensor<1x4x2x2x8xf32>
  %t = linalg.transpose ins(%q : tensor<1x4x2x8x2xf32>)
         outs(%e : tensor<1x4x2x2x8xf32>) permutation = [0, 1, 2, 4, 3]
  %0 = diff.attention
         ins(%t, %k, %k, %l : tensor<1x4x2x2x8xf32>, tensor<1x4x2x8xf32>,
             tensor<1x4x2x8xf32>, tensor<1x4x2xf32>)
         outs(%o : tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %0 : tensor<1x4x2x8xf32>
}

// -----

// The gate has the layout of the output. Without its own transpose, the output is
// not folded; with the inverse one, both are.
// CHECK-LABEL: func @gate
// CHECK-SAME: %[[G:[^:]*]]: tensor<1x2x2x8xf32>)
// CHECK: diff.attention
// CHECK-SAME: gate(%[[G]] : tensor<1x2x2x8xf32>)
// CHECK-NOT: layout
// CHECK: linalg.transpose
func.func @gate(%q: tensor<1x2x4x8xf32>, %k: tensor<1x4x1x8xf32>, %l: tensor<1x2x2xf32>,
                %g: tensor<1x2x2x8xf32>) -> tensor<1x2x2x8xf32> {
  %e = tensor.empty() : tensor<1x2x2x8xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %l : tensor<1x2x4x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>, tensor<1x2x2xf32>)
         outs(%e : tensor<1x2x2x8xf32>) gate(%g : tensor<1x2x2x8xf32>)
         -> tensor<1x2x2x8xf32>
  %1 = linalg.transpose ins(%0 : tensor<1x2x2x8xf32>)
         outs(%e : tensor<1x2x2x8xf32>) permutation = [0, 2, 1, 3]
  return %1 : tensor<1x2x2x8xf32>
}

// -----

// CHECK-LABEL: func @transposed_gate
// CHECK-SAME: %[[G:[^:]*]]: tensor<1x3x2x8xf32>)
// CHECK-NOT: linalg.transpose
// CHECK: diff.attention
// CHECK-SAME: gate(%[[G]] : tensor<1x3x2x8xf32>)
// CHECK-SAME: layout<output = [0, 2, 1, 3]>
// CHECK-NOT: linalg.transpose
func.func @transposed_gate(%q: tensor<1x2x6x8xf32>, %k: tensor<1x4x1x8xf32>,
                           %l: tensor<1x2x3xf32>, %g: tensor<1x3x2x8xf32>)
    -> tensor<1x3x2x8xf32> {
  %eg = tensor.empty() : tensor<1x2x3x8xf32>
  %e = tensor.empty() : tensor<1x3x2x8xf32>
  %gt = linalg.transpose ins(%g : tensor<1x3x2x8xf32>)
          outs(%eg : tensor<1x2x3x8xf32>) permutation = [0, 2, 1, 3]
  %0 = diff.attention
         ins(%q, %k, %k, %l : tensor<1x2x6x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>, tensor<1x2x3xf32>)
         outs(%eg : tensor<1x2x3x8xf32>) gate(%gt : tensor<1x2x3x8xf32>)
         -> tensor<1x2x3x8xf32>
  %1 = linalg.transpose ins(%0 : tensor<1x2x3x8xf32>)
         outs(%e : tensor<1x3x2x8xf32>) permutation = [0, 2, 1, 3]
  return %1 : tensor<1x3x2x8xf32>
}
