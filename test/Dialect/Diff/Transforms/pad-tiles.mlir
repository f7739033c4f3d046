// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(diff-pad-tiles{dim=queries},canonicalize,cse))" | FileCheck %s --check-prefixes=CHECK,QUERIES
// RUN: diff-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(diff-pad-tiles{dim=keys},canonicalize,cse))" | FileCheck %s --check-prefixes=CHECK,KEYS
// RUN: diff-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(diff-pad-tiles{dim=queries copy},diff-pad-tiles{dim=keys copy},canonicalize,cse))" | FileCheck %s --check-prefix=COPY
// RUN: not diff-opt %s -split-input-file -pass-pipeline="builtin.module(func.func(diff-pad-tiles{dim=heads}))" 2>&1 | FileCheck %s --check-prefix=OPTION

// OPTION: error: diff-pad-tiles: option 'dim' must be 'queries' or 'keys', found 'heads'

// Query and lambda are padded with rows of zeros. The op writes to new destinations,
// from which the first rows are extracted. The diagonal is that of the 20 keys and
// the original rows.
// CHECK-LABEL: func @queries
// QUERIES-SAME: (%[[Q:.*]]: tensor<1x12x2x8xbf16>, %[[K:.*]]: tensor<1x20x1x8xbf16>, %[[L:.*]]: tensor<1x12x1xbf16>, %{{.*}}: tensor<1x?x1x8xbf16>, %{{.*}}: tensor<1x2x?xf32>, %[[I:.*]]: index)
// QUERIES: %[[SIZE:.*]] = affine.min #{{.*}}()[%[[I]]]
// QUERIES: %[[TQ:.*]] = tensor.extract_slice %[[Q]]
// QUERIES: %[[TL:.*]] = tensor.extract_slice %[[L]]
// QUERIES-DAG: %[[DIAGONAL:.*]] = affine.apply #{{.*}}()[%[[SIZE]]]
// QUERIES-DAG: %[[HIGH:.*]] = affine.apply #{{.*}}()[%[[SIZE]]]
// QUERIES: %[[PQ:.*]] = tensor.pad %[[TQ]] low[0, 0, 0, 0] high[0, %{{.*}}, 0, 0]
// QUERIES: tensor<1x?x2x8xbf16> to tensor<1x8x2x8xbf16>
// QUERIES: %[[PL:.*]] = tensor.pad %[[TL]] low[0, 0, 0] high[0, %{{.*}}, 0]
// QUERIES: tensor<1x?x1xbf16> to tensor<1x8x1xbf16>
// QUERIES-DAG: %[[O:.*]] = tensor.empty() : tensor<1x8x1x8xbf16>
// QUERIES-DAG: %[[LSE:.*]] = tensor.empty() : tensor<1x2x8xf32>
// QUERIES: %[[R:.*]]:2 = diff.attention ins(%[[PQ]], %[[K]], %[[K]], %[[PL]] :{{.*}}) outs(%[[O]], %[[LSE]] :{{.*}}) diagonal(%{{.*}}) mask<causal>
// QUERIES: %[[R0:.*]] = tensor.extract_slice %[[R]]#0[0, 0, 0, 0] [1, %[[SIZE]], 1, 8] [1, 1, 1, 1] : tensor<1x8x1x8xbf16> to tensor<1x?x1x8xbf16>
// QUERIES: %[[R1:.*]] = tensor.extract_slice %[[R]]#1[0, 0, 0] [1, 2, %[[SIZE]]] [1, 1, 1] : tensor<1x2x8xf32> to tensor<1x2x?xf32>
// QUERIES: return %[[R0]], %[[R1]]
// KEYS-NOT: tensor.pad
// KEYS: return
#tail = affine_map<(d0) -> (-d0 + 12, 8)>
func.func @queries(%q: tensor<1x12x2x8xbf16>, %k: tensor<1x20x1x8xbf16>,
                   %lambda: tensor<1x12x1xbf16>, %init: tensor<1x?x1x8xbf16>,
                   %lse: tensor<1x2x?xf32>, %i: index)
    -> (tensor<1x?x1x8xbf16>, tensor<1x2x?xf32>) {
  %n = affine.min #tail(%i)
  %0 = tensor.extract_slice %q[0, %i, 0, 0] [1, %n, 2, 8] [1, 1, 1, 1]
    : tensor<1x12x2x8xbf16> to tensor<1x?x2x8xbf16>
  %1 = tensor.extract_slice %lambda[0, %i, 0] [1, %n, 1] [1, 1, 1]
    : tensor<1x12x1xbf16> to tensor<1x?x1xbf16>
  %2:2 = diff.attention
           ins(%0, %k, %k, %1 : tensor<1x?x2x8xbf16>, tensor<1x20x1x8xbf16>,
               tensor<1x20x1x8xbf16>, tensor<1x?x1xbf16>)
           outs(%init, %lse : tensor<1x?x1x8xbf16>, tensor<1x2x?xf32>)
           mask<causal> -> tensor<1x?x1x8xbf16>, tensor<1x2x?xf32>
  return %2#0, %2#1 : tensor<1x?x1x8xbf16>, tensor<1x2x?xf32>
}

// -----

// The length masks the added keys; an existing length stays in effect.
// CHECK-LABEL: func @keys
// KEYS-SAME: %[[K:[^:]*]]: tensor<1x20x1x8xf32>, %[[V:[^:]*]]: tensor<1x20x1x8xf32>, %[[LENGTH:[^:]*]]: index
// KEYS: %[[SIZE:.*]] = affine.min
// KEYS-DAG: %[[TK:.*]] = tensor.extract_slice %[[K]]
// KEYS-DAG: %[[TV:.*]] = tensor.extract_slice %[[V]]
// KEYS-DAG: %[[BOTH:.*]] = arith.minsi %[[LENGTH]], %[[SIZE]] : index
// KEYS: %[[PK:.*]] = tensor.pad %[[TK]] low[0, 0, 0, 0] high[0, %{{.*}}, 0, 0]
// KEYS: tensor<1x?x1x8xf32> to tensor<1x16x1x8xf32>
// KEYS: %[[PV:.*]] = tensor.pad %[[TV]]
// KEYS: diff.online_attention ins(%{{.*}}, %[[PK]], %[[PV]] :{{.*}} key_length(%[[BOTH]])
// QUERIES-NOT: tensor.pad
// QUERIES: return
#tail = affine_map<(d0) -> (-d0 + 20, 16)>
func.func @keys(%q: tensor<1x8x1x8xf32>, %k: tensor<1x20x1x8xf32>,
                %v: tensor<1x20x1x8xf32>, %length: index, %i: index,
                %acc: tensor<1x1x8x8xf32>, %row: tensor<1x1x8xf32>)
    -> tensor<1x1x8x8xf32> {
  %m = affine.min #tail(%i)
  %0 = tensor.extract_slice %k[0, %i, 0, 0] [1, %m, 1, 8] [1, 1, 1, 1]
    : tensor<1x20x1x8xf32> to tensor<1x?x1x8xf32>
  %1 = tensor.extract_slice %v[0, %i, 0, 0] [1, %m, 1, 8] [1, 1, 1, 1]
    : tensor<1x20x1x8xf32> to tensor<1x?x1x8xf32>
  %2:3 = diff.online_attention
           ins(%q, %0, %1 : tensor<1x8x1x8xf32>, tensor<1x?x1x8xf32>,
               tensor<1x?x1x8xf32>)
           outs(%acc, %row, %row : tensor<1x1x8x8xf32>, tensor<1x1x8xf32>,
                tensor<1x1x8xf32>)
           key_length(%length)
           -> tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>
  return %2#0 : tensor<1x1x8x8xf32>
}

// -----

// M - N becomes explicit before M changes.
// CHECK-LABEL: func @keys_causal
// KEYS: %[[SIZE:.*]] = affine.min
// KEYS: %[[DIAGONAL:.*]] = affine.apply #{{.*}}()[%[[SIZE]]]
// KEYS: diff.online_attention {{.*}} diagonal(%[[DIAGONAL]]) key_length(%[[SIZE]]) mask<causal>
#tail = affine_map<(d0) -> (-d0 + 20, 16)>
func.func @keys_causal(%q: tensor<1x8x1x8xf32>, %k: tensor<1x20x1x8xf32>,
                       %i: index, %acc: tensor<1x1x8x8xf32>,
                       %row: tensor<1x1x8xf32>) -> tensor<1x1x8x8xf32> {
  %m = affine.min #tail(%i)
  %0 = tensor.extract_slice %k[0, %i, 0, 0] [1, %m, 1, 8] [1, 1, 1, 1]
    : tensor<1x20x1x8xf32> to tensor<1x?x1x8xf32>
  %1:3 = diff.online_attention
           ins(%q, %0, %0 : tensor<1x8x1x8xf32>, tensor<1x?x1x8xf32>,
               tensor<1x?x1x8xf32>)
           outs(%acc, %row, %row : tensor<1x1x8x8xf32>, tensor<1x1x8xf32>,
                tensor<1x1x8xf32>)
           mask<causal>
           -> tensor<1x1x8x8xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>
  return %1#0 : tensor<1x1x8x8xf32>
}

// -----

// The tokens of a function argument have no bound.
// CHECK-LABEL: func @unbounded
// CHECK-NOT: tensor.pad
// CHECK: return
func.func @unbounded(%q: tensor<1x?x1x8xf32>, %acc: tensor<1x1x?x8xf32>,
                     %row: tensor<1x1x?xf32>)
    -> (tensor<1x?x1x8xf32>, tensor<1x1x?x8xf32>) {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x?x1x8xf32>, tensor<1x?x1x8xf32>,
             tensor<1x?x1x8xf32>)
         outs(%q : tensor<1x?x1x8xf32>) -> tensor<1x?x1x8xf32>
  %1:3 = diff.online_attention
           ins(%q, %q, %q : tensor<1x?x1x8xf32>, tensor<1x?x1x8xf32>,
               tensor<1x?x1x8xf32>)
           outs(%acc, %row, %row : tensor<1x1x?x8xf32>, tensor<1x1x?xf32>,
                tensor<1x1x?xf32>)
           -> tensor<1x1x?x8xf32>, tensor<1x1x?xf32>, tensor<1x1x?xf32>
  return %0, %1#0 : tensor<1x?x1x8xf32>, tensor<1x1x?x8xf32>
}

// -----

// Static tokens need no padding. With copy, they get a zero-width pad that does not
// fold.
// CHECK-LABEL: func @static
// CHECK-NOT: tensor.pad
// CHECK: return
// COPY-LABEL: func @static
// COPY-SAME: (%[[Q:.*]]: tensor<1x7x1x8xf32>, %[[K:.*]]: tensor<1x9x1x8xf32>, %[[V:.*]]: tensor<1x9x1x8xf32>,
// COPY-DAG: %[[PQ:.*]] = tensor.pad %[[Q]] nofold low[0, 0, 0, 0] high[0, 0, 0, 0]
// COPY-DAG: %[[PK:.*]] = tensor.pad %[[K]] nofold low[0, 0, 0, 0] high[0, 0, 0, 0]
// COPY-DAG: %[[PV:.*]] = tensor.pad %[[V]] nofold low[0, 0, 0, 0] high[0, 0, 0, 0]
// COPY-DAG: diff.softmax_attention ins(%[[PQ]], %[[K]], %[[V]] :
// COPY-DAG: diff.online_attention ins(%[[Q]], %[[PK]], %[[PV]] :
func.func @static(%q: tensor<1x7x1x8xf32>, %k: tensor<1x9x1x8xf32>,
                  %v: tensor<1x9x1x8xf32>, %acc: tensor<1x1x7x8xf32>,
                  %row: tensor<1x1x7xf32>)
    -> (tensor<1x7x1x8xf32>, tensor<1x1x7x8xf32>) {
  %0 = diff.softmax_attention
         ins(%q, %k, %v : tensor<1x7x1x8xf32>, tensor<1x9x1x8xf32>,
             tensor<1x9x1x8xf32>)
         outs(%q : tensor<1x7x1x8xf32>) -> tensor<1x7x1x8xf32>
  %1:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x7x1x8xf32>, tensor<1x9x1x8xf32>,
               tensor<1x9x1x8xf32>)
           outs(%acc, %row, %row : tensor<1x1x7x8xf32>, tensor<1x1x7xf32>,
                tensor<1x1x7xf32>)
           -> tensor<1x1x7x8xf32>, tensor<1x1x7xf32>, tensor<1x1x7xf32>
  return %0, %1#0 : tensor<1x7x1x8xf32>, tensor<1x1x7x8xf32>
}

// -----

#id = affine_map<(b, n, h, d) -> (b, n, h, d)>
#gain = affine_map<(b, n, h, d) -> (h, d)>

// A value that is computed in the tile is padded by padding its inputs.
// CHECK-LABEL: func @computed
// CHECK-SAME: %[[Q:[^:]*]]: tensor<1x?x2x16xbf16>, %[[G:[^:]*]]: tensor<2x16xbf16>
// QUERIES: %[[PADDED:.*]] = tensor.pad %{{.*}}
// QUERIES: } : tensor<1x?x2x16xbf16> to tensor<1x8x2x16xbf16>
// QUERIES: %[[SCALED:.*]] = linalg.generic {{.*}} ins(%[[PADDED]], %[[G]] : {{.*}}) outs(%{{.*}} : tensor<1x8x2x16xbf16>)
// QUERIES: diff.softmax_attention ins(%[[SCALED]],
func.func @computed(%q: tensor<1x?x2x16xbf16>, %g: tensor<2x16xbf16>, %k: tensor<1x20x2x16xbf16>, %o: tensor<1x?x2x16xbf16>, %i: index, %n: index) -> tensor<1x?x2x16xbf16> {
  %size = affine.min affine_map<(d0)[s0] -> (-d0 + s0, 8)>(%i)[%n]
  %part = tensor.extract_slice %q[0, %i, 0, 0] [1, %size, 2, 16] [1, 1, 1, 1] : tensor<1x?x2x16xbf16> to tensor<1x?x2x16xbf16>
  %e = tensor.empty(%size) : tensor<1x?x2x16xbf16>
  %scaled = linalg.generic {indexing_maps = [#id, #gain, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%part, %g : tensor<1x?x2x16xbf16>, tensor<2x16xbf16>) outs(%e : tensor<1x?x2x16xbf16>) {
  ^bb0(%a: bf16, %b: bf16, %c: bf16):
    %0 = arith.mulf %a, %b : bf16
    linalg.yield %0 : bf16
  } -> tensor<1x?x2x16xbf16>
  %out = tensor.extract_slice %o[0, %i, 0, 0] [1, %size, 2, 16] [1, 1, 1, 1] : tensor<1x?x2x16xbf16> to tensor<1x?x2x16xbf16>
  %1 = diff.softmax_attention
         ins(%scaled, %k, %k : tensor<1x?x2x16xbf16>, tensor<1x20x2x16xbf16>, tensor<1x20x2x16xbf16>)
         outs(%out : tensor<1x?x2x16xbf16>) -> tensor<1x?x2x16xbf16>
  return %1 : tensor<1x?x2x16xbf16>
}
