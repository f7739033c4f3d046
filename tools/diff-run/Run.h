//===- Run.h - The run of a function ----------------------------*- C++ -*-===//
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

/// The signature of a function: its arguments and results. At the kernel and
/// hardware levels, some memref arguments are marked as results.
struct Signature {
  SmallVector<Type> arguments;
  SmallVector<Type> results;
  /// Numbers of arguments and results among the function's arguments.
  SmallVector<unsigned> argumentNumbers;
  SmallVector<unsigned> resultNumbers;
  /// The results are arguments.
  bool isEntry = false;
};

/// Returns the signature. Entries are supported by targets that run PTX.
Signature getSignature(func::FuncOp function, bool runsPTX);

/// Options of the targets that run PTX, in addition to the chip.
struct GPUOptions {
  launch::SimSettings simulator;
  /// The CUDA driver library.
  std::string library;
  /// PTX that replaces the compiled one, or empty.
  std::string ptxFile;
  /// The file for the report, or empty.
  std::string reportFile;
  bool profile = false;
};

/// One run of a function: the inputs and outputs of a target.
struct Run {
  ModuleOp module;
  func::FuncOp function;
  std::string functionName;
  Signature signature;
  /// An array for each argument. The array of a scalar has no dimensions.
  std::vector<NpyArray> inputs;
  std::vector<ResultType> results;
  /// The chip, a CPU or a GPU, and the compile options for it.
  CompileOptions compile;
  GPUOptions gpu;
  /// The number of timed runs after a warm-up. None: one run without timing.
  std::optional<unsigned> timedRuns;

  /// Set by the target, one for each result.
  std::vector<GuardedBuffer> outputs;
  double compileMilliseconds = 0;
  std::vector<double> milliseconds;
  /// The findings of the simulator's checkers, one line each, its report and
  /// its profile.
  std::vector<std::string> findings;
  std::string report;
  std::string profile;
};

/// Reads the arrays of the arguments and computes the sizes of the results.
/// Reports failures.
LogicalResult loadInputs(Run &run, const std::vector<std::string> &paths);

/// Writes all results and the report, or none of them. With findings, it writes
/// no results. Reports failures.
LogicalResult writeOutputs(const Run &run,
                           const std::vector<std::string> &paths);

/// Runs on the host CPU. Reports failures.
LogicalResult runOnHostLinalg(Run &run);
LogicalResult runOnHostCpu(Run &run);

/// Runs PTX for a chip on the simulator or a GPU. Reports failures; findings
/// are not failures.
LogicalResult runOnSimulator(Run &run);
LogicalResult runOnGPU(Run &run);

} // namespace mlir::diff

#endif // DIFF_TOOLS_DIFFRUN_RUN_H
