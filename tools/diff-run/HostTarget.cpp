//===- HostTarget.cpp - Runs on the host CPU ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Run.h"
#include "diff/Runtime/HostExecution.h"
#include "diff/Target/HostChips.h"
#include "diff/Tools/StandardErrorCapture.h"
#include "diff/Tools/ToolSupport.h"
#include <chrono>
#include <cstring>

using namespace mlir;
using namespace mlir::diff;

using Clock = std::chrono::steady_clock;

static double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

/// The machine code of the function.
static std::unique_ptr<HostFunction> compile(Run &run, HostRoute route) {
  std::string name = run.function.getName().str();
  const HostChip &chip = *lookUpHostChip(run.compile.chip);
  if (failed(lowerForHost(run.module, name, route, chip))) {
    reportError("@" + name + " cannot be compiled for this machine");
    return nullptr;
  }
  // The just-in-time linker prints its own errors.
  StandardErrorCapture capture;
  auto compiled = HostFunction::compile(run.module, name, chip);
  std::string printed = capture.finish();
  if (compiled) {
    llvm::errs() << printed;
    return std::move(*compiled);
  }
  std::string error = llvm::toString(compiled.takeError());
  // The output of the linker names missing symbols, the error does not.
  StringRef reason = StringRef(printed).split('\n').first;
  if (reason.consume_front("JIT session error: "))
    error = reason.str();
  if (hasReportedError())
    llvm::errs() << printed;
  else
    reportError("@" + name + " cannot be compiled for this machine: " + error);
  return nullptr;
}

namespace {
/// The arguments of the function in memory.
class Arguments {
public:
  explicit Arguments(Run &run) : run(run) {}

  LogicalResult allocate() {
    for (const NpyArray &array : run.inputs) {
      GuardedBuffer buffer(array.type, static_cast<int64_t>(array.data.size()));
      if (!buffer.isValid())
        return failure(reportError("not enough memory for the inputs"));
      if (!array.data.empty())
        std::memcpy(buffer.getData(), array.data.data(), array.data.size());
      inputs.push_back(std::move(buffer));
    }
    for (const ResultType &result : run.results) {
      GuardedBuffer buffer(result.type,
                           getNpyDataSize(result.type, result.shape));
      if (!buffer.isValid())
        return failure(reportError("not enough memory for a result of shape " +
                                   formatNpyShape(result.shape)));
      run.outputs.push_back(std::move(buffer));
    }
    return success();
  }

  /// The pointers that are passed to the compiled function.
  SmallVector<void *> getPointers() {
    descriptors.clear();
    descriptors.reserve(inputs.size() + run.outputs.size());
    for (auto [buffer, array, type] :
         llvm::zip_equal(inputs, run.inputs, run.function.getArgumentTypes()))
      add(buffer, array.shape, isa<RankedTensorType>(type));
    for (auto [buffer, result] : llvm::zip_equal(run.outputs, run.results))
      add(buffer, result.shape, /*isTensor=*/true);
    SmallVector<void *> pointers;
    for (Pointer &pointer : descriptors)
      pointers.push_back(pointer.scalar ? pointer.scalar : &pointer.address);
    return pointers;
  }

  void poisonOutputs() {
    for (GuardedBuffer &buffer : run.outputs)
      buffer.poison();
  }

  /// Only the results may be written.
  LogicalResult check() const {
    for (auto [number, buffer, array] : llvm::enumerate(inputs, run.inputs)) {
      if (failed(checkGuards(buffer, "argument", number)))
        return failure();
      if (!array.data.empty() &&
          std::memcmp(buffer.getData(), array.data.data(), array.data.size()) !=
              0)
        return reportStray("argument", number, "inside the read-only array");
    }
    for (auto [number, buffer] : llvm::enumerate(run.outputs))
      if (failed(checkGuards(buffer, "result", number)))
        return failure();
    return success();
  }

private:
  struct Pointer {
    MemRefDescriptor descriptor;
    void *address;
    void *scalar;
  };

  void add(GuardedBuffer &buffer, ArrayRef<int64_t> shape, bool isTensor) {
    descriptors.push_back({MemRefDescriptor(buffer.getData(), shape), nullptr,
                           isTensor ? nullptr : buffer.getData()});
    descriptors.back().address = descriptors.back().descriptor.get();
  }

  LogicalResult reportStray(StringRef what, unsigned number,
                            StringRef place) const {
    return failure(reportError("@" + run.function.getName() + " wrote " +
                               place + " of " + what + " " + Twine(number)));
  }

  LogicalResult checkGuards(const GuardedBuffer &buffer, StringRef what,
                            unsigned number) const {
    if (!buffer.isFrontIntact())
      return reportStray(what, number, "before the array");
    if (!buffer.isBackIntact())
      return reportStray(what, number, "after the array");
    return success();
  }

  Run &run;
  std::vector<GuardedBuffer> inputs;
  std::vector<Pointer> descriptors;
};
} // namespace

static LogicalResult runOnHost(Run &run, HostRoute route) {
  // Compilation replaces the function, but its type is needed later.
  OwningOpRef<func::FuncOp> original = run.function.clone();
  Clock::time_point start = Clock::now();
  std::unique_ptr<HostFunction> compiled = compile(run, route);
  if (!compiled)
    return failure();
  run.compileMilliseconds = millisecondsSince(start);
  run.function = *original;

  Arguments arguments(run);
  if (failed(arguments.allocate()))
    return failure();
  SmallVector<void *> pointers = arguments.getPointers();
  auto callOnce = [&] {
    arguments.poisonOutputs();
    Clock::time_point start = Clock::now();
    compiled->call(pointers);
    return millisecondsSince(start);
  };
  callOnce();
  for (unsigned i = 0; i < run.timedRuns.value_or(0); ++i)
    run.milliseconds.push_back(callOnce());
  LogicalResult checked = arguments.check();
  run.function = nullptr;
  return checked;
}

LogicalResult diff::runOnHostLinalg(Run &run) {
  return runOnHost(run, HostRoute::Linalg);
}

LogicalResult diff::runOnHostCpu(Run &run) {
  return runOnHost(run, HostRoute::Cpu);
}
