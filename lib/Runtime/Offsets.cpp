//===- Offsets.cpp - Offsets of sequences in packed tensors ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Offsets.h"

std::string mlir::diff::checkOffsetValues(const int32_t *values, int64_t count,
                                          int64_t size,
                                          const std::string &place) {
  if (count == 0)
    return "has no element; one for each sequence and one more are legal";
  if (values[0] != 0)
    return "begins with " + std::to_string(values[0]) + "; 0 is legal";
  for (int64_t i = 1; i < count; ++i)
    if (values[i] < values[i - 1])
      return "decreases from " + std::to_string(values[i - 1]) + " to " +
             std::to_string(values[i]) + " at element " + std::to_string(i) +
             "; offsets must not decrease";
  if (values[count - 1] > size)
    return "ends with " + std::to_string(values[count - 1]) + "; up to " +
           std::to_string(size) + ", the size of " + place + ", are legal";
  return "";
}
