//===- Settings.h - Options of the driver library ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_SETTINGS_H
#define PTXSIM_DRIVER_SETTINGS_H

#include "ptxsim/Device.h"
#include <string>

namespace ptxsim::driver {

/// Settings from the environment, because programs for GPUs have no other
/// option to pass them.
struct Settings {
  const Chip *chip = nullptr;
  SimOptions simulation;
  /// Findings that a GPU does not detect also make a launch fail.
  bool findingsFail = false;
  /// A line of JSON for each launch is appended to this file.
  std::string reportFile;
  /// Registers of every kernel as reported by ptxas; 0: unknown.
  unsigned registersPerThread = 0;
};

/// Reads the variables PTXSIM_*. Returns false and a message if a variable is
/// not valid.
bool readSettings(Settings &settings, std::string &error);

/// Properties of the board of a chip, on which the simulation does not depend.
struct Board {
  uint64_t memoryBytes;
  unsigned memoryBusBits;
};
Board getBoard(const Chip &chip);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_SETTINGS_H
