// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --pass-pipeline='builtin.module(gpu.module(diff-lower-thread-vectors))' | FileCheck %s

gpu.module @m {
  // Accesses are aligned to their size, up to 16 bytes.
  // CHECK-LABEL: gpu.func @accesses(
  // CHECK: vector.load %{{.*}}[%{{.*}}] {alignment = 16 : i64} : memref<64xbf16>, vector<8xbf16>
  // CHECK: vector.store %{{.*}}, %{{.*}}[%{{.*}}] {alignment = 8 : i64} : memref<64xf32>, vector<2xf32>
  gpu.func @accesses(%a: memref<64xbf16>, %b: memref<64xf32>, %o: memref<64xbf16>, %v: vector<2xf32>, %i: index) kernel {
    %p = arith.constant 0.0 : bf16
    %x = vector.transfer_read %a[%i], %p {in_bounds = [true]} : memref<64xbf16>, vector<8xbf16>
    vector.transfer_write %x, %o[%i] {in_bounds = [true]} : vector<8xbf16>, memref<64xbf16>
    vector.transfer_write %v, %b[%i] {in_bounds = [true]} : vector<2xf32>, memref<64xf32>
    gpu.return
  }

  // A contraction becomes fused multiply-adds.
  // CHECK-LABEL: gpu.func @contraction(
  // CHECK-NOT: vector.contract
  // CHECK-COUNT-2: vector.fma
  // CHECK-NOT: vector.contract
  gpu.func @contraction(%a: vector<2xf32>, %b: vector<2x4xf32>, %c: vector<4xf32>, %o: memref<4xf32>) kernel {
    %z = arith.constant 0 : index
    %r = vector.contract {
      indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>],
      iterator_types = ["parallel", "reduction"], kind = #vector.kind<add>
    } %a, %b, %c : vector<2xf32>, vector<2x4xf32> into vector<4xf32>
    vector.transfer_write %r, %o[%z] {in_bounds = [true]} : vector<4xf32>, memref<4xf32>
    gpu.return
  }
}
