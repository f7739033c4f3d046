//===- diff-opt.cpp - Optimiser and compile driver ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A *-opt tool with everything of upstream and of the project, which with
// --emit goes on from the compiled module to a target's own format.
//
//===----------------------------------------------------------------------===//

#include "Emit.h"
#include "diff/InitAll.h"
#include "diff/Pipelines/Pipelines.h"
#include "diff/Target/Chips.h"
#include "diff/Tools/StandardErrorCapture.h"
#include "diff/Tools/ToolSupport.h"
#include "mlir/IR/AsmState.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/Timing.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace mlir::diff;
namespace cl = llvm::cl;

static constexpr StringLiteral kOverview =
    "DiffMLIR optimiser and compile driver\n\n"
    "  diff-opt in.mlir --PASS...\n"
    "  diff-opt in.mlir --diff-compile=\"chip=sm_90a\" --emit=ptx -o out.ptx\n";

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
               "ptx, cubin, manifest, or for host llvm, object, header"),
      cl::value_desc("kind"), cl::init("mlir")};
  cl::opt<std::string> ptxas{
      "ptxas",
      cl::desc("The assembler for --emit=cubin; by default that of "
               "CUDA_ROOT, CUDA_HOME, CUDA_PATH, PATH or "
               "/usr/local/cuda"),
      cl::value_desc("path")};
};
} // namespace

static void registerEverything(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  diff::registerAllDialects(registry);
  diff::registerAllExtensions(registry);
  mlir::registerAllPasses();
  diff::registerAllPasses();
}

/// Leaves the first `error: ` of what was printed and makes notes of the
/// others: one fault is one error.
static std::string keepFirstError(StringRef text) {
  constexpr StringLiteral mark = "error: ";
  size_t first = text.find(mark);
  if (first == StringRef::npos)
    return text.str();
  std::string kept = text.take_front(first + mark.size()).str();
  text = text.drop_front(first + mark.size());
  for (size_t next; (next = text.find(mark)) != StringRef::npos;
       text = text.drop_front(next + mark.size()))
    kept += text.take_front(next).str() + "note: ";
  return kept + text.str();
}

/// As mlir-opt does, but for the output file, which appears whole or not at
/// all.
static int runOptimizer(const Options &options, MlirOptMainConfig &config,
                        DialectRegistry &registry) {
  std::unique_ptr<llvm::MemoryBuffer> buffer = readInput(options.input);
  if (!buffer)
    return EXIT_FAILURE;
  std::string text;
  llvm::raw_string_ostream stream(text);
  // Expected errors are no fault: they are shown as they come.
  bool verifies = config.shouldVerifyDiagnostics();
  std::optional<StandardErrorCapture> capture;
  if (!verifies)
    capture.emplace();
  LogicalResult result =
      MlirOptMain(stream, std::move(buffer), registry, config);
  if (capture) {
    std::string printed = capture->finish();
    // Each part of a split input may have a fault.
    bool one = failed(result) && config.inputSplitMarker().empty();
    llvm::errs() << (one ? keepFirstError(printed) : printed);
    if (failed(result) && !StringRef(printed).contains("error: "))
      return reportError("the passes failed");
  }
  if (failed(result))
    return EXIT_FAILURE;
  return failed(writeOutput(options.output, text));
}

/// Checks --emit against what diff-compile was asked for.
static LogicalResult
verifyEmission(const Options &options,
               const std::optional<CompileRequest> &request) {
  std::string kind = options.emit;
  if (!request)
    return failure(
        reportError("--emit=" + kind + " needs --diff-compile=\"chip=...\""));
  bool host = request->chip == "host";
  if (!host && !lookUpChip(request->chip))
    return failure(reportError("unknown chip '" + request->chip +
                               "'; known are " + getTargetNames()));
  if (!hasEmitKind(kind, host))
    return failure(reportError("--emit=" + kind + " is not for chip " +
                               request->chip + "; it has " +
                               getEmitKinds(host)));
  if (!request->stopAfter.empty())
    return failure(reportError("stop-after=" + request->stopAfter +
                               " is for --emit=mlir, found --emit=" + kind));
  return success();
}

/// Compiles a module and emits it.
static int runDriver(const Options &options, MlirOptMainConfig &config,
                     DialectRegistry &registry) {
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  reportFirstErrorOnly(context);
  context.printOpOnDiagnostic(false);

  PassManager pm(&context);
  if (failed(applyPassManagerCLOptions(pm)) ||
      failed(config.setupPassPipeline(pm)))
    return reportError("the passes cannot be set up");
  std::optional<CompileRequest> request = getCompileRequest(pm);
  if (failed(verifyEmission(options, request)))
    return EXIT_FAILURE;

  std::unique_ptr<llvm::MemoryBuffer> buffer = readInput(options.input);
  if (!buffer)
    return EXIT_FAILURE;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!module)
    return reportError("the input is no module");
  OwningOpRef<ModuleOp> source = module->clone();
  if (failed(pm.run(*module)))
    return reportError("the passes failed");
  FailureOr<std::string> bytes =
      emit(options.emit, {*source, *module, request->chip, options.ptxas});
  if (failed(bytes))
    return reportError("nothing was emitted");
  return failed(writeOutput(options.output, *bytes));
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
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
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
  if (!isEmitKind(options.emit))
    return reportError("--emit must be one of " + getEmitKinds(true) +
                       " for host, or " + getEmitKinds(false) +
                       " for a GPU, found '" + Twine(options.emit) + "'");
  return options.emit == "mlir" ? runOptimizer(options, config, registry)
                                : runDriver(options, config, registry);
}
