// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(gpu.module(convert-math-to-nvvm-approx))'

gpu.module @m {
  gpu.func @double(%x: f64, %o: memref<f64>) kernel {
    // expected-error @below {{'math.exp' op of 'f64' is not supported on a GPU; f16, bf16 and f32 are legal}}
    %a = math.exp %x : f64
    memref.store %a, %o[] : memref<f64>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @remainder(%x: f32, %o: memref<f32>) kernel {
    // expected-error @below {{is not supported on a GPU; for small quotients, compute x - y trunc(x / y) instead}}
    %a = arith.remf %x, %x : f32
    memref.store %a, %o[] : memref<f32>
    gpu.return
  }
}
