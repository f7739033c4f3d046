// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

func.func @first() attributes {diff.colour = "red"} { return }

// -----

func.func @second() attributes {tile.colour = "red"} { return }
