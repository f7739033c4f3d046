// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -convert-diff-to-vector -cse | FileCheck %s
// RUN: diff-opt %s -split-input-file -convert-diff-to-vector="vector-bytes=32 registers=16" -cse | FileCheck %s --check-prefix=AVX2

// Two rows of 32 elements read each of two key heads. The query, the maxima and
// the scores are [head][row][...]. Key blocks are outside heads. The sums of eight
// keys and two rows are in registers. While keys are read, the values of the block
// are prefetched.

// CHECK-LABEL: func @two_heads(
// CHECK-DAG: %[[BLOCK:.*]] = arith.constant 64 : index
// CHECK-DAG: %[[HEADS:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[QUERY:.*]] = memref.alloc() {{.*}} : memref<2x2x32xf32>
// CHECK: scf.for %[[FIRST:.*]] = %{{.*}} to %{{.*}} step %[[BLOCK]]
// CHECK:   scf.for %{{.*}} = %{{.*}} to %[[HEADS]]
// CHECK:     memref.prefetch %{{.*}}, read, locality<3>, data
// CHECK-COUNT-8: vector.load %{{.*}} : memref<256x32xf32, strided<[?, 1], offset: ?>>, vector<16xf32>
// CHECK:     vector.shuffle %{{.*}} [0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29]
// CHECK:     math.exp2 %{{.*}} : vector<16xf32>
// CHECK:     iter_args(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK:       vector.broadcast %{{.*}} : f32 to vector<16xf32>
// AVX2-LABEL: func @two_heads(
// AVX2: memref.alloc() {{.*}} : memref<2x2x32xf32>
// AVX2: vector.shuffle %{{.*}} [0, 8, 1, 9, 4, 12, 5, 13] : vector<8xf32>, vector<8xf32>
func.func @two_heads(%q: tensor<1x1x4x32xf32>, %k: tensor<1x256x2x32xf32>,
                     %v: tensor<1x256x2x32xf32>, %acc: tensor<1x4x1x32xf32>,
                     %max: tensor<1x4x1xf32>, %sum: tensor<1x4x1xf32>)
    -> tensor<1x4x1x32xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x1x4x32xf32>, tensor<1x256x2x32xf32>,
               tensor<1x256x2x32xf32>)
           outs(%acc, %max, %sum : tensor<1x4x1x32xf32>, tensor<1x4x1xf32>,
                tensor<1x4x1xf32>) maps(2)
           -> tensor<1x4x1x32xf32>, tensor<1x4x1xf32>, tensor<1x4x1xf32>
  return %0#0 : tensor<1x4x1x32xf32>
}

// -----

// A load of bf16 gives its even and its odd elements.

// CHECK-LABEL: func @pairs(
// CHECK: %[[LOAD:.*]] = vector.load %{{.*}} : memref<64x32xbf16, strided<[?, 1], offset: ?>>, vector<32xbf16>
// CHECK: %[[BITS:.*]] = vector.bitcast %[[LOAD]] : vector<32xbf16> to vector<16xi32>
// CHECK: %[[EVEN:.*]] = arith.shli %[[BITS]]
// CHECK: %[[ODD:.*]] = arith.andi %[[BITS]]
// CHECK: arith.bitcast %[[EVEN]] : vector<16xi32> to vector<16xf32>
// CHECK: arith.bitcast %[[ODD]] : vector<16xi32> to vector<16xf32>
func.func @pairs(%q: tensor<1x1x1x32xbf16>, %k: tensor<1x64x1x32xbf16>,
                 %acc: tensor<1x1x1x32xf32>, %max: tensor<1x1x1xf32>,
                 %sum: tensor<1x1x1xf32>) -> tensor<1x1x1x32xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x1x1x32xbf16>, tensor<1x64x1x32xbf16>,
               tensor<1x64x1x32xbf16>)
           outs(%acc, %max, %sum : tensor<1x1x1x32xf32>, tensor<1x1x1xf32>,
                tensor<1x1x1xf32>)
           -> tensor<1x1x1x32xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>
  return %0#0 : tensor<1x1x1x32xf32>
}

// -----

// The second load of 24 elements begins at element 8. The query is zero in the
// lanes that the first load has read.

// CHECK-LABEL: func @overlap(
// CHECK: %[[C8:.*]] = arith.constant 8 : index
// CHECK: %[[LAST:.*]] = vector.load %{{.*}}, %[[C8]]] : memref<1x1x1x24xf32, strided<[?, ?, ?, 1], offset: ?>>, vector<16xf32>
// CHECK: %[[NEW:.*]] = arith.constant dense<[false, false, false, false, false, false, false, false, true, true, true, true, true, true, true, true]>
// CHECK: arith.select %[[NEW]], %[[LAST]], %{{.*}} : vector<16xi1>, vector<16xf32>
func.func @overlap(%q: tensor<1x1x1x24xf32>, %k: tensor<1x64x1x24xf32>,
                   %acc: tensor<1x1x1x24xf32>, %max: tensor<1x1x1xf32>,
                   %sum: tensor<1x1x1xf32>) -> tensor<1x1x1x24xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x1x1x24xf32>, tensor<1x64x1x24xf32>,
               tensor<1x64x1x24xf32>)
           outs(%acc, %max, %sum : tensor<1x1x1x24xf32>, tensor<1x1x1xf32>,
                tensor<1x1x1xf32>)
           -> tensor<1x1x1x24xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>
  return %0#0 : tensor<1x1x1x24xf32>
}
