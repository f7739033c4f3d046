// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --diff-align-operands | FileCheck %s

// Columns 1 to 64 of 65 are copied once for both products. Columns 8 to 71 of 72 are
// read directly.
// CHECK-LABEL: func @operands(
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %{{.*}}[0, 1] [%{{.*}}, 64] [1, 1]
// CHECK: %[[EMPTY:.*]] = tensor.empty(%{{.*}}) : tensor<?x64xf16>
// CHECK: %[[COPY:.*]] = linalg.copy ins(%[[SLICE]] : tensor<?x64xf16>) outs(%[[EMPTY]] : tensor<?x64xf16>)
// CHECK: %[[WHOLE:.*]] = tensor.extract_slice
// CHECK-NOT: linalg.copy
// CHECK: linalg.matmul ins(%[[COPY]], %[[WHOLE]]
// CHECK: linalg.matmul ins(%[[COPY]], %[[WHOLE]]
func.func @operands(%x: tensor<?x65xf16>, %w: tensor<64x72xf16>, %i: tensor<?x64xf32>, %j: tensor<?x64xf32>, %n: index)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %s = tensor.extract_slice %x[0, 1] [%n, 64] [1, 1] : tensor<?x65xf16> to tensor<?x64xf16>
  %v = tensor.extract_slice %w[0, 8] [64, 64] [1, 1] : tensor<64x72xf16> to tensor<64x64xf16>
  %p = linalg.matmul ins(%s, %v : tensor<?x64xf16>, tensor<64x64xf16>) outs(%i : tensor<?x64xf32>) -> tensor<?x64xf32>
  %q = linalg.matmul ins(%s, %v : tensor<?x64xf16>, tensor<64x64xf16>) outs(%j : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %p, %q : tensor<?x64xf32>, tensor<?x64xf32>
}

// Rows of 101 elements are divided into heads; rows of 104 need no copy.
// CHECK-LABEL: func @heads(
// CHECK: %[[ODD:.*]] = tensor.expand_shape %{{.*}} : tensor<1x37x16xf16> into tensor<1x37x1x16xf16>
// CHECK: %[[COPY:.*]] = linalg.copy ins(%[[ODD]]
// CHECK: %[[EVEN:.*]] = tensor.expand_shape %{{.*}} : tensor<1x37x16xf16> into tensor<1x37x1x16xf16>
// CHECK-NOT: linalg.copy
// CHECK: diff.attention ins(%{{.*}}, %[[COPY]], %[[EVEN]],
func.func @heads(%q: tensor<1x37x4x16xf16>, %odd: tensor<1x37x101xf16>, %even: tensor<1x37x104xf16>, %l: tensor<1x37x2xf16>, %o: tensor<1x37x2x16xf16>)
    -> tensor<1x37x2x16xf16> {
  %k0 = tensor.extract_slice %odd[0, 0, 16] [1, 37, 16] [1, 1, 1] : tensor<1x37x101xf16> to tensor<1x37x16xf16>
  %k = tensor.expand_shape %k0 [[0], [1], [2, 3]] output_shape [1, 37, 1, 16] : tensor<1x37x16xf16> into tensor<1x37x1x16xf16>
  %v0 = tensor.extract_slice %even[0, 0, 16] [1, 37, 16] [1, 1, 1] : tensor<1x37x104xf16> to tensor<1x37x16xf16>
  %v = tensor.expand_shape %v0 [[0], [1], [2, 3]] output_shape [1, 37, 1, 16] : tensor<1x37x16xf16> into tensor<1x37x1x16xf16>
  %r = diff.attention ins(%q, %k, %v, %l : tensor<1x37x4x16xf16>, tensor<1x37x1x16xf16>, tensor<1x37x1x16xf16>, tensor<1x37x2xf16>)
         outs(%o : tensor<1x37x2x16xf16>) -> tensor<1x37x2x16xf16>
  return %r : tensor<1x37x2x16xf16>
}

// A result is copied into such a slice.
// CHECK-LABEL: func @result(
// CHECK: %[[P:.*]] = linalg.matmul
// CHECK: %[[COPY:.*]] = linalg.copy ins(%[[P]]
// CHECK: tensor.insert_slice %[[COPY]] into
// CHECK-NOT: linalg.copy
// CHECK: tensor.insert_slice %[[P]] into
func.func @result(%x: tensor<40x64xf16>, %w: tensor<64x24xf16>, %i: tensor<40x24xf32>, %o: tensor<40x33xf32>, %u: tensor<40x32xf32>)
    -> (tensor<40x33xf32>, tensor<40x32xf32>) {
  %p = linalg.matmul ins(%x, %w : tensor<40x64xf16>, tensor<64x24xf16>) outs(%i : tensor<40x24xf32>) -> tensor<40x24xf32>
  %r = tensor.insert_slice %p into %o[0, 1] [40, 24] [1, 1] : tensor<40x24xf32> into tensor<40x33xf32>
  %s = tensor.insert_slice %p into %u[0, 8] [40, 24] [1, 1] : tensor<40x24xf32> into tensor<40x32xf32>
  return %r, %s : tensor<40x33xf32>, tensor<40x32xf32>
}

// Elements that are not contiguous are copied: every second column, one column of a
// third dimension, also if its size is collapsed, and the memory of a result.
// CHECK-LABEL: func @strided(
// CHECK: %[[SECOND:.*]] = tensor.extract_slice %{{.*}} [1, 2] :
// CHECK: %[[SECOND_COPY:.*]] = linalg.copy ins(%[[SECOND]]
// CHECK: %[[COLUMN:.*]] = tensor.extract_slice %{{.*}} : tensor<64x16x8xf16> to tensor<64x16xf16>
// CHECK: %[[COLUMN_COPY:.*]] = linalg.copy ins(%[[COLUMN]]
// CHECK: %[[UNIT:.*]] = tensor.collapse_shape %{{.*}} : tensor<64x16x1xf16> into tensor<64x16xf16>
// CHECK: %[[UNIT_COPY:.*]] = linalg.copy ins(%[[UNIT]]
// CHECK: %[[SUM:.*]] = linalg.add ins(%{{.*}}, %{{.*}}) outs(%{{.*}} : tensor<64x16xf16>)
// CHECK: %[[SUM_COPY:.*]] = linalg.copy ins(%[[SUM]]
// CHECK: linalg.matmul ins(%[[SECOND_COPY]], %[[COLUMN_COPY]]
// CHECK: linalg.matmul ins(%[[SECOND_COPY]], %[[UNIT_COPY]]
// CHECK: linalg.matmul ins(%[[SECOND_COPY]], %[[SUM_COPY]]
func.func @strided(%x: tensor<40x128xf16>, %y: tensor<64x16x8xf16>, %z: tensor<64x16xf16>, %m: tensor<64x32xf16>, %i: tensor<40x16xf32>)
    -> (tensor<40x16xf32>, tensor<40x16xf32>, tensor<40x16xf32>) {
  %second = tensor.extract_slice %x[0, 0] [40, 64] [1, 2] : tensor<40x128xf16> to tensor<40x64xf16>
  %column = tensor.extract_slice %y[0, 0, 0] [64, 16, 1] [1, 1, 1] : tensor<64x16x8xf16> to tensor<64x16xf16>
  %u = tensor.extract_slice %y[0, 0, 0] [64, 16, 1] [1, 1, 1] : tensor<64x16x8xf16> to tensor<64x16x1xf16>
  %unit = tensor.collapse_shape %u [[0], [1, 2]] : tensor<64x16x1xf16> into tensor<64x16xf16>
  %into = tensor.extract_slice %m[0, 0] [64, 16] [1, 2] : tensor<64x32xf16> to tensor<64x16xf16>
  %sum = linalg.add ins(%z, %z : tensor<64x16xf16>, tensor<64x16xf16>) outs(%into : tensor<64x16xf16>) -> tensor<64x16xf16>
  %p = linalg.matmul ins(%second, %column : tensor<40x64xf16>, tensor<64x16xf16>) outs(%i : tensor<40x16xf32>) -> tensor<40x16xf32>
  %q = linalg.matmul ins(%second, %unit : tensor<40x64xf16>, tensor<64x16xf16>) outs(%i : tensor<40x16xf32>) -> tensor<40x16xf32>
  %r = linalg.matmul ins(%second, %sum : tensor<40x64xf16>, tensor<64x16xf16>) outs(%i : tensor<40x16xf32>) -> tensor<40x16xf32>
  return %p, %q, %r : tensor<40x16xf32>, tensor<40x16xf32>, tensor<40x16xf32>
}

// Rows with a larger stride still consist of whole chunks, as does a slice of one
// row.
// CHECK-LABEL: func @rows(
// CHECK-NOT: linalg.copy
func.func @rows(%x: tensor<80x64xf16>, %y: tensor<64x3x16xf16>, %i: tensor<40x16xf32>) -> tensor<40x16xf32> {
  %rows = tensor.extract_slice %x[1, 0] [40, 64] [2, 1] : tensor<80x64xf16> to tensor<40x64xf16>
  %middle = tensor.extract_slice %y[0, 1, 0] [64, 1, 16] [1, 1, 1] : tensor<64x3x16xf16> to tensor<64x16xf16>
  %p = linalg.matmul ins(%rows, %middle : tensor<40x64xf16>, tensor<64x16xf16>) outs(%i : tensor<40x16xf32>) -> tensor<40x16xf32>
  return %p : tensor<40x16xf32>
}

// A destination of every second column is written by a copy.
// CHECK-LABEL: func @strided_result(
// CHECK: %[[P:.*]] = linalg.matmul
// CHECK: %[[COPY:.*]] = linalg.copy ins(%[[P]]
// CHECK: tensor.insert_slice %[[COPY]] into %{{.*}} [1, 2]
func.func @strided_result(%x: tensor<40x64xf16>, %w: tensor<64x16xf16>, %i: tensor<40x16xf32>, %o: tensor<40x32xf32>) -> tensor<40x32xf32> {
  %p = linalg.matmul ins(%x, %w : tensor<40x64xf16>, tensor<64x16xf16>) outs(%i : tensor<40x16xf32>) -> tensor<40x16xf32>
  %r = tensor.insert_slice %p into %o[0, 0] [40, 16] [1, 2] : tensor<40x16xf32> into tensor<40x32xf32>
  return %r : tensor<40x32xf32>
}
