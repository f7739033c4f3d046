// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Results are written to their destinations: no buffer is allocated and nothing is
// copied.
// RUN: diff-opt %s -split-input-file -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -canonicalize -cse | FileCheck %s
// RUN: diff-opt %s -split-input-file -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -convert-linalg-to-loops -canonicalize | FileCheck %s --check-prefix=COPIES

// CHECK-LABEL: func @attention
// CHECK-SAME: (%[[Q:.*]]: memref<1x?x2x8xbf16>, %[[K:.*]]: memref<1x?x1x8xbf16>, %[[L:.*]]: memref<1x?x1xf32>, %[[D:.*]]: index, %[[O:.*]]: memref<1x?x1x8xbf16>, %[[LSE:.*]]: memref<1x2x?xf32>)
// CHECK-NEXT: diff.attention ins(%[[Q]], %[[K]], %[[K]], %[[L]] : memref<1x?x2x8xbf16>, memref<1x?x1x8xbf16>, memref<1x?x1x8xbf16>, memref<1x?x1xf32>) outs(%[[O]], %[[LSE]] : memref<1x?x1x8xbf16>, memref<1x2x?xf32>) diagonal(%[[D]]) mask<causal> softcap(3.000000e+01) {schedule = #diff.schedule<queries = 8, keys = 16>}{{$}}
// CHECK-NEXT: return %[[O]], %[[LSE]]
func.func @attention(%q: tensor<1x?x2x8xbf16>,
                     %k: tensor<1x?x1x8xbf16>, %lambda: tensor<1x?x1xf32>,
                     %diagonal: index,
                     %init: tensor<1x?x1x8xbf16> {bufferization.writable = true},
                     %lse: tensor<1x2x?xf32> {bufferization.writable = true})
    -> (tensor<1x?x1x8xbf16>, tensor<1x2x?xf32>) {
  %0:2 = diff.attention
           ins(%q, %k, %k, %lambda : tensor<1x?x2x8xbf16>,
               tensor<1x?x1x8xbf16>, tensor<1x?x1x8xbf16>, tensor<1x?x1xf32>)
           outs(%init, %lse : tensor<1x?x1x8xbf16>, tensor<1x2x?xf32>)
           diagonal(%diagonal) mask<causal> softcap(30.0)
           {schedule = #diff.schedule<queries = 8, keys = 16>}
           -> tensor<1x?x1x8xbf16>, tensor<1x2x?xf32>
  return %0#0, %0#1 : tensor<1x?x1x8xbf16>, tensor<1x2x?xf32>
}

// -----

// CHECK-LABEL: func @attention_v1
// CHECK-NEXT: diff.attention_v1 ins({{.*}} : memref<1x4x2x8xf32>, memref<1x4x2x8xf32>, memref<1x4x1x16xf32>, memref<1xf32>, memref<16xf32>) outs(%[[O:.*]] : memref<1x4x1x16xf32>) lambda_init(2.500000e-01){{$}}
// CHECK-NEXT: return %[[O]]
func.func @attention_v1(%q: tensor<1x4x2x8xf32>, %v: tensor<1x4x1x16xf32>,
                        %lambda: tensor<1xf32>, %weight: tensor<16xf32>,
                        %init: tensor<1x4x1x16xf32> {bufferization.writable = true})
    -> tensor<1x4x1x16xf32> {
  %0 = diff.attention_v1
         ins(%q, %q, %v, %lambda, %weight : tensor<1x4x2x8xf32>,
             tensor<1x4x2x8xf32>, tensor<1x4x1x16xf32>, tensor<1xf32>,
             tensor<16xf32>)
         outs(%init : tensor<1x4x1x16xf32>) lambda_init(0.25)
         -> tensor<1x4x1x16xf32>
  return %0 : tensor<1x4x1x16xf32>
}

// -----

// CHECK-LABEL: func @softmax_attention
// CHECK-NEXT: diff.softmax_attention ins({{.*}} : memref<1x4x1x8xf32>, memref<1x4x1x8xf32>, memref<1x4x1x8xf32>) outs(%[[O:.*]] : memref<1x4x1x8xf32>){{$}}
// CHECK-NEXT: return %[[O]]
func.func @softmax_attention(%q: tensor<1x4x1x8xf32>,
                             %init: tensor<1x4x1x8xf32> {bufferization.writable = true})
    -> tensor<1x4x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>)
         outs(%init : tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32>
  return %0 : tensor<1x4x1x8xf32>
}

// -----

// The running values of a loop over key tiles stay in place.
// CHECK-LABEL: func @online_attention
// CHECK-SAME: (%{{.*}}: memref<1x8x2x16xf32>, %{{.*}}: memref<1x64x1x16xf32>, %[[ACC:.*]]: memref<1x2x8x16xf32>, %[[MAX:.*]]: memref<1x2x8xf32>, %[[SUM:.*]]: memref<1x2x8xf32>)
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: scf.for %{{.*}} {
// CHECK: diff.online_attention ins({{.*}}) outs(%[[ACC]], %[[MAX]], %[[SUM]] : memref<1x2x8x16xf32>, memref<1x2x8xf32>, memref<1x2x8xf32>) maps(2) key_length(%{{.*}}){{$}}
// CHECK-NOT: memref.copy
// CHECK: return %[[ACC]]
func.func @online_attention(%q: tensor<1x8x2x16xf32>, %k: tensor<1x64x1x16xf32>,
                            %acc: tensor<1x2x8x16xf32> {bufferization.writable = true},
                            %max: tensor<1x2x8xf32> {bufferization.writable = true},
                            %sum: tensor<1x2x8xf32> {bufferization.writable = true})
    -> tensor<1x2x8x16xf32> {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %0:3 = scf.for %i = %c0 to %c64 step %c16
      iter_args(%a = %acc, %m = %max, %s = %sum)
      -> (tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) {
    %1 = tensor.extract_slice %k[0, %i, 0, 0] [1, 16, 1, 16] [1, 1, 1, 1]
      : tensor<1x64x1x16xf32> to tensor<1x16x1x16xf32>
    %2:3 = diff.online_attention
             ins(%q, %1, %1 : tensor<1x8x2x16xf32>, tensor<1x16x1x16xf32>,
                 tensor<1x16x1x16xf32>)
             outs(%a, %m, %s : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>,
                  tensor<1x2x8xf32>)
             maps(2) key_length(%i)
             -> tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
    scf.yield %2#0, %2#1, %2#2
      : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  }
  return %0#0 : tensor<1x2x8x16xf32>
}

// -----

// A destination that is read afterwards must not be overwritten: one copy.
// COPIES-LABEL: func @destination_read_later
// COPIES-SAME: %[[INIT:[^:]*]]: memref<1x4x1x8xf32>)
// COPIES: %[[COPY:.*]] = memref.alloc()
// COPIES: diff.softmax_attention {{.*}} outs(%[[COPY]] :
// COPIES: return %[[COPY]], %[[INIT]]
func.func @destination_read_later(%q: tensor<1x4x1x8xf32>,
                                  %init: tensor<1x4x1x8xf32> {bufferization.writable = true})
    -> (tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>) {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>)
         outs(%init : tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32>
  return %0, %init : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>
}

// -----

// The destination is also the query, whose other rows are read after one row is
// written: the op is not computed in place.
// COPIES-LABEL: func @destination_is_query
// COPIES-SAME: %[[Q:[^:]*]]: memref<1x4x1x8xf32>)
// COPIES: %[[COPY:.*]] = memref.alloc()
// COPIES: diff.softmax_attention ins(%[[Q]], %[[Q]], %[[Q]] :{{.*}}) outs(%[[COPY]] :
func.func @destination_is_query(%q: tensor<1x4x1x8xf32> {bufferization.writable = true})
    -> tensor<1x4x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x4x1x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>)
         outs(%q : tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32>
  return %0 : tensor<1x4x1x8xf32>
}

// -----

// Complete sequences of variable length and their tiles: in place.
// CHECK-LABEL: func @sequences
// CHECK-SAME: (%[[Q:.*]]: memref<?x2x8xf32>, %[[CU:.*]]: memref<?xi32>, %[[O:.*]]: memref<?x2x8xf32>)
// CHECK-NEXT: diff.softmax_attention ins(%[[Q]], %[[Q]], %[[Q]] :
// CHECK-SAME: outs(%[[O]] : memref<?x2x8xf32>) cu_seqlens(%[[CU]], %[[CU]] : memref<?xi32>, memref<?xi32>){{$}}
// CHECK-NEXT: return %[[O]]
func.func @sequences(%q: tensor<?x2x8xf32>, %cu: tensor<?xi32>,
                     %o: tensor<?x2x8xf32> {bufferization.writable = true})
    -> tensor<?x2x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<?x2x8xf32>, tensor<?x2x8xf32>,
             tensor<?x2x8xf32>)
         outs(%o : tensor<?x2x8xf32>)
         cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
         -> tensor<?x2x8xf32>
  return %0 : tensor<?x2x8xf32>
}

// -----

// A tile of a sequence, with a leading batch, is written to its position.
// CHECK-LABEL: func @sequence_tile
// CHECK-NOT: memref.alloc
// CHECK: scf.forall
// CHECK: %[[SLICE:.*]] = memref.subview %{{.*}}[%{{.*}}, 0, 0] [%{{.*}}, 2, 8]
// CHECK: %[[OUT:.*]] = memref.expand_shape %[[SLICE]]
// CHECK: diff.softmax_attention {{.*}} outs(%[[OUT]] :
// CHECK-NOT: memref.alloc
// CHECK: return
func.func @sequence_tile(%q: tensor<1x?x2x8xf32>, %at: index, %n: index,
                         %o: tensor<?x2x8xf32> {bufferization.writable = true})
    -> tensor<?x2x8xf32> {
  %0 = scf.forall (%i) in (4) shared_outs(%out = %o) -> tensor<?x2x8xf32> {
    %s = tensor.extract_slice %out[%at, 0, 0] [%n, 2, 8] [1, 1, 1]
           : tensor<?x2x8xf32> to tensor<?x2x8xf32>
    %e = tensor.expand_shape %s [[0, 1], [2], [3]] output_shape [1, %n, 2, 8]
           : tensor<?x2x8xf32> into tensor<1x?x2x8xf32>
    %r = diff.softmax_attention
           ins(%q, %q, %q : tensor<1x?x2x8xf32>, tensor<1x?x2x8xf32>,
               tensor<1x?x2x8xf32>)
           outs(%e : tensor<1x?x2x8xf32>) -> tensor<1x?x2x8xf32>
    %c = tensor.collapse_shape %r [[0, 1], [2], [3]]
           : tensor<1x?x2x8xf32> into tensor<?x2x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %c into %out[%at, 0, 0] [%n, 2, 8] [1, 1, 1]
        : tensor<?x2x8xf32> into tensor<?x2x8xf32>
    }
  }
  return %0 : tensor<?x2x8xf32>
}
