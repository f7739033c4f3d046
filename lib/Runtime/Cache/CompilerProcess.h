//===- CompilerProcess.h - The compiler as a process ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ and POSIX without MLIR and LLVM. The compiler runs as a separate
// process: a fatal error of LLVM ends that process only, and LLVM installs no
// signal handlers in this one.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_COMPILERPROCESS_H
#define DIFF_LIB_RUNTIME_CACHE_COMPILERPROCESS_H

#include <functional>
#include <string>
#include <vector>

namespace mlir::diff::cache {

/// Finds the compiler: `given`, else DIFF_COMPILER, else the diff-opt that is
/// installed with libdiffrt, else that in PATH. Returns an empty path and a
/// message if there is none.
std::string findCompiler(const std::string &given, std::string &error);

/// Returns a text that differs between builds of a compiler.
std::string identifyCompiler(const std::string &path);

/// What a process has written and how it ended.
struct ProcessResult {
  std::string output;
  std::string errors;
  /// How it failed, or empty.
  std::string failure;
};

/// Runs a program with `input` as its standard input. The process inherits
/// `descriptor`, unless it is -1. Returns early, with the error "interrupted",
/// if `isInterrupted` returns true; it is asked several times a second and may
/// be null.
ProcessResult runProcess(const std::vector<std::string> &command,
                         const std::string &input, int descriptor,
                         const std::function<bool()> &isInterrupted);

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_COMPILERPROCESS_H
