//===- Comparison.h - A result against the expected one ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFLAUNCH_COMPARISON_H
#define DIFF_TOOLS_DIFFLAUNCH_COMPARISON_H

#include "diff/Runtime/Npy.h"
#include <optional>

namespace mlir::diff::launch {

/// How far a result may be from the expected one.
struct ErrorLimits {
  /// Of an element.
  double maxError = 0;
  /// Of the norm of the difference, relative to the norm of what is expected.
  std::optional<double> normError;
  /// A row of the innermost dimension that is 0 is 0 exactly.
  bool zeroRows = false;
};

/// What was measured.
struct Comparison {
  double maxError = 0;
  double normError = 0;
  /// The first thing that is wrong; empty when nothing is.
  std::string failure;
};

/// The elements as numbers. False for a type that has none.
bool toNumbers(NpyType type, const char *data, int64_t count,
               std::vector<double> &numbers);

/// Compares elements in C order. NaN and infinities must be where they are
/// expected, and there only.
Comparison compare(const std::vector<double> &found,
                   const std::vector<double> &expected,
                   const std::vector<int64_t> &shape,
                   const ErrorLimits &limits);

} // namespace mlir::diff::launch

#endif // DIFF_TOOLS_DIFFLAUNCH_COMPARISON_H
