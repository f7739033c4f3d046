//===- CaseRun.cpp - Runs one case ----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseRun.h"
#include "diff/Runtime/Launch/ArrayRun.h"
#include <algorithm>

using namespace mlir::diff;
using namespace mlir::diff::launch;

const char *mlir::diff::launch::getStatusName(CaseOutcome::Status status) {
  switch (status) {
  case CaseOutcome::Status::Agrees:
    return "agrees";
  case CaseOutcome::Status::Differs:
    return "differs";
  case CaseOutcome::Status::Findings:
    return "findings";
  case CaseOutcome::Status::Failed:
    break;
  }
  return "failed";
}

namespace {
/// Each step returns an error; `outcome.status` is its kind.
class CaseRunner {
public:
  CaseRunner(const LaunchCase &entry, DeviceInterface &device,
             unsigned timedRuns)
      : entry(entry), device(device), timedRuns(timedRuns) {}

  CaseOutcome run() {
    outcome.message = load();
    if (outcome.message.empty())
      outcome.message = readArrays();
    if (outcome.message.empty())
      outcome.message = launch();
    return std::move(outcome);
  }

private:
  std::string load() {
    const CaseCode *code = entry.chooseCode(device.getCapability());
    if (!code) {
      std::string known;
      for (const CaseCode &one : entry.code)
        known += (known.empty() ? "" : ", ") + one.chip;
      return "no code runs on " + device.getName() + "; there is code for " +
             (known.empty() ? "no chip" : known);
    }
    outcome.chip = code->chip;
    std::string manifest, text;
    std::string error = readFile(code->manifest, manifest);
    if (error.empty())
      error = readFile(code->file, text);
    if (error.empty())
      error = Program::load(device, manifest, text, program);
    if (!error.empty())
      return error;
    function = program->findFunction(entry.function, error);
    return error;
  }

  std::string readArrays() {
    for (const std::string &path : entry.inputs) {
      inputs.emplace_back();
      std::string error = readNpy(path, inputs.back());
      if (!error.empty())
        return error;
    }
    std::vector<NpyType> types;
    for (const TensorInfo &tensor : function->tensors)
      if (tensor.isResult)
        types.push_back(tensor.type);
    if (types.size() != entry.expected.size())
      return "'" + entry.function + "' has " + std::to_string(types.size()) +
             " results, and " + std::to_string(entry.expected.size()) +
             " arrays are expected";
    for (size_t i = 0; i < types.size(); ++i) {
      expected.emplace_back();
      NpyArray array;
      std::string error = readNpy(entry.expected[i].file, array);
      if (!error.empty())
        return error;
      if (!toNumbers(array.type, array.data.data(),
                     int64_t(array.data.size()) / getNpyElementSize(array.type),
                     expected.back()))
        return entry.expected[i].file +
               ": a floating-point type is legal, "
               "found " +
               getNpyTypeName(array.type);
      results.push_back({types[i], array.shape, {}});
    }
    return "";
  }

  std::string launch() {
    std::vector<const NpyArray *> pointers;
    pointers.reserve(inputs.size());
    for (const NpyArray &input : inputs)
      pointers.push_back(&input);
    ArrayRun arrays(*program, *function);
    std::string error = arrays.prepare(pointers, results);
    for (unsigned i = 0; error.empty() && i <= timedRuns; ++i) {
      device.clearResults();
      double milliseconds = 0;
      error = arrays.run(milliseconds);
      outcome.findings = device.getFindings();
      if (error.empty() && !outcome.findings.empty()) {
        outcome.status = CaseOutcome::Status::Findings;
        return "the checkers found " + std::to_string(outcome.findings.size()) +
               (outcome.findings.size() == 1 ? " thing" : " things");
      }
      if (i > 0)
        outcome.milliseconds.push_back(milliseconds);
    }
    if (error.empty())
      error = arrays.finish();
    if (!error.empty())
      return error;
    std::sort(outcome.milliseconds.begin(), outcome.milliseconds.end());
    return compareAll(arrays);
  }

  std::string compareAll(ArrayRun &arrays) {
    outcome.status = CaseOutcome::Status::Agrees;
    std::string failure;
    for (size_t i = 0; i < results.size(); ++i) {
      const GuardedBuffer &found = arrays.getResults()[i];
      std::vector<double> numbers;
      toNumbers(results[i].type, found.getData(),
                found.getSize() / getNpyElementSize(results[i].type), numbers);
      outcome.comparisons.push_back(compare(
          numbers, expected[i], results[i].shape, entry.expected[i].limits));
      const std::string &one = outcome.comparisons.back().failure;
      if (!one.empty() && failure.empty())
        failure = "result " + std::to_string(i) + ": " + one;
    }
    if (!failure.empty())
      outcome.status = CaseOutcome::Status::Differs;
    return failure;
  }

  const LaunchCase &entry;
  DeviceInterface &device;
  unsigned timedRuns;
  CaseOutcome outcome;
  std::unique_ptr<Program> program;
  const FunctionInfo *function = nullptr;
  std::vector<NpyArray> inputs;
  /// Types and shapes.
  std::vector<NpyArray> results;
  std::vector<std::vector<double>> expected;
};
} // namespace

CaseOutcome mlir::diff::launch::runCase(const LaunchCase &entry,
                                        DeviceInterface &device,
                                        unsigned timedRuns) {
  return CaseRunner(entry, device, timedRuns).run();
}
