// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -convert-diff-to-vector=amx=true | FileCheck %s
// RUN: diff-opt %s -convert-diff-to-vector | FileCheck %s --check-prefix=NONE
// RUN: not diff-opt %s -pass-pipeline="builtin.module(func.func(convert-diff-to-vector{amx=true}))" 2>&1 | FileCheck %s --check-prefix=MODULE
// RUN: not diff-opt %s -convert-diff-to-vector="amx=true vector-bytes=32" 2>&1 | FileCheck %s --check-prefix=MODULE
// MODULE: error: convert-diff-to-vector: option 'amx' needs vectors of 64 bytes and a module as the op of the pass
// NONE-NOT: amx

// CHECK: func.func private @diff.request_amx() -> i1

// The keys are read in place: two tiles of 16 keys, and two columns of 16 rows.
// CHECK-LABEL: func.func @bf16(
// CHECK: %[[GRANTED:.*]] = call @diff.request_amx()
// CHECK: scf.if %[[GRANTED]] {
// CHECK: %[[QUERY:.*]] = memref.alloc() {{.*}} : memref<1x32x64xbf16>
// CHECK: %[[SCORES:.*]] = memref.alloc() {{.*}} : memref<32x32xf32>
// CHECK: %[[WEIGHTS:.*]] = memref.alloc() {{.*}} : memref<64x64xbf16>
// CHECK: %[[VALUES:.*]] = memref.alloc() {{.*}} : memref<64x128xbf16>
// CHECK-COUNT-4: amx.tile_zero
// CHECK: scf.for
// CHECK-COUNT-2: amx.tile_load %{{.*}} : memref<32x64xbf16, {{.*}}> into !amx.tile<16x32xbf16>
// CHECK: amx.tile_load %{{.*}} : memref<?x64xbf16, {{.*}}> into !amx.tile<16x32xbf16>
// CHECK-COUNT-2: amx.tile_mulf
// CHECK: amx.tile_load %{{.*}} : memref<?x64xbf16, {{.*}}> into !amx.tile<16x32xbf16>
// CHECK-COUNT-2: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store %[[SCORES]]
// The maxima rise in a branch.
// CHECK: vector.reduction <or>
// CHECK: scf.if
// CHECK: math.exp2
// CHECK: llvm.intr.fshr
// CHECK: vector.store %{{.*}}, %[[WEIGHTS]]
// CHECK: amx.tile_load %[[VALUES]]
// CHECK: } else {
// CHECK-NOT: amx
// CHECK: return
func.func @bf16(%q: tensor<1x16x2x64xbf16>, %k: tensor<1x?x1x64xbf16>, %v: tensor<1x?x1x64xbf16>,
                %acc: tensor<1x2x16x64xf32>, %max: tensor<1x2x16xf32>, %sum: tensor<1x2x16xf32>) -> (tensor<1x2x16x64xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>) {
  %0:3 = diff.online_attention ins(%q, %k, %v : tensor<1x16x2x64xbf16>, tensor<1x?x1x64xbf16>, tensor<1x?x1x64xbf16>) outs(%acc, %max, %sum : tensor<1x2x16x64xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>) maps(2) scale(0.125) {schedule = #diff.schedule<queries = 16, keys = 128>} -> tensor<1x2x16x64xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>
  return %0#0, %0#1, %0#2 : tensor<1x2x16x64xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>
}

// A dimension that is not whole tiles: the keys are copied, with zeros after them.
// With a small scale, there are two parts of the weights.
// CHECK-LABEL: func.func @padded(
// CHECK: %[[QUERY:.*]] = memref.alloc() {{.*}} : memref<1x32x64xbf16>
// CHECK: memref.alloc() {{.*}} : memref<64x64xbf16>
// CHECK: memref.alloc() {{.*}} : memref<64x64xbf16>
// CHECK: %[[KEYS:.*]] = memref.alloc() {{.*}} : memref<128x64xbf16>
// CHECK: vector.transfer_read {{.*}} : memref<?x40xbf16, {{.*}}>, vector<32xbf16>
// CHECK: amx.tile_load %[[KEYS]]
func.func @padded(%q: tensor<1x16x2x40xbf16>, %k: tensor<1x?x1x40xbf16>, %v: tensor<1x?x1x40xbf16>,
                  %acc: tensor<1x2x16x40xf32>, %max: tensor<1x2x16xf32>, %sum: tensor<1x2x16xf32>) -> (tensor<1x2x16x40xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>) {
  %0:3 = diff.online_attention ins(%q, %k, %v : tensor<1x16x2x40xbf16>, tensor<1x?x1x40xbf16>, tensor<1x?x1x40xbf16>) outs(%acc, %max, %sum : tensor<1x2x16x40xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>) maps(2) scale(0.01) {schedule = #diff.schedule<queries = 16, keys = 128>} -> tensor<1x2x16x40xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>
  return %0#0, %0#1, %0#2 : tensor<1x2x16x40xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>
}

// Few rows use vectors, and so do other types.
// CHECK-LABEL: func.func @few(
// CHECK-NOT: call @diff.request_amx
// CHECK: return
func.func @few(%q: tensor<1x1x2x64xbf16>, %k: tensor<1x?x1x64xbf16>, %v: tensor<1x?x1x64xbf16>,
               %acc: tensor<1x2x1x64xf32>, %max: tensor<1x2x1xf32>, %sum: tensor<1x2x1xf32>)
    -> (tensor<1x2x1x64xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>) {
  %0:3 = diff.online_attention ins(%q, %k, %v : tensor<1x1x2x64xbf16>, tensor<1x?x1x64xbf16>, tensor<1x?x1x64xbf16>) outs(%acc, %max, %sum : tensor<1x2x1x64xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>) maps(2) scale(0.125) -> tensor<1x2x1x64xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>
  return %0#0, %0#1, %0#2 : tensor<1x2x1x64xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>
}
