// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A matrix product with a pointwise epilogue uses the passes of the attention
// kernels, which do not depend on attention. A transform script sets the schedule
// (Inputs/schedule.mlir): tiles of 128 x 64, steps of 32 summands, two slots for each
// operand.
// REQUIRES: numpy
//
// RUN: diff-opt %s -o %t.tiled --pass-pipeline='builtin.module(transform-preload-library{transform-library-paths=%S/Inputs/schedule.mlir},transform-interpreter,canonicalize,cse)'
// RUN: diff-opt %t.tiled --diff-compile="chip=sm_80 stop-after=kernel" | FileCheck %s --check-prefix=KERNEL
// RUN: diff-opt %t.tiled --diff-compile="chip=sm_80" --emit=ptx | FileCheck %s --check-prefix=PTX
// RUN: %python %S/Inputs/compare.py %t.tiled --build=%build_dir --async=late
// RUN: %python %S/Inputs/compare.py %t.tiled --build=%build_dir --async=eager
// RUN: %python %S/Inputs/compare.py %t.tiled --build=%build_dir --async=random

// KERNEL-DAG: tile.ring {{.*}}memref<2x128x32xbf16
// KERNEL-DAG: tile.ring {{.*}}memref<2x32x64xbf16
// KERNEL: scf.for
// KERNEL: tile.wait
// KERNEL: vector.contract {{.*}}tile.mma = #tile.mma<m = 16, n = 8, k = 16

// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// PTX: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTX: st.global.v4.b32
func.func @attention(%lhs: tensor<256x192xbf16>, %rhs: tensor<192x256xbf16>,
                     %bias: tensor<256xf32>) -> tensor<256x256xbf16> {
  %zero = arith.constant 0.0 : f32
  %acc = tensor.empty() : tensor<256x256xf32>
  %init = linalg.fill ins(%zero : f32) outs(%acc : tensor<256x256xf32>)
      -> tensor<256x256xf32>
  %product = linalg.matmul
      ins(%lhs, %rhs : tensor<256x192xbf16>, tensor<192x256xbf16>)
      outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
  %out = tensor.empty() : tensor<256x256xbf16>
  %result = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                       affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%product, %bias : tensor<256x256xf32>, tensor<256xf32>)
      outs(%out : tensor<256x256xbf16>) {
  ^bb0(%x: f32, %y: f32, %unused: bf16):
    %sum = arith.addf %x, %y : f32
    %positive = arith.maximumf %sum, %zero : f32
    %rounded = arith.truncf %positive : f32 to bf16
    linalg.yield %rounded : bf16
  } -> tensor<256x256xbf16>
  return %result : tensor<256x256xbf16>
}
