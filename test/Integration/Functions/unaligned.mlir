// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Slices of rows that are not aligned to chunks of 16 bytes, and rows that are not
// whole chunks: nothing is copied or stored in chunks then.
// REQUIRES: numpy
//
// RUN: %python %S/Inputs/compare.py %s unaligned --build=%build_dir
// RUN: %python %S/Inputs/compare.py %s unaligned --build=%build_dir --chip=sm_100a --async=random

func.func @attention(%x: tensor<1x70x4x100xbf16>, %k: tensor<1x70x1x64xbf16>, %v: tensor<1x70x1x68xbf16>,
                     %l: tensor<1x70x2xbf16>, %o: tensor<1x70x2x72xbf16>) -> tensor<1x70x2x72xbf16> {
  %q = tensor.extract_slice %x[0, 0, 0, 4] [1, 70, 4, 64] [1, 1, 1, 1] : tensor<1x70x4x100xbf16> to tensor<1x70x4x64xbf16>
  %values = tensor.extract_slice %v[0, 0, 0, 4] [1, 70, 1, 64] [1, 1, 1, 1] : tensor<1x70x1x68xbf16> to tensor<1x70x1x64xbf16>
  %init = tensor.empty() : tensor<1x70x2x64xbf16>
  %0 = diff.attention ins(%q, %k, %values, %l : tensor<1x70x4x64xbf16>, tensor<1x70x1x64xbf16>, tensor<1x70x1x64xbf16>, tensor<1x70x2xbf16>)
     outs(%init : tensor<1x70x2x64xbf16>) mask<causal> -> tensor<1x70x2x64xbf16>
  %whole = tensor.insert_slice %0 into %o[0, 0, 0, 3] [1, 70, 2, 64] [1, 1, 1, 1] : tensor<1x70x2x64xbf16> into tensor<1x70x2x72xbf16>
  return %whole : tensor<1x70x2x72xbf16>
}
