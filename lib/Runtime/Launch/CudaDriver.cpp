//===- CudaDriver.cpp - Functions of the CUDA driver ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaDriver.h"
#include <dlfcn.h>

using namespace mlir::diff::launch::cuda;

/// Looks up a symbol. Returns null and a message if it does not exist.
static void *lookUp(void *handle, const std::string &library,
                    const char *symbol, std::string &error) {
  void *found = ::dlsym(handle, symbol);
  if (!found && error.empty())
    error = "no CUDA driver: " + library + " has no function " + symbol;
  return found;
}

std::string Driver::open(const std::string &library) {
  void *handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = ::dlerror();
    std::string text = reason ? reason : "it cannot be opened";
    // The message of the loader starts with the name of the library.
    return "no CUDA driver: " + (text.compare(0, library.size(), library) == 0
                                     ? text
                                     : library + ": " + text);
  }
  std::string error;
// NOLINTBEGIN(bugprone-macro-parentheses): a list.
#define DIFF_CUDA_LOOK_UP(member, symbol, parameters)                          \
  member = reinterpret_cast<Result(*) parameters>(                             \
      lookUp(handle, library, symbol, error));
  DIFF_CUDA_FUNCTIONS(DIFF_CUDA_LOOK_UP)
#undef DIFF_CUDA_LOOK_UP
  // NOLINTEND(bugprone-macro-parentheses)
  return error.empty() ? describe("cuInit", init(0)) : error;
}

std::string Driver::describe(const char *function, Result result) const {
  if (!result)
    return "";
  const char *name = nullptr, *text = nullptr;
  if (getErrorName(result, &name) || !name)
    return std::string(function) + ": error " + std::to_string(result);
  std::string message = std::string(function) + ": " + name;
  if (!getErrorString(result, &text) && text)
    message += std::string(" (") + text + ")";
  return message;
}
