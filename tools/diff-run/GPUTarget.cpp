//===- GPUTarget.cpp - Runs PTX on the simulator or a GPU -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Run.h"
#include "diff/Runtime/Launch/ArrayRun.h"
#include "diff/Runtime/Launch/CudaDevice.h"
#include "diff/Target/Chips.h"
#include "diff/Target/GPUEmission.h"
#include "diff/Tools/ToolSupport.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/MemoryBuffer.h"
#include <chrono>

using namespace mlir;
using namespace mlir::diff;

using Clock = std::chrono::steady_clock;

namespace {
/// The program to launch.
struct Code {
  std::string manifest;
  std::string ptx;
};
} // namespace

/// Leaves the module at the hardware level.
static LogicalResult lower(Run &run) {
  PassManager pm(run.module.getContext());
  Level level = inferLevel(run.module);
  if (failed(verifyCompilable(run.module, level)))
    return failure();
  if (level <= Level::Tiled) {
    // Compile only the function and its callees.
    for (auto other : run.module.getOps<func::FuncOp>())
      SymbolTable::setSymbolVisibility(
          other, other == run.function ? SymbolTable::Visibility::Public
                                       : SymbolTable::Visibility::Private);
    pm.addPass(createSymbolDCEPass());
  }
  buildCompilePipeline(pm, level, Level::Hardware, run.compile);
  return pm.run(run.module);
}

static FailureOr<Code> compile(Run &run) {
  Code code;
  if (!run.gpu.ptxFile.empty()) {
    auto buffer = readInput(run.gpu.ptxFile);
    if (!buffer)
      return failure();
    code.ptx = buffer->getBuffer().str();
  }
  LogicalResult lowered = lower(run);
  // The passes replace it.
  run.function = nullptr;
  if (failed(lowered))
    return failure(reportError("@" + run.functionName +
                               " cannot be compiled for " + run.compile.chip));
  const Chip &chip = *lookUpChip(run.compile.chip);
  FailureOr<std::string> manifest = emitManifest(run.module, chip);
  if (failed(manifest))
    return failure(reportError("the module has no manifest"));
  code.manifest = std::move(*manifest);
  if (!run.gpu.ptxFile.empty())
    return code;
  FailureOr<std::string> ptx = emitPTX(run.module, chip);
  if (failed(ptx))
    return failure(reportError("the module has no PTX"));
  code.ptx = std::move(*ptx);
  return code;
}

/// Reports an error of the launcher, if there is one.
static LogicalResult check(const Twine &error) {
  std::string text = error.str();
  return text.empty() ? success() : failure(reportError(text));
}

/// Runs once, or as often as requested after a warm-up run. Stops when a
/// checker reports a finding.
static LogicalResult runAll(Run &run, launch::DeviceInterface &device,
                            launch::ArrayRun &arrays) {
  for (unsigned i = 0; i <= run.timedRuns.value_or(0); ++i) {
    device.clearResults();
    double milliseconds = 0;
    if (failed(check(arrays.run(milliseconds))))
      return failure();
    run.findings = device.getFindings();
    if (!run.findings.empty())
      return success();
    if (i > 0)
      run.milliseconds.push_back(milliseconds);
  }
  if (failed(check(arrays.finish())))
    return failure();
  run.outputs = std::move(arrays.getResults());
  return success();
}

/// Reports an error in the code. A location in it, `PTX:LINE:COLUMN: `, is one
/// in the source file and is printed before `error: `.
static LogicalResult reportLoadError(const Run &run, StringRef error) {
  size_t end = error.find(": ");
  if (error.starts_with("PTX:") && end != StringRef::npos) {
    StringRef file =
        run.gpu.ptxFile.empty() ? StringRef("PTX") : StringRef(run.gpu.ptxFile);
    llvm::errs() << file << error.take_front(end).drop_front(3) << ": ";
    error = error.drop_front(end + 2);
  }
  return failure(reportError(error));
}

static LogicalResult runOn(Run &run, launch::DeviceInterface &device) {
  Clock::time_point start = Clock::now();
  FailureOr<Code> code = compile(run);
  std::unique_ptr<launch::Program> program;
  if (failed(code))
    return failure();
  std::string error =
      launch::Program::load(device, code->manifest, code->ptx, program);
  if (!error.empty())
    return reportLoadError(run, error);
  run.compileMilliseconds =
      std::chrono::duration<double, std::milli>(Clock::now() - start).count();

  const launch::FunctionInfo *function =
      program->findFunction(run.functionName, error);
  if (!function)
    return failure(reportError(error));
  std::vector<const NpyArray *> inputs;
  std::vector<NpyArray> results;
  // Scalars are not tensors, and no kernel uses them.
  for (auto [array, type] :
       llvm::zip_equal(run.inputs, run.signature.arguments))
    if (isa<ShapedType>(type))
      inputs.push_back(&array);
  for (const ResultType &result : run.results)
    results.push_back({result.type, result.shape, {}});
  launch::ArrayRun arrays(*program, *function);
  if (failed(check(arrays.prepare(inputs, results))) ||
      failed(runAll(run, device, arrays)))
    return failure();
  run.report = device.getReport();
  if (run.gpu.profile)
    run.profile = device.getProfile();
  return success();
}

LogicalResult diff::runOnSimulator(Run &run) {
  std::unique_ptr<launch::DeviceInterface> device;
  if (failed(check(launch::createSimDevice(run.gpu.simulator, device))))
    return failure();
  return runOn(run, *device);
}

LogicalResult diff::runOnGPU(Run &run) {
  std::unique_ptr<launch::DeviceInterface> device;
  launch::CudaSettings settings;
  settings.library = run.gpu.library;
  if (failed(check(launch::createCudaDevice(settings, device))))
    return failure();
  return runOn(run, *device);
}
