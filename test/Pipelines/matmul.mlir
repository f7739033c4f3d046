// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A matrix product with a pointwise epilogue, and no diff op anywhere: the passes of
// levels 2 and 3 make a tensor-core kernel of any tile with a schedule. Its copies
// run an iteration ahead in a second slot, B is transposed on its way to the
// registers, relu and rounding stay in registers, and rows are stored by 16 bytes.
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=ptx -o %t.ptx
// RUN: FileCheck %s --input-file=%t.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.ptx -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS_V %}
// PTXAS_V: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK: .entry matmul_matmul
// CHECK: cp.async.cg.shared.global
// CHECK: $L__BB0_
// CHECK: cp.async.wait_group
// CHECK-NEXT: bar.sync
// CHECK: cp.async.cg.shared.global
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK-DAG: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK: max{{.*}}.f32
// CHECK: cvt.rn.bf16x2.f32
// CHECK: st.global.v4

// RUN: %python %S/Inputs/matmul.py %t make
// RUN: diff-run %s --function=matmul --target=sim --chip=sm_80 --input=%t-a.npy --input=%t-b.npy --output=%t-c.npy
// RUN: %python %S/Inputs/matmul.py %t check | FileCheck %s --check-prefix=RESULT
// RESULT: right
// REQUIRES: numpy
func.func @matmul(%a: tensor<256x192xbf16>, %b: tensor<192x128xbf16>)
    -> tensor<256x128xbf16> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c192 = arith.constant 192 : index
  %empty = tensor.empty() : tensor<256x128xbf16>
  %0 = scf.forall (%i, %j) = (0, 0) to (256, 128) step (64, 64)
      shared_outs(%out = %empty) -> (tensor<256x128xbf16>) {
    %1 = tensor.empty() : tensor<64x64xf32>
    %2 = linalg.fill ins(%zero : f32) outs(%1 : tensor<64x64xf32>)
           -> tensor<64x64xf32>
    %3 = scf.for %k = %c0 to %c192 step %c32 iter_args(%acc = %2)
        -> (tensor<64x64xf32>) {
      %6 = tensor.extract_slice %a[%i, %k] [64, 32] [1, 1]
             : tensor<256x192xbf16> to tensor<64x32xbf16>
      %7 = tensor.extract_slice %b[%k, %j] [32, 64] [1, 1]
             : tensor<192x128xbf16> to tensor<32x64xbf16>
      %8 = linalg.matmul ins(%6, %7 : tensor<64x32xbf16>, tensor<32x64xbf16>)
             outs(%acc : tensor<64x64xf32>) -> tensor<64x64xf32>
      scf.yield %8 : tensor<64x64xf32>
    } {tile.stages = 2}
    %4 = tensor.extract_slice %out[%i, %j] [64, 64] [1, 1]
           : tensor<256x128xbf16> to tensor<64x64xbf16>
    %5 = linalg.generic
           {indexing_maps = [affine_map<(m, n) -> (m, n)>,
                             affine_map<(m, n) -> (m, n)>],
            iterator_types = ["parallel", "parallel"]}
           ins(%3 : tensor<64x64xf32>) outs(%4 : tensor<64x64xbf16>) {
    ^bb0(%x: f32, %y: bf16):
      %9 = arith.maximumf %x, %zero : f32
      %10 = arith.truncf %9 : f32 to bf16
      linalg.yield %10 : bf16
    } -> tensor<64x64xbf16>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %5 into %out[%i, %j] [64, 64] [1, 1]
        : tensor<64x64xbf16> into tensor<256x128xbf16>
    }
  } {diff.kernel = #diff.kernel<op = "matmul", threads = 128>,
     mapping = [#gpu.block<y>, #gpu.block<x>],
     tile.schedule = #tile.schedule<warps = 4, stages = 2>}
  return %0 : tensor<256x128xbf16>
}
