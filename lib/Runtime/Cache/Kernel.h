//===- Kernel.h - A compiled module in memory -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_KERNEL_H
#define DIFF_LIB_RUNTIME_CACHE_KERNEL_H

#include "Entry.h"
#include "SharedObject.h"
#include "diff-c/Launch.h"
#include "diff/Runtime/Launch/Manifest.h"

namespace mlir::diff::cache {

/// A compiled module. Code for a CPU is loaded if this machine runs it, and its
/// functions may be called from several threads at once. Functions that may
/// fail return an empty string or an error message.
class Kernel {
public:
  /// Parses the manifest and loads the code. `folder` is for a temporary file.
  static std::string load(Entry entry, const std::string &folder,
                          std::shared_ptr<const Kernel> &kernel);

  const Entry &getEntry() const { return entry; }

  /// Returns why functions cannot be called, or an empty string.
  const std::string &getProblem() const { return problem; }

  /// Calls a function with its arguments, followed by its results. A null name
  /// is the only function. Checks types, shapes, strides and addresses first.
  /// `isInvalid` tells errors of these checks from others.
  std::string call(const char *function, const DiffLaunchTensor *tensors,
                   size_t count, bool &isInvalid) const;

private:
  struct Function {
    const launch::FunctionInfo *info;
    /// The C function, or null and a reason.
    void *address;
    std::string problem;
  };

  std::string explainWhyNotCalled() const;
  std::string findFunction(const char *name, const Function *&found) const;
  void addFunction(const launch::FunctionInfo &info);

  Entry entry;
  launch::Manifest manifest;
  /// The loaded code, or null and the reason.
  std::unique_ptr<SharedObject> object;
  std::string problem;
  std::vector<Function> functions;
};

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_KERNEL_H
