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

/// What came out of a case.
struct CaseOutcome {
  enum class Status { Agrees, Differs, Findings, Failed };
  Status status = Status::Failed;
  /// Of the code that was run.
  std::string chip;
  /// One for each result.
  std::vector<Comparison> comparisons;
  /// Of the timed runs, sorted.
  std::vector<double> milliseconds;
  std::vector<std::string> findings;
  /// What is wrong; empty when all agrees.
  std::string message;
};

const char *getStatusName(CaseOutcome::Status status);

/// Runs a case once, and then `timedRuns` times for the clock.
CaseOutcome runCase(const LaunchCase &entry, DeviceInterface &device,
                    unsigned timedRuns);

} // namespace mlir::diff::launch

#endif // DIFF_TOOLS_DIFFLAUNCH_CASERUN_H
