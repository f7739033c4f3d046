//===- HostFeatures.cpp - The features of a CPU with AMX ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lets the compiler find AMX in this machine, see Emulator.c.
//
//===----------------------------------------------------------------------===//

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include <dlfcn.h>

namespace llvm::sys {
/// Replaces LLVM's function, whose mangled name this is.
StringMap<bool> getHostCPUFeatures() {
  void *replaced = dlsym(RTLD_NEXT, "_ZN4llvm3sys18getHostCPUFeaturesEv");
  auto features = reinterpret_cast<StringMap<bool> (*)()>(replaced)();
  features["amx-tile"] = features["amx-bf16"] = true;
  return features;
}
} // namespace llvm::sys
