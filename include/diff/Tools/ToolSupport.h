//===- ToolSupport.h - Common code of the command-line tools ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The contract of every tool: an error prints exactly one line with `error: `
// on standard error, and the exit status is 1; `--help` and `--version` exist;
// an option with one value may be repeated, and the last one takes effect.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_TOOLSUPPORT_H
#define DIFF_TOOLS_TOOLSUPPORT_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/Twine.h"
#include <memory>
#include <string>

namespace llvm {
class MemoryBuffer;
} // namespace llvm

namespace mlir {
class DialectRegistry;
class MLIRContext;

namespace diff {

/// Must be called first. Converts aborts inside LLVM, and faults such as an
/// invalid memory access, to one error line and exit status 1.
void initializeTool();

/// Removes the options that libraries have declared, so that a tool has only
/// its own. Must be called before the tool declares them.
void forgetLibraryOptions();

/// Parses the command line. Any error, from an unknown option to an invalid
/// value of a pass option, becomes one error line and a failure.
LogicalResult parseCommandLine(int argc, const char *const *argv,
                               StringRef overview);

/// Prints `error: message`, unless an error was printed before. Returns 1, the
/// exit status.
int reportError(const Twine &message);

/// Returns true if `reportError`, or a context of `reportFirstErrorOnly` or of
/// a `FirstErrorScope`, has printed an error.
bool hasReportedError();

/// Passes the first error of the context to its handlers and drops later ones.
/// Must be called after these handlers are registered.
void reportFirstErrorOnly(MLIRContext &context);

/// Does the same for contexts that a library creates from a registry and to
/// which it adds its own handlers. What is printed before a context has loaded
/// a dialect appears when it loads one, or at the end of this object.
class FirstErrorScope {
public:
  explicit FirstErrorScope(DialectRegistry &registry);
  ~FirstErrorScope();
  FirstErrorScope(const FirstErrorScope &) = delete;
  FirstErrorScope &operator=(const FirstErrorScope &) = delete;

private:
  class Extension;
  struct State;
  std::shared_ptr<State> state;
};

/// Returns the text of a file, `-` for standard input. Reports failures.
std::unique_ptr<llvm::MemoryBuffer> readInput(const std::string &path);

/// Writes a file completely or not at all, `-` for standard output. Reports
/// failures.
LogicalResult writeOutput(const std::string &path, StringRef contents);

} // namespace diff
} // namespace mlir

#endif // DIFF_TOOLS_TOOLSUPPORT_H
