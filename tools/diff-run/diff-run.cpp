//===- diff-run.cpp - Compiles and runs a function on arrays --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Run.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/InitAll.h"
#include "diff/Runtime/HostExecution.h"
#include "diff/Target/Chips.h"
#include "diff/Target/HostChips.h"
#include "diff/Tools/ModuleInput.h"
#include "diff/Tools/ToolSupport.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"

namespace cl = llvm::cl;
using namespace mlir;
using namespace mlir::diff;

static constexpr StringLiteral kOverview =
    R"(Compiles a function on tensors and runs it on arrays from .npy files.

targets   linalg   the unfused reference, on the CPU of this machine
          cpu      the tiled code, on the CPU of this machine
          sim      PTX for --chip, on the simulator with checkers
          cuda     PTX for --chip, on a GPU

There is one --input for each argument and one --output for each result, in
order. Arrays are little-endian, in C order, and have exactly the declared type
and shape; arrays determine dynamic sizes. bf16 is NumPy's '<V2' or '|V2'. A
scalar is an array without dimensions.

sim and cuda accept modules of every level. If a checker of the simulator
reports a finding, no output is written and the exit status is 2.

example:  diff-run layer.mlir --target=cpu --input=query.npy --input=key.npy
            --input=value.npy --input=lambda.npy --output=output.npy
)";

namespace {
struct Options {
  cl::OptionCategory category{"Options of diff-run"};
  cl::opt<std::string> source{cl::Positional, cl::desc("<file.mlir>"),
                              cl::init("-"), cl::cat(category)};
  cl::opt<std::string> target{"target", cl::desc("Target (default: cpu)"),
                              cl::value_desc("linalg|cpu|sim|cuda"),
                              cl::init("cpu"), cl::cat(category)};
  cl::opt<std::string> chip{
      "chip",
      cl::desc("The GPU, such as sm_90a (sim and cuda), or the "
               "CPU, such as x86-64-v3 (linalg and cpu; "
               "default: host)"),
      cl::value_desc("chip"), cl::init("host"), cl::cat(category)};
  cl::list<std::string> inputs{"input", cl::desc("Array of an argument"),
                               cl::value_desc("file.npy"), cl::cat(category)};
  cl::list<std::string> outputs{"output", cl::desc("File for a result"),
                                cl::value_desc("file.npy"), cl::cat(category)};
  cl::opt<std::string> function{
      "function", cl::desc("Function to run (default: attention)"),
      cl::value_desc("name"), cl::init("attention"), cl::cat(category)};
  cl::opt<unsigned> time{
      "time",
      cl::desc("Run N times after a warm-up; print the times as a JSON line"),
      cl::value_desc("N"), cl::cat(category)};
  cl::opt<std::string> ptx{
      "ptx", cl::desc("Run this PTX instead of the compiled PTX (sim, cuda)"),
      cl::value_desc("file.ptx"), cl::cat(category)};
  cl::opt<std::string> library{
      "libcuda", cl::desc("CUDA driver library (cuda; default: libcuda.so.1)"),
      cl::value_desc("path"), cl::init("libcuda.so.1"), cl::cat(category)};
  cl::opt<std::string> f32{
      "f32",
      cl::desc("Products of f32: ieee (default), or tf32 to round to tf32 and "
               "use tensor cores (sim, cuda)"),
      cl::value_desc("ieee|tf32"), cl::init("ieee"), cl::cat(category)};
  cl::opt<std::string> tiles{
      "tiles",
      cl::desc(
          "tensor-cores (default) for the types that they support, or threads "
          "for any head dimension and alignment (sim, cuda)"),
      cl::value_desc("tensor-cores|threads"), cl::init("tensor-cores"),
      cl::cat(category)};
  cl::opt<std::string> check{
      "check",
      cl::desc("Checkers: none or a list of all (default; without "
               "same-value), memory, init, race, sync, async, same-value "
               "(sim)"),
      cl::value_desc("list"), cl::init("all"), cl::cat(category)};
  cl::opt<std::string> async{
      "async",
      cl::desc("When copies complete: late (default), eager, random (sim)"),
      cl::value_desc("policy"), cl::init("late"), cl::cat(category)};
  cl::opt<uint64_t> seed{"seed", cl::desc("Seed for random choices (sim)"),
                         cl::value_desc("N"), cl::cat(category)};
  cl::opt<uint64_t> steps{
      "steps", cl::desc("Stop a launch after N warp instructions (sim)"),
      cl::value_desc("N"), cl::cat(category)};
  cl::opt<bool> perturb{
      "perturb",
      cl::desc("Perturb approximate functions within documented errors (sim)"),
      cl::cat(category)};
  cl::opt<std::string> tensor{
      "tensor",
      cl::desc("Tensor cores: fma (default), or truncate like hardware (sim)"),
      cl::value_desc("mode"), cl::init("fma"), cl::cat(category)};
  cl::opt<unsigned> threads{
      "threads", cl::desc("Host threads (sim; default: one for each core)"),
      cl::value_desc("N"), cl::cat(category)};
  cl::opt<bool> profile{
      "profile", cl::desc("Print counters and a lower bound of cycles (sim)"),
      cl::cat(category)};
  cl::opt<std::string> json{"json",
                            cl::desc("File for findings and counters (sim)"),
                            cl::value_desc("file.json"), cl::cat(category)};

  /// The parsed values of `f32` and `tiles`.
  CompileOptions compile;

  /// The given options of the simulator.
  std::string findSimulatorOption() const {
    for (const cl::Option *option : std::initializer_list<const cl::Option *>{
             &check, &async, &seed, &steps, &perturb, &tensor, &threads,
             &profile, &json})
      if (option->getNumOccurrences())
        return option->ArgStr.str();
    return "";
  }
};

/// A target.
struct Target {
  StringLiteral name;
  /// True if it runs the PTX of a chip.
  bool isGPU;
  LogicalResult (*run)(Run &run);
};
} // namespace

static constexpr Target kTargets[] = {
    {"linalg", false, runOnHostLinalg},
    {"cpu", false, runOnHostCpu},
    {"sim", true, runOnSimulator},
    {"cuda", true, runOnGPU},
};

/// Returns the target if the options are consistent with it.
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
    error = "--chip: unknown GPU '" + options.chip + "'; known are " +
            getChipNames();
  else if (!target->isGPU && !lookUpHostChip(options.chip))
    error = "--chip: unknown CPU '" + options.chip + "'; known are " +
            getHostChipNames();
  else if (std::string problem =
               target->isGPU ? ""
                             : explainWhyNotRun(*lookUpHostChip(options.chip));
           !problem.empty())
    error = "--chip: " + problem;
  else if (!target->isGPU && options.ptx.getNumOccurrences())
    error = "--ptx contradicts --target=" + target->name.str() +
            ", which runs no PTX";
  else if (!target->isGPU && (options.f32.getNumOccurrences() ||
                              options.tiles.getNumOccurrences()))
    error = "--f32 and --tiles are for a GPU's code, found --target=" +
            target->name.str();
  else if (error = parseF32(options.f32, options.compile); !error.empty())
    error = "--" + error;
  else if (error = parseTiles(options.tiles, options.compile); !error.empty())
    error = "--" + error;
  else if (std::string option = options.findSimulatorOption();
           target->run != runOnSimulator && !option.empty())
    error = "--" + option +
            " is for --target=sim, found --target=" + target->name.str();
  else if (target->run != runOnGPU && options.library.getNumOccurrences())
    error =
        "--libcuda is for --target=cuda, found --target=" + target->name.str();
  else if (options.time.getNumOccurrences() && options.time == 0)
    error = "--time must be at least 1, found 0";
  if (!error.empty()) {
    reportError(error);
    return nullptr;
  }
  return target;
}

/// No file may be written twice, and each standard stream is used once.
static LogicalResult checkFiles(Options &options) {
  unsigned readers = llvm::count(options.inputs, "-") +
                     (options.source == "-") + (options.ptx == "-");
  if (readers > 1)
    return failure(reportError("standard input can be read once only, and '-' "
                               "is given " +
                               Twine(readers) + " times"));
  for (size_t i = 0; i < options.outputs.size(); ++i) {
    if (options.outputs[i] == options.json)
      return failure(reportError("--output and --json are both '" +
                                 options.outputs[i] + "'"));
    for (size_t j = 0; j < i; ++j)
      if (options.outputs[i] == options.outputs[j])
        return failure(reportError("--output is given twice for '" +
                                   options.outputs[i] + "'"));
  }
  StringRef printer = options.time.getNumOccurrences() ? "--time"
                      : options.profile                ? "--profile"
                                                       : "";
  StringRef file = llvm::is_contained(options.outputs, "-") ? "--output=-"
                   : options.json == "-"                    ? "--json=-"
                                                            : "";
  if (!printer.empty() && !file.empty())
    return failure(reportError(printer + " and " + file +
                               " contradict each other: both write to "
                               "standard output"));
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

/// Prints one line of JSON.
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

static GPUOptions getGPUOptions(const Options &options) {
  GPUOptions gpu;
  gpu.simulator.chip = options.chip;
  gpu.simulator.check = options.check;
  gpu.simulator.async = options.async;
  gpu.simulator.seed = options.seed;
  gpu.simulator.steps = options.steps;
  gpu.simulator.perturb = options.perturb;
  gpu.simulator.tensor = options.tensor;
  gpu.simulator.threads = options.threads;
  gpu.simulator.profile =
      options.profile || options.json.getNumOccurrences() != 0;
  gpu.library = options.library;
  gpu.ptxFile = options.ptx;
  gpu.reportFile = options.json;
  gpu.profile = options.profile;
  return gpu;
}

/// Prints the findings of the checkers and returns the exit status.
static int reportFindings(const Run &run) {
  StringRef file =
      run.gpu.ptxFile.empty() ? StringRef("PTX") : StringRef(run.gpu.ptxFile);
  for (const std::string &finding : run.findings)
    llvm::errs() << file << ": " << finding << "\n";
  size_t count = run.findings.size();
  reportError("the checkers found " + Twine(count) +
              (count == 1 ? " thing" : " things") + " wrong with @" +
              run.functionName);
  constexpr int kFoundSomething = 2;
  return kFoundSomething;
}

/// Returns the exit status of a run without failures.
static FailureOr<int> runTool(Options &options) {
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
  SourceMgrDiagnosticHandler handler(sources, &context);
  reportFirstErrorOnly(context);
  OwningOpRef<ModuleOp> module =
      readModule(std::move(buffer), sources, context);
  if (!module)
    return failure();

  Run run;
  run.module = *module;
  run.compile = options.compile;
  run.compile.chip = options.chip;
  run.gpu = getGPUOptions(options);
  run.function = findFunction(*module, options.function);
  if (!run.function)
    return failure();
  run.functionName = run.function.getName().str();
  nameArguments(run.function);
  run.signature = getSignature(run.function, target->isGPU);
  size_t results = run.signature.results.size();
  if (options.outputs.size() != results)
    return failure(
        reportError("@" + run.functionName + " has " + Twine(results) +
                    (results == 1 ? " result" : " results") +
                    ", so --output must be given as many times, found " +
                    Twine(options.outputs.size())));
  if (options.time.getNumOccurrences())
    run.timedRuns = options.time;
  if (failed(loadInputs(run, options.inputs)) || failed(target->run(run)) ||
      failed(writeOutputs(run, options.outputs)))
    return failure();
  if (!run.findings.empty())
    return reportFindings(run);
  std::string text = run.profile;
  if (run.timedRuns)
    text += formatTimes(run);
  if (!text.empty() && failed(writeOutput("-", text)))
    return failure();
  return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
  initializeTool();
  forgetLibraryOptions();
  Options options;
  if (failed(parseCommandLine(argc, argv, kOverview)))
    return EXIT_FAILURE;
  FailureOr<int> status = runTool(options);
  return failed(status) ? reportError("diff-run failed") : *status;
}
