//===- ToolSupport.h - What the command-line tools share --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The contract of every tool: an error puts exactly one line with `error: ` on
// standard error and makes the exit status 1; `--help` and `--version`; an
// option with one value may be repeated, and the last one counts.
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
class MLIRContext;

namespace diff {

/// To be called first: what aborts inside LLVM becomes an error line.
void initializeTool();

/// Forgets the options that libraries declared, so that a tool has its own
/// only. To be called before the tool declares them.
void forgetLibraryOptions();

/// Parses the command line. Whatever is wrong with it, from an unknown option
/// to a bad value of a pass option, becomes one error line and failure.
LogicalResult parseCommandLine(int argc, const char *const *argv,
                               StringRef overview);

/// Prints `error: message`, unless an error was printed before; returns 1, the
/// exit status.
int reportError(const Twine &message);

/// True once an error was printed by `reportError`, or by a context given to
/// `reportFirstErrorOnly`.
bool hasReportedError();

/// Lets the context's first error through to its handlers and drops the later
/// ones. To be called when those handlers are in place.
void reportFirstErrorOnly(MLIRContext &context);

/// The text of a file, `-` for standard input. A failure is reported.
std::unique_ptr<llvm::MemoryBuffer> readInput(const std::string &path);

/// Writes a file whole or not at all, `-` for standard output. A failure is
/// reported.
LogicalResult writeOutput(const std::string &path, StringRef contents);

} // namespace diff
} // namespace mlir

#endif // DIFF_TOOLS_TOOLSUPPORT_H
