// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function with several ops: one kernel for each in one PTX text, in launch order
// in the manifest. Sizes of the second op have separate names.
// RUN: diff-opt %s --diff-compile="chip=sm_89" --emit=ptx -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_89 -v %t.ptx -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS_V %}
// PTXAS_V-COUNT-2: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// RUN: diff-opt %s --diff-compile="chip=sm_89" --emit=manifest -o %t.json
// RUN: FileCheck %s --check-prefix=MANIFEST --input-file=%t.json
// RUN: %python %S/Inputs/validate.py %project_root/docs/manifest.schema.json %t.json | FileCheck %s --check-prefix=SCHEMA
// RUN: sed s/read/borrow/ %t.json > %t.wrong.json
// RUN: %python %S/Inputs/validate.py %project_root/docs/manifest.schema.json %t.wrong.json | FileCheck %s --check-prefix=WRONG
// REQUIRES: numpy

// PTX-DAG: .entry two_attention(
// PTX-DAG: .entry two_softmax_attention(
// MANIFEST: "name": "two_attention"
// MANIFEST: "name": "two_softmax_attention"
// The first kernel uses threads (f32), the second one tensor cores.
// A dynamic batch may exceed the limits of y and z, so the grid is along x.
// MANIFEST: "((ceildiv(N_1, 128) * B_1) * 2)",
// MANIFEST-NEXT: "1",
// MANIFEST-NEXT: "1"
// SCHEMA: {{^}}valid
// WRONG: invalid: {{.*}}'borrow' is none of
func.func @two(%q: tensor<1x40x4x16xf32>, %k: tensor<1x40x2x16xf32>, %v: tensor<1x40x2x16xf32>, %l: tensor<1x40x2xf32>, %q2: tensor<?x?x2x32xf16>, %k2: tensor<?x?x1x32xf16>) -> (tensor<1x40x2x16xf32>, tensor<?x?x2x32xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q2, %c0 : tensor<?x?x2x32xf16>
  %n = tensor.dim %q2, %c1 : tensor<?x?x2x32xf16>
  %i = tensor.empty() : tensor<1x40x2x16xf32>
  %j = tensor.empty(%b, %n) : tensor<?x?x2x32xf16>
  %0 = diff.attention ins(%q, %k, %v, %l : tensor<1x40x4x16xf32>, tensor<1x40x2x16xf32>, tensor<1x40x2x16xf32>, tensor<1x40x2xf32>) outs(%i : tensor<1x40x2x16xf32>) -> tensor<1x40x2x16xf32>
  %1 = diff.softmax_attention ins(%q2, %k2, %k2 : tensor<?x?x2x32xf16>, tensor<?x?x1x32xf16>, tensor<?x?x1x32xf16>) outs(%j : tensor<?x?x2x32xf16>) mask<causal> -> tensor<?x?x2x32xf16>
  return %0, %1 : tensor<1x40x2x16xf32>, tensor<?x?x2x32xf16>
}

// A module without diff ops is legal and has no entry.
// RUN: echo 'module {}' | diff-opt --diff-compile="chip=sm_80" --emit=ptx | FileCheck %s --check-prefix=EMPTY
// EMPTY: .target sm_80
// EMPTY-NOT: .entry
