// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Elements that are not contiguous in memory: slices with strides of 2, 3 and -2, a
// column of another dimension, and destinations of every second element.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s strided --build=%build_dir --option=--f32=tf32
// RUN: %python %S/Inputs/compare.py %s strided --build=%build_dir --option=--f32=tf32 --chip=sm_90a --async=random
// RUN: %python %S/Inputs/compare.py %s strided --build=%build_dir --option=--tiles=threads
// RUN: %python %S/Inputs/compare.py %s strided --build=%build_dir --target=cpu

func.func @attention(%x: tensor<1x37x4x32xf16>, %y: tensor<1x37x1x16x3xf16>, %z: tensor<1x37x1x48xf16>, %logits: tensor<1x37x4xf16>,
                     %o: tensor<1x37x2x33xf16>, %a: tensor<40x64xf32>, %b: tensor<32x48xf32>, %p: tensor<40x32xf32>)
    -> (tensor<1x37x2x33xf16>, tensor<40x32xf32>) {
  %q = tensor.extract_slice %x[0, 0, 0, 0] [1, 37, 4, 16] [1, 1, 1, 2] : tensor<1x37x4x32xf16> to tensor<1x37x4x16xf16>
  %k = tensor.extract_slice %y[0, 0, 0, 0, 1] [1, 37, 1, 16, 1] [1, 1, 1, 1, 1] : tensor<1x37x1x16x3xf16> to tensor<1x37x1x16xf16>
  %v = tensor.extract_slice %z[0, 0, 0, 0] [1, 37, 1, 16] [1, 1, 1, 3] : tensor<1x37x1x48xf16> to tensor<1x37x1x16xf16>
  %l = tensor.extract_slice %logits[0, 0, 3] [1, 37, 2] [1, 1, -2] : tensor<1x37x4xf16> to tensor<1x37x2xf16>
  %e = tensor.empty() : tensor<1x37x2x16xf16>
  %0 = diff.attention ins(%q, %k, %v, %l : tensor<1x37x4x16xf16>, tensor<1x37x1x16xf16>, tensor<1x37x1x16xf16>, tensor<1x37x2xf16>)
         outs(%e : tensor<1x37x2x16xf16>) mask<causal> -> tensor<1x37x2x16xf16>
  %out = tensor.insert_slice %0 into %o[0, 0, 0, 1] [1, 37, 2, 16] [1, 1, 1, 2] : tensor<1x37x2x16xf16> into tensor<1x37x2x33xf16>
  %left = tensor.extract_slice %a[0, 0] [40, 32] [1, 2] : tensor<40x64xf32> to tensor<40x32xf32>
  %right = tensor.extract_slice %b[0, 0] [32, 16] [1, 3] : tensor<32x48xf32> to tensor<32x16xf32>
  %sums = tensor.extract_slice %p[0, 0] [40, 16] [1, 2] : tensor<40x32xf32> to tensor<40x16xf32>
  %1 = linalg.matmul ins(%left, %right : tensor<40x32xf32>, tensor<32x16xf32>) outs(%sums : tensor<40x16xf32>) -> tensor<40x16xf32>
  %product = tensor.insert_slice %1 into %p[0, 0] [40, 16] [1, 2] : tensor<40x16xf32> into tensor<40x32xf32>
  return %out, %product : tensor<1x37x2x33xf16>, tensor<40x32xf32>
}
