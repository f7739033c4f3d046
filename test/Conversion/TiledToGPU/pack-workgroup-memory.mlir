// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --pass-pipeline='builtin.module(func.func(diff-pack-workgroup-memory{limit=96}),canonicalize)' | FileCheck %s
// RUN: not diff-opt %s --pass-pipeline='builtin.module(func.func(diff-pack-workgroup-memory{limit=95}))' 2>&1 | FileCheck %s --check-prefix=LIMIT

#wg = #gpu.address_space<workgroup>

// Offsets are multiples of 16 bytes: the first buffer has 20 bytes and takes 32.
// CHECK-LABEL: func @pack(
// CHECK-DAG: %[[BYTES:.*]] = arith.constant 96 : i32
// CHECK-DAG: %[[SECOND:.*]] = arith.constant 32 : index
// CHECK: gpu.launch {{.*}} dynamic_shared_memory_size %[[BYTES]]
// CHECK: %[[MEMORY:.*]] = gpu.dynamic_shared_memory
// CHECK: memref.view %[[MEMORY]][%c0{{.*}}][]{{.*}} to memref<5xf32,
// CHECK: memref.view %[[MEMORY]][%[[SECOND]]][]{{.*}} to memref<32xf16,
// LIMIT: error: 'gpu.launch' op needs 96 bytes of shared memory in a block, more than the 95 that the chip has
func.func @pack(%x: f32, %y: f16) {
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %a = memref.alloc() : memref<5xf32, #wg>
    %b = memref.alloc() : memref<32xf16, #wg>
    memref.store %x, %a[%tx] : memref<5xf32, #wg>
    memref.store %y, %b[%tx] : memref<32xf16, #wg>
    gpu.terminator
  }
  return
}
