// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that attention does not use: no library is called.
// REQUIRES: numpy
//
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=ptx -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.ptx -o %t.cubin %}
// RUN: %python %S/Inputs/compare.py %s math --build=%build_dir
// RUN: %python %S/Inputs/compare.py %s math --build=%build_dir --tokens=9 --chip=sm_120

// PTX-NOT: .extern .func
// PTX-NOT: __nv_

#id = affine_map<(i, j) -> (i, j)>

func.func @attention(%x: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf16>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.5 : f32
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %h = tensor.empty(%n) : tensor<?x32xf16>
  %r:16 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x32xf32>)
      outs(%e, %e, %e, %e, %e, %e, %e, %e, %e, %e, %e, %e, %e, %e, %e, %h : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf16>) {
  ^bb0(%a: f32, %o0: f32, %o1: f32, %o2: f32, %o3: f32, %o4: f32, %o5: f32, %o6: f32, %o7: f32, %o8: f32, %o9: f32, %o10: f32, %o11: f32, %o12: f32, %o13: f32, %o14: f32, %oh: f16):
    %p = math.absf %a : f32
    %sin = math.sin %a : f32
    %cos = math.cos %a : f32
    %tan = math.tan %a : f32
    %erf = math.erf %a : f32
    %erfc = math.erfc %a : f32
    %rsqrt = math.rsqrt %p : f32
    %log1p = math.log1p %p : f32
    %expm1 = math.expm1 %a : f32
    %atan = math.atan %a : f32
    %floor = math.floor %a : f32
    %roundeven = math.roundeven %a : f32
    %cbrt = math.cbrt %a : f32
    %sinh = math.sinh %a : f32
    %powf = math.powf %p, %a : f32
    %atan2 = math.atan2 %a, %one : f32
    %a16 = arith.truncf %a : f32 to f16
    %tanh = math.tanh %a16 : f16
    linalg.yield %sin, %cos, %tan, %erf, %erfc, %rsqrt, %log1p, %expm1, %atan, %floor, %roundeven, %cbrt, %sinh, %powf, %atan2, %tanh : f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f16
  } -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf16>)
  return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5, %r#6, %r#7, %r#8, %r#9, %r#10, %r#11, %r#12, %r#13, %r#14, %r#15 : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf16>
}
