//===- diff-reduce.cpp - Test case reducer --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR's reduction passes on everything that diff-opt registers.
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/InitAll.h"
#include "diff/Tools/ModuleInput.h"
#include "diff/Tools/StandardErrorCapture.h"
#include "diff/Tools/ToolSupport.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Reducer/Passes.h"
#include "mlir/Reducer/Tester.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <unistd.h>

using namespace mlir;
using namespace mlir::diff;
namespace cl = llvm::cl;

static constexpr StringLiteral kOverview =
    "DiffMLIR test case reducer: makes a module small that stays "
    "interesting\n\n"
    "  diff-reduce in.mlir --test=./test.sh -o small.mlir\n\n"
    "The test is an executable file. It gets the --test-arg values and the "
    "file "
    "of a\nmodule, and its exit status is not 0 if the module is interesting. "
    "Its output is\ndropped.\n\n"
    "--test runs reduction-tree, canonicalize, cse and symbol-dce until the "
    "module\ndoes not change. Instead of it, passes may be named:\n\n"
    "  diff-reduce in.mlir --reduction-tree=\"test=./test.sh\"\n"
    "  diff-reduce in.mlir --opt-reduction-pass=\"opt-pass=canonicalize "
    "test=./test.sh\"\n";

namespace {
struct Options {
  cl::OptionCategory category{"Options of diff-reduce"};
  cl::opt<std::string> input{cl::Positional, cl::desc("<input file>"),
                             cl::init("-"), cl::cat(category)};
  cl::opt<std::string> output{
      "o", cl::desc("Output file, - for standard output"),
      cl::value_desc("file"), cl::init("-"), cl::cat(category)};
  cl::opt<std::string> test{"test",
                            cl::desc("Test whose exit status is not 0 if a "
                                     "module is interesting"),
                            cl::value_desc("path"), cl::cat(category)};
  cl::list<std::string> testArguments{
      "test-arg", cl::desc("Argument of the test, before the file"),
      cl::value_desc("argument"), cl::cat(category)};
  cl::opt<bool> allowUnregistered{
      "allow-unregistered-dialect",
      cl::desc("Allow operations of dialects that are not registered"),
      cl::cat(category)};
  PassPipelineCLParser passes{"", "Passes to run instead of --test"};
};

/// Drops what the tests print, and what the passes print about modules that are
/// not interesting.
class OutputSilencer {
public:
  OutputSilencer() : output(::dup(STDOUT_FILENO)) {
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
  }
  ~OutputSilencer() {
    ::dup2(output, STDOUT_FILENO);
    ::close(output);
  }
  /// Returns the text and shows later output.
  std::string finish() { return capture.finish(); }

private:
  StandardErrorCapture capture;
  int output;
};
} // namespace

/// The passes of --test.
static void addDefaultPasses(PassManager &pm, const Options &options) {
  auto arguments = llvm::to_vector(options.testArguments);
  OptReductionPassOptions cleanup;
  cleanup.optPass = "canonicalize,cse,symbol-dce";
  cleanup.testerName = options.test;
  cleanup.testerArgs = arguments;
  pm.addPass(createOptReductionPass(cleanup));
  ReductionTreePassOptions tree;
  tree.testerName = options.test;
  tree.testerArgs = arguments;
  pm.addPass(createReductionTreePass(tree));
}

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

/// Returns the line of the last diagnostic of a failed run. Earlier ones are
/// about modules that the passes tried. `printed` is what the run printed.
static std::string getPassError(StringRef diagnostic, StringRef printed) {
  if (diagnostic.contains("interested"))
    return "the test does not find the module interesting";
  // The parser of pipelines prints most errors.
  StringRef line = printed.split("error: ").second.split('\n').first;
  if (diagnostic.contains("parse pass pipeline") && !line.empty())
    return line.str();
  return diagnostic.empty() ? "the passes failed" : diagnostic.trim().str();
}

static LogicalResult runPasses(PassManager &pm, ModuleOp module) {
  std::string last;
  OutputSilencer silencer;
  ScopedDiagnosticHandler handler(pm.getContext(), [&](Diagnostic &diagnostic) {
    last = diagnostic.str();
    return success();
  });
  if (succeeded(pm.run(module)))
    return success();
  std::string printed = silencer.finish();
  reportError(getPassError(last, printed));
  return failure();
}

static LogicalResult reduce(ModuleOp module, const Options &options) {
  MLIRContext *context = module.getContext();
  PassManager pm(context, ModuleOp::getOperationName());
  if (options.passes.hasAnyOccurrences()) {
    auto report = [](const Twine &message) {
      std::string text = message.str();
      StringRef line = StringRef(text).trim();
      line.consume_front("<Pass-Options-Parser>: ");
      reportError(line);
      return failure();
    };
    if (failed(options.passes.addToPipeline(pm, report)))
      return failure();
    return runPasses(pm, module);
  }
  addDefaultPasses(pm, options);
  for (std::string before; before != print(module);) {
    before = print(module);
    if (failed(runPasses(pm, module)))
      return failure();
  }
  return success();
}

static LogicalResult runTool(const Options &options,
                             DialectRegistry &registry) {
  bool hasPasses = options.passes.hasAnyOccurrences();
  if (hasPasses == !options.test.empty()) {
    reportError(hasPasses ? "--test is for runs without passes; give the test "
                            "to the passes"
                          : "--test or a pass is needed");
    return failure();
  }
  std::unique_ptr<llvm::MemoryBuffer> buffer = readInput(options.input);
  if (!buffer)
    return failure();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects(options.allowUnregistered);
  // The passes use the reductions of loaded dialects.
  context.loadDialect<DiffDialect>();
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  reportFirstErrorOnly(context);
  OwningOpRef<ModuleOp> module =
      readModule(std::move(buffer), sources, context);
  if (!module) {
    reportError("the input is no module");
    return failure();
  }
  if (failed(reduce(*module, options)))
    return failure();
  return writeOutput(options.output, print(*module));
}

int main(int argc, char **argv) {
  initializeTool();
  DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::registerAllPasses();
  diff::registerAllPasses();
  registerReducerPasses();
  forgetLibraryOptions();
  Options options;
  if (failed(parseCommandLine(argc, argv, kOverview)))
    return EXIT_FAILURE;
  return failed(runTool(options, registry));
}
