//===- Comparison.h - Comparison with expected results ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFLAUNCH_COMPARISON_H
#define DIFF_TOOLS_DIFFLAUNCH_COMPARISON_H

#include "diff/Runtime/Npy.h"
#include <optional>

namespace mlir::diff::launch {

/// The allowed difference of a result from the expected one.
struct ErrorLimits {
  /// The maximum difference of an element.
  double maxError = 0;
  /// The norm of the difference, relative to the norm of the expected result.
  std::optional<double> normError;
  /// Rows of the innermost dimension that are expected to be 0 are exactly 0.
  bool zeroRows = false;
};

/// The measured differences.
struct Comparison {
  double maxError = 0;
  double normError = 0;
  /// The first error, or empty.
  std::string failure;
};

/// Converts the elements to numbers. Returns false for unsupported types.
bool toNumbers(NpyType type, const char *data, int64_t count,
               std::vector<double> &numbers);

/// Compares elements in C order. NaN and infinities must occur exactly at the
/// expected positions.
Comparison compare(const std::vector<double> &found,
                   const std::vector<double> &expected,
                   const std::vector<int64_t> &shape,
                   const ErrorLimits &limits);

} // namespace mlir::diff::launch

#endif // DIFF_TOOLS_DIFFLAUNCH_COMPARISON_H
