// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A fault of a library is one error line, not a signal: the parser of LLVM 22.1's
// extractvalue indexes the members of the type without looking at their number.
// RUN: not diff-opt %s -o %t.out 2>&1 | FileCheck %s
// RUN: not ls %t.out

// CHECK-NOT: error:
// CHECK: error: {{internal fault \(SIG[A-Z]+\); please report it with the command line and the input|.*position out of bounds}}
// CHECK-NOT: error:
llvm.func @f(%s: !llvm.struct<(f32, f32)>) {
  %0 = llvm.extractvalue %s[4294967296] : !llvm.struct<(f32, f32)>
  llvm.return
}
