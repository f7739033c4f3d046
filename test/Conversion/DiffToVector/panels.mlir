// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -convert-diff-to-vector | FileCheck %s
// RUN: diff-opt %s -convert-diff-to-vector="vector-bytes=32 registers=16" | FileCheck %s --check-prefix=AVX2

// 32 tokens of two maps: one panel of 64 lanes, with a tile of 6 keys by 4 registers.
// Keys that are whole tiles and no mask: no masked loop.

// CHECK-LABEL: func @whole(
// CHECK-SAME: %[[Q:.*]]: tensor<1x32x2x64xf32>, %[[K:.*]]: tensor<1x128x1x64xf32>
// CHECK-DAG: %[[KEYS:.*]] = bufferization.to_buffer %[[K]] read_only : tensor<1x128x1x64xf32> to memref<1x128x1x64xf32, strided<[?, ?, ?, 1], offset: ?>>
// CHECK-DAG: %[[PANELS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1x64x64xf32>
// The query is transposed: 4 rounds of 16 shuffles.
// CHECK-COUNT-64: vector.shuffle
// CHECK: vector.store
// The loops over the keys: 64 a step, and 6 of them in registers.
// CHECK: %[[END:.*]] = arith.constant 128 : index
// CHECK: scf.for {{.*}} to %[[END]] step
// CHECK: iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
// CHECK: %{{.*}}:24 = scf.for
// CHECK-NOT: arith.cmpi
// CHECK: return

// 8 tokens of two maps: 4 panels of 16 lanes.
// AVX2-LABEL: func @whole(
// AVX2: memref.alloc() {alignment = 64 : i64} : memref<4x64x16xf32>
// AVX2-COUNT-24: vector.shuffle
// AVX2: vector.fma {{.*}} : vector<8xf32>
func.func @whole(%q: tensor<1x32x2x64xf32>, %k: tensor<1x128x1x64xf32>)
    -> (tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant -3.40282347E+38 : f32
  %a = tensor.empty() : tensor<1x2x32x64xf32>
  %r = tensor.empty() : tensor<1x2x32xf32>
  %acc = linalg.fill ins(%zero : f32) outs(%a : tensor<1x2x32x64xf32>) -> tensor<1x2x32x64xf32>
  %max = linalg.fill ins(%lowest : f32) outs(%r : tensor<1x2x32xf32>) -> tensor<1x2x32xf32>
  %sum = linalg.fill ins(%zero : f32) outs(%r : tensor<1x2x32xf32>) -> tensor<1x2x32xf32>
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x32x2x64xf32>, tensor<1x128x1x64xf32>, tensor<1x128x1x64xf32>)
           outs(%acc, %max, %sum : tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>)
           maps(2) scale(0.125)
           -> tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>
  return %0#0, %0#1, %0#2 : tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>
}

// Running values that are not the identity are read into the panels. Keys and values
// of bf16 are converted once for each tile; a causal mask compares numbers of keys.

// CHECK-LABEL: func @running(
// CHECK-SAME: %[[Q:.*]]: tensor<1x32x1x32xbf16>, %[[K:.*]]: tensor<1x?x1x32xbf16>, %[[ACC:.*]]: tensor<1x1x32x32xf32>
// CHECK: bufferization.to_buffer %[[ACC]] read_only
// CHECK: arith.extf {{.*}} : vector<16xbf16> to vector<16xf32>
// CHECK: arith.cmpi sle, {{.*}} : vector<16xi32>
// CHECK: math.exp2 {{.*}} : vector<16xf32>
// CHECK: bufferization.to_tensor {{.*}} restrict writable : memref<1x1x32x32xf32> to tensor<1x1x32x32xf32>
func.func @running(%q: tensor<1x32x1x32xbf16>, %k: tensor<1x?x1x32xbf16>,
                   %acc: tensor<1x1x32x32xf32>, %max: tensor<1x1x32xf32>, %sum: tensor<1x1x32xf32>)
    -> tensor<1x1x32x32xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x32x1x32xbf16>, tensor<1x?x1x32xbf16>, tensor<1x?x1x32xbf16>)
           outs(%acc, %max, %sum : tensor<1x1x32x32xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>)
           mask<causal> scale(0.125)
           -> tensor<1x1x32x32xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>
  return %0#0 : tensor<1x1x32x32xf32>
}

// The keys of each map of V1 are read by a panel of its own.

// CHECK-LABEL: func @keys_of_each_map(
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<2x32x32xf32>
func.func @keys_of_each_map(%q: tensor<1x32x2x32xf32>, %k: tensor<1x64x2x32xf32>, %v: tensor<1x64x1x64xf32>,
                            %acc: tensor<1x2x32x64xf32>, %max: tensor<1x2x32xf32>, %sum: tensor<1x2x32xf32>)
    -> tensor<1x2x32x64xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x32x2x32xf32>, tensor<1x64x2x32xf32>, tensor<1x64x1x64xf32>)
           outs(%acc, %max, %sum : tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>)
           maps(2) scale(0.125)
           -> tensor<1x2x32x64xf32>, tensor<1x2x32xf32>, tensor<1x2x32xf32>
  return %0#0 : tensor<1x2x32x64xf32>
}

// Without a number of lanes, the op is decomposed to linalg.

// CHECK-LABEL: func @dynamic_tokens(
// CHECK-NOT: diff.
// CHECK: linalg.generic
// CHECK: math.exp2
func.func @dynamic_tokens(%q: tensor<1x?x1x32xf32>, %k: tensor<1x64x1x32xf32>,
                  %acc: tensor<1x1x?x32xf32>, %row: tensor<1x1x?xf32>) -> tensor<1x1x?x32xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x?x1x32xf32>, tensor<1x64x1x32xf32>, tensor<1x64x1x32xf32>)
           outs(%acc, %row, %row : tensor<1x1x?x32xf32>, tensor<1x1x?xf32>, tensor<1x1x?xf32>)
           scale(0.125) -> tensor<1x1x?x32xf32>, tensor<1x1x?xf32>, tensor<1x1x?xf32>
  return %0#0 : tensor<1x1x?x32xf32>
}
