//===- Outcome.h - What a launch came to ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_OUTCOME_H
#define PTXSIM_DRIVER_OUTCOME_H

#include "Driver/Api.h"
#include "Driver/Settings.h"

namespace ptxsim::driver {

/// Prints the findings on standard error, and appends the report to its file.
void tell(const Settings &settings, const KernelInfo &info,
          const LaunchConfig &config, const LaunchResult &result);

/// The error that a GPU would have stopped with.
CUresult getFault(const Settings &settings, const LaunchResult &result);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_OUTCOME_H
