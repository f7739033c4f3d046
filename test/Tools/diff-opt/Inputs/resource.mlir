// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func @f() -> tensor<4xf32> {
  %0 = arith.constant dense_resource<numbers> : tensor<4xf32>
  return %0 : tensor<4xf32>
}
{-#
  dialect_resources: {builtin: {numbers: "0x400000000000803F000000400000404000008040"}}
#-}
