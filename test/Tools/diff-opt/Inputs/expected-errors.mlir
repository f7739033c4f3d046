// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// expected-error @below {{which dialect 'diff' does not define}}
func.func @first() attributes {diff.colour = "red"} { return }
