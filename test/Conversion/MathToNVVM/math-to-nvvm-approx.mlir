// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --pass-pipeline='builtin.module(gpu.module(convert-math-to-nvvm-approx))' | FileCheck %s

gpu.module @m {
  // CHECK-LABEL: gpu.func @scalars(
  // CHECK-SAME: %[[X:.*]]: f32, %[[Y:.*]]: f32,
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f"(%[[X]])
  // CHECK: %[[SCALED:.*]] = arith.mulf %[[X]], %{{.*}}
  // CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f"(%[[SCALED]])
  // CHECK: %[[LOG:.*]] = llvm.call_intrinsic "llvm.nvvm.lg2.approx.ftz.f"(%[[X]])
  // CHECK: arith.mulf %[[LOG]],
  // CHECK: llvm.call_intrinsic "llvm.nvvm.sqrt.approx.f"(%[[X]])
  // CHECK: llvm.call_intrinsic "llvm.nvvm.div.full"(%[[X]], %[[Y]])
  gpu.func @scalars(%x: f32, %y: f32, %o: memref<5xf32>) kernel {
    %a = math.exp2 %x : f32
    %b = math.exp %x : f32
    %c = math.log %x : f32
    %d = math.sqrt %x : f32
    %e = arith.divf %x, %y : f32
    %i0 = arith.constant 0 : index
    memref.store %a, %o[%i0] : memref<5xf32>
    memref.store %b, %o[%i0] : memref<5xf32>
    memref.store %c, %o[%i0] : memref<5xf32>
    memref.store %d, %o[%i0] : memref<5xf32>
    memref.store %e, %o[%i0] : memref<5xf32>
    gpu.return
  }

  // A small argument uses the series, which keeps all digits.
  // CHECK-LABEL: gpu.func @tanh(
  // CHECK-SAME: %[[X:[a-z0-9]*]]: f32,
  // CHECK: %[[THIRD:.*]] = arith.constant -0.333333343 : f32
  // CHECK: %[[BOUND:.*]] = arith.constant 9.000000e-02 : f32
  // CHECK: llvm.nvvm.ex2.approx.ftz.f
  // CHECK: %[[LARGE:.*]] = arith.subf
  // CHECK: %[[SQUARE:.*]] = arith.mulf %[[X]], %[[X]]
  // CHECK: %[[SMALL:.*]] = arith.cmpf olt, %[[SQUARE]], %[[BOUND]]
  // CHECK: math.fma %{{.*}}, %[[SQUARE]], %{{.*}}
  // CHECK: math.fma %{{.*}}, %[[SQUARE]], %{{.*}}
  // CHECK: %[[SUM:.*]] = math.fma %{{.*}}, %[[SQUARE]], %[[THIRD]]
  // CHECK: %[[TERMS:.*]] = arith.mulf %[[SUM]], %[[SQUARE]]
  // CHECK: %[[SERIES:.*]] = math.fma %[[TERMS]], %[[X]], %[[X]]
  // CHECK: arith.select %[[SMALL]], %[[SERIES]], %[[LARGE]]
  gpu.func @tanh(%x: f32, %o: memref<f32>) kernel {
    %a = math.tanh %x : f32
    memref.store %a, %o[] : memref<f32>
    gpu.return
  }

  // Vectors are lowered element by element.
  // CHECK-LABEL: gpu.func @others(
  // CHECK-COUNT-4: llvm.nvvm.ex2.approx.ftz.f
  // CHECK-NOT: llvm.nvvm
  gpu.func @others(%x: vector<2x2xf32>, %o: memref<4x4xf32>) kernel {
    %a = math.exp2 %x : vector<2x2xf32>
    %i0 = arith.constant 0 : index
    vector.transfer_write %a, %o[%i0, %i0] {in_bounds = [true, true]} : vector<2x2xf32>, memref<4x4xf32>
    gpu.return
  }

  // k = round(2x / pi) is in the lowest bits of a sum; the three parts of pi/2
  // follow.
  // CHECK-LABEL: gpu.func @angles(
  // CHECK-SAME: %[[X:[a-z0-9]*]]: f32,
  // CHECK: %[[SHIFTED:.*]] = math.fma %[[X]],
  // CHECK: arith.subf %{{.*}}, %[[SHIFTED]]
  // CHECK-COUNT-3: math.fma
  // CHECK: arith.bitcast %[[SHIFTED]] : f32 to i32
  // CHECK-NOT: math.cos
  gpu.func @angles(%x: f32, %o: memref<f32>) kernel {
    %a = math.cos %x : f32
    memref.store %a, %o[] : memref<f32>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @signs(
  // CHECK: llvm.call_intrinsic "llvm.fabs"(%{{.*}}) : (f16) -> f16
  // CHECK-COUNT-2: llvm.call_intrinsic "llvm.copysign"(%{{.*}}, %{{.*}}) : (f32, f32) -> f32
  // CHECK: llvm.call_intrinsic "llvm.maxnum"(%{{.*}}, %{{.*}}) : (f64, f64) -> f64
  gpu.func @signs(%x: f16, %y: vector<2xf32>, %z: f64, %w: f64, %o: memref<f16>, %p: memref<2xf32>, %q: memref<f64>) kernel {
    %a = math.absf %x : f16
    %b = math.copysign %y, %y : vector<2xf32>
    %c = arith.maxnumf %z, %w : f64
    %i0 = arith.constant 0 : index
    memref.store %a, %o[] : memref<f16>
    vector.store %b, %p[%i0] : memref<2xf32>, vector<2xf32>
    memref.store %c, %q[] : memref<f64>
    gpu.return
  }
}
