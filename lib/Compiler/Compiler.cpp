//===- Compiler.cpp - The compile driver ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Compiler/Compiler.h"
#include "Emit.h"
#include "diff/InitAll.h"
#include "diff/Target/Chips.h"
#include "diff/Target/HostChips.h"
#include "diff/Tools/ModuleInput.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include <mutex>

using namespace mlir;
using namespace mlir::diff;

void diff::initializeCompilerTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    // For inline assembly.
    llvm::InitializeAllAsmParsers();
  });
}

LogicalResult diff::verifyEmission(StringRef kind,
                                   const CompileRequest &request,
                                   ReportError reportError) {
  bool host = lookUpHostChip(request.chip) != nullptr;
  if (!host && !lookUpChip(request.chip)) {
    reportError("unknown chip '" + request.chip + "'; known are " +
                getTargetNames());
    return failure();
  }
  if (!hasEmitKind(kind, host)) {
    reportError("--emit=" + kind + " is not for chip " + request.chip +
                "; it has " + getEmitKinds(host));
    return failure();
  }
  if (kind != "mlir" && !request.stopAfter.empty()) {
    reportError("stop-after=" + request.stopAfter +
                " is for --emit=mlir, found --emit=" + kind);
    return failure();
  }
  return success();
}

FailureOr<std::string> diff::runAndEmit(ModuleOp module, PassManager &pm,
                                        const CompileRequest &request,
                                        const EmitOptions &options,
                                        ReportError reportError) {
  OwningOpRef<ModuleOp> source = module.clone();
  if (failed(pm.run(module)))
    return failure();
  return emit(options.kind,
              {*source, module, request.chip, options.ptxas, reportError});
}

//===----------------------------------------------------------------------===//
// From source
//===----------------------------------------------------------------------===//

namespace {
/// Passes diagnostics on, with their positions.
class DiagnosticForwarder {
public:
  explicit DiagnosticForwarder(
      function_ref<void(const CompileDiagnostic &)> handle)
      : handle(handle) {}

  void forward(Diagnostic &diagnostic) {
    bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
    // Later errors are consequences of the first one.
    if (isError && std::exchange(hasError, true))
      return;
    forwardOne(diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      forwardOne(note);
  }

  void reportError(const Twine &message) {
    if (std::exchange(hasError, true))
      return;
    std::string text = message.str();
    handle({DiagnosticSeverity::Error, text, "", 0, 0});
  }

  bool hasErrors() const { return hasError; }

private:
  void forwardOne(Diagnostic &diagnostic) {
    std::string text = diagnostic.str();
    CompileDiagnostic forwarded{diagnostic.getSeverity(), text, "", 0, 0};
    if (auto place =
            diagnostic.getLocation()->findInstanceOf<FileLineColLoc>()) {
      forwarded.file = place.getFilename().getValue();
      forwarded.line = place.getLine();
      forwarded.column = place.getColumn();
    }
    handle(forwarded);
  }

  function_ref<void(const CompileDiagnostic &)> handle;
  bool hasError = false;
};
} // namespace

FailureOr<std::string>
diff::compileSource(llvm::MemoryBufferRef source, const SourceOptions &options,
                    function_ref<void(const CompileDiagnostic &)> handle) {
  DiagnosticForwarder forwarder(handle);
  auto reportError = [&](const Twine &text) { forwarder.reportError(text); };
  auto fail = [&](const Twine &message) -> FailureOr<std::string> {
    reportError(message);
    return failure();
  };
  const std::string &kind = options.emit.kind;
  if (!isEmitKind(kind))
    return fail("emit must be one of " + getEmitKinds(true) +
                " for a CPU, or " + getEmitKinds(false) +
                " for a GPU, found '" + kind + "'");
  CompileRequest request{options.compile.chip, options.compile.stopAfter};
  if (failed(verifyEmission(kind, request, reportError)))
    return failure();

  initializeCompilerTargets();
  DialectRegistry registry;
  registerCompilerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    forwarder.forward(diagnostic);
    return success();
  });
  llvm::SourceMgr sources;
  OwningOpRef<ModuleOp> module =
      readModule(llvm::MemoryBuffer::getMemBufferCopy(
                     source.getBuffer(), source.getBufferIdentifier()),
                 sources, context);
  if (!module)
    return fail("the input is no module");
  PassManager pm(&context, ModuleOp::getOperationName(),
                 PassManager::Nesting::Implicit);
  pm.addPass(createDiffCompilePass(options.compile));
  FailureOr<std::string> output =
      runAndEmit(*module, pm, request, options.emit, reportError);
  // Some passes of upstream report an error and succeed.
  if (failed(output) || forwarder.hasErrors())
    return fail("nothing was emitted");
  return output;
}
