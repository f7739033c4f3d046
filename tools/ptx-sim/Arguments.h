//===- Arguments.h - Kernel arguments from the command line -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_TOOL_ARGUMENTS_H
#define PTXSIM_TOOL_ARGUMENTS_H

#include "diff/Runtime/Npy.h"
#include "ptxsim/Device.h"
#include <string>
#include <vector>

namespace ptxsim {

/// One `--arg`.
struct Argument {
  /// A scalar or aggregate by value; empty for an array.
  std::vector<uint8_t> bytes;
  /// `u32`, ... of a scalar.
  std::string type;

  bool isArray = false;
  bool isRead = false;
  bool isWritten = false;
  std::string input, output; // paths
  mlir::diff::NpyArray array;
  DevicePtr pointer = 0;
};

/// Takes the text of an `--arg` apart and reads its file. Returns an error
/// message, empty on success.
std::string parseArgument(const std::string &text, Argument &argument);

/// The kernel's parameter block. Arrays must have been placed on the device.
std::string packArguments(const KernelInfo &kernel,
                          const std::vector<Argument> &arguments,
                          std::vector<uint8_t> &block);

} // namespace ptxsim

#endif // PTXSIM_TOOL_ARGUMENTS_H
