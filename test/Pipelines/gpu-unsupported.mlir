// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An op that cannot become a kernel is one error that names the op.
// RUN: diff-opt %s -split-input-file -verify-diagnostics --diff-compile="chip=sm_80"

func.func @loop(%x: tensor<9x40xf32>) -> tensor<9x40xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  // expected-error @below {{'scf.for' op cannot be compiled to a kernel; GPUs support diff ops, linalg ops and copies}}
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %x) -> tensor<9x40xf32> {
    %b = arith.mulf %a, %x : tensor<9x40xf32>
    scf.yield %b : tensor<9x40xf32>
  }
  return %y : tensor<9x40xf32>
}

// -----

func.func @no_buffers(%x: tensor<50x32xf32>, %i: tensor<9x1xi32>) -> tensor<9x1x32xf32> {
  // expected-error @below {{'tensor.gather' op cannot be bufferized}}
  %y = tensor.gather %x[%i] gather_dims([0]) : (tensor<50x32xf32>, tensor<9x1xi32>) -> tensor<9x1x32xf32>
  return %y : tensor<9x1x32xf32>
}

// -----

func.func @backwards(%x: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  // expected-error @below {{has an indexing map affine_map<(d0) -> (-d0 + 7)> that cannot be tiled}}
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (7 - i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}
