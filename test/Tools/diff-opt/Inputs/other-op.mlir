// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A size that depends on an element.
func.func @first(%a: tensor<8xi32>, %b: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %first = tensor.extract %a[%c0] : tensor<8xi32>
  %size = arith.index_cast %first : i32 to index
  %part = tensor.extract_slice %b[0] [%size] [1] : tensor<?xf32> to tensor<?xf32>
  return %part : tensor<?xf32>
}
