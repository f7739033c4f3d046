//===- Outcome.h - The outcome of a launch ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_OUTCOME_H
#define PTXSIM_DRIVER_OUTCOME_H

#include "Driver/Api.h"
#include "Driver/Settings.h"

namespace ptxsim::driver {

struct Driver;

/// Prints the findings on standard error, each line of a kernel once, and
/// appends the report to its file.
void tell(Driver &driver, const KernelInfo &info, const LaunchConfig &config,
          const LaunchResult &result);

/// Returns the error with which a GPU would have stopped.
CUresult getFault(const Settings &settings, const LaunchResult &result);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_OUTCOME_H
