// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A complete layer in one function: the projections of query, key, value and lambda,
// rotary embedding of query and key, attention, the output projection and the
// residual. Ops that are not fused become separate kernels, and the launcher
// allocates the buffers between them.
// REQUIRES: numpy
//
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=manifest -o %t.json
// RUN: FileCheck %s --check-prefix=MANIFEST --input-file=%t.json
// RUN: %python %project_root/test/Target/Inputs/validate.py %project_root/docs/manifest.schema.json %t.json | FileCheck %s --check-prefix=SCHEMA
// RUN: %python %S/Inputs/compare.py %s layer --build=%build_dir --tokens=70
// RUN: %python %S/Inputs/compare.py %s layer --build=%build_dir --tokens=1 --async=eager
// RUN: %python %S/Inputs/compare.py %s layer --build=%build_dir --tokens=0
// RUN: %python %S/Inputs/compare.py %s layer --build=%build_dir --tokens=130 --chip=sm_90a --async=random
// RUN: %python %S/Inputs/compare.py %s layer --build=%build_dir --tokens=70 --target=cpu
// RUN: %python %S/Inputs/compare.py %s layer --build=%build_dir --tokens=1 --target=cpu
// RUN: %python %S/Inputs/compare.py %s layer --build=%build_dir --tokens=0 --target=cpu
//
// Compilation from every level results in the same PTX.
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=ptx -o %t.ptx
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=tiled" | diff-opt --diff-compile="chip=sm_80" --emit=ptx | diff %t.ptx -
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=kernel" | diff-opt --diff-compile="chip=sm_80" --emit=ptx | diff %t.ptx -
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=hardware" | diff-opt --diff-compile="chip=sm_80" --emit=ptx | diff %t.ptx -

// SCHEMA: {{^}}valid
// MANIFEST: "buffers": [
// MANIFEST: "name": "buffer0",
// MANIFEST: "kernels": [
// MANIFEST: "name": "attention_attention",
// MANIFEST: "kind": "buffer",

#id = affine_map<(i, j) -> (i, j)>
#id3 = affine_map<(n, h, d) -> (n, h, d)>
#angle = affine_map<(n, h, d) -> (n, d)>

// x w, accumulated in f32.
func.func private @project(%x: tensor<?x64xbf16>, %w: tensor<64x?xbf16>) -> tensor<?x?xbf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %m = tensor.dim %w, %c1 : tensor<64x?xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n, %m) : tensor<?x?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %p = linalg.matmul ins(%x, %w : tensor<?x64xbf16>, tensor<64x?xbf16>)
         outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  %r = arith.truncf %p : tensor<?x?xf32> to tensor<?x?xbf16>
  return %r : tensor<?x?xbf16>
}

// Pairs (d, d + 16) of 32 dimensions rotated by angles [n, 16].
func.func private @rotate(%x: tensor<?x?x32xbf16>, %cos: tensor<?x16xf32>, %sin: tensor<?x16xf32>) -> tensor<?x?x32xbf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?x?x32xbf16>
  %h = tensor.dim %x, %c1 : tensor<?x?x32xbf16>
  %low = tensor.extract_slice %x[0, 0, 0] [%n, %h, 16] [1, 1, 1] : tensor<?x?x32xbf16> to tensor<?x?x16xbf16>
  %high = tensor.extract_slice %x[0, 0, 16] [%n, %h, 16] [1, 1, 1] : tensor<?x?x32xbf16> to tensor<?x?x16xbf16>
  %e = tensor.empty(%n, %h) : tensor<?x?x16xbf16>
  %turned:2 = linalg.generic {indexing_maps = [#id3, #id3, #angle, #angle, #id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%low, %high, %cos, %sin : tensor<?x?x16xbf16>, tensor<?x?x16xbf16>, tensor<?x16xf32>, tensor<?x16xf32>)
      outs(%e, %e : tensor<?x?x16xbf16>, tensor<?x?x16xbf16>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32, %s: f32, %u: bf16, %v: bf16):
    %a1 = arith.extf %a : bf16 to f32
    %b1 = arith.extf %b : bf16 to f32
    %ac = arith.mulf %a1, %c : f32
    %bs = arith.mulf %b1, %s : f32
    %as = arith.mulf %a1, %s : f32
    %bc = arith.mulf %b1, %c : f32
    %l = arith.subf %ac, %bs : f32
    %r = arith.addf %as, %bc : f32
    %l1 = arith.truncf %l : f32 to bf16
    %r1 = arith.truncf %r : f32 to bf16
    linalg.yield %l1, %r1 : bf16, bf16
  } -> (tensor<?x?x16xbf16>, tensor<?x?x16xbf16>)
  %whole = tensor.concat dim(2) %turned#0, %turned#1 : (tensor<?x?x16xbf16>, tensor<?x?x16xbf16>) -> tensor<?x?x32xbf16>
  return %whole : tensor<?x?x32xbf16>
}

func.func @attention(%x: tensor<?x64xbf16>, %wq: tensor<64x128xbf16>, %wk: tensor<64x32xbf16>, %wv: tensor<64x32xbf16>,
                     %wl: tensor<64x2xbf16>, %wo: tensor<64x64xbf16>, %cos: tensor<?x16xf32>, %sin: tensor<?x16xf32>)
    -> tensor<?x64xbf16> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %wqd = tensor.cast %wq : tensor<64x128xbf16> to tensor<64x?xbf16>
  %wkd = tensor.cast %wk : tensor<64x32xbf16> to tensor<64x?xbf16>
  %wvd = tensor.cast %wv : tensor<64x32xbf16> to tensor<64x?xbf16>
  %wld = tensor.cast %wl : tensor<64x2xbf16> to tensor<64x?xbf16>
  %wod = tensor.cast %wo : tensor<64x64xbf16> to tensor<64x?xbf16>
  %q0 = call @project(%x, %wqd) : (tensor<?x64xbf16>, tensor<64x?xbf16>) -> tensor<?x?xbf16>
  %k0 = call @project(%x, %wkd) : (tensor<?x64xbf16>, tensor<64x?xbf16>) -> tensor<?x?xbf16>
  %v0 = call @project(%x, %wvd) : (tensor<?x64xbf16>, tensor<64x?xbf16>) -> tensor<?x?xbf16>
  %l0 = call @project(%x, %wld) : (tensor<?x64xbf16>, tensor<64x?xbf16>) -> tensor<?x?xbf16>
  %q1 = tensor.cast %q0 : tensor<?x?xbf16> to tensor<?x128xbf16>
  %k1 = tensor.cast %k0 : tensor<?x?xbf16> to tensor<?x32xbf16>
  %v1 = tensor.cast %v0 : tensor<?x?xbf16> to tensor<?x32xbf16>
  %l1 = tensor.cast %l0 : tensor<?x?xbf16> to tensor<?x2xbf16>
  %q2 = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [%n, 4, 32] : tensor<?x128xbf16> into tensor<?x4x32xbf16>
  %k2 = tensor.expand_shape %k1 [[0], [1, 2]] output_shape [%n, 1, 32] : tensor<?x32xbf16> into tensor<?x1x32xbf16>
  %q3 = tensor.cast %q2 : tensor<?x4x32xbf16> to tensor<?x?x32xbf16>
  %k3 = tensor.cast %k2 : tensor<?x1x32xbf16> to tensor<?x?x32xbf16>
  %q4 = call @rotate(%q3, %cos, %sin) : (tensor<?x?x32xbf16>, tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x?x32xbf16>
  %k4 = call @rotate(%k3, %cos, %sin) : (tensor<?x?x32xbf16>, tensor<?x16xf32>, tensor<?x16xf32>) -> tensor<?x?x32xbf16>
  %q5 = tensor.cast %q4 : tensor<?x?x32xbf16> to tensor<?x4x32xbf16>
  %k5 = tensor.cast %k4 : tensor<?x?x32xbf16> to tensor<?x1x32xbf16>
  %q = tensor.expand_shape %q5 [[0, 1], [2], [3]] output_shape [1, %n, 4, 32] : tensor<?x4x32xbf16> into tensor<1x?x4x32xbf16>
  %k = tensor.expand_shape %k5 [[0, 1], [2], [3]] output_shape [1, %n, 1, 32] : tensor<?x1x32xbf16> into tensor<1x?x1x32xbf16>
  %v = tensor.expand_shape %v1 [[0, 1], [2, 3]] output_shape [1, %n, 1, 32] : tensor<?x32xbf16> into tensor<1x?x1x32xbf16>
  %lambda = tensor.expand_shape %l1 [[0, 1], [2]] output_shape [1, %n, 2] : tensor<?x2xbf16> into tensor<1x?x2xbf16>
  %init = tensor.empty(%n) : tensor<1x?x2x32xbf16>
  %o = diff.attention
         ins(%q, %k, %v, %lambda : tensor<1x?x4x32xbf16>, tensor<1x?x1x32xbf16>, tensor<1x?x1x32xbf16>, tensor<1x?x2xbf16>)
         outs(%init : tensor<1x?x2x32xbf16>) mask<causal> -> tensor<1x?x2x32xbf16>
  %flat = tensor.collapse_shape %o [[0, 1], [2, 3]] : tensor<1x?x2x32xbf16> into tensor<?x64xbf16>
  %out0 = call @project(%flat, %wod) : (tensor<?x64xbf16>, tensor<64x?xbf16>) -> tensor<?x?xbf16>
  %out = tensor.cast %out0 : tensor<?x?xbf16> to tensor<?x64xbf16>
  %sum = arith.addf %x, %out : tensor<?x64xbf16>
  return %sum : tensor<?x64xbf16>
}
