// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A dimension that a tensor does not have is an error on every target.
// RUN: not diff-opt %s --diff-compile="chip=host" 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not diff-opt %s --diff-compile="chip=sm_80" --emit=manifest 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: sed s/-32/4/ %s | not diff-opt --diff-compile="chip=host" 2>&1 | FileCheck %s --check-prefix=FOUR --implicit-check-not=error:
// RUN: sed s/-32/3/ %s | diff-opt --diff-compile="chip=host" -o %t.mlir
// The passes alone ignore such a dimension.
// RUN: diff-opt %s --diff-name-arguments | FileCheck %s --check-prefix=PASS

// CHECK: dimensions.mlir:[[#@LINE+5]]:{{[0-9]+}}: error: 'tensor.dim' op reads dimension -32 of a value of rank 4
// FOUR: error: 'tensor.dim' op reads dimension 4 of a value of rank 4
// PASS: func.func @f(
func.func @f(%q: tensor<?x4x?x16xf32>) -> tensor<?xf32> {
  %c = arith.constant -32 : index
  %n = tensor.dim %q, %c : tensor<?x4x?x16xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %z = arith.constant 0.0 : f32
  %r = linalg.fill ins(%z : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}
