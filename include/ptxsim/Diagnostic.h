//===- Diagnostic.h - Errors and their locations ----------------*- C++ -*-===//
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DIAGNOSTIC_H
#define PTXSIM_DIAGNOSTIC_H

#include <string>

namespace ptxsim {

/// An error. If `line` is not 0, it has a location (line and column from 1).
struct Diagnostic {
  unsigned line = 0;
  unsigned column = 0;
  std::string message;

  explicit operator bool() const { return !message.empty(); }

  /// Returns `FILE:LINE:COL: message`, or only the message.
  std::string format(const std::string &file) const {
    if (!line)
      return message;
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) +
           ": " + message;
  }
};

} // namespace ptxsim

#endif // PTXSIM_DIAGNOSTIC_H
