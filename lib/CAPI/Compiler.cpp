//===- Compiler.cpp - C interface to the compile driver -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff-c/Compiler.h"
#include "diff/Compiler/Compiler.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace mlir::diff;

struct DiffCompileOutput {
  std::string bytes;
};

DiffCompileOptions diffCompileGetDefaultOptions() {
  DiffCompileOptions options = {};
  options.chip = "host";
  options.emit = "mlir";
  options.stopAfter = "";
  options.f32 = "ieee";
  options.tiles = "tensor-cores";
  options.debug = "";
  options.ptxas = "";
  options.sourceName = "<module>";
  return options;
}

static DiffCompileSeverity convert(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return DIFF_COMPILE_NOTE;
  case DiagnosticSeverity::Remark:
    return DIFF_COMPILE_REMARK;
  case DiagnosticSeverity::Warning:
    return DIFF_COMPILE_WARNING;
  case DiagnosticSeverity::Error:
    return DIFF_COMPILE_ERROR;
  }
  llvm_unreachable("unknown severity");
}

DiffCompileOutput *diffCompile(const char *module, size_t size,
                               const DiffCompileOptions *given,
                               DiffCompileCallback callback, void *userData) {
  if (!module && size) {
    DiffCompileDiagnostic diagnostic = {
        DIFF_COMPILE_ERROR, "diffCompile: module is null", "", 0, 0};
    if (callback)
      callback(&diagnostic, userData);
    return nullptr;
  }
  const DiffCompileOptions defaults = diffCompileGetDefaultOptions();
  auto get = [&](const char *DiffCompileOptions::*member) -> std::string {
    if (given && given->*member)
      return given->*member;
    return defaults.*member;
  };
  SourceOptions options;
  options.compile.chip = get(&DiffCompileOptions::chip);
  options.compile.stopAfter = get(&DiffCompileOptions::stopAfter);
  options.compile.f32 = get(&DiffCompileOptions::f32);
  options.compile.tiles = get(&DiffCompileOptions::tiles);
  options.compile.debug = get(&DiffCompileOptions::debug);
  options.emit.kind = get(&DiffCompileOptions::emit);
  options.emit.ptxas = get(&DiffCompileOptions::ptxas);
  std::string name = get(&DiffCompileOptions::sourceName);
  FailureOr<std::string> output =
      compileSource(llvm::MemoryBufferRef(StringRef(module, size), name),
                    options, [&](const CompileDiagnostic &diagnostic) {
                      if (!callback)
                        return;
                      std::string message = diagnostic.message.str(),
                                  file = diagnostic.file.str();
                      DiffCompileDiagnostic forwarded = {
                          convert(diagnostic.severity), message.c_str(),
                          file.c_str(), diagnostic.line, diagnostic.column};
                      callback(&forwarded, userData);
                    });
  if (failed(output))
    return nullptr;
  return new DiffCompileOutput{std::move(*output)};
}

const char *diffCompileOutputGetData(const DiffCompileOutput *output) {
  return output ? output->bytes.c_str() : "";
}

size_t diffCompileOutputGetSize(const DiffCompileOutput *output) {
  return output ? output->bytes.size() : 0;
}

void diffCompileOutputDestroy(DiffCompileOutput *output) { delete output; }

const char *diffCompileGetVersion() { return DIFF_VERSION_STRING; }
