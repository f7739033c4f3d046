// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An attention between transposes, as a framework with head-major tensors writes it,
// is one kernel on the original tensors, on every route.
// RUN: diff-opt %s --diff-compile="chip=host stop-after=tiled" | FileCheck %s
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=tiled" | FileCheck %s
// RUN: diff-opt %s --diff-compile=chip=sm_80 --emit=manifest | FileCheck %s --check-prefix=MANIFEST
// RUN: diff-opt %s --pass-pipeline='builtin.module(func.func(diff-fold-layouts),convert-diff-to-linalg)' | FileCheck %s --check-prefix=LINALG

// CHECK-LABEL: func.func @attention(
// CHECK-SAME: tensor<1x8x12x16xf32> {diff.name = "query", diff.sizes = ["B", "", "N", ""]}
// CHECK-NOT: linalg.transpose
// CHECK: diff.online_attention
// CHECK-SAME: layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3], value = [0, 2, 1, 3]>
// CHECK-NOT: linalg.transpose
// LINALG-NOT: linalg.transpose

// MANIFEST: "name": "attention_attention"
// MANIFEST-NOT: "name": "attention_
func.func @attention(%q: tensor<1x8x12x16xf32>, %k: tensor<1x2x20x16xf32>,
                     %v: tensor<1x2x20x16xf32>, %l: tensor<1x12x4xf32>)
    -> tensor<1x4x12x16xf32> {
  %eq = tensor.empty() : tensor<1x12x8x16xf32>
  %ek = tensor.empty() : tensor<1x20x2x16xf32>
  %eo = tensor.empty() : tensor<1x12x4x16xf32>
  %o = tensor.empty() : tensor<1x4x12x16xf32>
  %tq = linalg.transpose ins(%q : tensor<1x8x12x16xf32>)
          outs(%eq : tensor<1x12x8x16xf32>) permutation = [0, 2, 1, 3]
  %tk = linalg.transpose ins(%k : tensor<1x2x20x16xf32>)
          outs(%ek : tensor<1x20x2x16xf32>) permutation = [0, 2, 1, 3]
  %tv = linalg.transpose ins(%v : tensor<1x2x20x16xf32>)
          outs(%ek : tensor<1x20x2x16xf32>) permutation = [0, 2, 1, 3]
  %0 = diff.attention
         ins(%tq, %tk, %tv, %l : tensor<1x12x8x16xf32>, tensor<1x20x2x16xf32>,
             tensor<1x20x2x16xf32>, tensor<1x12x4xf32>)
         outs(%eo : tensor<1x12x4x16xf32>) mask<causal>
         -> tensor<1x12x4x16xf32>
  %1 = linalg.transpose ins(%0 : tensor<1x12x4x16xf32>)
         outs(%o : tensor<1x4x12x16xf32>) permutation = [0, 2, 1, 3]
  return %1 : tensor<1x4x12x16xf32>
}
