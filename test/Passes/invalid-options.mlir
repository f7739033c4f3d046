// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Options with values that no pass can work with: an error that says so.
// RUN: not diff-opt %s -diff-select-schedule="shared-memory=-1" 2>&1 | FileCheck %s --check-prefix=MEMORY --implicit-check-not=error:
// MEMORY: error: diff-select-schedule: option 'shared-memory' must not be negative, found -1
// RUN: not diff-opt %s -diff-select-schedule="shared-memory=100000 threads=7" 2>&1 | FileCheck %s --check-prefix=THREADS --implicit-check-not=error:
// THREADS: error: diff-select-schedule: option 'threads' must be a multiple of 32 up to 1024, or 0, found 7
// RUN: not diff-opt %s -diff-distribute-to-blocks="threads=0" 2>&1 | FileCheck %s --check-prefix=BLOCKS --implicit-check-not=error:
// BLOCKS: error: diff-distribute-to-blocks: option 'threads' must be 1 to 1024, found 0
// RUN: not diff-opt %s -diff-pack-workgroup-memory="limit=-1" 2>&1 | FileCheck %s --check-prefix=PACK --implicit-check-not=error:
// PACK: error: diff-pack-workgroup-memory: option 'limit' must not be negative, found -1
// RUN: not diff-opt %s -tile-pack-rings="limit=-1" 2>&1 | FileCheck %s --check-prefix=RINGS --implicit-check-not=error:
// RINGS: error: tile-pack-rings: option 'limit' must not be negative, found -1
// RUN: not diff-opt %s -tile-defer-reductions="lanes=0" 2>&1 | FileCheck %s --check-prefix=DEFER --implicit-check-not=error:
// DEFER: error: tile-defer-reductions: options 'lanes' and 'elems' must be positive
// RUN: not diff-opt %s -diff-distribute-to-tasks="vector-bytes=48" 2>&1 | FileCheck %s --check-prefix=TASKS --implicit-check-not=error:
// TASKS: error: diff-distribute-to-tasks: option 'vector-bytes' must be a power of two from 8 to 256, and 'registers' at least 4, found 48 and 32
// RUN: not diff-opt %s -diff-vectorize-contractions="l1-bytes=0" 2>&1 | FileCheck %s --check-prefix=CONTRACTIONS --implicit-check-not=error:
// CONTRACTIONS: error: diff-vectorize-contractions: options 'l1-bytes' and 'l2-bytes' must be positive, found 0 and 1048576
// RUN: not diff-opt %s -diff-vectorize-rows="vector-bytes=0" 2>&1 | FileCheck %s --check-prefix=ROWS --implicit-check-not=error:
// ROWS: error: diff-vectorize-rows: option 'vector-bytes' must be a power of two from 8 to 256, found 0
func.func @f() { return }
