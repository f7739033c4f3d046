// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics --pass-pipeline="builtin.module(func.func(diff-prepare-bufferization))" | FileCheck %s

// The first dimension of size 1 is kept, the third is dropped.
// CHECK-LABEL: func @extract(
// CHECK: %[[S:.*]] = tensor.extract_slice %{{.*}} : tensor<1x?x2x8xf32> to tensor<1x?x1x8xf32>
// CHECK: tensor.collapse_shape %[[S]] {{\[}}[0], [1], [2, 3]] : tensor<1x?x1x8xf32> into tensor<1x?x8xf32>
func.func @extract(%x: tensor<1x?x2x8xf32>, %n: index) -> tensor<1x?x8xf32> {
  %0 = tensor.extract_slice %x[0, 0, 1, 0] [1, %n, 1, 8] [1, 1, 1, 1] : tensor<1x?x2x8xf32> to tensor<1x?x8xf32>
  return %0 : tensor<1x?x8xf32>
}

// -----

// CHECK-LABEL: func @insert(
// CHECK: %[[E:.*]] = tensor.expand_shape %{{.*}} {{\[}}[0], [1], [2, 3]] output_shape [1, 5, 1, 8]
// CHECK: tensor.insert_slice %[[E]] into %{{.*}} : tensor<1x5x1x8xf32> into tensor<1x5x2x8xf32>
func.func @insert(%x: tensor<1x5x8xf32>, %y: tensor<1x5x2x8xf32>) -> tensor<1x5x2x8xf32> {
  %0 = tensor.insert_slice %x into %y[0, 0, 1, 0] [1, 5, 1, 8] [1, 1, 1, 1] : tensor<1x5x8xf32> into tensor<1x5x2x8xf32>
  return %0 : tensor<1x5x2x8xf32>
}

// -----

// CHECK-LABEL: func @insert_in_parallel(
// CHECK: scf.forall
// CHECK: %[[E:.*]] = tensor.expand_shape
// CHECK: scf.forall.in_parallel
// CHECK-NEXT: tensor.parallel_insert_slice %[[E]] into %{{.*}} : tensor<1x5x1x8xf32> into tensor<1x5x2x8xf32>
func.func @insert_in_parallel(%x: tensor<1x5x8xf32>, %y: tensor<1x5x2x8xf32>) -> tensor<1x5x2x8xf32> {
  %0 = scf.forall (%i) in (2) shared_outs(%o = %y) -> tensor<1x5x2x8xf32> {
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %x into %o[0, 0, %i, 0] [1, 5, 1, 8] [1, 1, 1, 1] : tensor<1x5x8xf32> into tensor<1x5x2x8xf32>
    }
  }
  return %0 : tensor<1x5x2x8xf32>
}

// -----

// Both slices are inserted into the result of the loop, not into a tensor of their own.
// CHECK-LABEL: func @insert_into_result(
// CHECK: scf.forall (%[[I:.*]]) in (4) shared_outs(%[[O:.*]] = %{{.*}})
// CHECK: %[[PLACE:.*]] = tensor.extract_slice %[[O]][%[[I]], 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
// CHECK: %[[SHAPE:.*]] = tensor.expand_shape %[[PLACE]] {{\[}}[0, 1]] output_shape [1, 8]
// CHECK: %[[FIRST:.*]] = tensor.insert_slice %{{.*}} into %[[SHAPE]][0, 0] [1, 4] [1, 2]
// CHECK: %[[BOTH:.*]] = tensor.insert_slice %{{.*}} into %[[FIRST]][0, 1] [1, 4] [1, 2]
// CHECK: %[[ALL:.*]] = tensor.collapse_shape %[[BOTH]]
// CHECK: tensor.parallel_insert_slice %[[ALL]] into %[[O]]
func.func @insert_into_result(%x: tensor<1x4xf32>, %y: tensor<1x4xf32>, %z: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = scf.forall (%i) in (4) shared_outs(%o = %z) -> tensor<4x8xf32> {
    %1 = tensor.empty() : tensor<1x8xf32>
    %2 = tensor.insert_slice %x into %1[0, 0] [1, 4] [1, 2] : tensor<1x4xf32> into tensor<1x8xf32>
    %3 = tensor.insert_slice %y into %2[0, 1] [1, 4] [1, 2] : tensor<1x4xf32> into tensor<1x8xf32>
    %4 = tensor.collapse_shape %3 [[0, 1]] : tensor<1x8xf32> into tensor<8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %4 into %o[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32>
    }
  }
  return %0 : tensor<4x8xf32>
}

// -----

// The old values are those of a tensor.
// CHECK-LABEL: func @insert_into_tensor(
// CHECK-NOT: tensor.extract_slice
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0] [1, 4] [1, 2]
func.func @insert_into_tensor(%x: tensor<1x4xf32>, %y: tensor<1x8xf32>, %z: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = scf.forall (%i) in (4) shared_outs(%o = %z) -> tensor<4x8xf32> {
    %1 = tensor.insert_slice %x into %y[0, 0] [1, 4] [1, 2] : tensor<1x4xf32> into tensor<1x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1 into %o[%i, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<4x8xf32>
    }
  }
  return %0 : tensor<4x8xf32>
}

// -----

// Only one dimension can have been dropped here.
// CHECK-LABEL: func @clear(
// CHECK: tensor.extract_slice %{{.*}} : tensor<5x2x8xf32> to tensor<5x8xf32>
func.func @clear(%x: tensor<5x2x8xf32>) -> tensor<5x8xf32> {
  %0 = tensor.extract_slice %x[0, 1, 0] [5, 1, 8] [1, 1, 1] : tensor<5x2x8xf32> to tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// -----

// The slice of the result is one of the inserted tensor: both readers share its
// buffer.
// CHECK-LABEL: func @read(
// CHECK-SAME: %[[X:.*]]: tensor<5x4x8xf32>, %{{.*}}: tensor<1x5x4x8xf32>
// CHECK-NOT: tensor.insert_slice
// CHECK: %[[S:.*]] = tensor.extract_slice %[[X]][4, 1, 0] [1, 2, 8] [1, 2, 1] : tensor<5x4x8xf32> to tensor<2x8xf32>
// CHECK-NEXT: return %[[S]]
func.func @read(%x: tensor<5x4x8xf32>, %y: tensor<1x5x4x8xf32>) -> tensor<2x8xf32> {
  %0 = tensor.insert_slice %x into %y[0, 0, 0, 0] [1, 5, 4, 8] [1, 1, 1, 1] : tensor<5x4x8xf32> into tensor<1x5x4x8xf32>
  %1 = tensor.extract_slice %0[0, 4, 1, 0] [1, 1, 2, 8] [1, 1, 2, 1] : tensor<1x5x4x8xf32> to tensor<2x8xf32>
  return %1 : tensor<2x8xf32>
}

// -----

// Parts of the destination stay, or the slice has a dimension that the inserted
// tensor lacks.
// CHECK-LABEL: func @do_not_read(
// CHECK-COUNT-3: tensor.insert_slice
func.func @do_not_read(%x: tensor<4x8xf32>, %y: tensor<1x5x8xf32>, %z: tensor<1x4x8xf32>, %n: index) -> (tensor<2x8xf32>, tensor<1x2x8xf32>, tensor<?x8xf32>) {
  %0 = tensor.insert_slice %x into %y[0, 1, 0] [1, 4, 8] [1, 1, 1] : tensor<4x8xf32> into tensor<1x5x8xf32>
  %1 = tensor.extract_slice %0[0, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<1x5x8xf32> to tensor<2x8xf32>
  %2 = tensor.insert_slice %x into %z[0, 0, 0] [1, 4, 8] [1, 1, 1] : tensor<4x8xf32> into tensor<1x4x8xf32>
  %3 = tensor.extract_slice %2[0, 1, 0] [1, 2, 8] [1, 1, 1] : tensor<1x4x8xf32> to tensor<1x2x8xf32>
  %4 = tensor.insert_slice %x into %z[0, 0, 0] [1, 4, 8] [1, 1, 1] : tensor<4x8xf32> into tensor<1x4x8xf32>
  %5 = tensor.extract_slice %4[0, 1, 0] [%n, 1, 8] [1, 1, 1] : tensor<1x4x8xf32> to tensor<?x8xf32>
  return %1, %3, %5 : tensor<2x8xf32>, tensor<1x2x8xf32>, tensor<?x8xf32>
}

// -----

func.func @gather(%x: tensor<50x32xf32>, %i: tensor<9x1xi32>) -> tensor<9x1x32xf32> {
  // expected-error @below {{'tensor.gather' op cannot be bufferized}}
  %0 = tensor.gather %x[%i] gather_dims([0]) : (tensor<50x32xf32>, tensor<9x1xi32>) -> tensor<9x1x32xf32>
  return %0 : tensor<9x1x32xf32>
}

// -----

// Slices of two maps, which do not overlap, are written one after the other: the
// second one is a slice of the tensor that contains the first one.
// CHECK-LABEL: func @strided_slices
// CHECK-SAME:    (%[[A:[a-z0-9]+]]: vector<2x16xf32>, %[[B:[a-z0-9]+]]: vector<2x16xf32>, %[[T:[a-z0-9]+]]: tensor<1x4x16xf32>)
// CHECK:         %[[S0:.*]] = tensor.extract_slice %[[T]][0, 0, 0] [1, 2, 16] [1, 2, 1]
// CHECK:         %[[W0:.*]] = vector.transfer_write %[[A]], %[[S0]]
// CHECK:         %[[I0:.*]] = tensor.insert_slice %[[W0]] into %[[T]]
// CHECK:         %[[S1:.*]] = tensor.extract_slice %[[I0]][0, 1, 0] [1, 2, 16] [1, 2, 1]
// CHECK:         %[[W1:.*]] = vector.transfer_write %[[B]], %[[S1]]
// CHECK:         tensor.insert_slice %[[W1]] into %[[I0]]
func.func @strided_slices(%a: vector<2x16xf32>, %b: vector<2x16xf32>,
                          %t: tensor<1x4x16xf32>) -> tensor<1x4x16xf32> {
  %c0 = arith.constant 0 : index
  %s0 = tensor.extract_slice %t[0, 0, 0] [1, 2, 16] [1, 2, 1] : tensor<1x4x16xf32> to tensor<1x2x16xf32>
  %s1 = tensor.extract_slice %t[0, 1, 0] [1, 2, 16] [1, 2, 1] : tensor<1x4x16xf32> to tensor<1x2x16xf32>
  %w0 = vector.transfer_write %a, %s0[%c0, %c0, %c0] {in_bounds = [true, true]} : vector<2x16xf32>, tensor<1x2x16xf32>
  %i0 = tensor.insert_slice %w0 into %t[0, 0, 0] [1, 2, 16] [1, 2, 1] : tensor<1x2x16xf32> into tensor<1x4x16xf32>
  %w1 = vector.transfer_write %b, %s1[%c0, %c0, %c0] {in_bounds = [true, true]} : vector<2x16xf32>, tensor<1x2x16xf32>
  %i1 = tensor.insert_slice %w1 into %i0[0, 1, 0] [1, 2, 16] [1, 2, 1] : tensor<1x2x16xf32> into tensor<1x4x16xf32>
  return %i1 : tensor<1x4x16xf32>
}

// -----

// A write of a part keeps the other elements of its slice.
// CHECK-LABEL: func @part_of_a_slice
// CHECK-SAME:    %[[T:[a-z0-9]+]]: tensor<1x4x16xf32>, %[[U:[a-z0-9]+]]: tensor<1x4x16xf32>
// CHECK:         %[[S:.*]] = tensor.extract_slice %[[T]]
// CHECK:         vector.transfer_write %{{.*}}, %[[S]]
func.func @part_of_a_slice(%a: vector<2x8xf32>, %t: tensor<1x4x16xf32>,
                           %u: tensor<1x4x16xf32>) -> tensor<1x4x16xf32> {
  %c0 = arith.constant 0 : index
  %s = tensor.extract_slice %t[0, 0, 0] [1, 2, 16] [1, 2, 1] : tensor<1x4x16xf32> to tensor<1x2x16xf32>
  %w = vector.transfer_write %a, %s[%c0, %c0, %c0] {in_bounds = [true, true]} : vector<2x8xf32>, tensor<1x2x16xf32>
  %i = tensor.insert_slice %w into %u[0, 0, 0] [1, 2, 16] [1, 2, 1] : tensor<1x2x16xf32> into tensor<1x4x16xf32>
  return %i : tensor<1x4x16xf32>
}
