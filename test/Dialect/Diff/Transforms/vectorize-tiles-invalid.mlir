// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not diff-opt %s --pass-pipeline='builtin.module(func.func(diff-vectorize-tiles{tiles=warps}))' 2>&1 | FileCheck %s
// CHECK: error: {{.*}}'all', 'tensor-cores' or 'threads', found 'warps'
func.func @f() {
  return
}
