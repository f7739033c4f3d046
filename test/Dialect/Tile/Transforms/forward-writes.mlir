// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -tile-forward-writes -canonicalize | FileCheck %s

// A read of a completely written tensor is the vector, or the part that is read.
// CHECK-LABEL: func @whole
// CHECK-SAME: %[[V:[^:]*]]: vector<2x64xf32>
// CHECK-NOT: vector.transfer_write
// CHECK: %[[PART:.*]] = vector.extract %[[V]][1] : vector<64xf32> from vector<2x64xf32>
// CHECK: return %[[V]], %[[PART]]
func.func @whole(%v: vector<2x64xf32>, %t: tensor<2x64xf32>)
    -> (vector<2x64xf32>, vector<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %pad = arith.constant 0.0 : f32
  %0 = vector.transfer_write %v, %t[%c0, %c0] {in_bounds = [true, true]}
         : vector<2x64xf32>, tensor<2x64xf32>
  %1 = vector.transfer_read %0[%c0, %c0], %pad {in_bounds = [true, true]}
         : tensor<2x64xf32>, vector<2x64xf32>
  %2 = vector.transfer_read %0[%c1, %c0], %pad {in_bounds = [true]}
         : tensor<2x64xf32>, vector<64xf32>
  return %1, %2 : vector<2x64xf32>, vector<64xf32>
}

// -----

// Outside of a partial write, the value is different.
// CHECK-LABEL: func @part
// CHECK: vector.transfer_write
// CHECK: %[[READ:.*]] = vector.transfer_read
// CHECK: return %[[READ]]
func.func @part(%v: vector<1x64xf32>, %t: tensor<2x64xf32>, %i: index)
    -> vector<2x64xf32> {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f32
  %0 = vector.transfer_write %v, %t[%i, %c0] {in_bounds = [true, true]}
         : vector<1x64xf32>, tensor<2x64xf32>
  %1 = vector.transfer_read %0[%c0, %c0], %pad {in_bounds = [true, true]}
         : tensor<2x64xf32>, vector<2x64xf32>
  return %1 : vector<2x64xf32>
}

// -----

// Only a part of the rows is used: they are written to this part, and others are out
// of bounds.
// CHECK-LABEL: func @slice
// CHECK-SAME: %[[V:[^:]*]]: vector<16x64xf32>, %[[T:[^:]*]]: tensor<16x64xf32>, %[[N:.*]]: index
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[T]][0, 0] [%[[N]], 64] [1, 1]
// CHECK: vector.transfer_write %[[V]], %[[PART]][%{{.*}}] {in_bounds = [false, true]} : vector<16x64xf32>, tensor<?x64xf32>
func.func @slice(%v: vector<16x64xf32>, %t: tensor<16x64xf32>, %n: index)
    -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %0 = vector.transfer_write %v, %t[%c0, %c0] {in_bounds = [true, true]}
         : vector<16x64xf32>, tensor<16x64xf32>
  %1 = tensor.extract_slice %0[0, 0] [%n, 64] [1, 1]
         : tensor<16x64xf32> to tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}

// -----

// A tensor is written without its unit dimensions.
// CHECK-LABEL: func @collapse
// CHECK-SAME: %[[V:[^:]*]]: vector<16x64xf32>, %[[T:[^:]*]]: tensor<1x16x1x64xf32>
// CHECK: %[[SMALL:.*]] = tensor.collapse_shape %[[T]] {{.*}} into tensor<16x64xf32>
// CHECK: vector.transfer_write %[[V]], %[[SMALL]]
func.func @collapse(%v: vector<16x64xf32>, %t: tensor<1x16x1x64xf32>)
    -> tensor<16x64xf32> {
  %c0 = arith.constant 0 : index
  %0 = vector.transfer_write %v, %t[%c0, %c0, %c0, %c0]
         {in_bounds = [true, true],
          permutation_map = affine_map<(d0, d1, d2, d3) -> (d1, d3)>}
         : vector<16x64xf32>, tensor<1x16x1x64xf32>
  %1 = tensor.collapse_shape %0 [[0, 1], [2, 3]]
         : tensor<1x16x1x64xf32> into tensor<16x64xf32>
  return %1 : tensor<16x64xf32>
}

// -----

// A loop in a tile with a schedule carries vectors; other loops keep their tensors.
// CHECK-LABEL: func @carried
// CHECK: scf.forall
// CHECK: scf.for {{.*}} -> (vector<16xf32>)
// CHECK-NOT: vector.transfer_read
// CHECK: scf.yield
// CHECK: tile.schedule
// CHECK: scf.forall
// CHECK: scf.for {{.*}} -> (tensor<16xf32>)
// CHECK: vector.transfer_read
func.func @carried(%t: tensor<16xf32>, %n: index)
    -> (tensor<16xf32>, tensor<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %pad = arith.constant 0.0 : f32
  %one = arith.constant dense<1.0> : vector<16xf32>
  %0 = scf.forall (%i) in (%n) shared_outs(%out = %t) -> (tensor<16xf32>) {
    %2 = scf.for %j = %c0 to %n step %c1 iter_args(%a = %out)
        -> (tensor<16xf32>) {
      %3 = vector.transfer_read %a[%c0], %pad {in_bounds = [true]}
             : tensor<16xf32>, vector<16xf32>
      %4 = arith.addf %3, %one : vector<16xf32>
      %5 = vector.transfer_write %4, %a[%c0] {in_bounds = [true]}
             : vector<16xf32>, tensor<16xf32>
      scf.yield %5 : tensor<16xf32>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %2 into %out[0] [16] [1]
        : tensor<16xf32> into tensor<16xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 4>}
  %1 = scf.forall (%i) in (%n) shared_outs(%out = %t) -> (tensor<16xf32>) {
    %2 = scf.for %j = %c0 to %n step %c1 iter_args(%a = %out)
        -> (tensor<16xf32>) {
      %3 = vector.transfer_read %a[%c0], %pad {in_bounds = [true]}
             : tensor<16xf32>, vector<16xf32>
      %4 = arith.addf %3, %one : vector<16xf32>
      %5 = vector.transfer_write %4, %a[%c0] {in_bounds = [true]}
             : vector<16xf32>, tensor<16xf32>
      scf.yield %5 : tensor<16xf32>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %2 into %out[0] [16] [1]
        : tensor<16xf32> into tensor<16xf32>
    }
  }
  return %0, %1 : tensor<16xf32>, tensor<16xf32>
}

// -----

// Unit dimensions may be missing at any position.
// CHECK-LABEL: func @unit_dims
// CHECK-SAME: %[[V:[^:]*]]: vector<1x64x1xf32>
// CHECK: %[[ENTRY:.*]] = vector.extract %[[V]][0] : vector<64x1xf32>
// CHECK: %[[PART:.*]] = vector.shape_cast %[[ENTRY]] : vector<64x1xf32> to vector<64xf32>
// CHECK: return %[[PART]]
func.func @unit_dims(%v: vector<1x64x1xf32>, %t: tensor<1x64x1xf32>) -> vector<64xf32> {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f32
  %0 = vector.transfer_write %v, %t[%c0, %c0, %c0] {in_bounds = [true, true, true]}
         : vector<1x64x1xf32>, tensor<1x64x1xf32>
  %1 = vector.transfer_read %0[%c0, %c0, %c0], %pad {in_bounds = [true], permutation_map = affine_map<(a, b, c) -> (b)>}
         : tensor<1x64x1xf32>, vector<64xf32>
  return %1 : vector<64xf32>
}

// -----

// A part of a tile that is completely written does not need earlier writes or
// padding. A padded value is read from its source.
// CHECK-LABEL: func @overwritten
// CHECK-SAME: %[[V:[^:]*]]: vector<8x64xf32>, %[[T:[^:]*]]: tensor<?x64xf32>
// CHECK-NOT: tensor.pad
// CHECK-DAG: %[[READ:.*]] = vector.transfer_read %[[T]]{{.*}} {in_bounds = [false, true]} : tensor<?x64xf32>, vector<8x64xf32>
// CHECK-DAG: %[[EMPTY:.*]] = tensor.empty(%{{.*}}) : tensor<?x64xf32>
// CHECK: %[[W:.*]] = vector.transfer_write %[[V]], %[[EMPTY]]
// CHECK: return %[[W]], %[[READ]]
func.func @overwritten(%v: vector<8x64xf32>, %t: tensor<?x64xf32>, %n: index, %rest: index) -> (tensor<?x64xf32>, vector<8x64xf32>) {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f32
  %p = tensor.pad %t low[0, 0] high[%rest, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %pad : f32
  } : tensor<?x64xf32> to tensor<8x64xf32>
  %r = vector.transfer_read %p[%c0, %c0], %pad {in_bounds = [true, true]} : tensor<8x64xf32>, vector<8x64xf32>
  %0 = vector.transfer_write %v, %p[%c0, %c0] {in_bounds = [true, true]} : vector<8x64xf32>, tensor<8x64xf32>
  %1 = tensor.extract_slice %0[0, 0] [%n, 64] [1, 1] : tensor<8x64xf32> to tensor<?x64xf32>
  return %1, %r : tensor<?x64xf32>, vector<8x64xf32>
}

// -----

// The first rows of a written tensor.
// CHECK-LABEL: func @first
// CHECK: vector.extract_strided_slice %{{.*}} {offsets = [0, 0], sizes = [4, 64], strides = [1, 1]} : vector<5x64xf32> to vector<4x64xf32>
func.func @first(%v: vector<5x64xf32>, %0: tensor<1x5x64xf32>) -> vector<4x64xf32> {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f32
  %1 = vector.transfer_write %v, %0[%c0, %c0, %c0] {in_bounds = [true, true]} : vector<5x64xf32>, tensor<1x5x64xf32>
  %2 = vector.transfer_read %1[%c0, %c0, %c0], %pad {in_bounds = [true, true]} : tensor<1x5x64xf32>, vector<4x64xf32>
  return %2 : vector<4x64xf32>
}

// Values that are used after a loop are computed there.
// CHECK-LABEL: func @behind
// CHECK: scf.forall
// CHECK: math.exp
// CHECK: scf.for
// CHECK: vector.transfer_read
// CHECK: arith.negf
// CHECK: arith.addf
func.func @behind(%t: tensor<64xf32>, %u: tensor<64xf32>, %n: index) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %pad = arith.constant 0.0 : f32
  %0 = scf.forall (%i) in (2) shared_outs(%o = %u) -> (tensor<64xf32>) {
    %v = vector.transfer_read %t[%c0], %pad {in_bounds = [true]} : tensor<64xf32>, vector<64xf32>
    %first = vector.transfer_read %u[%c0], %pad {in_bounds = [true]} : tensor<64xf32>, vector<64xf32>
    %begin = math.exp %first : vector<64xf32>
    %neg = arith.negf %v : vector<64xf32>
    %sum = scf.for %k = %c0 to %n step %c1 iter_args(%s = %begin) -> (vector<64xf32>) {
      %next = arith.mulf %s, %s : vector<64xf32>
      scf.yield %next : vector<64xf32>
    }
    %r = arith.addf %sum, %neg : vector<64xf32>
    %w = vector.transfer_write %r, %o[%c0] {in_bounds = [true]} : vector<64xf32>, tensor<64xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %w into %o[0] [64] [1] : tensor<64xf32> into tensor<64xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 1>}
  return %0 : tensor<64xf32>
}

// -----

// A read of a tensor whose innermost dimensions are merged reads the source, and
// merges the dimensions of the vector.
// CHECK-LABEL: func @read_of_collapse
// CHECK-SAME: %[[T:[^:]*]]: tensor<2x8x4x16xf32>
// CHECK: %[[READ:.*]] = vector.transfer_read %[[T]][%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}]{{.*}} {in_bounds = [true, true, true]{{.*}}} : tensor<2x8x4x16xf32>, vector<8x4x16xf32>
// CHECK: %[[CAST:.*]] = vector.shape_cast %[[READ]] : vector<8x4x16xf32> to vector<8x64xf32>
// CHECK: return %[[CAST]]
func.func @read_of_collapse(%t: tensor<2x8x4x16xf32>) -> vector<8x64xf32> {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f32
  %0 = tensor.extract_slice %t[1, 0, 0, 0] [1, 8, 4, 16] [1, 1, 1, 1]
         : tensor<2x8x4x16xf32> to tensor<8x4x16xf32>
  %1 = tensor.collapse_shape %0 [[0], [1, 2]]
         : tensor<8x4x16xf32> into tensor<8x64xf32>
  %2 = vector.transfer_read %1[%c0, %c0], %pad {in_bounds = [true, true]}
         : tensor<8x64xf32>, vector<8x64xf32>
  return %2 : vector<8x64xf32>
}

// -----

// Outer dimensions are not merged.
// CHECK-LABEL: func @read_of_outer_collapse
// CHECK: tensor.collapse_shape
// CHECK-NOT: vector.shape_cast
func.func @read_of_outer_collapse(%t: tensor<2x8x16xf32>) -> vector<16x16xf32> {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f32
  %0 = tensor.collapse_shape %t [[0, 1], [2]]
         : tensor<2x8x16xf32> into tensor<16x16xf32>
  %1 = vector.transfer_read %0[%c0, %c0], %pad {in_bounds = [true, true]}
         : tensor<16x16xf32>, vector<16x16xf32>
  return %1 : vector<16x16xf32>
}

// -----

// The end of a tensor is cut off before a slice is inserted into it: the elements of the
// vector beyond it are out of bounds.
// CHECK-LABEL: func @slice_of_insert
// CHECK: %[[PART:.*]] = vector.transfer_write %{{.*}} {in_bounds = [true, false]} : vector<4x8xf32>, tensor<1x4x3xf32>
// CHECK: %[[WHOLE:.*]] = tensor.insert_slice %[[PART]] into %{{.*}}[0, 1, 0] [1, 4, 3] [1, 2, 1] : tensor<1x4x3xf32> into tensor<1x8x3xf32>
// CHECK: return %[[WHOLE]]
func.func @slice_of_insert(%v: vector<4x8xf32>) -> tensor<1x8x3xf32> {
  %c0 = arith.constant 0 : index
  %0 = tensor.empty() : tensor<1x4x8xf32>
  %1 = vector.transfer_write %v, %0[%c0, %c0, %c0] {in_bounds = [true, true]}
         : vector<4x8xf32>, tensor<1x4x8xf32>
  %2 = tensor.empty() : tensor<1x8x8xf32>
  %3 = tensor.insert_slice %1 into %2[0, 1, 0] [1, 4, 8] [1, 2, 1]
         : tensor<1x4x8xf32> into tensor<1x8x8xf32>
  %4 = tensor.extract_slice %3[0, 0, 0] [1, 8, 3] [1, 1, 1]
         : tensor<1x8x8xf32> to tensor<1x8x3xf32>
  return %4 : tensor<1x8x3xf32>
}

// -----

// The slice has a part of the dimension that is cut.
// CHECK-LABEL: func @slice_of_part
// CHECK: tensor.insert_slice {{.*}} into tensor<8x8xf32>
// CHECK: tensor.extract_slice
func.func @slice_of_part(%v: vector<4x8xf32>) -> tensor<6x8xf32> {
  %c0 = arith.constant 0 : index
  %0 = tensor.empty() : tensor<4x8xf32>
  %1 = vector.transfer_write %v, %0[%c0, %c0] {in_bounds = [true, true]}
         : vector<4x8xf32>, tensor<4x8xf32>
  %2 = tensor.empty() : tensor<8x8xf32>
  %3 = tensor.insert_slice %1 into %2[1, 0] [4, 8] [2, 1] : tensor<4x8xf32> into tensor<8x8xf32>
  %4 = tensor.extract_slice %3[0, 0] [6, 8] [1, 1] : tensor<8x8xf32> to tensor<6x8xf32>
  return %4 : tensor<6x8xf32>
}
