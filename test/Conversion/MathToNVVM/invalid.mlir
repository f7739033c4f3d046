// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(gpu.module(convert-math-to-nvvm-approx))'

gpu.module @m {
  gpu.func @double(%x: f64, %o: memref<f64>) kernel {
    // expected-error @below {{'math.exp' op of 'f64' has no instructions on a GPU; functions are computed in f16, bf16 and f32}}
    %a = math.exp %x : f64
    memref.store %a, %o[] : memref<f64>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @remainder(%x: f32, %o: memref<f32>) kernel {
    // expected-error @below {{has no instruction on a GPU; x - y trunc(x / y) is a remainder of small quotients}}
    %a = arith.remf %x, %x : f32
    memref.store %a, %o[] : memref<f32>
    gpu.return
  }
}
