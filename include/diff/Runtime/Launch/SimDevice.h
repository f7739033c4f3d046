//===- SimDevice.h - Launches on the simulator ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_SIMDEVICE_H
#define DIFF_RUNTIME_LAUNCH_SIMDEVICE_H

#include "diff/Runtime/Launch/DeviceInterface.h"

namespace mlir::diff::launch {

/// Options of the simulation, with the meaning of the options of ptx-sim.
struct SimSettings {
  std::string chip;
  std::string check = "all";
  std::string async = "late";
  uint64_t seed = 0;
  /// Warp instructions after which a launch ends with an error; 0: no limit.
  uint64_t steps = 0;
  /// Count the cost of the kernels.
  bool profile = false;
  /// Perturb approximate functions within their documented error.
  bool perturb = false;
  /// `fma`, or `truncate` for tensor cores that truncate like hardware.
  std::string tensor = "fma";
  /// Host threads; 0: one for each core.
  unsigned threads = 0;
};

/// Returns an empty string or an error message.
std::string createSimDevice(const SimSettings &settings,
                            std::unique_ptr<DeviceInterface> &device);

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_SIMDEVICE_H
