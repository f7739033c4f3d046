// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Heads that are paired as (j, j + h), as a framework writes them with reshapes and
// transposes, are one kernel on the original tensors, without a buffer.
// RUN: diff-opt %s --diff-compile="chip=host stop-after=tiled" | FileCheck %s
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=tiled" | FileCheck %s
// RUN: diff-opt %s --diff-compile=chip=sm_80 --emit=manifest | FileCheck %s --check-prefix=MANIFEST
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=kernel" | FileCheck %s --check-prefix=KERNEL

// CHECK-LABEL: func.func @attention(
// CHECK-SAME: tensor<2x65x8x64xbf16> {diff.name = "query", diff.sizes = ["B", "N", "", ""]}
// CHECK-SAME: tensor<2x65x4x64xbf16> {diff.name = "key"
// CHECK-SAME: tensor<2x65x4x64xbf16> {diff.name = "value"
// CHECK-NOT: linalg.transpose
// CHECK: scf.forall
// CHECK: diff.online_attention
// CHECK-SAME: layout<query = [0, 1, 3, 2, 4], key = [0, 1, 3, 2, 4], value = [0, 1, 3, 2, 4]>

// MANIFEST-DAG: "name": "query"
// MANIFEST-DAG: "name": "key"
// MANIFEST-DAG: "name": "value"
// MANIFEST: "name": "attention_attention_v1"
// MANIFEST-NOT: "name": "attention_
// MANIFEST-NOT: "buffer"

// Both halves of a value row are copied into one row of the slot.
// KERNEL-DAG: #[[HALVES:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d2, d4)>
// KERNEL: tile.copy_async {{.*}} permutation_map = #[[HALVES]]} : memref<1x?x2x1x64xbf16, strided<{{.*}}>>, memref<48x128xbf16, #gpu.address_space<workgroup>>
func.func @attention(%query: tensor<2x65x8x64xbf16>,
                     %key: tensor<2x65x4x64xbf16>,
                     %value: tensor<2x65x4x64xbf16>, %lambda: tensor<4xf32>,
                     %weight: tensor<128xf32>) -> tensor<2x65x4x128xbf16> {
  %q5 = tensor.expand_shape %query [[0], [1], [2, 3], [4]]
          output_shape [2, 65, 2, 4, 64]
          : tensor<2x65x8x64xbf16> into tensor<2x65x2x4x64xbf16>
  %k5 = tensor.expand_shape %key [[0], [1], [2, 3], [4]]
          output_shape [2, 65, 2, 2, 64]
          : tensor<2x65x4x64xbf16> into tensor<2x65x2x2x64xbf16>
  %v5 = tensor.expand_shape %value [[0], [1], [2, 3], [4]]
          output_shape [2, 65, 2, 2, 64]
          : tensor<2x65x4x64xbf16> into tensor<2x65x2x2x64xbf16>
  %qe = tensor.empty() : tensor<2x65x4x2x64xbf16>
  %ke = tensor.empty() : tensor<2x65x2x2x64xbf16>
  %qt = linalg.transpose ins(%q5 : tensor<2x65x2x4x64xbf16>)
          outs(%qe : tensor<2x65x4x2x64xbf16>) permutation = [0, 1, 3, 2, 4]
  %kt = linalg.transpose ins(%k5 : tensor<2x65x2x2x64xbf16>)
          outs(%ke : tensor<2x65x2x2x64xbf16>) permutation = [0, 1, 3, 2, 4]
  %vt = linalg.transpose ins(%v5 : tensor<2x65x2x2x64xbf16>)
          outs(%ke : tensor<2x65x2x2x64xbf16>) permutation = [0, 1, 3, 2, 4]
  %q = tensor.collapse_shape %qt [[0], [1], [2, 3], [4]]
         : tensor<2x65x4x2x64xbf16> into tensor<2x65x8x64xbf16>
  %k = tensor.collapse_shape %kt [[0], [1], [2, 3], [4]]
         : tensor<2x65x2x2x64xbf16> into tensor<2x65x4x64xbf16>
  %v = tensor.collapse_shape %vt [[0], [1], [2], [3, 4]]
         : tensor<2x65x2x2x64xbf16> into tensor<2x65x2x128xbf16>
  %init = tensor.empty() : tensor<2x65x4x128xbf16>
  %o = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<2x65x8x64xbf16>,
             tensor<2x65x4x64xbf16>, tensor<2x65x2x128xbf16>, tensor<4xf32>,
             tensor<128xf32>)
         outs(%init : tensor<2x65x4x128xbf16>) mask<causal>
         -> tensor<2x65x4x128xbf16>
  return %o : tensor<2x65x4x128xbf16>
}
