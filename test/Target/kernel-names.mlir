// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The name of a kernel is a PTX identifier for any function name, names are unique,
// and the manifest has the same names.
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=ptx -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.ptx -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS_V %}
// PTXAS_V-COUNT-3: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// RUN: diff-opt %s --diff-compile="chip=sm_80" --emit=manifest | FileCheck %s --check-prefix=MANIFEST

// PTX-DAG: .entry layer_0_softmax_attention(
// PTX-DAG: .entry layer_0_softmax_attention_0(
// PTX-DAG: .entry _1st_layer_softmax_attention(
// MANIFEST: "name": "layer.0",
// MANIFEST: "name": "layer_0_softmax_attention",
// MANIFEST: "name": "layer_0",
// MANIFEST: "name": "layer_0_softmax_attention_0",
// MANIFEST: "name": "1st layer",
// MANIFEST: "name": "_1st_layer_softmax_attention",
func.func @layer.0(%x: tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32> {
  %init = tensor.empty() : tensor<1x4x2x8xf32>
  %0 = diff.softmax_attention
    ins(%x, %x, %x : tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>,
        tensor<1x4x2x8xf32>)
    outs(%init : tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %0 : tensor<1x4x2x8xf32>
}

func.func @layer_0(%x: tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32> {
  %init = tensor.empty() : tensor<1x4x2x8xf32>
  %0 = diff.softmax_attention
    ins(%x, %x, %x : tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>,
        tensor<1x4x2x8xf32>)
    outs(%init : tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %0 : tensor<1x4x2x8xf32>
}

func.func @"1st layer"(%x: tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32> {
  %init = tensor.empty() : tensor<1x4x2x8xf32>
  %0 = diff.softmax_attention
    ins(%x, %x, %x : tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>,
        tensor<1x4x2x8xf32>)
    outs(%init : tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %0 : tensor<1x4x2x8xf32>
}
