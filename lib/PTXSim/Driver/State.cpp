//===- State.cpp - The state of the driver library ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/State.h"
#include <cstdio>
#include <cstdlib>

using namespace ptxsim;
using namespace ptxsim::driver;

Driver &Driver::get() {
  // Never destroyed, because programs call the driver from exit handlers.
  static Driver &driver = *new Driver;
  return driver;
}

uintptr_t driver::takeNumber() {
  static uintptr_t next = 0x100000;
  return next += 16;
}

std::vector<CUcontext> &driver::getContextStack() {
  thread_local std::vector<CUcontext> stack;
  return stack;
}

CUresult driver::getCurrent(Driver &driver, Use use, Context *&context) {
  context = nullptr;
  const std::vector<CUcontext> &stack = getContextStack();
  if (stack.empty())
    return CUDA_ERROR_INVALID_CONTEXT;
  Context *current = driver.contexts.find(stack.back());
  if (!current || !current->isAlive)
    return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  if (current->fault && use != Use::Query) {
    if (use == Use::Queue && !current->faultTold)
      return CUDA_SUCCESS;
    current->faultTold = true;
    return current->fault;
  }
  context = current;
  return CUDA_SUCCESS;
}

void driver::destroyResources(Driver &driver, const Context &context) {
  CUcontext handle = context.handle;
  auto isOurs = [&](const auto &object) { return object.context == handle; };
  driver.streams.eraseIf(isOurs);
  driver.events.eraseIf(isOurs);
  driver.functions.eraseIf([&](const LoadedFunction &function) {
    return isOurs(*driver.modules.find(function.module));
  });
  driver.modules.eraseIf([&](LoadedCode &code) {
    if (!isOurs(code))
      return false;
    driver.device->unload(*code.loaded);
    if (Library *library = driver.libraries.find(code.library))
      library->instances.erase(handle);
    return true;
  });
  for (auto it = driver.deviceBlocks.begin();
       it != driver.deviceBlocks.end();) {
    CUdeviceptr base = it->first;
    bool frees = isOurs(it->second);
    ++it;
    if (frees)
      freeBlock(driver, base);
  }
  for (auto it = driver.hostBlocks.begin(); it != driver.hostBlocks.end();) {
    if (!isOurs(it->second)) {
      ++it;
      continue;
    }
    if (!it->second.isRegistered)
      std::free(reinterpret_cast<void *>(it->first));
    it = driver.hostBlocks.erase(it);
  }
}

void driver::explain(const std::string &message) {
  std::fprintf(stderr, "ptxsim: %s\n", message.c_str());
}
