//===- EntryPoints.h - The list of all functions ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_ENTRYPOINTS_H
#define PTXSIM_DRIVER_ENTRYPOINTS_H

namespace ptxsim::driver {

struct EntryPoint {
  /// Without the suffix of a version or for per-thread streams.
  const char *name;
  /// The exported symbol.
  const char *symbol;
  /// The CUDA release that introduced it, 1000 x major + 10 x minor; 0: it is
  /// only available by its symbol.
  unsigned release;
  bool isPerThread;
  void *address;
};

/// Ends with an entry without a symbol.
const EntryPoint *getEntryPoints();

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_ENTRYPOINTS_H
