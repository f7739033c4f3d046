// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Matrix products outside of attention: with tokens as rows, partial tiles of rows
// and columns, a batch, a right operand stored by rows or by columns, sums with an
// initial matrix, and an elementwise op after them; in f16, in f32 rounded to tf32,
// and with threads.
// REQUIRES: numpy
//
// RUN: diff-opt %s --diff-compile="chip=sm_80 f32=tf32" --emit=ptx -o %t.ptx
// RUN: grep -c '\.entry' %t.ptx | FileCheck %s --check-prefix=KERNELS
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.ptx -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS_V --implicit-check-not="{{[1-9][0-9]*}} bytes spill" %}
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=70 --option=--f32=tf32
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=1 --option=--f32=tf32 --async=random
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=256 --option=--f32=tf32 --async=eager --chip=sm_120
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=33
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=33 --option=--tiles=threads
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=0
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=70 --target=cpu
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=1 --target=cpu
// RUN: %python %S/Inputs/compare.py %s contractions --build=%build_dir --tokens=0 --target=cpu

// KERNELS: {{^}}5
// PTX-DAG: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
// PTX-DAG: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
// PTXAS_V: 0 bytes spill

#x = affine_map<(b, n, j, i) -> (b, n, i)>
#w = affine_map<(b, n, j, i) -> (j, i)>
#y = affine_map<(b, n, j, i) -> (b, n, j)>
#id = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>

func.func @attention(%x: tensor<2x?x128xf16>, %w: tensor<72x128xf16>, %l: tensor<2x?x64xf16>, %r: tensor<2x64x96xf16>,
                     %f: tensor<100x64xf32>, %g: tensor<64x64xf32>, %bias: tensor<64xf32>)
    -> (tensor<2x?x72xf32>, tensor<2x?x96xf32>, tensor<100x64xf32>) {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  // Rows in two dimensions, the right operand by columns, 72 of them.
  %n = tensor.dim %x, %c1 : tensor<2x?x128xf16>
  %e = tensor.empty(%n) : tensor<2x?x72xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2x?x72xf32>) -> tensor<2x?x72xf32>
  %p = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<2x?x128xf16>, tensor<72x128xf16>) outs(%z : tensor<2x?x72xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %a1 = arith.extf %a : f16 to f32
    %b1 = arith.extf %b : f16 to f32
    %m = arith.mulf %a1, %b1 : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x?x72xf32>
  // A batch.
  %n2 = tensor.dim %l, %c1 : tensor<2x?x64xf16>
  %e2 = tensor.empty(%n2) : tensor<2x?x96xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x?x96xf32>) -> tensor<2x?x96xf32>
  %q = linalg.batch_matmul ins(%l, %r : tensor<2x?x64xf16>, tensor<2x64x96xf16>) outs(%z2 : tensor<2x?x96xf32>) -> tensor<2x?x96xf32>
  // f32: f g + f, and after it max(… g + bias, 0) starting from zeros.
  %k = linalg.matmul ins(%f, %g : tensor<100x64xf32>, tensor<64x64xf32>) outs(%f : tensor<100x64xf32>) -> tensor<100x64xf32>
  %e3 = tensor.empty() : tensor<100x64xf32>
  %z3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<100x64xf32>) -> tensor<100x64xf32>
  %o = linalg.matmul ins(%k, %g : tensor<100x64xf32>, tensor<64x64xf32>) outs(%z3 : tensor<100x64xf32>) -> tensor<100x64xf32>
  %v = linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%o, %bias : tensor<100x64xf32>, tensor<64xf32>) outs(%e3 : tensor<100x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    %positive = arith.maximumf %s, %zero : f32
    linalg.yield %positive : f32
  } -> tensor<100x64xf32>
  return %p, %q, %v : tensor<2x?x72xf32>, tensor<2x?x96xf32>, tensor<100x64xf32>
}
