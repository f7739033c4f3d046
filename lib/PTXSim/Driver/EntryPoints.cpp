//===- EntryPoints.cpp - The list of all functions ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/EntryPoints.h"

using namespace ptxsim::driver;

// Only the addresses matter here, not the parameters.
// NOLINTNEXTLINE(bugprone-macro-parentheses)
#define CU_ENTRY(name, symbol, release, isPerThread) extern "C" void symbol();
#include "Driver/EntryPoints.def"
#undef CU_ENTRY

const EntryPoint *ptxsim::driver::getEntryPoints() {
  static const EntryPoint entries[] = {
#define CU_ENTRY(name, symbol, release, isPerThread)                           \
  {#name, #symbol, release, isPerThread, reinterpret_cast<void *>(&(symbol))},
#include "Driver/EntryPoints.def"
#undef CU_ENTRY
      {nullptr, nullptr, 0, false, nullptr},
  };
  return entries;
}
