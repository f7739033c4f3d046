// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Wrong options of diff-compile: one error, and no IR on standard output.
// RUN: not diff-opt %s --diff-compile="chip=host stop-after=ptx" 2>%t.err >%t.out
// RUN: FileCheck %s --check-prefix=LEVEL --input-file=%t.err
// RUN: count 0 < %t.out
// LEVEL: options.mlir:{{.*}}: error: diff-compile: stop-after must be tiled, kernel or hardware, found 'ptx'
// LEVEL-NOT: error:

// RUN: not diff-opt %s --diff-compile="stop-after=semantic" 2>&1 | FileCheck %s --check-prefix=SEMANTIC
// SEMANTIC: error: diff-compile: stop-after must be tiled, kernel or hardware, found 'semantic'
// SEMANTIC-NOT: error:

// RUN: not diff-opt %s --diff-compile="chip=sm_1" 2>&1 | FileCheck %s --check-prefix=CHIP
// CHIP: error: diff-compile: unknown chip 'sm_1'; known are host, x86-64-v3, {{.*}}, apple-m4, sm_80, sm_86, sm_89, sm_90a, sm_100a, sm_120
// CHIP-NOT: error:

// RUN: not diff-opt %s --diff-compile="debug=full" 2>&1 | FileCheck %s --check-prefix=DEBUG
// DEBUG: error: diff-compile: debug must be line, found 'full'
// DEBUG-NOT: error:

// RUN: not diff-opt %s --diff-compile="chip=sm_80 f32=bf16" 2>&1 | FileCheck %s --check-prefix=F32
// F32: error: diff-compile: f32 must be ieee or tf32, found 'bf16'
// F32-NOT: error:

// RUN: not diff-opt %s --diff-compile="chip=sm_80 tiles=warps" 2>&1 | FileCheck %s --check-prefix=TILES
// TILES: error: diff-compile: tiles must be threads or tensor-cores, found 'warps'
// TILES-NOT: error:

// RUN: not diff-opt %s --diff-compile="f32=tf32" 2>&1 | FileCheck %s --check-prefix=HOST
// RUN: not diff-opt %s --diff-compile="chip=host tiles=threads" 2>&1 | FileCheck %s --check-prefix=HOST
// HOST: error: diff-compile: f32=tf32 and tiles=threads are for a GPU, found chip=host
// HOST-NOT: error:

// RUN: not diff-opt %s --diff-compile="speed=9" 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: no such option speed

// A module after the last level.
// RUN: diff-opt %s --diff-compile -o %t.hardware.mlir
// RUN: not diff-opt %t.hardware.mlir --diff-compile="stop-after=kernel" 2>&1 | FileCheck %s --check-prefix=PAST
// PAST: error: diff-compile: the module is at level hardware already, past stop-after=kernel
// PAST-NOT: error:
// RUN: diff-opt %s --diff-compile="stop-after=kernel" -o %t.kernel.mlir
// RUN: not diff-opt %t.kernel.mlir --diff-compile="stop-after=tiled" 2>&1 | FileCheck %s --check-prefix=KERNEL
// KERNEL: error: diff-compile: the module is at level kernel already, past stop-after=tiled
// KERNEL-NOT: error:
func.func @attention(%q: tensor<1x8x1x8xf32>) -> tensor<1x8x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x8x1x8xf32>, tensor<1x8x1x8xf32>,
             tensor<1x8x1x8xf32>)
         outs(%q : tensor<1x8x1x8xf32>) -> tensor<1x8x1x8xf32>
  return %0 : tensor<1x8x1x8xf32>
}
