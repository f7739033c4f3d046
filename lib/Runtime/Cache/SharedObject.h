//===- SharedObject.h - Loads code for this CPU -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ and POSIX without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_SHAREDOBJECT_H
#define DIFF_LIB_RUNTIME_CACHE_SHAREDOBJECT_H

#include <memory>
#include <string>

namespace mlir::diff::cache {

/// A loaded shared object, unloaded with the C++ object.
class SharedObject {
public:
  ~SharedObject();

  /// Loads the bytes of a shared object, which may need the parallel runtime.
  /// `folder` is for a temporary file, which is only needed if the system has
  /// no files in memory. Returns an empty string or an error message.
  static std::string load(const std::string &code, const std::string &folder,
                          std::unique_ptr<SharedObject> &object);

  /// Returns the address of a symbol, or null.
  void *find(const std::string &symbol) const;

private:
  explicit SharedObject(void *handle) : handle(handle) {}

  void *handle;
};

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_SHAREDOBJECT_H
