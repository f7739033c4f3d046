//===- Ptxas.cpp - NVIDIA's assembler -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/Ptxas.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static Error makeError(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

static bool isExecutable(const Twine &path) {
  return sys::fs::can_execute(path) && !sys::fs::is_directory(path);
}

Expected<std::string> mlir::diff::findPtxas(StringRef given) {
  if (!given.empty()) {
    if (isExecutable(given))
      return given.str();
    return makeError("--ptxas: '" + given + "' is not an executable file");
  }
  for (StringRef variable : {"CUDA_ROOT", "CUDA_HOME", "CUDA_PATH"}) {
    std::optional<std::string> root = sys::Process::GetEnv(variable);
    if (!root || root->empty())
      continue;
    SmallString<256> path(*root);
    sys::path::append(path, "bin", "ptxas");
    if (isExecutable(path))
      return path.str().str();
    return makeError(variable + " is set to '" + *root +
                     "', but there is no ptxas at '" + path + "'");
  }
  if (ErrorOr<std::string> path = sys::findProgramByName("ptxas"))
    return *path;
  constexpr StringLiteral usual = "/usr/local/cuda/bin/ptxas";
  if (isExecutable(usual))
    return usual.str();
  return makeError("cannot find ptxas: CUDA_ROOT, CUDA_HOME and CUDA_PATH are "
                   "not set, it is not on PATH, and there is no " +
                   usual + "; use --ptxas=PATH");
}

namespace {
/// A temporary file that is deleted with its owner.
struct TemporaryFile {
  SmallString<128> path;
  FileRemover remover;

  Error create(StringRef suffix) {
    if (std::error_code code =
            sys::fs::createTemporaryFile("diff", suffix, path))
      return makeError("cannot make a temporary file: " + code.message());
    remover.setFile(path);
    return Error::success();
  }
};
} // namespace

Expected<std::string> mlir::diff::assemblePTX(StringRef ptxas, StringRef ptx,
                                              StringRef chip) {
  TemporaryFile input, output, log;
  for (auto [file, suffix] :
       {std::pair(&input, "ptx"), {&output, "cubin"}, {&log, "log"}})
    if (Error error = file->create(suffix))
      return std::move(error);
  {
    std::error_code code;
    raw_fd_ostream os(input.path, code);
    os << ptx;
    os.close();
    if (code || os.has_error()) {
      os.clear_error();
      return makeError("cannot write '" + input.path + "'");
    }
  }
  std::string arch = ("-arch=" + chip).str();
  StringRef arguments[] = {ptxas, arch, input.path, "-o", output.path};
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(log.path),
                                          StringRef(log.path)};
  std::string message;
  int status = sys::ExecuteAndWait(ptxas, arguments, /*Env=*/std::nullopt,
                                   redirects, /*SecondsToWait=*/0,
                                   /*MemoryLimit=*/0, &message);
  if (status != 0) {
    // The first line contains the error.
    if (auto text = MemoryBuffer::getFile(log.path))
      if (!(*text)->getBuffer().trim().empty())
        message = (*text)->getBuffer().trim().split('\n').first.str();
    return makeError("'" + ptxas + "' failed with status " + Twine(status) +
                     (message.empty() ? "" : ": ") + message);
  }
  auto cubin = MemoryBuffer::getFile(output.path);
  // The file was created empty above.
  if (!cubin || (*cubin)->getBufferSize() == 0)
    return makeError("'" + ptxas + "' wrote no cubin");
  return (*cubin)->getBuffer().str();
}
