// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -diff-select-schedule=amx=true | FileCheck %s --check-prefixes=CHECK,AMX
// RUN: diff-opt %s -diff-select-schedule | FileCheck %s --check-prefixes=CHECK,VECTORS

// Tiles of bf16: 8 panels of 16 tokens of two maps, and steps of more keys. More
// keys save loads of accumulators.

// CHECK-LABEL: func @bf16(
// AMX: schedule = #diff.schedule<queries = 128, keys = 128>
// VECTORS: schedule = #diff.schedule<queries = 128, keys = 64>
func.func @bf16(%q: tensor<32x256x2x64xbf16>, %k: tensor<32x256x1x64xbf16>, %lambda: tensor<32x256x1xbf16>,
                %init: tensor<32x256x1x64xbf16>) -> tensor<32x256x1x64xbf16> {
  %0 = diff.attention ins(%q, %k, %k, %lambda : tensor<32x256x2x64xbf16>, tensor<32x256x1x64xbf16>, tensor<32x256x1x64xbf16>, tensor<32x256x1xbf16>) outs(%init : tensor<32x256x1x64xbf16>) -> tensor<32x256x1x64xbf16>
  return %0 : tensor<32x256x1x64xbf16>
}

// CHECK-LABEL: func @wide(
// AMX: schedule = #diff.schedule<queries = 128, keys = 256>
// VECTORS: schedule = #diff.schedule<queries = 128, keys = 64>
func.func @wide(%q: tensor<32x256x2x128xbf16>, %k: tensor<32x256x1x128xbf16>, %lambda: tensor<32x256x1xbf16>,
                %init: tensor<32x256x1x128xbf16>) -> tensor<32x256x1x128xbf16> {
  %0 = diff.attention ins(%q, %k, %k, %lambda : tensor<32x256x2x128xbf16>, tensor<32x256x1x128xbf16>, tensor<32x256x1x128xbf16>, tensor<32x256x1xbf16>) outs(%init : tensor<32x256x1x128xbf16>) -> tensor<32x256x1x128xbf16>
  return %0 : tensor<32x256x1x128xbf16>
}

// Few rows use vectors, and so do other types.
// CHECK-LABEL: func @few(
// CHECK: schedule = #diff.schedule<queries = 1, keys = 128>
func.func @few(%q: tensor<1x1x2x64xbf16>, %k: tensor<1x256x1x64xbf16>, %lambda: tensor<1x1x1xbf16>,
               %init: tensor<1x1x1x64xbf16>) -> tensor<1x1x1x64xbf16> {
  %0 = diff.attention ins(%q, %k, %k, %lambda : tensor<1x1x2x64xbf16>, tensor<1x256x1x64xbf16>, tensor<1x256x1x64xbf16>, tensor<1x1x1xbf16>) outs(%init : tensor<1x1x1x64xbf16>) -> tensor<1x1x1x64xbf16>
  return %0 : tensor<1x1x1x64xbf16>
}

// CHECK-LABEL: func @f16(
// CHECK: schedule = #diff.schedule<queries = 128, keys = 64>
func.func @f16(%q: tensor<32x256x2x64xf16>, %k: tensor<32x256x1x64xf16>, %lambda: tensor<32x256x1xf16>,
               %init: tensor<32x256x1x64xf16>) -> tensor<32x256x1x64xf16> {
  %0 = diff.attention ins(%q, %k, %k, %lambda : tensor<32x256x2x64xf16>, tensor<32x256x1x64xf16>, tensor<32x256x1x64xf16>, tensor<32x256x1xf16>) outs(%init : tensor<32x256x1x64xf16>) -> tensor<32x256x1x64xf16>
  return %0 : tensor<32x256x1x64xf16>
}
