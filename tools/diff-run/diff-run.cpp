//===- diff-run.cpp - Compiles and runs a function on arrays --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Run.h"
#include "diff/InitAll.h"
#include "diff/Runtime/HostExecution.h"
#include "diff/Target/Chips.h"
#include "diff/Tools/ToolSupport.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"

namespace cl = llvm::cl;
using namespace mlir;
using namespace mlir::diff;

static constexpr StringLiteral kOverview =
    R"(Compiles a function on tensors and runs it on arrays from .npy files.

targets   linalg   the plain, unfused route on this machine's CPU
          cpu      the tiled route on this machine's CPU
          sim      the PTX of --chip in the simulator (not in this version)
          cuda     the PTX of --chip on a GPU (not in this version)

There is one --input for each argument and one --output for each result, in
order. Arrays are little-endian, in C order, and have exactly the declared type
and shape; dynamic sizes take the array's. bf16 is NumPy's '<V2' or '|V2'. A
scalar is an array without dimensions.

example:  diff-run layer.mlir --target=cpu --input=query.npy --input=key.npy
            --input=value.npy --input=lambda.npy --output=output.npy
)";

namespace {
struct Options {
  cl::OptionCategory category{"Options of diff-run"};
  cl::opt<std::string> source{cl::Positional, cl::desc("<file.mlir>"),
                              cl::init("-"), cl::cat(category)};
  cl::opt<std::string> target{"target", cl::desc("Where to run (default: cpu)"),
                              cl::value_desc("linalg|cpu|sim|cuda"),
                              cl::init("cpu"), cl::cat(category)};
  cl::opt<std::string> chip{"chip",
                            cl::desc("The GPU, such as sm_90a (sim and cuda)"),
                            cl::value_desc("chip"), cl::cat(category)};
  cl::list<std::string> inputs{"input", cl::desc("Array for an argument"),
                               cl::value_desc("file.npy"), cl::cat(category)};
  cl::list<std::string> outputs{"output", cl::desc("Where a result goes"),
                                cl::value_desc("file.npy"), cl::cat(category)};
  cl::opt<std::string> function{
      "function", cl::desc("Function to run (default: attention)"),
      cl::value_desc("name"), cl::init("attention"), cl::cat(category)};
  cl::opt<unsigned> time{
      "time",
      cl::desc("Run N times after a warm-up; print the times as a JSON line"),
      cl::value_desc("N"), cl::cat(category)};
  cl::opt<std::string> ptx{
      "ptx", cl::desc("Run this PTX in place of the compiled one (sim, cuda)"),
      cl::value_desc("file.ptx"), cl::cat(category)};
};

/// A way to run.
struct Target {
  StringLiteral name;
  /// It runs PTX of a chip.
  bool isGPU;
  /// Null where this version lacks it; `missing` says what is missing.
  LogicalResult (*run)(Run &run);
  StringLiteral missing;
};
} // namespace

static constexpr Target kTargets[] = {
    {"linalg", false, runOnHostLinalg, ""},
    {"cpu", false, runOnHostCpu, ""},
    {"sim", true, nullptr, "simulator"},
    {"cuda", true, nullptr, "GPU launcher"},
};

/// The target, when the options fit it and each other.
static const Target *checkOptions(Options &options) {
  const Target *target = llvm::find_if(kTargets, [&](const Target &candidate) {
    return candidate.name == options.target;
  });
  if (target == std::end(kTargets)) {
    reportError("--target must be linalg, cpu, sim or cuda, found '" +
                Twine(options.target) + "'");
    return nullptr;
  }
  std::string error;
  bool hasChip = options.chip.getNumOccurrences();
  if (target->isGPU && !hasChip)
    error = "--target=" + target->name.str() + " needs --chip";
  else if (target->isGPU && !lookUpChip(options.chip))
    error = "--chip: unknown GPU '" + options.chip + "'; known targets are " +
            getTargetNames();
  else if (!target->isGPU && hasChip)
    error = "--chip contradicts --target=" + target->name.str() +
            ", which runs on this machine's CPU";
  else if (!target->isGPU && options.ptx.getNumOccurrences())
    error = "--ptx contradicts --target=" + target->name.str() +
            ", which runs no PTX";
  else if (!target->run)
    error = "--target=" + target->name.str() + ": this version has no " +
            target->missing.str() + " yet";
  else if (options.time.getNumOccurrences() && options.time == 0)
    error = "--time must be at least 1, found 0";
  if (!error.empty()) {
    reportError(error);
    return nullptr;
  }
  return target;
}

/// No file may be written twice, and the standard streams serve once.
static LogicalResult checkFiles(Options &options) {
  unsigned readers = llvm::count(options.inputs, "-") + (options.source == "-");
  if (readers > 1)
    return failure(reportError("standard input can be read once only, and '-' "
                               "is given " +
                               Twine(readers) + " times"));
  for (size_t i = 0; i < options.outputs.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (options.outputs[i] == options.outputs[j])
        return failure(reportError("--output is given twice for '" +
                                   options.outputs[i] + "'"));
  if (options.time.getNumOccurrences() &&
      llvm::is_contained(options.outputs, "-"))
    return failure(reportError("--time and --output=- contradict each other: "
                               "both write to standard output"));
  return success();
}

static func::FuncOp findFunction(ModuleOp module, StringRef name) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function) {
    std::string known;
    for (auto other : module.getOps<func::FuncOp>())
      known += (known.empty() ? "@" : ", @") + other.getName().str();
    module.emitError("there is no function @")
        << name << "; functions: " << (known.empty() ? "none" : known);
    return nullptr;
  }
  if (function.isExternal()) {
    function.emitError("@") << name << " has no body";
    return nullptr;
  }
  return function;
}

/// One JSON line.
static std::string formatTimes(const Run &run) {
  std::vector<double> times = run.milliseconds;
  llvm::sort(times);
  size_t half = times.size() / 2;
  double median =
      times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  return llvm::formatv("{{\"median_ms\": {0:f4}, \"min_ms\": {1:f4}, "
                       "\"max_ms\": {2:f4}, \"compile_ms\": {3:f1}}\n",
                       median, times.front(), times.back(),
                       run.compileMilliseconds)
      .str();
}

static LogicalResult runTool(Options &options) {
  const Target *target = checkOptions(options);
  if (!target || failed(checkFiles(options)))
    return failure();

  DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  diff::registerAllDialects(registry);
  diff::registerAllExtensions(registry);
  registerHostExecution(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  auto buffer = readInput(options.source);
  if (!buffer)
    return failure();
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(sources, &context);
  reportFirstErrorOnly(context);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!module)
    return failure();

  Run run;
  run.module = *module;
  run.chip = options.chip;
  run.function = findFunction(*module, options.function);
  if (!run.function)
    return failure();
  if (options.outputs.size() != run.function.getNumResults())
    return failure(reportError(
        "@" + run.function.getName() + " has " +
        Twine(run.function.getNumResults()) +
        (run.function.getNumResults() == 1 ? " result" : " results") +
        ", so --output must be given as many times, found " +
        Twine(options.outputs.size())));
  if (options.time.getNumOccurrences())
    run.timedRuns = options.time;
  if (failed(loadInputs(run, options.inputs)) || failed(target->run(run)) ||
      failed(writeOutputs(run, options.outputs)))
    return failure();
  return run.timedRuns ? writeOutput("-", formatTimes(run)) : success();
}

int main(int argc, char **argv) {
  initializeTool();
  forgetLibraryOptions();
  Options options;
  if (failed(parseCommandLine(argc, argv, kOverview)) ||
      failed(runTool(options)))
    return reportError("diff-run failed");
  return EXIT_SUCCESS;
}
