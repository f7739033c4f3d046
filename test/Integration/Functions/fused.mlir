// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Elementwise ops that compute the query and lambda are fused into the attention's
// kernel, the only kernel, because one tile reads each of their elements.
// REQUIRES: numpy
//
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=ptx -o %t.ptx
// RUN: grep -c '\.entry' %t.ptx | FileCheck %s --check-prefix=KERNELS
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.ptx -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS_V %}
// RUN: diff-opt %s --diff-compile="chip=sm_80 f32=tf32 stop-after=tiled" | diff-opt --diff-compile="chip=sm_80" --emit=ptx | diff %t.ptx -
// RUN: %python %S/Inputs/compare.py %s fused --build=%build_dir --tokens=70
// RUN: %python %S/Inputs/compare.py %s fused --build=%build_dir --tokens=1 --async=eager
// RUN: %python %S/Inputs/compare.py %s fused --build=%build_dir --tokens=192 --async=random --chip=sm_90a
// Without tensor cores, each op has a kernel.
// RUN: diff-opt %s --diff-compile="chip=sm_80 tiles=threads" --emit=ptx | grep -c '\.entry' | FileCheck %s --check-prefix=THREADS
// RUN: %python %S/Inputs/compare.py %s fused --build=%build_dir --tokens=70 --option=--tiles=threads

// KERNELS: {{^}}1{{$}}
// PTXAS_V: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// THREADS: {{^}}3{{$}}

#id = affine_map<(b, n, h, d) -> (b, n, h, d)>
#head = affine_map<(b, n, h, d) -> (h, d)>
#row = affine_map<(b, n, h) -> (b, n, h)>

func.func @attention(%q: tensor<2x?x4x128xf16>, %k: tensor<2x?x1x128xf16>, %v: tensor<2x?x1x128xf16>,
                     %gain: tensor<4x128xf32>, %l: tensor<2x?x2xf32>) -> tensor<2x?x2x128xf16> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<2x?x4x128xf16>
  %qe = tensor.empty(%n) : tensor<2x?x4x128xf16>
  %scaled = linalg.generic {indexing_maps = [#id, #head, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%q, %gain : tensor<2x?x4x128xf16>, tensor<4x128xf32>) outs(%qe : tensor<2x?x4x128xf16>) {
  ^bb0(%a: f16, %b: f32, %c: f16):
    %wide = arith.extf %a : f16 to f32
    %m = arith.mulf %wide, %b : f32
    %r = arith.truncf %m : f32 to f16
    linalg.yield %r : f16
  } -> tensor<2x?x4x128xf16>
  // -3 l, in two ops.
  %three = arith.constant dense<3.0> : tensor<2x1x2xf32>
  %le = tensor.empty(%n) : tensor<2x?x2xf32>
  %le16 = tensor.empty(%n) : tensor<2x?x2xf16>
  %lneg = linalg.negf ins(%l : tensor<2x?x2xf32>) outs(%le : tensor<2x?x2xf32>) -> tensor<2x?x2xf32>
  %l3 = linalg.generic {indexing_maps = [#row, affine_map<(b, n, h) -> (b, 0, h)>, #row], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%lneg, %three : tensor<2x?x2xf32>, tensor<2x1x2xf32>) outs(%le16 : tensor<2x?x2xf16>) {
  ^bb0(%a: f32, %b: f32, %c: f16):
    %m = arith.mulf %a, %b : f32
    %r = arith.truncf %m : f32 to f16
    linalg.yield %r : f16
  } -> tensor<2x?x2xf16>
  %init = tensor.empty(%n) : tensor<2x?x2x128xf16>
  %0 = diff.attention ins(%scaled, %k, %v, %l3 : tensor<2x?x4x128xf16>, tensor<2x?x1x128xf16>, tensor<2x?x1x128xf16>, tensor<2x?x2xf16>)
         outs(%init : tensor<2x?x2x128xf16>) mask<causal> -> tensor<2x?x2x128xf16>
  return %0 : tensor<2x?x2x128xf16>
}
