// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics --diff-compile="chip=host"

llvm.func @_mlir_ciface_f(%x: f32) {
  llvm.return
}
// expected-error @below {{needs the symbol '_mlir_ciface_f', which another function or global has; rename that one}}
func.func @f(%x: f32) {
  return
}

// -----

func.func private @diff.f(f32)
// expected-error @below {{needs the symbol 'diff.f', which another function or global has; rename that one}}
func.func @f(%x: f32) {
  return
}

// -----

func.func @float8(%x: f32) -> f32 {
  // expected-error @below {{'arith.truncf' op cannot be compiled for a CPU; its types are 'f32', 'f8E4M3FN'}}
  %0 = arith.truncf %x : f32 to f8E4M3FN
  %1 = arith.extf %0 : f8E4M3FN to f32
  return %1 : f32
}
