//===- Offsets.h - Offsets of sequences in packed tensors -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_OFFSETS_H
#define DIFF_RUNTIME_OFFSETS_H

#include <cstdint>
#include <string>

namespace mlir::diff {

/// Checks offsets of sequences along a dimension of `size` elements: the first
/// is 0, they do not decrease, and the last is at most `size`. `place` names
/// the dimension in messages. Returns an empty string or an error message with
/// the value found and the legal values.
std::string checkOffsetValues(const int32_t *values, int64_t count,
                              int64_t size, const std::string &place);

} // namespace mlir::diff

#endif // DIFF_RUNTIME_OFFSETS_H
