//===- CaseRun.h - Runs one case --------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFLAUNCH_CASERUN_H
#define DIFF_TOOLS_DIFFLAUNCH_CASERUN_H

#include "CaseFolder.h"
#include "diff/Runtime/Launch/DeviceInterface.h"

namespace mlir::diff::launch {

/// The outcome of a case.
struct CaseOutcome {
  enum class Status { Agrees, Differs, Findings, Failed };
  Status status = Status::Failed;
  /// The chip of the code that ran.
  std::string chip;
  /// One for each result.
  std::vector<Comparison> comparisons;
  /// The times of the timed runs, sorted.
  std::vector<double> milliseconds;
  std::vector<std::string> findings;
  /// The error, or empty if all results agree.
  std::string message;
};

const char *getStatusName(CaseOutcome::Status status);

/// Runs a case once, and then `timedRuns` more times to measure the time.
CaseOutcome runCase(const LaunchCase &entry, DeviceInterface &device,
                    unsigned timedRuns);

} // namespace mlir::diff::launch

#endif // DIFF_TOOLS_DIFFLAUNCH_CASERUN_H
