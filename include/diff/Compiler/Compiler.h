//===- Compiler.h - The compile driver --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles a module and emits it in a format of the target. diff-opt and the C
// API use this driver.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_COMPILER_COMPILER_H
#define DIFF_COMPILER_COMPILER_H

#include "diff/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MemoryBufferRef.h"
#include <string>

namespace mlir {
class PassManager;

namespace diff {

/// Registers LLVM's code generators. Safe to call repeatedly and from several
/// threads.
void initializeCompilerTargets();

/// Receives an error that does not belong to an operation.
using ReportError = function_ref<void(const Twine &message)>;

/// What to emit: "mlir", or for a GPU "llvm", "ptx", "cubin" or "manifest", or
/// for a CPU "llvm", "object", "library", "header" or "manifest". Several
/// kinds, separated by commas, are emitted one after the other, each after a
/// line with its name and its number of bytes. `ptxas` is the path of the
/// assembler, or empty to search for it.
struct EmitOptions {
  std::string kind = "mlir";
  std::string ptxas;
};

/// Returns true if any chip supports the kind, or all of a list.
bool isEmitKind(StringRef kind);

/// Returns the kinds that a CPU or a GPU supports, for messages.
std::string getEmitKinds(bool host);

/// Checks that a module that is compiled for the request can be emitted.
LogicalResult verifyEmission(StringRef kind, const CompileRequest &request,
                             ReportError reportError);

/// Runs the passes on the module, and emits the result for the chip of the
/// request, which is that of a `diff-compile` among the passes. Errors of the
/// passes are diagnostics.
FailureOr<std::string> runAndEmit(ModuleOp module, PassManager &pm,
                                  const CompileRequest &request,
                                  const EmitOptions &options,
                                  ReportError reportError);

/// The options of `compileSource`: those of `diff-compile`, and the output.
struct SourceOptions {
  CompileStrings compile;
  EmitOptions emit;
};

/// An error, warning or remark, or a note of one.
struct CompileDiagnostic {
  DiagnosticSeverity severity;
  StringRef message;
  /// The position in the source, or an empty file name and 0.
  StringRef file;
  unsigned line = 0, column = 0;
};

/// Compiles the text or bytecode of a module in a context of its own, and
/// returns the bytes of the output. `handle` receives all diagnostics; a
/// failure is preceded by at least one error. Independent calls may run at the
/// same time.
FailureOr<std::string>
compileSource(llvm::MemoryBufferRef source, const SourceOptions &options,
              function_ref<void(const CompileDiagnostic &)> handle);

} // namespace diff
} // namespace mlir

#endif // DIFF_COMPILER_COMPILER_H
