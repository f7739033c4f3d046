// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The unmodified mlir-opt with the plugin: the dialect and its passes, mixed with
// upstream's.
//
// REQUIRES: mlir-opt
// DEFINE: %{plugin} = --load-dialect-plugin=%build_dir/lib/DiffPlugin%shlibext --load-pass-plugin=%build_dir/lib/DiffPlugin%shlibext
// RUN: %mlir-opt %{plugin} %s | FileCheck %s --check-prefix=PARSED
// RUN: %mlir-opt %{plugin} %s --pass-pipeline='builtin.module(diff-select-schedule,func.func(diff-tile),canonicalize,cse,convert-diff-to-linalg)' | FileCheck %s
// RUN: %mlir-opt %{plugin} %s --pass-pipeline='builtin.module(diff-compile{stop-after=tiled})' | FileCheck %s --check-prefix=TILED
// RUN: %mlir-opt %{plugin} %s --pass-pipeline='builtin.module(diff-linalg)' | FileCheck %s --check-prefix=LLVM
// RUN: %mlir-opt %{plugin} %s --pass-pipeline='builtin.module(diff-compile{chip=sm_80 stop-after=kernel})' -o %t.plugin
// RUN: diff-opt %s --diff-compile="chip=sm_80 stop-after=kernel" -o %t.opt
// RUN: cmp %t.plugin %t.opt
// RUN: %mlir-opt %{plugin} %s --pass-pipeline='builtin.module(diff-compile{chip=sm_90a})' | FileCheck %s --check-prefix=HARDWARE

// HARDWARE: nvvm.mma.sync

// PARSED: diff.attention ins({{.*}}) outs({{.*}}) mask<causal>

// CHECK-LABEL: func.func @attention
// CHECK-NOT:   diff.attention
// CHECK:       scf.forall
// CHECK:         linalg.generic
// CHECK-NOT:   diff.attention

// TILED: scf.forall
// TILED:     diff.online_attention

// LLVM: llvm.func internal @diff.attention(
func.func @attention(%query: tensor<1x64x8x32xbf16>, %key: tensor<1x64x2x32xbf16>, %value: tensor<1x64x2x32xbf16>, %lambda: tensor<1x64x4xbf16>) -> tensor<1x64x4x32xbf16> {
  %init = tensor.empty() : tensor<1x64x4x32xbf16>
  %0 = diff.attention
         ins(%query, %key, %value, %lambda : tensor<1x64x8x32xbf16>, tensor<1x64x2x32xbf16>, tensor<1x64x2x32xbf16>, tensor<1x64x4xbf16>)
         outs(%init : tensor<1x64x4x32xbf16>)
         mask<causal> -> tensor<1x64x4x32xbf16>
  return %0 : tensor<1x64x4x32xbf16>
}
