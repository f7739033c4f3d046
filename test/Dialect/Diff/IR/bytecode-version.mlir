// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The bytecode carries the version of the dialect. A reader rejects a newer version
// and another major version. A version section is its number, 7, its length and two
// integers, where n is written as 2n + 1: 2.2 is 05 05.
// RUN: diff-opt %s --emit-bytecode -o %t.mlirbc
// RUN: diff-opt %t.mlirbc | FileCheck %s
// RUN: %python -c "import sys; b = open(sys.argv[1], 'rb').read(); assert b.count(b'\x07\x05\x05\x05') == 1; open(sys.argv[2], 'wb').write(b.replace(b'\x07\x05\x05\x05', b'\x07\x05\x05\x07')); open(sys.argv[3], 'wb').write(b.replace(b'\x07\x05\x05\x05', b'\x07\x05\x07\x01')); open(sys.argv[4], 'wb').write(b.replace(b'\x07\x05\x05\x05', b'\x07\x05\x03\x01'))" %t.mlirbc %t.minor.mlirbc %t.major.mlirbc %t.older.mlirbc
// RUN: not diff-opt %t.minor.mlirbc 2>&1 | FileCheck %s --check-prefix=MINOR
// RUN: not diff-opt %t.major.mlirbc 2>&1 | FileCheck %s --check-prefix=MAJOR
// RUN: not diff-opt %t.older.mlirbc 2>&1 | FileCheck %s --check-prefix=OLDER

// Version 2.1 had no head groups and no gate. Its files, with operand segments as
// MLIR encodes them now and as it did before, are what the text is.
// RUN: diff-opt %S/Inputs/version-2.1.mlir -o %t.text
// RUN: diff-opt %S/Inputs/version-2.1.mlirbc | diff %t.text -
// RUN: diff-opt %S/Inputs/version-2.1-segments.mlirbc | diff %t.text -
// RUN: diff-opt %S/Inputs/version-2.1.mlir --emit-bytecode --emit-bytecode-version=5 | diff-opt | diff %t.text -

// MINOR: error: bytecode has version 2.3 of dialect 'diff'; this reader knows versions 2.0 to 2.2
// MAJOR: error: bytecode has version 3.0 of dialect 'diff'; this reader knows versions 2.0 to 2.2
// OLDER: error: bytecode has version 1.0 of dialect 'diff'; this reader knows versions 2.0 to 2.2

// CHECK: diff.softmax_attention {{.*}} mask<causal>
func.func @attention(%q: tensor<1x2x1x8xf32>) -> tensor<1x2x1x8xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x2x1x8xf32>, tensor<1x2x1x8xf32>,
             tensor<1x2x1x8xf32>)
         outs(%q : tensor<1x2x1x8xf32>) mask<causal> -> tensor<1x2x1x8xf32>
  return %0 : tensor<1x2x1x8xf32>
}
