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

/// What the environment says: a program that was written for a GPU has no
/// other way to be told.
struct Settings {
  const Chip *chip = nullptr;
  SimOptions simulation;
  /// Findings that are no faults of a GPU make a launch fail, too.
  bool findingsFail = false;
  /// A line of JSON for each launch is appended to it.
  std::string reportFile;
  /// ptxas's figure for every kernel; 0: unknown.
  unsigned registersPerThread = 0;
};

/// Reads the variables PTXSIM_*. False with a message for people if one of them
/// cannot be understood.
bool readSettings(Settings &settings, std::string &error);

/// What a chip's board has, which the simulator does not depend on.
struct Board {
  uint64_t memoryBytes;
  unsigned memoryBusBits;
};
Board getBoard(const Chip &chip);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_SETTINGS_H
