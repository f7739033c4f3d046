// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-widen-slices -canonicalize -cse | FileCheck %s

// Four of five maps minus the last one, times a row factor that is read. All five are
// computed; the write drops the last one, and the read pads it. The last map is
// repeated after its product, which is also that of the other maps.
// CHECK-LABEL: func @maps
// CHECK-SAME: (%[[MAPS:.*]]: vector<5x16x64xf32>, %[[SUMS:.*]]: vector<5x16xf32>, %[[FACTORS:.*]]: tensor<1x16x8xf32>
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[FACTORS]][0, 0, 4] [1, 16, 4] [1, 1, 1]
// CHECK: %[[F:.*]] = vector.transfer_read %[[SLICE]]{{.*}} {in_bounds = [true, false]} : tensor<1x16x4xf32>, vector<16x5xf32>
// CHECK: %[[R:.*]] = vector.transpose %{{.*}}, [1, 2, 0] : vector<64x5x16xf32> to vector<5x16x64xf32>
// CHECK: %[[NORMAL:.*]] = arith.mulf %[[MAPS]], %[[R]] : vector<5x16x64xf32>
// CHECK: %[[FACTOR:.*]] = vector.transpose %{{.*}}, [2, 1, 0] : vector<64x16x5xf32> to vector<5x16x64xf32>
// CHECK: %[[LAST:.*]] = vector.shuffle %[[NORMAL]], %[[NORMAL]] [4, 4, 4, 4, 4] : vector<5x16x64xf32>, vector<5x16x64xf32>
// CHECK: %[[PRODUCT:.*]] = arith.mulf %[[FACTOR]], %[[LAST]] : vector<5x16x64xf32>
// CHECK: %[[RESULT:.*]] = arith.subf %[[NORMAL]], %[[PRODUCT]] : vector<5x16x64xf32>
// CHECK: vector.transfer_write %[[RESULT]], %{{.*}} {in_bounds = [false, true, true]} : vector<5x16x64xf32>, tensor<4x16x64xf32>
func.func @maps(%maps: vector<5x16x64xf32>, %sums: vector<5x16xf32>,
                %factors: tensor<1x16x8xf32>, %out: tensor<4x16x64xf32>) -> tensor<4x16x64xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %pad = arith.constant 0.0 : f32
  %one = arith.constant dense<1.0> : vector<4x16xf32>
  %one0 = arith.constant dense<1.0> : vector<16xf32>
  %signals = vector.extract_strided_slice %maps {offsets = [0, 0, 0], sizes = [4, 16, 64], strides = [1, 1, 1]}
    : vector<5x16x64xf32> to vector<4x16x64xf32>
  %sum = vector.extract_strided_slice %sums {offsets = [0, 0], sizes = [4, 16], strides = [1, 1]}
    : vector<5x16xf32> to vector<4x16xf32>
  %noise = vector.extract %maps[4] : vector<16x64xf32> from vector<5x16x64xf32>
  %noisesum = vector.extract %sums[4] : vector<16xf32> from vector<5x16xf32>
  %inv = arith.divf %one, %sum : vector<4x16xf32>
  %noiseinv = arith.divf %one0, %noisesum : vector<16xf32>
  %0 = vector.broadcast %inv : vector<4x16xf32> to vector<64x4x16xf32>
  %1 = vector.transpose %0, [1, 2, 0] : vector<64x4x16xf32> to vector<4x16x64xf32>
  %2 = vector.broadcast %noiseinv : vector<16xf32> to vector<4x64x16xf32>
  %3 = vector.transpose %2, [0, 2, 1] : vector<4x64x16xf32> to vector<4x16x64xf32>
  %4 = vector.broadcast %noise : vector<16x64xf32> to vector<4x16x64xf32>
  %5 = vector.transfer_read %factors[%c0, %c0, %c4], %pad {in_bounds = [true, true]}
    : tensor<1x16x8xf32>, vector<16x4xf32>
  %6 = vector.broadcast %5 : vector<16x4xf32> to vector<64x16x4xf32>
  %7 = vector.transpose %6, [2, 1, 0] : vector<64x16x4xf32> to vector<4x16x64xf32>
  %8 = arith.mulf %signals, %1 : vector<4x16x64xf32>
  %9 = arith.mulf %4, %3 : vector<4x16x64xf32>
  %10 = arith.mulf %7, %9 : vector<4x16x64xf32>
  %11 = arith.subf %8, %10 : vector<4x16x64xf32>
  %12 = vector.transfer_write %11, %out[%c0, %c0, %c0] {in_bounds = [true, true, true]}
    : vector<4x16x64xf32>, tensor<4x16x64xf32>
  return %12 : tensor<4x16x64xf32>
}

// -----

// A norm: reductions of other dimensions, and their initial values.
// CHECK-LABEL: func @norm
// CHECK-SAME: (%[[MAPS:.*]]: vector<5x16x64xf32>
// CHECK: vector.multi_reduction <add>, %[[MAPS]], %{{.*}} [2] : vector<5x16x64xf32> to vector<5x16xf32>
// CHECK: vector.transfer_write %{{.*}} {in_bounds = [false, true]} : vector<5x16xf32>, tensor<4x16xf32>
func.func @norm(%maps: vector<5x16x64xf32>, %out: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : vector<4x16xf32>
  %signals = vector.extract_strided_slice %maps {offsets = [0, 0, 0], sizes = [4, 16, 64], strides = [1, 1, 1]}
    : vector<5x16x64xf32> to vector<4x16x64xf32>
  %0 = vector.multi_reduction <add>, %signals, %zero [2] : vector<4x16x64xf32> to vector<4x16xf32>
  %1 = vector.transfer_write %0, %out[%c0, %c0] {in_bounds = [true, true]} : vector<4x16xf32>, tensor<4x16xf32>
  return %1 : tensor<4x16xf32>
}

// -----

// Left alone: a write to a part of a larger tensor, whose other elements exist, and an
// operand that is not known to be the start of a wider vector.
// CHECK-LABEL: func @others
// CHECK: %[[S:.*]] = vector.extract_strided_slice
// CHECK: arith.addf %[[S]], %{{.*}} : vector<4x16xf32>
// CHECK: vector.transfer_write %[[S]], %{{.*}} {in_bounds = [true, true]} : vector<4x16xf32>, tensor<8x16xf32>
func.func @others(%maps: vector<5x16xf32>, %v: vector<4x16xf32>, %out: tensor<8x16xf32>)
    -> (vector<4x16xf32>, tensor<8x16xf32>) {
  %c0 = arith.constant 0 : index
  %signals = vector.extract_strided_slice %maps {offsets = [0, 0], sizes = [4, 16], strides = [1, 1]}
    : vector<5x16xf32> to vector<4x16xf32>
  %0 = arith.addf %signals, %v : vector<4x16xf32>
  %1 = vector.transfer_write %signals, %out[%c0, %c0] {in_bounds = [true, true]} : vector<4x16xf32>, tensor<8x16xf32>
  return %0, %1 : vector<4x16xf32>, tensor<8x16xf32>
}
