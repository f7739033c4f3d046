//===- Run.h - What is run, and what comes out ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFRUN_RUN_H
#define DIFF_TOOLS_DIFFRUN_RUN_H

#include "diff/Runtime/GuardedBuffer.h"
#include "diff/Runtime/Npy.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::diff {

/// The element type and sizes of a result.
struct ResultType {
  NpyType type;
  std::vector<int64_t> shape;
};

/// One run of a function: what a target is given, and what it fills in.
struct Run {
  ModuleOp module;
  func::FuncOp function;
  /// An array for each argument, of its type; a scalar's has no dimensions.
  std::vector<NpyArray> inputs;
  std::vector<ResultType> results;
  std::string chip;
  /// Runs to be timed, after one that warms up. None: one run, not timed.
  std::optional<unsigned> timedRuns;

  /// Filled in by the target, one for each result.
  std::vector<GuardedBuffer> outputs;
  double compileMilliseconds = 0;
  std::vector<double> milliseconds;
};

/// Reads the arrays for the function's arguments and computes its results'
/// sizes. Failures are reported.
LogicalResult loadInputs(Run &run, const std::vector<std::string> &paths);

/// Writes all results, or none. Failures are reported.
LogicalResult writeOutputs(const Run &run,
                           const std::vector<std::string> &paths);

/// The routes to this machine's CPU. Failures are reported.
LogicalResult runOnHostLinalg(Run &run);
LogicalResult runOnHostCpu(Run &run);

} // namespace mlir::diff

#endif // DIFF_TOOLS_DIFFRUN_RUN_H
