// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
func.func @first(%q: tensor<1x20x2x16xf16>, %o: tensor<1x20x2x16xf16>) -> tensor<1x20x2x16xf16> {
  return %o : tensor<1x20x2x16xf16>
}
func.func @second(%q: tensor<1x20x2x16xf16>, %o: tensor<1x20x2x16xf16>) -> tensor<1x20x2x16xf16> {
  %0 = diff.softmax_attention ins(%q, %q, %q : tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>) outs(%o : tensor<1x20x2x16xf16>) scale(-1.0) -> tensor<1x20x2x16xf16>
  return %0 : tensor<1x20x2x16xf16>
}
func.func @third(%q: tensor<1x20x2x16xf16>, %o: tensor<1x20x2x16xf16>) -> tensor<1x20x2x16xf16> {
  %0 = diff.softmax_attention ins(%q, %q, %q : tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>, tensor<1x20x2x16xf16>) outs(%o : tensor<1x20x2x16xf16>) softcap(-1.0) -> tensor<1x20x2x16xf16>
  return %0 : tensor<1x20x2x16xf16>
}
