//===- StandardErrorCapture.h - Collects standard error ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_STANDARDERRORCAPTURE_H
#define DIFF_TOOLS_STANDARDERRORCAPTURE_H

#include <cstdio>
#include <string>

namespace mlir::diff {

/// Collects what is written to standard error between construction and
/// `finish`, for libraries that print there and take no other stream.
class StandardErrorCapture {
public:
  StandardErrorCapture();
  ~StandardErrorCapture();
  StandardErrorCapture(const StandardErrorCapture &) = delete;
  StandardErrorCapture &operator=(const StandardErrorCapture &) = delete;

  /// Ends the collection; returns what was written.
  std::string finish();

  /// Ends every collection and drops what was written: the process is about to
  /// end, and its last words must be seen.
  static void abandonAll();

private:
  void restore();

  /// The collection that this one interrupts.
  StandardErrorCapture *outer;

  /// Null where there is no room for a temporary file: nothing is collected.
  std::FILE *file;
  int saved = -1;
};

} // namespace mlir::diff

#endif // DIFF_TOOLS_STANDARDERRORCAPTURE_H
