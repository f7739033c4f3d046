// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Extreme sizes on both CPU routes: one query for several batch entries; no batch
// entry, no query, no key.
// RUN: diff-opt %s -split-input-file --diff-compile="chip=host" | FileCheck %s
// RUN: diff-opt %s -split-input-file --diff-linalg | FileCheck %s

// CHECK: llvm.func @_mlir_ciface_one_query(
func.func @one_query(%q: tensor<2x1x2x8xf32>, %k: tensor<2x8x1x8xf32>,
                     %lambda: tensor<2x1x1xf32>) -> tensor<2x1x1x8xf32> {
  %init = tensor.empty() : tensor<2x1x1x8xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<2x1x2x8xf32>, tensor<2x8x1x8xf32>,
             tensor<2x8x1x8xf32>, tensor<2x1x1xf32>)
         outs(%init : tensor<2x1x1x8xf32>) -> tensor<2x1x1x8xf32>
  return %0 : tensor<2x1x1x8xf32>
}

// -----

// CHECK: llvm.func @_mlir_ciface_no_batch(
func.func @no_batch(%q: tensor<0x4x2x8xf32>, %k: tensor<0x4x1x8xf32>,
                    %lambda: tensor<0x4x1xf32>) -> tensor<0x4x1x8xf32> {
  %init = tensor.empty() : tensor<0x4x1x8xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<0x4x2x8xf32>, tensor<0x4x1x8xf32>,
             tensor<0x4x1x8xf32>, tensor<0x4x1xf32>)
         outs(%init : tensor<0x4x1x8xf32>) -> tensor<0x4x1x8xf32>
  return %0 : tensor<0x4x1x8xf32>
}

// -----

// CHECK: llvm.func @_mlir_ciface_no_query(
func.func @no_query(%q: tensor<2x0x2x8xf32>, %k: tensor<2x4x1x8xf32>,
                    %lambda: tensor<2x0x1xf32>) -> tensor<2x0x1x8xf32> {
  %init = tensor.empty() : tensor<2x0x1x8xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<2x0x2x8xf32>, tensor<2x4x1x8xf32>,
             tensor<2x4x1x8xf32>, tensor<2x0x1xf32>)
         outs(%init : tensor<2x0x1x8xf32>) mask<causal> -> tensor<2x0x1x8xf32>
  return %0 : tensor<2x0x1x8xf32>
}

// -----

// No key is visible to any query: the output is 0.
// CHECK: llvm.func @_mlir_ciface_no_key(
func.func @no_key(%q: tensor<2x4x2x8xf32>, %k: tensor<2x0x1x8xf32>,
                  %lambda: tensor<2x4x1xf32>) -> tensor<2x4x1x8xf32> {
  %init = tensor.empty() : tensor<2x4x1x8xf32>
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<2x4x2x8xf32>, tensor<2x0x1x8xf32>,
             tensor<2x0x1x8xf32>, tensor<2x4x1xf32>)
         outs(%init : tensor<2x4x1x8xf32>) -> tensor<2x4x1x8xf32>
  return %0 : tensor<2x4x1x8xf32>
}
