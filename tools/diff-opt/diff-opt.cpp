//===- diff-opt.cpp - Optimiser and compile driver ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A *-opt tool with everything of upstream and of the project, which with
// --emit goes on from the compiled module to a target's own format.
//
//===----------------------------------------------------------------------===//

#include "diff/Compiler/Compiler.h"
#include "diff/InitAll.h"
#include "diff/Pipelines/Pipelines.h"
#include "diff/Target/Chips.h"
#include "diff/Tools/ModuleInput.h"
#include "diff/Tools/ToolSupport.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/Timing.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::diff;
namespace cl = llvm::cl;

static constexpr StringLiteral kOverview =
    "DiffMLIR optimiser and compile driver\n\n"
    "  diff-opt in.mlir --PASS...\n"
    "  diff-opt in.mlir --diff-compile=\"chip=sm_90a\" --emit=ptx -o out.ptx\n"
    "  diff-opt in.mlir --diff-compile=\"chip=x86-64-v3\" --emit=object -o "
    "out.o\n"
    "  diff-opt --list-chips\n";

namespace {
struct Options {
  cl::opt<std::string> input{cl::Positional, cl::desc("<input file>"),
                             cl::init("-")};
  cl::opt<std::string> output{"o",
                              cl::desc("Output file, - for standard output"),
                              cl::value_desc("file"), cl::init("-")};
  cl::opt<std::string> emit{
      "emit",
      cl::desc("What to write after --diff-compile: mlir, or for a GPU llvm, "
               "ptx, cubin, manifest, or for a CPU llvm, object, library (a "
               "shared object), header, manifest. Kinds separated by commas "
               "are written one after the other, each after a line with its "
               "name and its number of bytes"),
      cl::value_desc("kind"), cl::init("mlir")};
  cl::opt<std::string> ptxas{
      "ptxas",
      cl::desc("The assembler for --emit=cubin; by default that of "
               "CUDA_ROOT, CUDA_HOME, CUDA_PATH, PATH or "
               "/usr/local/cuda"),
      cl::value_desc("path")};
  cl::opt<bool> listChips{
      "list-chips",
      cl::desc("Print the CPUs and GPUs that --diff-compile compiles for"),
      cl::init(false)};
};
} // namespace

static void registerEverything(DialectRegistry &registry) {
  registerCompilerDialects(registry);
  mlir::registerAllPasses();
  diff::registerAllPasses();
}

/// The line of a pipeline's error: upstream's text has the pipeline's own
/// places and excerpts in it.
static std::string getPipelineError(StringRef text) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n');
  SmallVector<std::string> parts;
  for (StringRef line : lines) {
    auto [place, message] = line.split("error: ");
    if (message.empty() && place.consume_front("<Pass-Options-Parser>: "))
      message = place;
    if (!message.empty())
      parts.push_back(message.rtrim().str());
  }
  return parts.empty() ? text.trim().split('\n').first.str()
                       : llvm::join(parts, "; ");
}

/// Adds the passes of the command line.
static LogicalResult setUpPasses(PassManager &pm,
                                 const MlirOptMainConfig &config) {
  std::string text;
  ScopedDiagnosticHandler handler(pm.getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && text.empty())
      text = diagnostic.str();
    return success();
  });
  if (succeeded(config.setupPassPipeline(pm)))
    return success();
  reportError(text.empty() ? "the passes cannot be set up"
                           : getPipelineError(text));
  return failure();
}

/// Returns true if the input is no bytecode or is read without errors.
/// `readModule` rejects cycles and reports a fault of the reader as damage,
/// which upstream's driver does not.
static bool canReadBytecode(llvm::MemoryBufferRef buffer,
                            const MlirOptMainConfig &config,
                            DialectRegistry &registry) {
  // The dialects of IRDL files are registered by upstream's driver.
  if (!isBytecode(buffer) || !config.getIrdlFile().empty())
    return true;
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects(config.shouldAllowUnregisteredDialects());
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  reportFirstErrorOnly(context);
  auto copy = llvm::MemoryBuffer::getMemBuffer(
      buffer, /*RequiresNullTerminator=*/false);
  return static_cast<bool>(readModule(std::move(copy), sources, context));
}

/// As mlir-opt does, but for the output file, which appears whole or not at
/// all, and for errors, of which the first of each part of the input is
/// reported.
static int runOptimizer(const Options &options, MlirOptMainConfig &config,
                        DialectRegistry &registry) {
  std::unique_ptr<llvm::MemoryBuffer> buffer = readInput(options.input);
  if (!buffer)
    return EXIT_FAILURE;
  if (!config.shouldVerifyDiagnostics() &&
      !canReadBytecode(buffer->getMemBufferRef(), config, registry))
    return reportError("the bytecode cannot be read");
  std::string text;
  llvm::raw_string_ostream stream(text);
  MlirOptMainConfig quiet = config;
  std::optional<FirstErrorScope> scope;
  // Expected errors are compared, not reported.
  if (!config.shouldVerifyDiagnostics()) {
    scope.emplace(registry);
    quiet.setPassPipelineSetupFn(
        [&](PassManager &pm) { return setUpPasses(pm, config); });
  }
  LogicalResult result =
      MlirOptMain(stream, std::move(buffer), registry, quiet);
  scope.reset();
  if (failed(result))
    return config.shouldVerifyDiagnostics() ? EXIT_FAILURE
                                            : reportError("the passes failed");
  // Some passes of upstream report an error and succeed.
  if (hasReportedError())
    return EXIT_FAILURE;
  return failed(writeOutput(options.output, text));
}

/// Compiles a module and emits it.
static int runDriver(const Options &options, MlirOptMainConfig &config,
                     DialectRegistry &registry) {
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  reportFirstErrorOnly(context);
  context.printOpOnDiagnostic(false);

  PassManager pm(&context, ModuleOp::getOperationName(),
                 PassManager::Nesting::Implicit);
  if (failed(applyPassManagerCLOptions(pm)))
    return reportError("the passes cannot be set up");
  if (failed(setUpPasses(pm, config)))
    return EXIT_FAILURE;
  std::optional<CompileRequest> request = getCompileRequest(pm);
  if (!request)
    return reportError("--emit=" + options.emit +
                       " needs --diff-compile=\"chip=...\"");
  auto report = [](const Twine &message) { reportError(message); };
  if (failed(verifyEmission(options.emit, *request, report)))
    return EXIT_FAILURE;

  std::unique_ptr<llvm::MemoryBuffer> buffer = readInput(options.input);
  if (!buffer)
    return EXIT_FAILURE;
  OwningOpRef<ModuleOp> module =
      readModule(std::move(buffer), sources, context);
  if (!module)
    return reportError("the input is no module");
  // lld resets all options when it links.
  std::string output = options.output;
  FailureOr<std::string> bytes =
      runAndEmit(*module, pm, *request, {options.emit, options.ptxas}, report);
  // Some passes of upstream report an error and succeed.
  if (failed(bytes) || hasReportedError())
    return reportError("nothing was emitted");
  return failed(writeOutput(output, *bytes));
}

/// As of any option with one value, the last --diff-compile counts: passes
/// would run one after the other.
static SmallVector<const char *> keepLastCompile(int argc, char **argv) {
  auto isCompile = [](StringRef argument) {
    return argument.starts_with("-") &&
           argument.ltrim('-').split('=').first == "diff-compile";
  };
  SmallVector<const char *> kept;
  bool found = false;
  for (const char *argument : llvm::reverse(ArrayRef(argv, argc)))
    if (!isCompile(argument) || !std::exchange(found, true))
      kept.push_back(argument);
  std::reverse(kept.begin(), kept.end());
  return kept;
}

int main(int argc, char **argv) {
  initializeTool();
  initializeCompilerTargets();
  DialectRegistry registry;
  registerEverything(registry);
  Options options;
  MlirOptMainConfig::registerCLOptions(registry);
  registerAsmPrinterCLOptions();
  registerMLIRContextCLOptions();
  registerPassManagerCLOptions();
  registerDefaultTimingManagerCLOptions();
  SmallVector<const char *> arguments = keepLastCompile(argc, argv);
  if (failed(parseCommandLine(arguments.size(), arguments.data(), kOverview)))
    return EXIT_FAILURE;
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldListPasses()) {
    printRegisteredPasses();
    return EXIT_SUCCESS;
  }
  if (config.shouldShowDialects()) {
    llvm::outs() << "Available Dialects: ";
    llvm::interleave(registry.getDialectNames(), llvm::outs(), ",");
    llvm::outs() << "\n";
    return EXIT_SUCCESS;
  }
  if (options.listChips)
    return failed(writeOutput("-", formatTargets()));
  if (!isEmitKind(options.emit))
    return reportError("--emit must be one of " + getEmitKinds(true) +
                       " for a CPU, or " + getEmitKinds(false) +
                       " for a GPU, found '" + Twine(options.emit) + "'");
  return options.emit == "mlir" ? runOptimizer(options, config, registry)
                                : runDriver(options, config, registry);
}
