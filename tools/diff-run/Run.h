//===- Run.h - What is run, and what comes out ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFRUN_RUN_H
#define DIFF_TOOLS_DIFFRUN_RUN_H

#include "diff/Pipelines/Pipelines.h"
#include "diff/Runtime/GuardedBuffer.h"
#include "diff/Runtime/Launch/SimDevice.h"
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

/// What a function takes and gives: its own arguments and results or, at the
/// kernel and hardware levels, memrefs of which some are marked as results.
struct Signature {
  SmallVector<Type> arguments;
  SmallVector<Type> results;
  /// Numbers of arguments and results among the function's arguments.
  SmallVector<unsigned> argumentNumbers;
  SmallVector<unsigned> resultNumbers;
  /// The results are arguments.
  bool isEntry = false;
};

/// The function's signature. Entries are for the targets that run PTX.
Signature getSignature(func::FuncOp function, bool runsPTX);

/// What the targets that run PTX are told beyond the chip.
struct GPUOptions {
  launch::SimSettings simulator;
  /// The CUDA driver's library.
  std::string library;
  /// PTX in place of the compiled one; empty for none.
  std::string ptxFile;
  /// Where the report goes; empty for nowhere.
  std::string reportFile;
  bool profile = false;
};

/// One run of a function: what a target is given, and what it fills in.
struct Run {
  ModuleOp module;
  func::FuncOp function;
  std::string functionName;
  Signature signature;
  /// An array for each argument, of its type; a scalar's has no dimensions.
  std::vector<NpyArray> inputs;
  std::vector<ResultType> results;
  /// The GPU, and how to compile for it.
  CompileOptions compile;
  GPUOptions gpu;
  /// Runs to be timed, after one that warms up. None: one run, not timed.
  std::optional<unsigned> timedRuns;

  /// Filled in by the target, one for each result.
  std::vector<GuardedBuffer> outputs;
  double compileMilliseconds = 0;
  std::vector<double> milliseconds;
  /// What the simulator's checkers found, one line each, and its report and
  /// profile.
  std::vector<std::string> findings;
  std::string report;
  std::string profile;
};

/// Reads the arrays for the function's arguments and computes its results'
/// sizes. Failures are reported.
LogicalResult loadInputs(Run &run, const std::vector<std::string> &paths);

/// Writes all results and the report, or none of them. With findings there are
/// no results. Failures are reported.
LogicalResult writeOutputs(const Run &run,
                           const std::vector<std::string> &paths);

/// The routes to this machine's CPU. Failures are reported.
LogicalResult runOnHostLinalg(Run &run);
LogicalResult runOnHostCpu(Run &run);

/// The PTX of a chip, in the simulator or on a GPU. Failures are reported;
/// findings are none.
LogicalResult runOnSimulator(Run &run);
LogicalResult runOnGPU(Run &run);

} // namespace mlir::diff

#endif // DIFF_TOOLS_DIFFRUN_RUN_H
