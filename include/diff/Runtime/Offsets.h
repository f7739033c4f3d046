//===- Offsets.h - Offsets of sequences in packed tensors -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++: nothing of MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_OFFSETS_H
#define DIFF_RUNTIME_OFFSETS_H

#include <cstdint>
#include <string>

namespace mlir::diff {

/// Checks offsets of sequences along a dimension of `size` elements: the first
/// is 0, none is less than the one in front of it, and the last is at most
/// `size`. `place` is what messages call the dimension. Returns an error
/// message that says what was found and what is legal, empty on success.
std::string checkOffsetValues(const int32_t *values, int64_t count,
                              int64_t size, const std::string &place);

} // namespace mlir::diff

#endif // DIFF_RUNTIME_OFFSETS_H
