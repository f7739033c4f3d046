// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The manifest of CPU code: types, names and sizes of all functions that can be called,
// the same from every level.
// RUN: diff-opt %s --diff-compile=chip=host --emit=manifest -o %t.json
// RUN: FileCheck %s --input-file=%t.json
// RUN: %python %S/Inputs/validate.py %project_root/docs/manifest.schema.json %t.json | FileCheck %s --check-prefix=VALID
// RUN: diff-opt %s --diff-compile="chip=host stop-after=tiled" | diff-opt --diff-compile=chip=host --emit=manifest | diff - %t.json
// RUN: diff-opt %s --diff-compile="chip=host stop-after=kernel" | diff-opt --diff-compile=chip=host --emit=manifest | diff - %t.json
// VALID: valid

// CHECK:      "target": {
// CHECK-NEXT:   "chip": "host",
// CHECK-NEXT:   "triple": "{{[^"]+}}",
// CHECK-NEXT:   "features": [
// CHECK:        "address_size": 64

// CHECK:      "name": "types",
// CHECK:        "name": "argument0",
// CHECK-NEXT:   "role": "argument",
// CHECK-NEXT:   "element_type": "i64",
// CHECK-NEXT:   "shape": [],
// CHECK-NEXT:   "alignment": 8
// CHECK:        "element_type": "bool",
// CHECK:        "alignment": 1
// CHECK:        "element_type": "u16",
// CHECK:        "name": "result0",
// CHECK-NEXT:   "role": "result",
// CHECK-NEXT:   "element_type": "f64",
// CHECK-NEXT:   "shape": [
// CHECK-NEXT:     "argument3_0",
// CHECK-NEXT:     3
// CHECK-NEXT:   ],
// CHECK-NEXT:   "alignment": 8
// CHECK:      "kernels": []
func.func @types(%a: tensor<index>, %b: tensor<4xi1>, %c: tensor<2xui16>, %d: tensor<?x3xf64>) -> tensor<?x3xf64> {
  return %d : tensor<?x3xf64>
}

// CHECK-NOT: "name": "callee"
func.func private @callee(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}

// CHECK:      "name": "varlen",
// CHECK:        "name": "query",
// CHECK:        "element_type": "bf16",
// CHECK:        "name": "cu_seqlens_q",
// CHECK:        "offsets": {
// CHECK-NEXT:     "tensor": "query",
// CHECK-NEXT:     "dimension": 0
func.func @varlen(%q: tensor<?x1x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>,
                  %begins: tensor<?xi32>, %ends: tensor<?xi32>, %init: tensor<?x1x16xbf16>) -> tensor<?x1x16xbf16> {
  %x = tensor.empty() : tensor<4xf32>
  %unused = call @callee(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %0 = diff.softmax_attention
         ins(%q, %k, %v : tensor<?x1x16xbf16>, tensor<?x1x16xbf16>, tensor<?x1x16xbf16>)
         outs(%init : tensor<?x1x16xbf16>) cu_seqlens(%begins, %ends : tensor<?xi32>, tensor<?xi32>) -> tensor<?x1x16xbf16>
  return %0 : tensor<?x1x16xbf16>
}
