//===- SimDevice.h - Launches in the simulator ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++: nothing of MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_SIMDEVICE_H
#define DIFF_RUNTIME_LAUNCH_SIMDEVICE_H

#include "diff/Runtime/Launch/DeviceInterface.h"

namespace mlir::diff::launch {

/// What is simulated, and how, in the words of ptx-sim's options.
struct SimSettings {
  std::string chip;
  std::string check = "all";
  std::string async = "late";
  uint64_t seed = 0;
  /// Count what the kernels cost.
  bool profile = false;
  /// Approximate functions err within what is documented.
  bool perturb = false;
  /// `fma`, or `truncate` for tensor cores that cut off as hardware does.
  std::string tensor = "fma";
  /// Host threads; 0: one for each core.
  unsigned threads = 0;
};

/// Returns an error message, empty on success.
std::string createSimDevice(const SimSettings &settings,
                            std::unique_ptr<DeviceInterface> &device);

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_SIMDEVICE_H
