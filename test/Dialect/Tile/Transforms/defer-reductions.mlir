// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -allow-unregistered-dialect -tile-defer-reductions -canonicalize | FileCheck %s
// RUN: diff-opt %s -split-input-file -allow-unregistered-dialect -tile-defer-reductions="lanes=8 elems=1" -canonicalize | FileCheck %s --check-prefix=LANES

// l' = f l + rowsum(p): the columns of p are (8 repetitions, 4 lanes, 2 elements).
// The loop carries a sum for each of the 4 lanes, and these are added after the loop.
// CHECK-LABEL: func @scaled
// CHECK-SAME: %[[P:[^:]*]]: vector<16x64xf32>, %[[F:[^:]*]]: vector<16xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16x4xf32>
// CHECK-DAG: %[[NONE:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: %[[L:.*]] = scf.for {{.*}} iter_args(%[[OLD:.*]] = %[[ZERO]]) -> (vector<16x4xf32>)
// CHECK: %[[ROWS:.*]] = vector.broadcast %[[F]] : vector<16xf32> to vector<4x16xf32>
// CHECK: %[[FACTOR:.*]] = vector.transpose %[[ROWS]], [1, 0]
// CHECK: %[[SCALED:.*]] = arith.mulf %[[OLD]], %[[FACTOR]] : vector<16x4xf32>
// CHECK: %[[CUT:.*]] = vector.shape_cast %[[P]] : vector<16x64xf32> to vector<16x8x4x2xf32>
// CHECK: %[[NEW:.*]] = vector.multi_reduction <add>, %[[CUT]], %[[SCALED]] [1, 3]
// CHECK: scf.yield %[[NEW]]
// CHECK: vector.multi_reduction <add>, %[[L]], %[[NONE]] [1] : vector<16x4xf32> to vector<16xf32>
// LANES-LABEL: func @scaled
// LANES: vector.shape_cast %{{.*}} : vector<16x64xf32> to vector<16x8x8x1xf32>

func.func @scaled(%p: vector<16x64xf32>, %f: vector<16xf32>, %n: index,
                  %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = scf.for %j = %c0 to %n step %c1 iter_args(%l = %zero) -> (vector<16xf32>) {
      %1 = arith.mulf %f, %l : vector<16xf32>
      %2 = vector.multi_reduction <add>, %p, %1 [1] : vector<16x64xf32> to vector<16xf32>
      scf.yield %2 : vector<16xf32>
    }
    vector.transfer_write %0, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}

// -----

// Without a factor.
// CHECK-LABEL: func @plain
// CHECK: scf.for {{.*}} -> (vector<16x4xf32>)
// CHECK-NOT: arith.mulf
// CHECK: return

func.func @plain(%p: vector<16x64xf32>, %f: vector<16xf32>, %n: index,
                 %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = scf.for %j = %c0 to %n step %c1 iter_args(%l = %zero) -> (vector<16xf32>) {
      %1 = vector.multi_reduction <add>, %p, %l [1] : vector<16x64xf32> to vector<16xf32>
      scf.yield %1 : vector<16xf32>
    }
    vector.transfer_write %0, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}

// -----

// An initial value other than zero cannot be divided.
// CHECK-LABEL: func @initial
// CHECK: scf.for {{.*}} -> (vector<16xf32>)

func.func @initial(%p: vector<16x64xf32>, %f: vector<16xf32>, %n: index,
                   %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = scf.for %j = %c0 to %n step %c1 iter_args(%l = %f) -> (vector<16xf32>) {
      %1 = vector.multi_reduction <add>, %p, %l [1] : vector<16x64xf32> to vector<16xf32>
      scf.yield %1 : vector<16xf32>
    }
    vector.transfer_write %0, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}

// -----

// The sum is also used in the loop; a maximum is not a sum.
// CHECK-LABEL: func @used
// CHECK: scf.for {{.*}} -> (vector<16xf32>)

func.func @used(%p: vector<16x64xf32>, %f: vector<16xf32>, %n: index,
                %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = scf.for %j = %c0 to %n step %c1 iter_args(%l = %zero) -> (vector<16xf32>) {
      %1 = vector.multi_reduction <add>, %p, %l [1] : vector<16x64xf32> to vector<16xf32>
      "test.use"(%1) : (vector<16xf32>) -> ()
      scf.yield %1 : vector<16xf32>
    }
    vector.transfer_write %0, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}

// CHECK-LABEL: func @maximum
// CHECK: scf.for {{.*}} -> (vector<16xf32>)

func.func @maximum(%p: vector<16x64xf32>, %f: vector<16xf32>, %n: index,
                   %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = scf.for %j = %c0 to %n step %c1 iter_args(%l = %zero) -> (vector<16xf32>) {
      %1 = vector.multi_reduction <maximumf>, %p, %l [1] : vector<16x64xf32> to vector<16xf32>
      scf.yield %1 : vector<16xf32>
    }
    vector.transfer_write %0, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}

// -----

// A launch without a schedule does not use tensor cores and is not changed.
// CHECK-LABEL: func @no_schedule
// CHECK: scf.for {{.*}} -> (vector<16xf32>)

func.func @no_schedule(%p: vector<16x64xf32>, %f: vector<16xf32>, %n: index,
                       %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = scf.for %j = %c0 to %n step %c1 iter_args(%l = %zero) -> (vector<16xf32>) {
      %1 = vector.multi_reduction <add>, %p, %l [1] : vector<16x64xf32> to vector<16xf32>
      scf.yield %1 : vector<16xf32>
    }
    vector.transfer_write %0, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  }
  return
}

// -----

// Single steps before and after a loop: the sum is reduced once.
// CHECK-LABEL: func @steps
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16x4xf32>
// CHECK: %[[START:.*]] = arith.mulf %{{.*}}, %[[ZERO]] : vector<16x4xf32>
// CHECK: %[[FIRST:.*]] = vector.multi_reduction <add>, %{{.*}}, %[[START]] [1, 3] : vector<16x8x4x2xf32> to vector<16x4xf32>
// CHECK: %[[L:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[FIRST]]) -> (vector<16x4xf32>)
// CHECK: %[[SCALED:.*]] = arith.mulf %[[L]], %{{.*}} : vector<16x4xf32>
// CHECK: %[[LAST:.*]] = vector.multi_reduction <add>, %{{.*}}, %[[SCALED]] [1, 3]
// CHECK: vector.multi_reduction <add>, %[[LAST]], %{{.*}} [1] : vector<16x4xf32> to vector<16xf32>
// CHECK-NOT: vector.multi_reduction
// CHECK: return

func.func @steps(%p: vector<16x64xf32>, %f: vector<16xf32>, %n: index,
                 %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = arith.mulf %f, %zero : vector<16xf32>
    %1 = vector.multi_reduction <add>, %p, %0 [1] : vector<16x64xf32> to vector<16xf32>
    %2 = scf.for %j = %c0 to %n step %c1 iter_args(%l = %1) -> (vector<16xf32>) {
      %3 = arith.mulf %f, %l : vector<16xf32>
      %4 = vector.multi_reduction <add>, %p, %3 [1] : vector<16x64xf32> to vector<16xf32>
      scf.yield %4 : vector<16xf32>
    }
    %5 = arith.mulf %2, %f : vector<16xf32>
    %6 = vector.multi_reduction <add>, %p, %5 [1] : vector<16x64xf32> to vector<16xf32>
    vector.transfer_write %6, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}

// -----

// A single row sum is not a step.
// CHECK-LABEL: func @row
// CHECK-NOT: vector<16x4xf32>
// CHECK: vector.multi_reduction <add>, %{{.*}}, %{{.*}} [1] : vector<16x64xf32> to vector<16xf32>

func.func @row(%p: vector<16x64xf32>, %o: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %threads = arith.constant 32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %0 = vector.multi_reduction <add>, %p, %zero [1] : vector<16x64xf32> to vector<16xf32>
    vector.transfer_write %0, %o[%c0] {in_bounds = [true]}
      : vector<16xf32>, memref<16xf32>
    gpu.terminator
  } {tile.schedule = #tile.schedule<warps = 1>}
  return
}
