// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// exp2 of f32 on CPUs: within 2.5 units in the last place for random exponents and
// for all orders of magnitude; exact for 0, infinities, NaN, overflow and results
// below 2^-126. The vector has the width of AVX-512, which has an expansion of its
// own.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/exp2.py %s --build=%build_dir --chip=host
// RUN: %python %S/Inputs/exp2.py %s --build=%build_dir --chip=x86-64-v3
func.func @attention(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %empty = tensor.empty(%n) : tensor<?x16xf32>
  %result = scf.for %i = %c0 to %n step %c1 iter_args(%t = %empty) -> tensor<?x16xf32> {
    %v = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : tensor<?x16xf32>, vector<16xf32>
    %y = math.exp2 %v : vector<16xf32>
    %w = vector.transfer_write %y, %t[%i, %c0] {in_bounds = [true]} : vector<16xf32>, tensor<?x16xf32>
    scf.yield %w : tensor<?x16xf32>
  }
  return %result : tensor<?x16xf32>
}
