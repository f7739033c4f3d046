//===- diff-lsp-server.cpp - Language server for editors ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR's language server with the dialects of diff-opt.
//
//===----------------------------------------------------------------------===//

#include "diff/InitAll.h"
#include "diff/Tools/ToolSupport.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace mlir::diff;
namespace cl = llvm::cl;

static constexpr StringLiteral kOverview =
    "DiffMLIR language server\n\n"
    "  An editor starts it and exchanges messages of the language server "
    "protocol\n  on standard input and output.\n";

namespace {
enum Choice { First, Second, Third };

/// The options of MlirLspServerMain, whose own parser has other error messages
/// and rejects repeated options.
struct Options {
  cl::OptionCategory category{"Options of diff-lsp-server"};
  cl::opt<Choice> log{"log", cl::desc("Messages to write to standard error"),
                      cl::values(clEnumValN(First, "error", "Errors"),
                                 clEnumValN(Second, "info", "Requests"),
                                 clEnumValN(Third, "verbose", "All details")),
                      cl::init(Second), cl::cat(category)};
  cl::opt<Choice> inputStyle{
      "input-style", cl::desc("Encoding of the input"),
      cl::values(
          clEnumValN(First, "standard", "The language server protocol"),
          clEnumValN(Second, "delimited", "'// -----' between messages")),
      cl::init(First), cl::cat(category)};
  cl::opt<bool> pretty{"pretty", cl::desc("Indent the output"),
                       cl::cat(category)};
  cl::opt<bool> litTest{"lit-test",
                        cl::desc("The same as --input-style=delimited --pretty "
                                 "--log=verbose"),
                        cl::cat(category)};

  SmallVector<std::string> getArguments(const char *program) {
    auto getText = [](cl::opt<Choice> &option) {
      StringRef value = option.getParser().getOption(option);
      return ("--" + option.ArgStr + "=" + value).str();
    };
    SmallVector<std::string> arguments = {program, getText(log),
                                          getText(inputStyle)};
    if (pretty)
      arguments.push_back("--pretty");
    if (litTest)
      arguments.push_back("--lit-test");
    return arguments;
  }
};
} // namespace

static FailureOr<SmallVector<std::string>> parseArguments(int argc,
                                                          char **argv) {
  forgetLibraryOptions();
  Options options;
  if (failed(parseCommandLine(argc, argv, kOverview)))
    return failure();
  SmallVector<std::string> arguments = options.getArguments(argv[0]);
  // MlirLspServerMain declares its own; this also resets the values.
  forgetLibraryOptions();
  return arguments;
}

int main(int argc, char **argv) {
  initializeTool();
  FailureOr<SmallVector<std::string>> arguments = parseArguments(argc, argv);
  if (failed(arguments))
    return EXIT_FAILURE;
  SmallVector<char *> pointers;
  for (std::string &argument : *arguments)
    pointers.push_back(argument.data());
  DialectRegistry registry;
  registerCompilerDialects(registry);
  if (failed(MlirLspServerMain(pointers.size(), pointers.data(), registry)))
    return reportError("the client did not shut down the server");
  return EXIT_SUCCESS;
}
