//===- Emit.cpp - Outputs of the compiler driver --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emit.h"
#include "diff/Compiler/Compiler.h"
#include "diff/Target/Chips.h"
#include "diff/Target/GPUEmission.h"
#include "diff/Target/HostChips.h"
#include "diff/Target/HostEmission.h"
#include "diff/Target/HostLink.h"
#include "diff/Target/Ptxas.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::diff;

using Result = FailureOr<std::string>;

static Result emitMLIR(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  stream << "\n";
  return text;
}

static Result emitCubin(const EmitInput &input) {
  Result ptx = emitPTX(input.compiled, *lookUpChip(input.chip));
  if (failed(ptx))
    return failure();
  auto report = [&](llvm::Error error) {
    input.reportError(llvm::toString(std::move(error)));
    return failure();
  };
  llvm::Expected<std::string> ptxas = findPtxas(input.ptxas);
  if (!ptxas)
    return report(ptxas.takeError());
  llvm::Expected<std::string> cubin = assemblePTX(*ptxas, *ptx, input.chip);
  if (!cubin)
    return report(cubin.takeError());
  return std::move(*cubin);
}

static Result emitLibrary(const EmitInput &input) {
  const HostChip &chip = *lookUpHostChip(input.chip);
  Result object = emitHostObject(input.compiled, chip, /*useRuntime=*/true);
  if (failed(object))
    return failure();
  llvm::Expected<std::string> library = linkHostLibrary(*object, chip.triple);
  if (library)
    return std::move(*library);
  input.reportError("no shared object: " + llvm::toString(library.takeError()));
  return failure();
}

namespace {
/// A kind of output.
struct Emitter {
  StringLiteral kind;
  bool host;
  Result (*emit)(const EmitInput &);
};

constexpr Emitter kEmitters[] = {
    {"mlir", true,
     [](const EmitInput &input) { return emitMLIR(input.compiled); }},
    {"mlir", false,
     [](const EmitInput &input) { return emitMLIR(input.compiled); }},
    {"llvm", true,
     [](const EmitInput &input) {
       return emitHostLLVM(input.compiled, *lookUpHostChip(input.chip));
     }},
    {"object", true,
     [](const EmitInput &input) {
       return emitHostObject(input.compiled, *lookUpHostChip(input.chip));
     }},
    {"library", true, emitLibrary},
    {"header", true,
     [](const EmitInput &input) { return emitHostHeader(input.source); }},
    {"manifest", true,
     [](const EmitInput &input) {
       return emitHostManifest(input.source, *lookUpHostChip(input.chip));
     }},
    {"llvm", false,
     [](const EmitInput &input) {
       return emitDeviceLLVM(input.compiled, *lookUpChip(input.chip));
     }},
    {"ptx", false,
     [](const EmitInput &input) {
       return emitPTX(input.compiled, *lookUpChip(input.chip));
     }},
    {"cubin", false, emitCubin},
    {"manifest", false,
     [](const EmitInput &input) {
       return emitManifest(input.compiled, *lookUpChip(input.chip));
     }},
};
} // namespace

bool diff::isEmitKind(StringRef kind) {
  return hasEmitKind(kind, true) || hasEmitKind(kind, false);
}

static const Emitter *findEmitter(StringRef kind, bool host) {
  const auto *found = llvm::find_if(kEmitters, [&](const Emitter &emitter) {
    return emitter.kind == kind && emitter.host == host;
  });
  return found == std::end(kEmitters) ? nullptr : found;
}

bool diff::hasEmitKind(StringRef kinds, bool host) {
  return llvm::all_of(llvm::split(kinds, ','), [&](StringRef kind) {
    return findEmitter(kind, host) != nullptr;
  });
}

std::string diff::getEmitKinds(bool host) {
  return llvm::join(
      llvm::map_range(llvm::make_filter_range(kEmitters,
                                              [&](const Emitter &emitter) {
                                                return emitter.host == host;
                                              }),
                      [](const Emitter &emitter) { return emitter.kind; }),
      ", ");
}

FailureOr<std::string> diff::emit(StringRef kinds, const EmitInput &input) {
  bool host = lookUpHostChip(input.chip) != nullptr;
  if (const Emitter *emitter = findEmitter(kinds, host))
    return emitter->emit(input);
  std::string outputs;
  for (StringRef kind : llvm::split(kinds, ',')) {
    const Emitter *emitter = findEmitter(kind, host);
    FailureOr<std::string> bytes =
        emitter ? emitter->emit(input) : Result(failure());
    if (failed(bytes))
      return failure();
    outputs += (kind + " " + Twine(bytes->size()) + "\n").str() + *bytes;
  }
  return outputs;
}
